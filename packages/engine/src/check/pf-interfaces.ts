/** Interfaces and networks in rules that the machine does not have, and rules on interfaces pf does not look at. */
import { type Diagnostic, diagnostic, formatPrefix, type Prefix, type Span } from "@pierhead/core";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import type { Machine } from "../machine/index.ts";
import { loadsOf, rulesOf, tokensOf } from "./pf-walk.ts";

export function checkInterfaces(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  return [...checkUnknown(pf, build), ...checkSkipped(pf, build), ...checkForeignNetworks(pf, build)];
}

/** Interfaces that come and go while the machine runs, or that every kernel has. */
const TRANSIENT =
  /^(lo|enc|pflog|pfsync|pflow|tun|tap|ppp|pppx|pppac|ng|gif|gre|wg|vnet|vm-port|bridge|carp|epair|ipsec|sec|vether|vport|veb|usbus|all|any)\d*$/;

/** `on em5` on a machine without em5: pf takes the rule, and it matches nothing. */
function checkUnknown(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  if (build.assumed) return [];
  const { machine } = build;
  const names = new Set<string>();
  const groups = new Set<string>(["all", "egress", "lo", "any"]);
  for (const one of machine.interfaces()) {
    names.add(one.name);
    for (const group of one.groups) groups.add(group);
  }
  const found: Diagnostic[] = [];
  const reported = new Set<string>();
  for (const load of loadsOf(pf)) {
    const source = load.syntax?.source;
    if (source === undefined) continue;
    for (const { token, statement } of tokensOf(load)) {
      if (token.role !== "interface" || statement.kind === "macro") continue;
      const name = token.text.split(":")[0] as string;
      if (names.has(name) || groups.has(name) || TRANSIENT.test(name) || !/\d$/.test(name)) continue;
      const key = `${source.name} ${name}`;
      if (reported.has(key)) continue;
      reported.add(key);
      // An address of an interface that is not there is an error of pfctl already.
      const already = pf.diagnostics.some(
        (one) => one.severity === "error" && one.span.start <= token.span.start && one.span.end >= token.span.end,
      );
      if (already) continue;
      found.push(
        diagnostic(
          "pf/no-such-interface",
          "warning",
          `This machine has no interface ${name}: what this rule says about it never happens. It has ${list(names)}.`,
          source,
          token.span,
        ),
      );
    }
  }
  return found;
}

function list(names: ReadonlySet<string>): string {
  const shown = [...names].filter((name) => !/^lo\d/.test(name)).slice(0, 8);
  return shown.length === 0 ? "no other than lo0" : shown.join(", ");
}

/** `set skip on`: rules for that interface are never looked at; and what the world can reach is open. */
function checkSkipped(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { skip } = pf.load.configuration.options;
  if (skip.length === 0) return found;
  const { machine } = build;
  const skipped = new Set<string>();
  for (const entry of skip) {
    if (entry.negated) continue;
    for (const one of machine.interfaces()) {
      if (one.name === entry.interface || one.groups.includes(entry.interface)) skipped.add(one.name);
    }
    skipped.add(entry.interface);
  }
  const statement = skipPlaces(pf);
  const source = pf.source;
  for (const [name, span] of statement) {
    const outside = machine
      .interfaces()
      .filter((one) => (one.name === name || one.groups.includes(name)) && isOutside(machine, one.name));
    const first = outside[0];
    if (first === undefined || build.interfaces.get(first.name)?.origin === "assumed") continue;
    found.push(
      diagnostic(
        "pf/skip-outside",
        "warning",
        `pf does not look at ${first.name} at all, and the default route goes there: everything the world sends passes.`,
        source,
        span,
      ),
    );
  }
  const reported = new Set<string>();
  for (const { rule } of rulesOf(pf.load)) {
    const name = rule.interface;
    if (name === null || rule.interfaceNegated || rule.origin === null || !skipped.has(name)) continue;
    // `antispoof for lo0` and its like stand in every example.
    if (/^lo\d*$/.test(name)) continue;
    const key = `${rule.origin.source.name} ${rule.origin.span.start}`;
    if (reported.has(key)) continue;
    reported.add(key);
    const place = statement.get(name) ?? [...statement.values()][0];
    found.push(
      diagnostic(
        "pf/rule-on-skipped-interface",
        "warning",
        `pf skips ${name}, so this rule is never looked at there.`,
        rule.origin.source,
        rule.origin.span,
        place === undefined ? {} : { related: [{ source, span: place, message: "skipped here" }] },
      ),
    );
  }
  return found;
}

/** Where each name of a `set skip` stands. */
function skipPlaces(pf: LoadedPf): Map<string, Span> {
  const places = new Map<string, Span>();
  for (const { token, statement } of tokensOf(pf.load)) {
    if (statement.kind === "set" && statement.tokens[1]?.text === "skip" && token.role === "interface")
      places.set(token.text, token.span);
  }
  return places;
}

function isOutside(machine: Machine, name: string): boolean {
  return machine.routes
    .list(0)
    .some((route) => route.length === 0 && route.interface === name && route.discard === null);
}

/**
 * `pass in on em1 from 192.168.0.0/24` where em1 has 192.168.1.1/24 and no route leads to 192.168.0.0/24 by em1: nobody
 * there can have such an address, or at least no answer finds the way back.
 */
function checkForeignNetworks(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  if (build.assumed) return [];
  const { machine } = build;
  const found: Diagnostic[] = [];
  const reported = new Set<string>();
  for (const { rule } of rulesOf(pf.load)) {
    const name = rule.interface;
    if (name === null || rule.interfaceNegated || rule.origin === null || rule.action === "block") continue;
    const known = build.interfaces.get(name);
    const found_ = machine.interface(name);
    if (found_ === null || known === undefined || known.addresses !== "known" || isOutside(machine, name)) continue;
    // Bridges, tunnels and IPsec bring packets of any origin; only plain links are judged.
    if (found_.kind !== "broadcast" || TRANSIENT.test(name)) continue;
    const side = rule.direction === "in" ? rule.from : rule.direction === "out" ? rule.to : null;
    if (side === null || side.negated || side.address.kind !== "prefix") continue;
    // The answer is sent to a next hop on the line whatever the routes say: it is one of several lines to the world.
    if (rule.routeOption === "reply-to") continue;
    const prefix: Prefix = { address: side.address.address, length: side.address.length };
    if (prefix.length === 0 || prefix.address.isMulticast() || prefix.address.isLinkLocal()) continue;
    // A packet to one of the machine's own addresses, and broadcast, may come by any interface.
    if (prefix.address.equals(prefix.address.filled(prefix.address.bits)) && prefix.address.w0 === 0xffffffff) continue;
    if (reachable(machine, name, prefix)) continue;
    const key = `${rule.origin.source.name} ${rule.origin.span.start} ${formatPrefix(prefix)}`;
    if (reported.has(key)) continue;
    reported.add(key);
    const own = found_.addresses
      .filter((one) => one.address.family === prefix.address.family)
      .map((one) => formatPrefix({ address: one.address.masked(one.length), length: one.length }));
    found.push(
      diagnostic(
        "pf/network-elsewhere",
        "warning",
        `No network behind ${name} has addresses of ${formatPrefix({ address: prefix.address.masked(prefix.length), length: prefix.length })}: ${own.length === 0 ? "it has none of this family" : `it has ${own.join(", ")}`}, and no route leads there by it.`,
        rule.origin.source,
        rule.origin.span,
      ),
    );
  }
  return found;
}

/** Whether some address of the prefix is routed out of the interface. */
function reachable(machine: Machine, name: string, prefix: Prefix): boolean {
  const first = prefix.address.masked(prefix.length);
  for (const route of machine.routes.list()) {
    if (route.interface !== name || route.family !== first.family) continue;
    const shorter = Math.min(route.length, prefix.length);
    if (route.destination.masked(shorter).equals(first.masked(shorter))) return true;
  }
  return false;
}
