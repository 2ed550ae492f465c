/** Targets of translation and routing on FreeBSD: `apply_redirspec`, `apply_nat_ports`, `apply_rdr_ports` of parse.y. */

import { Address, type Family } from "@pierhead/core";
import type { HostNode, PortNode, Redirection } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import type { Pool, PoolMember, PoolType } from "../rule.ts";
import { isMultiAddress } from "./redirect.ts";

const LOW_PORT = 50001;
const HIGH_PORT = 65535;

/** Ports of a target after pfctl's defaults; both 0 keep the source port. */
interface TargetPorts {
  readonly low: number;
  readonly high: number;
  readonly staticPort: boolean;
}

/** `remove_invalid_hosts`: drops addresses of the other family. The first one with a family decides when none is given. */
export function removeOtherFamily(
  hosts: readonly HostNode[],
  family: Family | null,
): { hosts: HostNode[]; family: Family | null } {
  let decided = family;
  const kept: HostNode[] = [];
  for (const host of hosts) {
    if (host.family !== 0) {
      if (decided === null) decided = host.family;
      else if (host.family !== decided) continue;
    }
    kept.push(host);
  }
  return { hosts: kept, family: decided };
}

/** `invalid_redirect`: gives the statement up when no address is left, or the family stays open. */
export function checkTarget(reader: Reader, hosts: readonly HostNode[], family: Family | null): void {
  if (family === null && hosts.some((host) => host.wrap.kind !== "table" && host.wrap.kind !== "dynamic")) {
    reader.fail(
      "address family not given and translation address expands to multiple address families",
      "pf/family-missing",
      "The target has addresses of both families: write `inet` or `inet6`.",
    );
  }
  if (hosts.length === 0) {
    reader.fail(
      "no translation address with matching address family found.",
      "pf/family-mismatch",
      "No address of the target is of the rule's address family.",
    );
  }
}

/** `check_netmask`: a mask of more than 32 bits in an IPv4 rule gives the statement up. pfctl looks at one host only. */
export function checkTargetMask(reader: Reader, host: HostNode | undefined, family: Family | null): void {
  if (family !== 4 || host === undefined || host.bits <= 32) return;
  if (host.wrap.kind !== "prefix" && host.wrap.kind !== "any" && host.wrap.kind !== "dynamic") return;
  reader.toolLine(`netmask ${host.bits} invalid for IPv4 address`);
  reader.report(
    "pf/bad-netmask",
    "error",
    `A netmask of ${host.bits} bits is too long for an IPv4 address, which has 32.`,
    reader.takenStart,
    reader.takenEnd,
  );
  reader.giveUp();
}

/** The members of a pool, as the rule holds them. */
export function poolMembers(hosts: readonly HostNode[]): PoolMember[] {
  return hosts.map((host) => ({ address: memberAddress(host), interface: host.interface, weight: 0 }));
}

// `0.0.0.0/0` as a next hop has a family; an interface alone has none.
function memberAddress({ wrap, interface: through, family, bits }: HostNode): HostNode["wrap"] {
  if (wrap.kind !== "any" || through === null || family === 0) return wrap;
  return { kind: "prefix", address: new Address(family, 0), length: bits };
}

/** The type a pool gets when none is written: round-robin for all that may be several addresses. */
export function defaultPoolType(type: PoolType, hosts: readonly HostNode[]): PoolType {
  const first = hosts[0];
  if (type !== "none" || first === undefined) return type;
  return hosts.length > 1 || first.wrap.kind === "table" || isMultiAddress(first) ? "round-robin" : "none";
}

/** Refuses tables and interfaces in pools that cannot hold them. Returns false after a complaint. */
export function checkPoolType(reader: Reader, type: PoolType, hosts: readonly HostNode[]): boolean {
  if (type !== "round-robin" && type !== "random" && type !== "source-hash") {
    for (const host of hosts) {
      if (host.wrap.kind !== "table") continue;
      reader.complain(
        "tables are not supported by pool type",
        "pf/invalid-target",
        "A table needs a pool that is round-robin, random or source-hash.",
      );
      return false;
    }
    for (const host of hosts) {
      if (!isMultiAddress(host) || host.wrap.kind !== "dynamic") continue;
      reader.complain(
        `interface (${host.wrap.interface}) is not supported by pool type`,
        "pf/invalid-target",
        "An interface in parentheses may have several addresses: write `round-robin`, or `:0` after its name.",
      );
      return false;
    }
  }
  if (hosts.length > 1 && type !== "round-robin") {
    reader.complain(
      "r.route.opts must be PF_POOL_ROUNDROBIN",
      "pf/invalid-target",
      "A list of addresses is used in turn: only `round-robin` fits.",
    );
    return false;
  }
  return true;
}

/** Ports of a `nat` target. Returns null after a complaint. */
export function natPorts(reader: Reader, redirection: Redirection): TargetPorts | null {
  let low = redirection.port.from;
  let high = redirection.port.to;
  if (low === 0 && high === 0) {
    low = LOW_PORT;
    high = HIGH_PORT;
  } else if (high === 0) high = low;
  const ranged = low !== LOW_PORT && high !== HIGH_PORT;
  const staticPort = redirection.options.staticPort;
  if (staticPort) {
    if (ranged) {
      reader.complain(
        "the 'static-port' option can't be used when specifying a port range",
        "pf/incompatible-options",
        "Either the source port is kept (`static-port`) or it is chosen from a range.",
      );
      return null;
    }
    low = 0;
    high = 0;
  }
  if (redirection.options.mapE !== null) {
    if (staticPort) {
      reader.complain(
        "the 'map-e-portset' option can't be used 'static-port'",
        "pf/incompatible-options",
        "MAP-E chooses the source port, `static-port` keeps it: leave one of them away.",
      );
      return null;
    }
    if (ranged) {
      reader.complain(
        "the 'map-e-portset' option can't be used when specifying a port range",
        "pf/incompatible-options",
        "MAP-E has its own set of ports: leave the port range away.",
      );
      return null;
    }
  }
  return { low, high, staticPort };
}

/** Ports of an `rdr` target; `port N:*` runs as long as the rule's destination ports. Returns null after a complaint. */
export function rdrPorts(reader: Reader, redirection: Redirection, port: PortNode): TargetPorts | null {
  const { from, to, type } = redirection.port;
  let high = to;
  if (to === 0 && type !== "none") high = (from + (port.second - (port.range?.first ?? 0))) & 0xffff;
  else if (reader.dialect.checksPortRanges && type === "range" && from > to) {
    reader.complain(
      "invalid rdr-to port range",
      "pf/invalid-port-range",
      "The range of ports is empty: write the smaller port first.",
    );
    return null;
  }
  if (redirection.options.staticPort) {
    reader.complain(
      "the 'static-port' option is only valid with nat rules",
      "pf/wrong-option",
      "`static-port` keeps the source port: it goes with nat only.",
    );
    return null;
  }
  if (redirection.options.mapE !== null) {
    reader.complain(
      "the 'map-e-portset' option is only valid with nat rules",
      "pf/wrong-option",
      "MAP-E chooses the source port: it goes with nat only.",
    );
    return null;
  }
  return { low: from, high, staticPort: false };
}

/** A pool of these hosts, or null after a complaint (`apply_redirspec`). */
export function makePool(
  reader: Reader,
  redirection: Redirection,
  hosts: readonly HostNode[],
  use: "nat" | "rdr" | "route",
  ports: TargetPorts | null,
): Pool | null {
  const options = redirection.options;
  const type = defaultPoolType(options.type, hosts);
  if (!checkPoolType(reader, type, hosts)) return null;
  let kept: Pool["ports"] = null;
  if (ports !== null && !ports.staticPort) {
    const standard = use === "nat" && ports.low === LOW_PORT && ports.high === HIGH_PORT;
    if (!standard && (use === "nat" || ports.low !== 0)) kept = { low: ports.low, high: ports.high };
  }
  return {
    members: poolMembers(hosts),
    type,
    sticky: options.sticky,
    hashKey: options.hashKey,
    ports: kept,
    staticPort: ports?.staticPort ?? false,
    mapE: use === "nat" ? options.mapE : null,
    endpointIndependent: options.endpointIndependent,
    preferIpv6NextHop: options.preferIpv6NextHop,
  };
}
