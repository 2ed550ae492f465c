/** `route-to` and the like where they stand before the address family: `route`, `route_host` of the older parse.y. */
import { hostsOfFamily, poolOf, poolType } from "../load/expand-old.ts";
import type { Pool, RouteOption, Rule } from "../rule.ts";
import { decideFamily } from "./clauses.ts";
import { append, checkInterfaceName, parseHost, parsePoolOptions } from "./hosts.ts";
import { HostNode, type PoolOptions } from "./nodes.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

export interface OldRoute {
  readonly option: RouteOption;
  hosts: HostNode[];
  readonly options: PoolOptions | null;
}

/** `route`; null when there is none. */
export function parseOldRoute(reader: Reader): OldRoute | null {
  let option: RouteOption;
  switch (reader.peek()) {
    case Token.fastroute:
      reader.clause("fastroute");
      reader.take("keyword");
      return { option: "fastroute", hosts: [], options: null };
    case Token.routeTo:
      option = "route-to";
      break;
    case Token.replyTo:
      option = "reply-to";
      break;
    case Token.dupTo:
      option = "dup-to";
      break;
    default:
      return null;
  }
  reader.clause(option);
  reader.take("keyword");
  const hosts = parseRouteHosts(reader);
  return { option, hosts, options: parsePoolOptions(reader) };
}

/** `routespec`. */
export function parseRouteHosts(reader: Reader): HostNode[] {
  if (reader.peek() !== Char.openBrace) return parseRouteHost(reader);
  reader.openBrace();
  const list = parseRouteHost(reader);
  reader.skipNewlines();
  while (reader.peek() !== Char.closeBrace) {
    reader.optionalComma();
    const more = parseRouteHost(reader);
    reader.skipNewlines();
    if (reader.dialect.family !== "freebsd") checkSameFamily(reader, list[0] as HostNode, more[0] as HostNode);
    append(list, more);
  }
  reader.closeBrace();
  return list;
}

function checkSameFamily(reader: Reader, first: HostNode, other: HostNode): void {
  if (reader.dialect.family === "4.6") reader.follow(reader.lookahead.nextHop);
  if (first.family === 0) first.family = other.family;
  if (first.family !== other.family) {
    reader.fail(
      "all pool addresses must be in the same address family",
      "pf/family-mismatch",
      "The next hops of one pool are all IPv4 or all IPv6.",
    );
  }
}

/**
 * `route_host`: an interface alone, or `(interface address)`. OpenBSD from 4.7 to 6.8 takes tables, `(interface:peer)`
 * and `address@interface` as well.
 */
function parseRouteHost(reader: Reader): HostNode[] {
  const isMiddle = reader.dialect.routeTo === "option-with-interface";
  const isFreebsd = reader.dialect.family === "freebsd";
  if (isMiddle && reader.peek() === Char.less) return parseHost(reader);
  if (!reader.accept(Char.open, "punctuation")) {
    const text = reader.string("interface");
    if (isMiddle && text.includes("@")) return addressAtInterface(reader, text);
    if (isFreebsd) checkInterfaceName(reader, text);
    const node = new HostNode({ kind: "any" }, 0, 128);
    node.interface = text;
    return [node];
  }
  const name = reader.string("interface");
  const hosts = parseHost(reader);
  reader.expect(Char.close);
  if (isFreebsd) checkInterfaceName(reader, name);
  // 4.6 names the interface of the first address only.
  const named = reader.dialect.family === "4.6" && reader.options.strict ? hosts.slice(0, 1) : hosts;
  for (const host of named) host.interface = name;
  return hosts;
}

/** `address@interface`, as pfctl itself prints a next hop before OpenBSD 6.9. */
function addressAtInterface(reader: Reader, text: string): HostNode[] {
  const start = reader.takenStart;
  const at = text.lastIndexOf("@");
  let address = text.slice(0, at);
  if (reader.accept(Char.slash, "punctuation")) address += `/${reader.number()}`;
  if (reader.hosts === null) return [new HostNode({ kind: "any" }, 0, 0)];
  const hosts = reader.hosts.host(address, reader.addToolLine, reader.options.noDns);
  if (hosts === null) {
    return reader.fail(
      "could not parse host specification",
      "pf/unknown-host",
      `\`${address}\` is neither an address nor an interface of this machine, and as a host name it does not resolve.`,
      { start, end: reader.takenEnd },
    );
  }
  for (const host of hosts) host.interface = text.slice(at + 1);
  return hosts;
}

/** The checks of pfrule on a route. Returns the pool, null for `fastroute`. */
export function applyOldRoute(reader: Reader, rule: Rule, route: OldRoute): Pool | null {
  if (rule.direction === null) {
    reader.fail(
      "direction must be explicit with rules that specify routing",
      "pf/direction-missing",
      "A rule with a route needs a direction: `in` or `out`.",
    );
  }
  rule.routeOption = route.option;
  if (route.option === "fastroute" || route.options === null) return null;
  decideFamily(route.hosts, rule);
  route.hosts = hostsOfFamily(route.hosts, rule);
  if (route.hosts.length === 0) {
    reader.fail(
      "no routing address with matching address family found.",
      "pf/family-mismatch",
      "No next hop is of the rule's address family.",
    );
  }
  const type = poolType(reader, route.hosts, route.options, "routing", "r.rpool.opts must be PF_POOL_ROUNDROBIN");
  return poolOf(reader, route.hosts, { ...route.options, type }, null, false);
}
