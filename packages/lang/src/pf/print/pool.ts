import type { Family } from "@pierhead/core";
import type { Pool, PoolMember } from "../rule.ts";
import { formatAddress } from "./address.ts";
import type { PrintDialect } from "./dialect.ts";
import { type FormatOptions, PLAIN } from "./options.ts";

/** What a pool is used for decides how its ports print. Old binat has no ports. */
export type PoolUse = "nat" | "rdr" | "binat" | "route";

const NAT_PORT_LOW = 50001;
const NAT_PORT_HIGH = 65535;

/** `print_pool`, without a leading space. */
export function formatPool(
  pool: Pool,
  use: PoolUse,
  family: Family | null,
  dialect: PrintDialect,
  options: FormatOptions,
): string {
  let text = formatMembers(pool.members, use, family, dialect, options);
  const ports = pool.ports;
  if (use === "nat") {
    if (ports !== null && (ports.low !== 0 || ports.high !== 0)) {
      if (ports.low !== NAT_PORT_LOW || ports.high !== NAT_PORT_HIGH) {
        text += ports.low === ports.high ? ` port ${ports.low}` : ` port ${ports.low}:${ports.high}`;
      }
    }
  } else if (use === "rdr" && ports !== null && ports.low !== 0) {
    text += ` port ${ports.low}`;
    if (ports.high !== 0 && ports.high !== ports.low) text += `:${ports.high}`;
  }
  switch (pool.type) {
    case "none":
      break;
    case "source-hash":
      // Without a key pfctl makes a random one; what cannot be known is not invented.
      text += pool.hashKey === null ? " source-hash" : ` source-hash 0x${pool.hashKey}`;
      break;
    default:
      text += ` ${pool.type}`;
  }
  if (pool.sticky) text += " sticky-address";
  if (pool.endpointIndependent) text += " endpoint-independent";
  if (use === "nat" && isStaticPort(pool)) text += " static-port";
  if (pool.mapE !== null) text += ` map-e-portset ${pool.mapE.offset}/${pool.mapE.length}/${pool.mapE.id}`;
  if (pool.preferIpv6NextHop) text += " prefer-ipv6-nexthop";
  return text;
}

// Static ports are the port range 0 to 0 inside pfctl.
function isStaticPort(pool: Pool): boolean {
  return pool.staticPort || (pool.ports !== null && pool.ports.low === 0 && pool.ports.high === 0);
}

function formatMembers(
  members: readonly PoolMember[],
  use: PoolUse,
  family: Family | null,
  dialect: PrintDialect,
  options: FormatOptions,
): string {
  if (dialect.family === "openbsd") {
    const member = members[0];
    return member === undefined ? "?" : formatMember(member, family, dialect, options);
  }
  if (members.length === 1) return formatOldMember(members[0] as PoolMember, use, family, dialect);
  let text = "{ ";
  for (let i = 0; i < members.length; i++) {
    if (i > 0) text += ", ";
    text += formatOldMember(members[i] as PoolMember, use, family, dialect);
  }
  return members.length === 0 ? "" : `${text} }`;
}

// OpenBSD since 4.7: `address@interface`, or the interface alone.
function formatMember(
  member: PoolMember,
  family: Family | null,
  dialect: PrintDialect,
  options: FormatOptions,
): string {
  if (member.interface !== null && isZero(member)) return member.interface;
  const address = formatAddress(member.address, family, dialect, options);
  return member.interface === null ? address : `${address}@${member.interface}`;
}

// 4.6 family and FreeBSD: `(interface address)` in route options. Counts of tables are never printed here.
function formatOldMember(member: PoolMember, use: PoolUse, family: Family | null, dialect: PrintDialect): string {
  // A member's own family: `(interface)` has none.
  const own = dialect.memberFamilies ? null : family;
  const address = formatAddress(member.address, own, dialect, PLAIN);
  if (use !== "route") return address;
  const name = member.interface ?? "";
  if (member.address.kind === "any") {
    // An interface alone has an address of zeros, which FreeBSD cannot print without a family.
    return dialect.family === "4.6" || own !== null ? name : `(${name} ?)`;
  }
  return isZero(member) ? name : `(${name} ${address})`;
}

function isZero(member: PoolMember): boolean {
  const address = member.address;
  return address.kind === "any" || (address.kind === "prefix" && address.address.isUnspecified());
}
