/** IPv4 is closed, IPv6 stands open. */
import { type Diagnostic, diagnostic } from "@pierhead/core";
import type { Direction, Rule } from "@pierhead/lang/pf";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import { isComplete } from "./pf-walk.ts";

/** A default `block inet` without its counterpart, on a machine that has IPv6 addresses beyond the link. */
export function checkFamilies(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  if (build.assumed || !isComplete(pf)) return [];
  const six = build.machine
    .interfaces()
    .find((one) =>
      one.addresses.some(({ address }) => address.family === 6 && !address.isLinkLocal() && !address.isLoopback()),
    );
  if (six === undefined) return [];
  const found: Diagnostic[] = [];
  const rules = pf.load.configuration.main.filter;
  for (const direction of ["in", "out"] as const) {
    const closed = rules.find((rule) => blocksAll(rule, direction) && rule.family === 4);
    if (closed === undefined || closed.origin === null) continue;
    // A rule that blocks IPv6 on its own terms shows that somebody thought of it; one for a few bad hosts does not.
    if (rules.some((rule) => sameDirection(rule, direction) && closesSix(rule))) continue;
    if (rules.some((rule) => rule.anchor !== null && rule.family !== 4)) continue;
    found.push(
      diagnostic(
        "pf/family-left-open",
        "warning",
        `This blocks IPv4 only. ${six.name} has an IPv6 address, and no rule blocks IPv6 ${direction}: what no rule matches passes.`,
        closed.origin.source,
        closed.origin.span,
      ),
    );
    break;
  }
  return found;
}

function closesSix({ action, family, protocol, from, to }: Rule): boolean {
  if (action !== "block" || family === 4 || from.address.kind !== "any" || to.address.kind !== "any") return false;
  return family === 6 || protocol === 0;
}

function sameDirection(rule: Rule, direction: Direction): boolean {
  return rule.direction === null || rule.direction === direction;
}

function blocksAll(rule: Rule, direction: Direction): boolean {
  return (
    rule.action === "block" &&
    sameDirection(rule, direction) &&
    rule.interface === null &&
    rule.protocol === 0 &&
    rule.from.address.kind === "any" &&
    rule.to.address.kind === "any" &&
    rule.from.port === null &&
    rule.to.port === null &&
    rule.tagged === null
  );
}
