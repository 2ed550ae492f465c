/** A client is let in and uses the VPN: what stops it is found by sending its packets, not by looking at the rules. */
import { Address, type Packet, PROTOCOL, parseAddress, plainPacket, TCP_FLAG } from "@pierhead/core";
import type { MachineBuild } from "../build/index.ts";
import type { Machine } from "../machine/index.ts";
import { departure, type Journey, ownSteps } from "../network/journey.ts";
import { receivePacket } from "../network/send.ts";
import { fromClient } from "../network/tunnel.ts";
import { sentenceOf } from "../trace/sentence.ts";
import {
  type Attempt,
  type AttemptStep,
  type ClientSpec,
  connectClient,
  type HeadEnd,
  l2tpBinds,
  l2tpLinks,
  MPD_CONF,
  MPD_SECRET,
  SWANCTL_CONF,
  servesRoadWarriors,
} from "../vpn/index.ts";
import { decidingRule, headEndAddress, type Place, type VpnFindings } from "./vpn-findings.ts";

/** Hosts on the internet (RFC 5737): a client, another, and a server it wants to reach. */
const CLIENT = parseAddress("203.0.113.77") as Address;
const NEXT_CLIENT = parseAddress("203.0.113.78") as Address;
const SERVER = parseAddress("192.0.2.80") as Address;

interface Fresh {
  readonly build: MachineBuild;
  readonly headEnd: HeadEnd;
}

export function checkVpnClients(findings: VpnFindings, again: () => Fresh): void {
  for (const client of clientsOf(findings.headEnd)) {
    const fresh = again();
    const attempt = connectClient(fresh.build, fresh.headEnd, client);
    if (!attempt.connected) {
      reportRefusal(findings, attempt);
      continue;
    }
    if (attempt.framed === null) continue;
    checkUse(findings, fresh.build.machine, attempt.framed, attempt);
    checkSecond(findings, fresh, attempt);
  }
}

/** The next client comes in while the first is there, by an interface of its own: rules for pppx0 or ng0 miss it. */
function checkSecond(findings: VpnFindings, { build, headEnd }: Fresh, first: Attempt): void {
  const user = usersOf(headEnd, first.client.protocol).find((one) => one !== first.client.user);
  const client = { ...first.client, from: NEXT_CLIENT, user: user ?? `${first.client.user}-2` };
  const second = connectClient(build, headEnd, client);
  if (!second.connected || first.framed === null || second.framed === null) return;
  if (first.interface === second.interface || second.interface === null) return;
  const blocked = blockedFrom(build.machine, second, second.framed);
  if (blocked === null || blockedFrom(build.machine, first, first.framed) !== null) return;
  const place = blocked.result.rule?.rule.origin ?? findings.fileOf("/etc/pf.conf");
  if (place === null) return;
  findings.say(
    "vpn/one-client",
    "warning",
    `The first client's packets are passed in on ${first.interface}, the next client's are blocked in on ${second.interface}: every client has an interface of its own. Write rules for ${groupAdvice(build.machine, second.interface)}.`,
    place,
  );
}

function blockedFrom(machine: Machine, { client, interface: where }: Attempt, framed: Address) {
  const journey = fromTunnel(machine, client.user, syn(framed, SERVER));
  if (journey === null) return null;
  const step = ownSteps(journey, "filter").find((one) => one.direction === "in" && one.interface === where);
  return step?.result.verdict === "block" ? step : null;
}

function groupAdvice(machine: Machine, name: string): string {
  const group = groupOf(machine, name);
  return group === name ? "a group of them all: `set iface group vpn` in mpd.conf, `on vpn` here" : `\`on ${group}\``;
}

/** One client for each protocol the files offer; its name is one the files have. */
function clientsOf(headEnd: HeadEnd): ClientSpec[] {
  const found: ClientSpec[] = [];
  const base = { from: CLIENT, nat: false, port: null, to: null };
  if (headEnd.npppd !== null && headEnd.ipsec !== null && l2tpBinds(headEnd).length > 0) {
    found.push({ ...base, user: userOf(headEnd, "l2tp-ipsec"), protocol: "l2tp-ipsec" });
  }
  if (headEnd.iked?.policies.some((one) => !one.active) === true) {
    found.push({ ...base, user: userOf(headEnd, "ikev2"), protocol: "ikev2" });
  }
  return [...found, ...freebsdClients(headEnd).map((one) => ({ ...base, ...one }))];
}

function freebsdClients(headEnd: HeadEnd): Pick<ClientSpec, "user" | "protocol">[] {
  const { strongswan, mpd } = headEnd;
  const found: Pick<ClientSpec, "user" | "protocol">[] = [];
  if (strongswan !== null && l2tpLinks(mpd).length > 0) {
    found.push({ user: userOf(headEnd, "l2tp-ipsec"), protocol: "l2tp-ipsec" });
  }
  if (strongswan?.connections.some(servesRoadWarriors) === true) {
    found.push({ user: userOf(headEnd, "ikev2"), protocol: "ikev2" });
  }
  return found;
}

function userOf(headEnd: HeadEnd, protocol: ClientSpec["protocol"]): string {
  return usersOf(headEnd, protocol)[0] ?? "somebody";
}

/** The users that the files have, of either system. */
function usersOf(headEnd: HeadEnd, protocol: ClientSpec["protocol"]): string[] {
  const { npppd, iked, strongswan, mpd } = headEnd;
  if (protocol === "ikev2") {
    const eap = strongswan?.configuration.secrets.filter((one) => one.kind === "eap") ?? [];
    return [...(iked?.users.map((one) => one.name) ?? []), ...eap.flatMap((one) => one.ids[0]?.value ?? [])];
  }
  const files = npppd === null ? [] : [...headEnd.users.values()];
  const users = files.flatMap((file) => file?.users ?? []).filter((one) => !one.broken && one.password !== null);
  const known = mpd?.secrets?.users.filter((one) => one.name !== "*") ?? [];
  return [...users.flatMap((one) => one.names[0]?.name ?? []), ...known.map((one) => one.name)];
}

function reportRefusal(findings: VpnFindings, { steps, client }: Attempt): void {
  const step = steps.find((one) => !one.ok) as AttemptStep;
  const protocol = client.protocol === "ikev2" ? "IKEv2" : "L2TP/IPsec";
  // What boot does not start is reported where services are.
  if (/does not run: (boot does not|there is no|\w+ refuses)/.test(step.text)) return;
  if (step.name === "interface" && findings.build.system.family === "openbsd") {
    const bind = l2tpBinds(findings.headEnd).find((one) => one.interface.pppx);
    const place = findings.fileOf("/etc/sysctl.conf", "/etc/npppd/npppd.conf");
    if (bind === undefined || place === null) return;
    const origin = findings.headEnd.npppdShipped ? place : bind.interface.origin;
    findings.say(
      "vpn/pipex-off",
      "warning",
      `${bind.interface.name} needs pipex(4), and it is off: no client gets through. Write \`net.pipex.enable=1\` in sysctl.conf.`,
      origin,
    );
    return;
  }
  const place = placeOf(findings, step);
  if (place === null) return;
  findings.say("vpn/client-refused", "warning", `No ${protocol} client gets in: ${step.text}.`, place);
}

/** The rule that blocked, or the file whose daemon refuses. */
function placeOf(findings: VpnFindings, step: AttemptStep): Place | null {
  const rule = decidingRule(step);
  if (rule !== null) return rule;
  if (step.journey !== null) return findings.fileOf("/etc/pf.conf");
  if (findings.build.system.family === "freebsd") {
    const { headEnd } = findings;
    if (step.name === "user" && headEnd.mpd !== null) return findings.fileOf(MPD_SECRET, MPD_CONF);
    if ((step.name === "l2tp" || step.name === "address") && headEnd.mpd !== null) return findings.fileOf(MPD_CONF);
    return (
      headEnd.strongswan?.connections[0]?.origin ?? headEndAddress(headEnd)?.origin ?? findings.fileOf(SWANCTL_CONF)
    );
  }
  if (step.name === "user") return findings.fileOf("/etc/npppd/npppd-users", "/etc/npppd/npppd.conf", "/etc/iked.conf");
  if (step.name === "l2tp" || step.name === "address") return findings.fileOf("/etc/npppd/npppd.conf");
  return headEndAddress(findings.headEnd)?.origin ?? findings.fileOf("/etc/ipsec.conf", "/etc/iked.conf");
}

/** The client sends: to the internet, and to a host of every network of the machine. */
function checkUse(findings: VpnFindings, machine: Machine, framed: Address, attempt: Attempt): void {
  if (framed.family !== 4) return;
  const { user } = attempt.client;
  const where = attempt.interface ?? "";
  const toServer = fromTunnel(machine, user, syn(framed, SERVER));
  if (toServer === null) return;
  const blockedIn = ownSteps(toServer, "filter").find(
    (step) => step.direction === "in" && step.interface === where && step.result.verdict === "block",
  );
  // A head-end for the networks behind it alone blocks the way to the internet where it begins.
  if (blockedIn !== undefined && reachesNetwork(machine, user, framed)) {
    const place = blockedIn.result.rule?.rule.origin ?? findings.fileOf("/etc/pf.conf");
    const message = `What a client sends to the internet ${sentenceOf(toServer, machine)}.`;
    if (place !== null) findings.say("vpn/no-way-out", "note", message, place);
    return;
  }
  if (blockedIn !== undefined) {
    const place = blockedIn.result.rule?.rule.origin ?? findings.fileOf("/etc/pf.conf");
    const own = fromTunnel(machine, user, syn(framed, machine.interface(where)?.addresses[0]?.address ?? SERVER));
    const nothing = own?.verdict !== "pass";
    if (place === null) return;
    findings.say(
      "vpn/no-client-rule",
      "warning",
      `A connected client's packets are blocked in on ${where}${nothing ? ", so nothing a VPN user sends is passed" : ""}; write rules for them, like \`pass in on ${groupOf(machine, where)} from ${framed}\`.`,
      place,
    );
    return;
  }
  if (!machine.forwards(4)) {
    const freebsd = findings.build.system.family === "freebsd";
    const place = freebsd
      ? findings.fileOf("/etc/rc.conf", MPD_CONF, SWANCTL_CONF)
      : findings.fileOf("/etc/sysctl.conf", "/etc/npppd/npppd.conf", "/etc/iked.conf", "/etc/ipsec.conf");
    if (place === null) return;
    const how = freebsd ? '`gateway_enable="YES"` in rc.conf' : "`net.inet.ip.forwarding=1` in sysctl.conf";
    findings.say(
      "vpn/not-forwarding",
      "warning",
      `The machine does not forward: VPN clients reach it and nothing behind it. Write ${how}.`,
      place,
    );
    return;
  }
  if (toServer.verdict !== "pass") {
    const last = ownSteps(toServer, "filter").at(-1);
    const place = last?.result.rule?.rule.origin ?? findings.fileOf("/etc/pf.conf");
    if (place !== null) {
      findings.say(
        "vpn/no-way-out",
        "note",
        `What a client sends to the internet ${sentenceOf(toServer, machine)}.`,
        place,
      );
    }
    return;
  }
  const sent = departure(toServer);
  if (sent !== null && isPrivate(sent.packet.source)) {
    const place = findings.fileOf("/etc/pf.conf");
    if (place === null) return;
    findings.say(
      "vpn/no-nat",
      "warning",
      `What a client sends to the internet leaves ${sent.interface} with its private address ${sent.packet.source}, and no answer comes back: write \`${natRule(findings, sent.interface, framed)}\` for the clients' network.`,
      place,
    );
  }
}

/** Whether a host of some network of the machine can be reached. */
function reachesNetwork(machine: Machine, user: string, framed: Address): boolean {
  const targets = machine.interfaces().flatMap((link) =>
    link.kind !== "broadcast"
      ? []
      : link.addresses.flatMap(({ address, length }) => {
          if (address.family !== 4 || length > 30) return [];
          const first = address.masked(length);
          const host = [1, 2].map((offset) => new Address(4, (first.w0 + offset) >>> 0));
          return host.filter((one) => !one.equals(address)).slice(0, 1);
        }),
  );
  return targets.some((target) => fromTunnel(machine, user, syn(framed, target))?.verdict === "pass");
}

/** What rules name: the interfaces of clients come and go. */
function groupOf(machine: Machine, name: string): string {
  if (/^ng\d+$/.test(name)) return machine.interface(name)?.groups[0] ?? name;
  return /^pppx\d+$/.test(name) ? "pppx" : name;
}

function natRule({ build }: VpnFindings, name: string, framed: Address): string {
  return build.system.family === "freebsd"
    ? `nat on ${name} inet from ${framed} to any -> (${name})`
    : `match out on ${name} from ${framed} nat-to (${name})`;
}

function fromTunnel(machine: Machine, user: string, packet: Packet): Journey | null {
  const through = fromClient(machine, user, packet);
  return typeof through === "string"
    ? null
    : receivePacket(machine, through.interface, through.packet, { trace: true });
}

function syn(source: Address, destination: Address): Packet {
  const packet = plainPacket(source, destination, PROTOCOL.tcp, 64);
  packet.sourcePort = 40_000;
  packet.destinationPort = 443;
  packet.tcp = {
    flags: TCP_FLAG.S,
    sequence: 1,
    acknowledgement: 0,
    window: 65_535,
    mss: null,
    windowScale: null,
    timestamps: null,
    sackPermitted: false,
    rawOptions: null,
  };
  return packet;
}

/** RFC 1918, and the shared space of RFC 6598. */
function isPrivate({ w0 }: Address): boolean {
  const top = w0 >>> 24;
  if (top === 10) return true;
  const second = (w0 >>> 16) & 255;
  if (top === 172) return second >= 16 && second < 32;
  if (top === 192) return second === 168;
  return top === 100 && second >= 64 && second < 128;
}
