/** `collapse_redirspec` and `apply_redirspec`: the target of nat-to, rdr-to, af-to and route-to becomes one address. */

import { HostNode, type PortNode, type Redirection } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import type { Pool, PoolMember, Rule } from "../rule.ts";
import { AutomaticTable } from "./tables.ts";

/** `pf_pool.addr` while a statement expands: what an earlier combination left stays until it is replaced. */
export interface TargetAddress {
  /** Null: nothing yet, which pfctl sees as an address with an empty mask. */
  host: HostNode | null;
  /** False is PF_ADDR_NONE: there is no target. */
  given: boolean;
}

const LOW_PORT = 50001;
const HIGH_PORT = 65535;

/** `(em0)` without `:0`, or the name of a group: several addresses may come of it. */
export function isMultiAddress(node: HostNode): boolean {
  const wrap = node.wrap;
  if (wrap.kind !== "dynamic") return false;
  const last = wrap.interface.charCodeAt(wrap.interface.length - 1);
  return !wrap.modifiers.noAlias || last < 48 || last > 57;
}

/** Chooses the address of a target for this combination, and the rule's family by it. Returns false after a complaint. */
export function collapseRedirection(
  reader: Reader,
  rule: Rule,
  redirection: Redirection | null,
  target: TargetAddress,
  what: "translation" | "routing",
): boolean {
  if (redirection === null || redirection.hosts === null) {
    target.given = false;
    return true;
  }
  const wanted = redirection.family;
  // `naf` of the rule: set for af-to only.
  const afTo = wanted !== 0;
  if (afTo) rule.afTo = wanted;
  let family: 0 | 4 | 6 = 0;
  let count = 0;
  let previous: HostNode | null = null;
  let table: AutomaticTable | null = null;
  for (const host of redirection.hosts) {
    if (what === "routing" && host.wrap.kind === "dynamic") {
      const { network, broadcast, peer, noAlias } = host.wrap.modifiers;
      if (!peer || network || broadcast || noAlias) {
        return refuse(
          reader,
          "route spec requires :peer with dynamic interface addresses",
          "The next hop is the far end of a point-to-point interface: write `(interface:peer)`.",
        );
      }
    }
    if (wanted !== 0 && rule.family === null && family === 0) family = rule.afTo === 6 ? 4 : 6;
    if (host.family !== 0 && rule.afTo === null) {
      if (rule.family !== null && rule.family !== host.family) continue;
      if (rule.family === null && family !== 0 && family !== host.family) {
        return refuse(
          reader,
          `${what} spec contains addresses with different address families`,
          "The addresses of this pool are of both families: write `inet` or `inet6`, or split the rule.",
          "pf/family-mismatch",
        );
      }
    } else if (host.family !== 0) {
      if (wanted !== 0 && wanted !== host.family) {
        return refuse(
          reader,
          `${what} spec contains addresses that don't match target address family`,
          "The addresses of af-to belong to the family it translates to.",
          "pf/family-mismatch",
        );
      }
    }
    if (rule.family === null && family === 0) family = host.family;
    if (count === 0) {
      target.host = host;
      target.given = true;
      previous = host;
    } else {
      const type = redirection.options.type;
      if (type !== "none" && !isDynamicPool(type)) {
        return refuse(
          reader,
          "pool type is not valid for multiple translation or routing addresses",
          "A pool of several addresses is round-robin, random, source-hash or least-states.",
        );
      }
      if (previous !== null && !isAddress(previous) && !isAddress(host)) {
        return refuse(
          reader,
          "multiple tables or dynamic interfaces not supported for translation or routing",
          "A pool has one table or one interface in parentheses, not several.",
        );
      }
      if (previous !== null) {
        table ??= new AutomaticTable(reader);
        if (!table.add(previous)) return false;
        previous = null;
      }
      table ??= new AutomaticTable(reader);
      if (!table.add(host)) return false;
    }
    count++;
  }
  if (rule.family === null && family !== 0) rule.family = family;
  if (count === 0) {
    return refuse(
      reader,
      `af mismatch in ${what} spec`,
      "No address of the target is of the rule's address family.",
      "pf/family-mismatch",
    );
  }
  if (table !== null) {
    table.define();
    target.host = new HostNode({ kind: "table", name: table.name }, 0, 0);
  }
  return true;
}

function isAddress(host: HostNode): boolean {
  return host.wrap.kind === "prefix" || host.wrap.kind === "any";
}

/** `PF_POOL_DYNTYPE`. */
function isDynamicPool(type: string): boolean {
  return type === "round-robin" || type === "random" || type === "source-hash" || type === "least-states";
}

/** Mask of the target as `PF_AZERO` sees it. */
export function targetMaskIsZero(target: TargetAddress, family: 0 | 4 | 6): boolean {
  if (family === 0) return false;
  const host = target.host;
  if (host === null) return true;
  switch (host.wrap.kind) {
    case "prefix":
    case "any":
    case "dynamic":
      return host.bits === 0;
    case "table":
      return host.wrap.name.length <= 16;
    case "route-label":
      return host.wrap.label.length <= 16;
    case "range":
      return host.wrap.last.isUnspecified();
    default:
      return true;
  }
}

/** Ports, pool type and options. Returns null after a complaint. */
export function applyRedirection(
  reader: Reader,
  redirection: Redirection,
  target: TargetAddress,
  use: "nat" | "rdr" | "route",
  port: PortNode,
): Pool | null {
  let low = redirection.port.from;
  let high: number;
  if (use !== "nat") {
    if (redirection.port.to === 0 && redirection.port.type !== "none") {
      high = (redirection.port.from + (port.second - (port.range?.first ?? 0))) & 0xffff;
    } else {
      high = redirection.port.to;
      if (reader.dialect.checksPortRanges && redirection.port.type === "range" && low > high) {
        return refuseNull(
          reader,
          "invalid rdr-to port range",
          "The range of ports is empty: write the smaller port first.",
          "pf/invalid-port-range",
        );
      }
    }
  } else {
    high = redirection.port.to;
    if (low === 0 && high === 0) {
      low = LOW_PORT;
      high = HIGH_PORT;
    } else if (high === 0) high = low;
  }
  const host = target.given ? target.host : null;
  let type = redirection.options.type;
  if (type === "none" && host !== null && (host.wrap.kind === "table" || isMultiAddress(host))) type = "round-robin";
  if (!isDynamicPool(type) && redirection.hosts !== null) {
    for (const it of redirection.hosts) {
      if (it.wrap.kind === "table") {
        return refuseNull(
          reader,
          "tables are not supported by pool type",
          "A table needs a pool that is round-robin, random, source-hash or least-states.",
        );
      }
    }
    for (const it of redirection.hosts) {
      if (isMultiAddress(it) && it.wrap.kind === "dynamic") {
        return refuseNull(
          reader,
          `interface (${it.wrap.interface}) is not supported by pool type`,
          "An interface in parentheses without `:0` needs a pool that is round-robin, random, source-hash or least-states.",
        );
      }
    }
  }
  let staticPort = false;
  if (redirection.options.staticPort) {
    if (use !== "nat") {
      return refuseNull(
        reader,
        "the 'static-port' option is only valid with nat rules",
        "`static-port` goes with nat-to only.",
        "pf/wrong-option",
      );
    }
    if (low !== LOW_PORT && high !== HIGH_PORT) {
      return refuseNull(
        reader,
        "the 'static-port' option can't be used when specifying a port range",
        "Either the source port is kept (`static-port`) or it is chosen from a range.",
        "pf/incompatible-options",
      );
    }
    staticPort = true;
  }
  const member: PoolMember = {
    address: host?.wrap ?? { kind: "any" },
    interface: host?.interface ?? null,
    weight: 0,
  };
  return {
    members: [member],
    type,
    sticky: redirection.options.sticky,
    hashKey: redirection.options.hashKey,
    ports: portsOf(use, low, high, staticPort),
    staticPort,
    mapE: null,
    endpointIndependent: false,
    preferIpv6NextHop: false,
  };
}

function portsOf(use: string, low: number, high: number, staticPort: boolean): Pool["ports"] {
  if (staticPort || use === "route") return null;
  if (use === "nat") return low === LOW_PORT && high === HIGH_PORT ? null : { low, high };
  return low === 0 ? null : { low, high };
}

function refuse(reader: Reader, tool: string, message: string, code = "pf/invalid-target"): false {
  reader.complain(tool, code, message);
  return false;
}

function refuseNull(reader: Reader, tool: string, message: string, code = "pf/invalid-target"): null {
  reader.complain(tool, code, message);
  return null;
}
