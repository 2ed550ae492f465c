/** chilli.conf in the words of portal.yaml: what carries over, where secrets go, and what is said about the rest. */
import { type Diagnostic, diagnostic, parseAddress, Secret, type Severity } from "@pierhead/core";
import { stringify } from "yaml";
import type { PortalFile, RadiusFile } from "../portal-conf/file.ts";
import { nftsetLine } from "../portal-conf/garden.ts";
import { NAS_PORT_TYPE } from "../radius-wire/index.ts";
import { CHILLI_FATES } from "./fate.ts";
import type { ChilliEntry } from "./parse.ts";
import type { ChilliSettings } from "./values.ts";

export interface ChilliMigrationOptions {
  readonly firewall: "nftables" | "pf";
  /** The line to the internet; chilli.conf knows it only as `routeif`. */
  readonly uplink: string | null;
  /** Folder of the secrets' files, as portal.yaml shall name it, without a slash at its end. */
  readonly secretFolder: string;
}

export interface ChilliMigration {
  /** portal.yaml. */
  readonly text: string;
  /** What belongs into the files portal.yaml names, by their names in the folder. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly notes: readonly Diagnostic[];
}

const HEAD = " Migrated from chilli.conf. What did not carry over was said then, and is in docs/guides/portal.md.";

export function migrateChilli(settings: ChilliSettings, options: ChilliMigrationOptions): ChilliMigration {
  const migrator = new Migrator(settings, options);
  const file = migrator.file();
  migrator.sayFates();
  return { text: `#${HEAD}\n${stringify(file, { lineWidth: 0 })}`, secrets: migrator.secrets, notes: migrator.notes };
}

class Migrator {
  readonly secrets = new Map<string, Secret>();
  readonly notes: Diagnostic[] = [];
  readonly #settings: ChilliSettings;
  readonly #options: ChilliMigrationOptions;
  /** The gateway's address among the guests, with the length of their network. */
  readonly #gateway: string;

  constructor(settings: ChilliSettings, options: ChilliMigrationOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#gateway = this.#guestAddress();
  }

  get #ownAddress(): string {
    return this.#gateway.split("/")[0] as string;
  }

  file(): PortalFile {
    const settings = this.#settings;
    const uplink = this.#options.uplink ?? settings.text("routeif");
    if (uplink === "")
      this.#say(
        "chilli-conf/uplink",
        "error",
        "chilli.conf does not say which interface leads to the internet; name it with --uplink.",
        "dhcpif",
      );
    if (!settings.has("dhcpif"))
      this.#say("chilli-conf/no-guests", "error", "There is no dhcpif, so the guests' interface is not known.", "");
    const resolvers = this.#resolvers();
    const garden = this.#garden();
    const page = this.#page();
    const title = settings.text("locationname");
    const radius = this.#radius();
    const limits = this.#limits();
    return {
      ...(settings.has("radiusnasid") ? { gateway: settings.text("radiusnasid") } : {}),
      guests: { interface: settings.text("dhcpif") || "guests0", addresses: [this.#gateway] },
      uplink: { interface: uplink || "uplink0" },
      firewall: this.#options.firewall,
      ...(resolvers.length === 0 ? {} : { resolvers }),
      ...(garden.length === 0 ? {} : { garden }),
      ...(Object.keys(page).length === 0 ? {} : { portal: page }),
      ...(title === "" ? {} : { look: { title } }),
      signIn: this.#asksByMac() ? ["mac", "password"] : ["password"],
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
      ...(radius === null ? {} : { radius }),
    };
  }

  /** A note for every option that did not carry over. */
  sayFates(): void {
    for (const name of this.#settings.names()) {
      const fate = CHILLI_FATES.get(name);
      if (fate === undefined || fate.kind === "carried") continue;
      const [code, severity, words] = SAID[fate.kind];
      this.#say(code, severity, `${name} ${words}: ${fate.why}.`, name);
    }
  }

  /** Names below a domain are opened by the gateway's own resolver, so it is the one to ask. */
  #resolvers(): string[] {
    const named = [...new Set(["dns1", "dns2"].map((name) => this.#settings.text(name)))].filter((text) => text !== "");
    const others = named.filter((text) => text !== this.#ownAddress);
    if (others.length === 0 || !this.#settings.has("uamdomain") || this.#options.firewall === "pf") return named;
    const message = `Guests ask dnsmasq on the gateway from now on, which opens the names of uamdomain; have it ask ${others.join(" and ")}.`;
    this.#say("chilli-conf/names-below", "note", message, "dns1");
    return [];
  }

  /** By `macauth`, or by a list of devices that RADIUS is asked about. */
  #asksByMac(): boolean {
    const settings = this.#settings;
    if (settings.has("macauth")) return true;
    if (!settings.has("macallowed") || settings.has("macallowlocal")) return false;
    const message = "RADIUS is asked about every device now, not only about those of macallowed.";
    this.#say("chilli-conf/mac-list", "note", message, "macallowed");
    return true;
  }

  /** `uamlisten` with the length of `net`; the network's first address by default. */
  #guestAddress(): string {
    const [network = "", mask = ""] = this.#settings.text("net").split("/");
    const length = mask.includes(".") ? maskLength(mask) : mask === "" ? null : Number(mask);
    const base = parseAddress(network);
    if (base === null || base.family !== 4 || length === null || !(length >= 8 && length <= 30)) {
      this.#say("chilli-conf/net", "error", "net is no IPv4 network that guests can be in.", "net");
      return "192.168.182.1/24";
    }
    const given = this.#settings.text("uamlisten") || this.#settings.text("dhcplisten");
    const own = given === "" ? base.masked(length).next() : parseAddress(given);
    if (own === null || own.family !== 4) {
      this.#say("chilli-conf/net", "error", "uamlisten is no IPv4 address.", "uamlisten");
      return `${base.masked(length).next()}/${length}`;
    }
    return `${own}/${length}`;
  }

  #garden(): string[] {
    const settings = this.#settings;
    const entries: string[] = [];
    for (const { text, entry } of settings.list("uamallowed")) {
      const found = gardenEntry(text);
      if (found === null) {
        this.#sayAt(
          "chilli-conf/garden",
          "warning",
          `\`${text}\` is left out: the garden takes addresses and names, TCP and UDP.`,
          entry,
        );
      } else entries.push(found);
    }
    // A name stands for itself and all below it (dns.c).
    for (const { text, entry } of settings.list("uamdomain")) {
      const name = text.replace(/^\.+/, "");
      entries.push(`*.${name}`);
      const isPf = this.#options.firewall === "pf";
      const message = isPf
        ? `pf learns of no name below ${name}: give each that people need a line of \`garden\`.`
        : `chilli saw the answers of name servers. Now dnsmasq tells the portal, with this line: ${nftsetLine(name)}`;
      this.#sayAt("chilli-conf/names-below", isPf ? "warning" : "note", message, entry);
    }
    if (this.#elsewhere("uamserver") !== null) {
      for (const option of ["uamserver", "uamhomepage"]) {
        const page = this.#elsewhere(option);
        if (page !== null) entries.push(`${page.host}:${page.port}`);
      }
    }
    return [...new Set(entries)];
  }

  #page(): NonNullable<PortalFile["portal"]> {
    const settings = this.#settings;
    const venue = settings.text("captiveportalvenue_info_url");
    const page: NonNullable<PortalFile["portal"]> = venue === "" ? {} : { venue };
    if (this.#elsewhere("uamserver") === null) {
      if (settings.has("uamserver")) this.#say("chilli-conf/own-page", "note", OWN_PAGE, "uamserver");
      for (const name of ["uamhomepage", "ssid", "vlan"].filter((one) => settings.has(one)))
        this.#say("chilli-conf/needless", "note", `${name} is for login pages of another server.`, name);
      return page;
    }
    const home = this.#elsewhere("uamhomepage");
    if (home === null && settings.has("uamhomepage"))
      this.#say(
        "chilli-conf/own-page",
        "note",
        "The home page was on the gateway itself; people are sent to the login page at once.",
        "uamhomepage",
      );
    const secret = this.#secret("uamsecret", "uam.secret");
    const text = (name: string): Record<string, string> =>
      settings.text(name) === "" ? {} : { [name]: settings.text(name) };
    return {
      ...page,
      uam: {
        server: settings.text("uamserver"),
        ...(secret === null ? {} : { secret }),
        ...(settings.has("uamport") ? { port: settings.number("uamport") } : {}),
        ...(settings.has("nochallenge") ? { challenge: false } : {}),
        ...(home === null ? {} : { homepage: settings.text("uamhomepage") }),
        ...text("ssid"),
        ...text("vlan"),
      },
    };
  }

  /** Null when the page is on the gateway itself. */
  #elsewhere(option: string): { host: string; port: number } | null {
    const match = /^(https?):\/\/([^/:?#]+)(?::(\d+))?/i.exec(this.#settings.text(option));
    const host = match?.[2];
    if (match === null || host === undefined) return null;
    const own = [
      this.#settings.text("uamlisten"),
      this.#settings.text("uamaliasip"),
      this.#settings.text("uamaliasname"),
    ];
    if (own.includes(host) || this.#ownAddress === host) return null;
    return { host, port: match[3] !== undefined ? Number(match[3]) : match[1]?.toLowerCase() === "https" ? 443 : 80 };
  }

  #radius(): RadiusFile | null {
    const settings = this.#settings;
    const hosts = [...new Set(["radiusserver1", "radiusserver2"].map((name) => settings.text(name)))].filter(
      (host) => host !== "",
    );
    if (hosts.length === 0) return null;
    const secret = this.#secret("radiussecret", "radius.secret") ?? this.#keep("radius.secret", "testing123");
    const location = { id: settings.text("radiuslocationid"), name: settings.text("radiuslocationname") };
    const number = (name: string): number | null => (settings.has(name) ? settings.number(name) : null);
    const attempts = Math.min(10, Math.max(1, settings.number("radiusretrysec")));
    const macPassword =
      settings.has("macauth") || settings.has("macallowed") ? this.#secret("macpasswd", "mac.secret") : null;
    const interim = settings.number("definteriminterval");
    const portType = settings.number("radiusnasporttype");
    return {
      servers: hosts.map((host) => ({
        host: host === "localhost" ? "127.0.0.1" : host,
        ...(number("radiusauthport") === null ? {} : { authenticationPort: settings.number("radiusauthport") }),
        ...(number("radiusacctport") === null ? {} : { accountingPort: settings.number("radiusacctport") }),
        secret,
      })),
      timeout: settings.number("radiustimeout"),
      attempts,
      nasIdentifier: settings.text("radiusnasid"),
      nasAddress: settings.text("nasip") || settings.text("radiuslisten") || this.#ownAddress,
      ...(settings.has("nasmac") ? { calledStation: settings.text("nasmac") } : {}),
      ...(location.id === "" && location.name === ""
        ? {}
        : {
            location: {
              ...(location.id === "" ? {} : { id: location.id }),
              ...(location.name === "" ? {} : { name: location.name }),
            },
          }),
      ...(portType === NAS_PORT_TYPE.wireless80211 ? {} : { nasPortType: portType }),
      // What a page answers to the challenge with CHAP stays CHAP; a password goes on as one.
      protocol: settings.has("mschapv2") ? "mschapv2" : "pap",
      ...this.#direction(),
      ...(interim > 0 ? { interim } : {}),
      ...(macPassword === null ? {} : { macPassword }),
      ...(settings.text("macsuffix") === "" ? {} : { macSuffix: settings.text("macsuffix") }),
      ...this.#dynamic(hosts, secret),
    };
  }

  /** chilli calls input what a device received (chilli_acct_tosub), unless `swapoctets`: that is RFC 2866's way. */
  #direction(): Pick<RadiusFile, "swapOctets"> {
    if (this.#settings.has("swapoctets")) return {};
    const message =
      "Without swapoctets chilli counts what a device received as Acct-Input-Octets, and `swapOctets` goes on like that; take it out when your accounting expects RFC 2866's way.";
    this.#say("chilli-conf/octets", "note", message, "radiusserver1");
    return { swapOctets: true };
  }

  /** chilli takes Disconnect from its RADIUS servers, with their secret. */
  #dynamic(hosts: readonly string[], secret: string): Pick<RadiusFile, "dynamic"> {
    const port = this.#settings.number("coaport");
    if (port === 0) return {};
    const addresses = hosts
      .map((host) => (host === "localhost" ? "127.0.0.1" : host))
      .filter((host) => parseAddress(host) !== null);
    if (addresses.length < hosts.length) {
      const message =
        "A server that may change sessions is named by its address; add those that are names here to radius.dynamic.";
      this.#say("chilli-conf/coa-by-name", "warning", message, "coaport");
    }
    return addresses.length === 0
      ? {}
      : { dynamic: { port, clients: addresses.map((address) => ({ address, secret })) } };
  }

  #limits(): NonNullable<PortalFile["limits"]> {
    const settings = this.#settings;
    const limits: Record<string, number> = {};
    for (const [key, name] of LIMITS) if (settings.number(name) > 0) limits[key] = settings.number(name);
    return limits;
  }

  #secret(name: string, file: string): string | null {
    const value = this.#settings.entry(name)?.value ?? null;
    return value === null || value === "" ? null : this.#keep(file, value);
  }

  #keep(file: string, value: string): string {
    this.secrets.set(file, new Secret(value));
    return `file:${this.#options.secretFolder}/${file}`;
  }

  #say(code: string, severity: Severity, message: string, option: string): void {
    const entry = this.#settings.entry(option);
    if (entry !== null) this.#sayAt(code, severity, message, entry);
    else this.notes.push(diagnostic(code, severity, message, null, { start: 0, end: 0 }));
  }

  #sayAt(code: string, severity: Severity, message: string, { source, nameSpan }: ChilliEntry): void {
    this.notes.push(diagnostic(code, severity, message, source, nameSpan));
  }
}

const SAID = {
  always: ["chilli-conf/needless", "note", "is needed no more"],
  machine: ["chilli-conf/elsewhere", "note", "is said elsewhere"],
  gone: ["chilli-conf/not-carried", "warning", "does not carry over"],
} as const;

const OWN_PAGE = "The login page was on the gateway itself; the portal's own page takes its place.";

const LIMITS = [
  ["session", "defsessiontimeout"],
  ["idle", "defidletimeout"],
  ["rateUp", "defbandwidthmaxup"],
  ["rateDown", "defbandwidthmaxdown"],
] as const;

/** `[proto:]what[:port]` of garden.c; null for what the garden cannot have. */
function gardenEntry(text: string): string | null {
  const match = /^(?:([a-z]+|\d+):)?([A-Za-z0-9.-]+(?:\/[\d.]+)?)(?::(\d+))?$/.exec(text);
  const what = match?.[2];
  if (match === null || what === undefined) return null;
  const named = match[1] === "6" ? "tcp" : match[1] === "17" ? "udp" : match[1];
  const [host = "", mask] = what.split("/");
  const address = parseAddress(host);
  // `host:443` reads like a protocol where the first word is one letter group; getprotobyname(3) decides.
  if (named !== undefined && named !== "tcp" && named !== "udp") return null;
  if (mask !== undefined && address === null) return null;
  if (address === null && (named === "udp" || !host.includes("."))) return null;
  const length = mask === undefined ? null : mask.includes(".") ? maskLength(mask) : Number(mask);
  if (mask !== undefined && length === null) return null;
  return `${named === undefined ? "" : `${named}:`}${host}${length === null ? "" : `/${length}`}${match[3] === undefined ? "" : `:${match[3]}`}`;
}

/** 24 for 255.255.255.0; null when it has holes. */
function maskLength(mask: string): number | null {
  const octets = mask.split(".").map(Number);
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255))) return null;
  const bits = octets.map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? (bits.indexOf("0") === -1 ? 32 : bits.indexOf("0")) : null;
}
