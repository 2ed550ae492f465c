/** pf.conf of a gateway or of a plain host, and the rules of the anchor "balance" for every state of the lines. */
import type { Guest, Host, Inet6, Lan, Service, Tunnel, Uplink } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { balances, hasBalance, head, leased, PF_FOLDER, target } from "./gateway.ts";
import { filteredGuests, guestRules } from "./guest-rules.ts";
import { guestAnchor, portalServices, translationAnchors } from "./hotspot-rules.ts";
import { type LineState, lineStates, percent, probabilities } from "./line-states.ts";
import { list, PfWriter } from "./pf-rule.ts";
import { vpnRules, vpnTranslations } from "./vpn-rules.ts";

export interface RuleOptions {
  /** Guests of this host: where pf sees their frames on the bridge, they have rules of their own. */
  readonly guests: readonly Guest[];
  /** Lines that have IPv6 addresses. */
  readonly inet6: ReadonlySet<string>;
}

const NO_LINES: ReadonlySet<string> = new Set();

export function pfFiles(host: Host, site: string, options: RuleOptions): BuiltFile[] {
  const files = [new PfConf(host, site, options).build()];
  if (hasBalance(host)) {
    if (balances(host)) for (const state of lineStates(host)) files.push(balanceFile(host, state));
    if (leased(host).length > 0) for (const state of lineStates(host)) files.push(crossFile(host, state));
  }
  return files;
}

class PfConf {
  readonly #host: Host;
  /** Those whose traffic these rules decide about: not the guests of a hotspot. */
  readonly #lans: readonly Lan[];
  readonly #out: FileWriter;
  readonly #pf: PfWriter;
  readonly #site: string;
  readonly #options: RuleOptions;

  constructor(host: Host, site: string, options: RuleOptions) {
    this.#host = host;
    this.#lans = host.lans.filter((lan) => lan !== host.hotspot?.lan);
    this.#options = options;
    this.#site = site;
    this.#out = new FileWriter("/etc/pf.conf", { mode: 0o600 });
    this.#pf = new PfWriter(host.system);
  }

  build(): BuiltFile {
    const { uplinks, lans, tunnels, hotspot } = this.#host;
    head(this.#out, this.#site, this.#title());
    this.#macros();
    this.#out.blank().line("set skip on lo0");
    // FreeBSD wants translation before filtering; OpenBSD takes it anywhere.
    if (this.#host.system.family === "freebsd") {
      this.#clamp();
      if (hotspot !== null) translationAnchors(this.#out, hotspot);
      this.#translate();
    }
    this.#out.blank().line("block drop log all");
    for (const lan of lans) {
      this.#out.line(`block return in on $${lan.name}\t\t# the LAN is told at once, it need not time out`, lan.path);
    }
    if (hotspot !== null) guestAnchor(this.#out, this.#pf, this.#host, hotspot);
    if (this.#host.system.family !== "freebsd") this.#translate();
    this.#local();
    if (balances(this.#host)) this.#anchor();
    else this.#single();
    // With fixed gateways the rules that keep a line its own say this too; those of a lease come later, in an anchor.
    if (!hasBalance(this.#host) || leased(this.#host).length > 0) this.#lines();
    this.#neighbours();
    if (hasBalance(this.#host)) this.#crossing();
    if (tunnels.length > 0) this.#tunnels();
    if (tunnels.length > 0 || this.#inet6Lines().length > 0) this.#inet6Lans();
    if (this.#host.services.length > 0 && uplinks.length > 0) this.#services();
    if (hotspot !== null) portalServices(this.#out, this.#pf, hotspot);
    vpnRules(this.#out, this.#pf, this.#host);
    guestRules(this.#out, this.#pf, this.#host, this.#options.guests);
    return this.#out.finish();
  }

  #title(): string {
    const { name, uplinks, lans, hotspot } = this.#host;
    if (hotspot !== null) {
      return `${name}: a hotspot. What guests may do is in the anchor "pierhead", which the portal keeps; while it is\n# empty they may do nothing.`;
    }
    if (lans.length === 0) return `${name}: what this machine itself lets in and out.`;
    return uplinks.length > 1
      ? `${name}: a LAN behind ${uplinks.length} lines. Which one it uses is decided in the anchor "balance"; ifstated(8)\n# loads it anew whenever a line dies or comes back.`
      : `${name}: a LAN behind one line.`;
  }

  #macros(): void {
    this.#out.blank();
    for (const line of this.#host.uplinks) {
      const what =
        line.address === null ? "address and gateway from a lease" : `${line.address.address}, gateway ${line.gateway}`;
      this.#out.line(`${line.name} = "${line.interface}"\t\t# ${what}`, [...line.path, "interface"]);
    }
    for (const lan of this.#host.lans) {
      const own = lan.addresses.map(({ address }) => `${address}`).join(", ");
      this.#out.line(`${lan.name} = "${lan.interface}"\t\t# ${own}`, [...lan.path, "interface"]);
    }
    for (const tunnel of this.#host.tunnels) {
      this.#out.line(`${tunnel.name} = "${tunnel.interface}"\t\t# IPv6 to ${tunnel.remote}`, [
        ...tunnel.path,
        "interface",
      ]);
    }
  }

  /** Before translation, as FreeBSD's pfctl wants it; the same is said by `match` on OpenBSD. */
  #clamp(): void {
    const { tunnels } = this.#host;
    if (tunnels.length === 0 || !this.#lans.some(hasSix)) return;
    this.#out.blank().line("# TCP of the LAN is told at once what fits into the tunnel");
    for (const one of tunnels) {
      this.#out.line(`scrub on $${one.name} inet6 proto tcp all max-mss ${one.mtu - 60}`, [...one.path, "mtu"]);
    }
  }

  #translate(): void {
    const { uplinks } = this.#host;
    const own = this.#lans.filter(hasFour);
    const clients = this.#host.vpn.some((one) => one.internet);
    if ((own.length === 0 && !clients) || uplinks.length === 0) return;
    this.#out.blank().line("# each line translates to its own address");
    for (const line of uplinks) {
      for (const lan of own) {
        this.#out.line(this.#pf.translate(`$${line.name}`, `$${lan.name}:network`), line.path, lan.path);
      }
    }
    vpnTranslations(this.#out, this.#pf, this.#host);
  }

  /** Traffic with the networks of the site's own. */
  #local(): void {
    const lans = this.#lans;
    if (lans.length === 0) return;
    this.#out.blank().line("# the LAN and the gateway itself: DNS, NTP, ssh, ping");
    for (const lan of lans) {
      const on = `$${lan.name}`;
      for (const family of families(lan)) {
        const network = networkOf(lan, family);
        this.#rule(lan.path, { direction: "in", quick: true, on, family, from: network, to: `(${on})` });
        this.#rule(lan.path, { direction: "out", on, family, to: network });
      }
      if (hasSix(lan)) {
        // Neighbour discovery speaks from and to link-local addresses and multicast groups (RFC 4861).
        const more = "icmp6-type { neighbrsol, neighbradv, routersol }";
        this.#rule(lan.path, { direction: "in", quick: true, on, family: "inet6", protocol: "icmp6", more });
        const out = "icmp6-type { neighbrsol, neighbradv, routeradv }";
        this.#rule(lan.path, { direction: "out", on, family: "inet6", protocol: "icmp6", more: out });
      }
      for (const other of this.#host.lans) {
        if (other === lan) continue;
        for (const family of families(lan)) {
          if (!families(other).includes(family)) continue;
          const line = this.#pf.rule({
            action: "block return",
            direction: "in",
            quick: true,
            on,
            family,
            to: networkOf(other, family),
          });
          this.#out.line(line, lan.path, other.path);
        }
      }
    }
  }

  #anchor(): void {
    this.#out.blank().line(`# the LAN and the world: see ${PF_FOLDER}/balance.*`);
    for (const lan of this.#lans.filter(hasFour)) {
      this.#out.line(`anchor "balance" in on $${lan.name} inet from $${lan.name}:network`, lan.path);
    }
    if (leased(this.#host).length > 0) {
      this.#out.line("# ifstated loads it when it starts: only then is the gateway of a lease known");
    } else {
      this.#out.line(`load anchor "balance" from "${PF_FOLDER}/balance.all"`, [...this.#host.path, "uplinks"]);
    }
  }

  #single(): void {
    const lans = this.#lans;
    if (lans.filter(hasFour).length === 0) return;
    this.#out.blank().line("# the LAN and the world");
    for (const lan of lans.filter(hasFour)) {
      this.#rule(lan.path, { direction: "in", on: `$${lan.name}`, family: "inet", from: `$${lan.name}:network` });
    }
  }

  /** What leaves by a line has its address; the label is what states are killed by when the line dies. */
  #lines(): void {
    const { uplinks } = this.#host;
    if (uplinks.length === 0) return;
    this.#out.blank().line(`# out by ${uplinks.length > 1 ? "any line, with the address of that line" : "the line"}`);
    for (const line of uplinks) {
      const on = `$${line.name}`;
      this.#rule(line.path, { direction: "out", on, family: "inet", from: `(${on})`, label: line.name });
    }
  }

  #neighbours(): void {
    if (this.#inet6Lines().length > 0) this.#out.blank().line("# IPv6 of the lines");
    for (const line of this.#inet6Lines()) {
      const on = `$${line.name}`;
      const from = [...line.path, "inet6"];
      this.#rule(from, { direction: "out", on, family: "inet6", from: `(${on})`, label: line.name });
      // Neighbours are found from and to link-local addresses and groups (RFC 4861); a router may say that a packet
      // was too big (RFC 4443, 3.2), which states cover.
      const more = "icmp6-type { neighbrsol, neighbradv }";
      if (this.#sharing(line).length === 0) this.#rule(from, { on, family: "inet6", protocol: "icmp6", more });
      if (line.inet6 !== null) this.#inet6Line(line, line.inet6, on);
    }
  }

  /** What a line needs besides neighbours: packets of the LANs, and routers and servers where they are listened to. */
  #inet6Line(line: Uplink, inet6: Inet6, on: string): void {
    for (const lan of this.#lans.filter(hasSix)) {
      const from = networkOf(lan, "inet6");
      this.#rule(lan.path, { direction: "out", on, family: "inet6", from, label: line.name });
    }
    if (inet6.method === "static") return;
    const { path } = inet6;
    const icmp6 = { on, family: "inet6", protocol: "icmp6" } as const;
    const router = inet6.gateway?.isLinkLocal() === true ? `${inet6.gateway}` : "fe80::/10";
    const sharing = this.#sharing(line);
    this.#rule(path, { ...icmp6, direction: "out", more: "icmp6-type routersol" });
    if (sharing.every((one) => one.method === "static")) {
      this.#rule(path, { ...icmp6, direction: "in", from: router, more: "icmp6-type routeradv" });
    }
    if (inet6.method !== "dhcpv6-pd" || sharing.some((one) => one.method === "dhcpv6-pd")) return;
    // RFC 8415, 7.2. The answer is from another address than was asked, so that no state lets it in.
    const udp = { on, family: "inet6", protocol: "udp" } as const;
    this.#rule(path, { ...udp, direction: "out", from: "fe80::/10 port 546", to: "ff02::1:2", toPort: "547" });
    this.#rule(path, { ...udp, direction: "in", from: "fe80::/10 port 547", to: "fe80::/10", toPort: "546" });
  }

  /** IPv6 of guests whose rules say the same about the card of this line. */
  #sharing(line: Uplink): readonly Inet6[] {
    if (line.interface !== this.#host.hypervisor?.interface) return [];
    const guests = filteredGuests(this.#host, this.#options.guests);
    return guests.flatMap((guest) => (guest.inet6 === null ? [] : [guest.inet6]));
  }

  #inet6Lines(): readonly Uplink[] {
    return this.#host.uplinks.filter((line) => this.#options.inet6.has(line.name));
  }

  #crossing(): void {
    this.#out
      .blank()
      .line("# what has the address of a line leaves by that line, wherever the default route goes meanwhile");
    if (leased(this.#host).length > 0) {
      this.#out.line('anchor "cross"', [...this.#host.path, "uplinks"]);
      return;
    }
    crossing(this.#host, this.#host.uplinks, this.#pf, this.#out);
  }

  #tunnels(): void {
    this.#out.blank().line("# IPv6 through IPv4: protocol 41 from and to the far end only");
    for (const one of this.#host.tunnels) {
      const line = this.#host.uplinks.find((each) => each.name === one.uplink);
      if (line !== undefined) {
        const on = `$${line.name}`;
        const remote = `${one.remote}`;
        this.#rule(one.path, {
          direction: "in",
          on,
          family: "inet",
          protocol: "41",
          from: remote,
          to: `(${on})`,
          label: line.name,
        });
        this.#rule(one.path, {
          direction: "out",
          on,
          family: "inet",
          protocol: "41",
          from: `(${on})`,
          to: remote,
          label: line.name,
        });
      }
      this.#tunnelTraffic(one);
    }
  }

  #tunnelTraffic(one: Tunnel): void {
    const on = `$${one.name}`;
    const { tunnels, system } = this.#host;
    if (system.family === "openbsd" && this.#lans.some(hasSix)) {
      // TCP of the LAN is told at once what fits, also where "packet too big" is filtered on the way (RFC 4459, 3.2).
      this.#out.line(`match on ${on} inet6 proto tcp scrub (max-mss ${one.mtu - 60})`, [...one.path, "mtu"]);
    }
    this.#rule(one.path, { direction: "out", on, family: "inet6" });
    // What has an address of another tunnel's network leaves by that one: the far ends drop each other's.
    for (const other of tunnels) {
      if (other === one) continue;
      for (const network of [other.address, ...(other.prefix === null ? [] : [other.prefix])]) {
        const from = `${network.address.masked(network.length)}/${network.length}`;
        const routeTo = { interface: `$${other.name}`, gateway: `${other.peer}` };
        this.#rule(other.path, { direction: "out", on, family: "inet6", from, routeTo });
      }
    }
    const more = "icmp6-type { echoreq, unreach, toobig, timex, paramprob }";
    this.#rule(one.path, { direction: "in", on, family: "inet6", protocol: "icmp6", more });
  }

  /** IPv6 of the LANs, whichever way it leaves. */
  #inet6Lans(): void {
    for (const lan of this.#lans.filter(hasSix)) {
      const from = networkOf(lan, "inet6");
      this.#rule(lan.path, { direction: "in", on: `$${lan.name}`, family: "inet6", from });
    }
  }

  #services(): void {
    const many = hasBalance(this.#host);
    const { uplinks } = this.#host;
    this.#out
      .blank()
      .line(`# what the host offers to the outside${many ? ", answered by the line it was asked on" : ""}`);
    const rules = leased(this.#host).length > 0 && many;
    if (rules) this.#out.line("# (in the anchor too: the answers go to a gateway that the lease tells)");
    else services(this.#host, uplinks, this.#pf, this.#out, this.#options.inet6);
  }

  #rule(from: SitePath, words: Omit<Parameters<PfWriter["rule"]>[0], "action">): void {
    this.#out.line(this.#pf.rule({ action: "pass", ...words }), from);
  }
}

/**
 * A connection of the host keeps the line it was opened by: its state holds the next hop, so that it does not follow
 * the default route when that goes back to another line. What is on the wire of the line is spoken to directly.
 */
function crossing(host: Host, lines: readonly Uplink[], pf: PfWriter, out: FileWriter): void {
  for (const line of lines) {
    const on = macro(host, line);
    for (const other of lines) {
      const words = { action: "pass", direction: "out", on, family: "inet", from: `(${macro(host, other)})` } as const;
      const rule = pf.rule({ ...words, routeTo: target(other), label: other.name });
      out.line(rule, [...other.path, "gateway"], line.path);
      if (other === line) out.line(pf.rule({ ...words, to: `(${on}:network)`, label: line.name }), line.path);
    }
  }
}

function services(
  host: Host,
  lines: readonly Uplink[],
  pf: PfWriter,
  out: FileWriter,
  inet6: ReadonlySet<string>,
): void {
  for (const service of host.services) {
    for (const name of service.uplinks) {
      const line = lines.find((one) => one.name === name);
      if (line === undefined) continue;
      for (const family of [4, 6] as const) {
        if (family === 6 && !inet6.has(name)) continue;
        const from = service.from.filter(({ address }) => address.family === family);
        // Networks of the other family only: nobody of this one is let in.
        if (service.from.length > 0 && from.length === 0) continue;
        out.line(serviceRule(host, pf, { ...service, from }, line, family), service.path, line.path);
      }
    }
  }
}

function serviceRule(host: Host, pf: PfWriter, service: Service, line: Uplink, family: 4 | 6): string {
  const on = macro(host, line);
  const from = service.from.map(({ address, length }) => `${address}${length === address.bits ? "" : `/${length}`}`);
  return pf.rule({
    action: "pass",
    direction: "in",
    on,
    family: family === 6 ? "inet6" : "inet",
    protocol: service.protocol,
    ...(from.length === 0 ? {} : { from: list(from) }),
    to: `(${on})`,
    toPort: service.port,
    ...(hasBalance(host) ? { replyTo: target(line) } : {}),
    label: line.name,
  });
}

/** Macros of pf.conf are not known in files that are loaded later: there interfaces are written out. */
function macro(host: Host, line: Uplink): string {
  return leased(host).length > 0 && hasBalance(host) ? line.interface : `$${line.name}`;
}

/** Rules that need the gateways, for hosts where a lease tells them: of the lines that work, since others may have no lease. */
function crossFile(host: Host, state: LineState): BuiltFile {
  const out = new FileWriter(`${PF_FOLDER}/cross.${state.file}`, { mode: 0o600 });
  const pf = new PfWriter(host.system);
  out.line("# Loaded by ifstated, with the gateways of the leases as they are.");
  crossing(host, state.working, pf, out);
  services(host, state.working, pf, out, NO_LINES);
  return out.finish();
}

/** The anchor in one state of the lines. */
function balanceFile(host: Host, state: LineState): BuiltFile {
  const out = new FileWriter(`${PF_FOLDER}/balance.${state.file}`, { mode: 0o600 });
  const pf = new PfWriter(host.system);
  if (state.carrying.length === 0) {
    out.line("# No line works: say so at once.");
    out.line("block return in all", [...host.path, "uplinks"]);
    return out.finish();
  }
  const names = (lines: readonly Uplink[]): string => lines.map((line) => line.name).join(" and ");
  out.line(
    state.dead.length === 0
      ? "# All lines work. The last rule that matches wins; the label is what ifstated kills by."
      : `# Without ${names(state.dead)}: everything by ${names(state.carrying)}.`,
  );
  const chances = probabilities(state.carrying);
  for (const [index, line] of state.carrying.entries()) {
    const chance = chances[index];
    const rule = pf.rule({
      action: "pass",
      direction: "in",
      family: "inet",
      ...(chance == null ? {} : { more: `probability ${percent(chance)}` }),
      routeTo: target(line),
      label: line.name,
    });
    out.line(rule, [...line.path, "weight"], [...line.path, "gateway"]);
  }
  for (const pin of host.pins) {
    const line = state.working.find((one) => one.name === pin.uplink);
    if (line === undefined) continue;
    const rule = pf.rule({
      action: "pass",
      direction: "in",
      family: "inet",
      protocol: pin.protocol,
      toPort: list(pin.ports),
      routeTo: target(line),
      label: line.name,
    });
    out.line(rule, pin.path);
  }
  return out.finish();
}

function hasFour(lan: Lan): boolean {
  return lan.addresses.some(({ address }) => address.family === 4);
}

/** What is delegated is known only when it is: then `(if:network)` follows it. */
function networkOf(lan: Lan, family: "inet" | "inet6"): string {
  return lan.delegated && family === "inet6" ? `($${lan.name}:network)` : `$${lan.name}:network`;
}

function hasSix(lan: Lan): boolean {
  if (lan.delegated) return true;
  return lan.addresses.some(({ address }) => address.family === 6);
}

function families(lan: Lan): ("inet" | "inet6")[] {
  return [...(hasFour(lan) ? (["inet"] as const) : []), ...(hasSix(lan) ? (["inet6"] as const) : [])];
}
