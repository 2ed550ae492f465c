/** Rules that no packet can match, for reasons that the rule alone does not show. */
import type { Address, Diagnostic } from "@pierhead/core";
import { diagnostic } from "@pierhead/core";
import { formatRule, type Origin, type Rule, type RuleAddress } from "@pierhead/lang/pf";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import type { Machine } from "../machine/index.ts";
import { isNamed } from "../prove/constraints.ts";
import type { Crossing } from "./pf-crossings.ts";
import { rulesOf } from "./pf-walk.ts";

/** `pass in` from the machine's own address, `pass out` to it: such packets go by the loopback interface. */
export function checkOwnEnds(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  const { machine } = build;
  const interfaces = machine.interfaces();
  // carp(4) partners have the same addresses, routing domains talk to each other.
  if (build.assumed || interfaces.some((one) => /^carp/.test(one.name) || one.routingDomain !== 0)) return [];
  const statements = new Map<string, { origin: Origin; rules: Rule[]; all: boolean }>();
  for (const { rule } of rulesOf(pf.load)) {
    if (rule.origin === null || rule.action !== "pass" || rule.direction === null) continue;
    const key = `${rule.origin.source.name} ${rule.origin.span.start}`;
    const statement = statements.get(key) ?? { origin: rule.origin, rules: [], all: true };
    statement.rules.push(rule);
    const on = interfaces.filter((one) => rule.interface !== null && isNamed(one, rule.interface));
    const isPlace = on.length > 0 && on.every((one) => one.kind !== "loopback") && !rule.interfaceNegated;
    if (!isPlace || !isOwn(rule.direction === "in" ? rule.from : rule.to, machine)) statement.all = false;
    statements.set(key, statement);
  }
  const found: Diagnostic[] = [];
  for (const { origin, rules, all } of statements.values()) {
    const { direction, interface: name } = rules[0] as Rule;
    if (!all) continue;
    const message =
      direction === "in"
        ? `This rule never matches: nothing comes in by ${name} from an address of this machine itself. If it is for what this machine sends, write \`pass out\`; if it is for what it is asked, write the address after \`to\`.`
        : `This rule never matches: what goes to an address of this machine itself does not go out of ${name}. If it is for what others send here, write \`pass in\`; if it is for what this machine sends, write the address after \`from\`.`;
    found.push(diagnostic("pf/never-matches", "warning", message, origin.source, origin.span));
  }
  return found;
}

function isOwn({ address, negated }: RuleAddress, machine: Machine): boolean {
  if (negated) return false;
  if (address.kind === "dynamic") {
    const { network, broadcast, peer } = address.modifiers;
    if (network || broadcast || peer) return false;
    const named = machine.interfaces().filter((one) => isNamed(one, address.interface));
    return named.length > 0 && named.every((one) => one.kind === "broadcast");
  }
  return address.kind === "prefix" && address.length === address.address.bits && isHeld(address.address, machine);
}

function isHeld(address: Address, machine: Machine): boolean {
  return machine.interfaces().some((one) => one.kind !== "loopback" && one.has(address));
}

/**
 * Rules for the way out that ask for a source which was translated before they are looked at: by `nat`, or by a `match`
 * rule above them.
 */
export function checkTranslatedBefore(crossings: readonly Crossing[], build: MachineBuild): Diagnostic[] {
  const { machine } = build;
  const { core } = machine.pf;
  const statements = new Map<string, { origin: Origin; by: Rule | null; all: boolean }>();
  for (const { rule } of core.rulesets.main.filter) {
    if (rule.origin === null || rule.direction !== "out" || rule.nat !== null || rule.interface === null) continue;
    if (rule.from.address.kind === "any" || rule.from.negated || rule.interfaceNegated) continue;
    const key = `${rule.origin.source.name} ${rule.origin.span.start}`;
    const statement = statements.get(key) ?? { origin: rule.origin, by: null, all: true };
    statements.set(key, statement);
    const by = translatorBefore(rule, crossings, machine);
    if (by === null) statement.all = false;
    else statement.by = by;
  }
  const found: Diagnostic[] = [];
  for (const { origin, by, all } of statements.values()) {
    if (!all || by === null) continue;
    found.push(
      diagnostic(
        "pf/never-matches",
        "warning",
        `This rule never matches: the packets it is for have been translated when it is asked, by \`${formatRule(by, build.system)}\`. Write the address they are translated to, or tag them on their way in and ask for the tag.`,
        origin.source,
        origin.span,
        by.origin === null ? {} : { related: [{ ...by.origin, message: "translated by this rule" }] },
      ),
    );
  }
  return found;
}

/** What translated all packets this rule might be for; null when one came untranslated, or none came at all. */
function translatorBefore(rule: Rule, crossings: readonly Crossing[], machine: Machine): Rule | null {
  const separate = machine.pf.core.kernel.separateTranslation;
  let found: Rule | null = null;
  for (const { source, out, protocol } of crossings) {
    if (out === null || (rule.protocol !== 0 && rule.protocol !== protocol)) continue;
    if (rule.family !== null && rule.family !== source.family) continue;
    const on = machine.interface(out.interface);
    if (on === null || !isNamed(on, rule.interface ?? "") || !isInside(source, rule.from, machine)) continue;
    if (isInside(out.source, rule.from, machine)) return null;
    const by = out.translatedBy.find((one) => separate || (one.action === "match" && one.number < rule.number));
    if (by === undefined) return null;
    found = by;
  }
  return found;
}

/** Only for what is plain: networks, and those of interfaces. */
function isInside(address: Address, { address: wrap }: RuleAddress, machine: Machine): boolean {
  if (wrap.kind === "prefix") return address.family === wrap.address.family && address.isIn(wrap.address, wrap.length);
  if (wrap.kind !== "dynamic") return false;
  return machine
    .interfaces()
    .filter((one) => isNamed(one, wrap.interface))
    .some((one) =>
      one.addresses.some(
        (own) =>
          own.address.family === address.family &&
          (wrap.modifiers.network ? address.isIn(own.address, own.length) : own.address.equals(address)),
      ),
    );
}
