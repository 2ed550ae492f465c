/** Addresses of VPN clients against those of the machine, of the users file, and of the networks clients sit in. */
import { type Address, formatPrefix, type Prefix, parsePrefix } from "@pierhead/core";
import { checkNpppdUsers, type Ipcp } from "@pierhead/lang/npppd";
import { l2tpBinds } from "../vpn/index.ts";
import type { Place, VpnFindings } from "./vpn-findings.ts";

/** A network clients get addresses of. */
interface Pool {
  readonly first: Address;
  readonly last: Address;
  readonly text: string;
  readonly place: Place;
}

/** Networks that home routers hand out by default: AVM, D-Link, Linksys, Netgear, TP-Link, Ubiquiti, Apple, Speedport. */
const USUAL_HOMES: readonly Prefix[] = [
  "192.168.0.0/24",
  "192.168.1.0/24",
  "192.168.2.0/24",
  "192.168.8.0/24",
  "192.168.100.0/24",
  "192.168.178.0/24",
  "10.0.0.0/24",
  "10.0.1.0/24",
  "10.1.1.0/24",
  "172.16.0.0/24",
].map((text) => parsePrefix(text) as Prefix);

export function checkVpnAddresses(findings: VpnFindings): void {
  const { headEnd } = findings;
  for (const pool of poolsOf(findings)) {
    checkOverlap(findings, pool);
    checkHomes(findings, pool);
  }
  checkFramed(findings);
  if (headEnd.npppd === null) return;
  for (const file of headEnd.users.values()) {
    if (file === null) continue;
    // By itself the file is checked where it is read; here only what needs the pools.
    const alone = new Set(checkNpppdUsers(file, null).map((one) => `${one.code} ${one.span.start}`));
    for (const one of checkNpppdUsers(file, headEnd.npppd.settings)) {
      if (!alone.has(`${one.code} ${one.span.start}`)) findings.all.push(one);
    }
  }
}

function poolsOf(findings: VpnFindings): Pool[] {
  const { headEnd } = findings;
  const pools: Pool[] = [];
  const ipcps = new Set<Ipcp>(l2tpBinds(headEnd).map((bind) => bind.interface.ipcp));
  const shipped = headEnd.npppdShipped ? findings.fileOf("/etc/npppd/npppd-users", "/etc/rc.conf.local") : null;
  for (const ipcp of ipcps) {
    for (const { first, last, text, origin } of ipcp.pools) {
      pools.push({
        first,
        last,
        text: shipped === null ? text : `${text} (the shipped npppd.conf)`,
        place: shipped ?? origin,
      });
    }
  }
  for (const policy of headEnd.iked?.policies ?? []) {
    for (const { action, option, value, origin } of policy.config) {
      if (action !== "config" || option !== "address" || value.address === null) continue;
      const { address, mask } = value;
      const text = formatPrefix({ address, length: mask });
      pools.push({ first: address.masked(mask), last: address.filled(mask), text, place: origin });
    }
  }
  const { strongswan, mpd } = headEnd;
  const used = new Set(strongswan?.connections.flatMap((one) => one.pools.map(({ value }) => value)) ?? []);
  for (const { name, range } of strongswan?.configuration.pools ?? []) {
    if (range === null || !used.has(name)) continue;
    const { first, last, origin } = range;
    pools.push({ first, last, text: `${first}-${last}`, place: origin });
  }
  for (const { ranges } of mpd?.configuration.pools ?? []) {
    for (const { first, last, origin } of ranges) pools.push({ first, last, text: `${first}-${last}`, place: origin });
  }
  return pools;
}

/** mpd takes no account of addresses in mpd.secret: a pool that has one gives it to somebody else as well. */
function checkFramed(findings: VpnFindings): void {
  const { mpd } = findings.headEnd;
  const owners = new Map<string, string>();
  for (const { name, range, rangeOrigin } of mpd?.secrets?.users ?? []) {
    if (range === null || rangeOrigin === null || range.length !== 32) continue;
    const { address } = range;
    const pool = mpd?.configuration.pools.find(({ ranges }) =>
      ranges.some(({ first, last }) => first.compare(address) <= 0 && address.compare(last) <= 0),
    );
    if (pool !== undefined) {
      const message = `${address} is in the pool ${pool.name} as well: whoever comes first may get it, and ${name} then cannot connect. Leave it out of the pool.`;
      findings.say("vpn/framed-in-pool", "warning", message, rangeOrigin);
    }
    const other = owners.get(`${address}`);
    if (other !== undefined) {
      const message = `${address} is the address of ${other}, too: only one of the two can be connected.`;
      findings.say("vpn/framed-twice", "warning", message, rangeOrigin);
    } else owners.set(`${address}`, name);
  }
}

/** The machine has a network of its own at the same addresses: it answers ARP for neither, or sends to the wrong side. */
function checkOverlap(findings: VpnFindings, pool: Pool): void {
  for (const link of findings.build.machine.interfaces()) {
    if (link.kind !== "broadcast") continue;
    for (const { address, length } of link.addresses) {
      if (length >= address.bits || !meets(pool, { address, length })) continue;
      const network = formatPrefix({ address: address.masked(length), length });
      findings.say(
        "vpn/pool-overlap",
        "warning",
        `The pool ${pool.text} lies in ${network}, the network of ${link.name}: hosts there look for clients on their own link and find nobody. Give clients a network of their own.`,
        pool.place,
      );
    }
  }
}

/** The network a client sits in at home is nearer to it than the one behind the tunnel. */
function checkHomes(findings: VpnFindings, pool: Pool): void {
  const home = USUAL_HOMES.find((one) => meets(pool, one));
  if (home !== undefined) {
    findings.say(
      "vpn/usual-network",
      "note",
      `The pool ${pool.text} meets ${formatPrefix(home)}, which many home routers use: clients behind one of those cannot tell the two apart. Take something rare, like 10.87.43.0/24.`,
      pool.place,
    );
  }
}

function meets(pool: Pool, network: Prefix): boolean {
  if (pool.first.family !== network.address.family) return false;
  const low = network.address.masked(network.length);
  const high = network.address.filled(network.length);
  return compare(pool.first, high) <= 0 && compare(low, pool.last) <= 0;
}

function compare(a: Address, b: Address): number {
  return a.w0 - b.w0 || a.w1 - b.w1 || a.w2 - b.w2 || a.w3 - b.w3;
}
