import type { FilterCore } from "./core.ts";
import type { LoadedRule } from "./loaded-rule.ts";

/**
 * A rule that is out of its list goes for good when no state and no source node needs it (`pf_rm_rule()`): the tables
 * it names and the anchor it calls lose a reference.
 */
export function releaseIfUnused(core: FilterCore, rule: LoadedRule): void {
  if (!rule.unlinked || rule.isInUse || rule.released) return;
  rule.released = true;
  core.tags.remove(rule);
  for (const table of rule.tables) core.tables.detach(table);
  if (rule.anchor === null) return;
  rule.anchor.references--;
  core.rulesets.removeIfEmpty(rule.anchor);
}
