import { FIELDS, type Field } from "./constraints.ts";
import type { CutList, CutRegion } from "./cut.ts";
import { intersect, isSame, NOTHING, normalize, type Ranges } from "./ranges.ts";

/** What a cut needs to know when only packets count that a changed region may match. */
export interface ChangedPart {
  readonly lists: readonly CutList[];
  readonly universe: Record<Field, Ranges>;
  /** Fields that the changed regions narrow. */
  readonly restricted: ReadonlySet<Field>;
}

/**
 * The smallest product of ranges that holds all changed regions, and of the lists what meets it.
 *
 * @returns null when no changed region can be met at all
 */
export function changedPart(lists: readonly CutList[], whole: Readonly<Record<Field, Ranges>>): ChangedPart | null {
  const changed = lists.flatMap((list) => list.regions.filter((one) => one.changed === true));
  if (changed.length === 0) return null;
  const universe = { ...whole };
  const restricted = new Set<Field>();
  for (const field of FIELDS) {
    const distinct = [...new Set(changed.map((one) => one.constraints[field]))];
    if (distinct.includes(null)) continue;
    universe[field] = intersect(whole[field], normalize(distinct.flatMap((ranges) => [...(ranges ?? NOTHING)])));
    if (universe[field].length === 0) return null;
    if (!isSame(universe[field], whole[field])) restricted.add(field);
  }
  const meets = ({ constraints }: CutRegion): boolean =>
    FIELDS.every((field) => {
      const ranges = constraints[field];
      return ranges === null || ranges === whole[field] || intersect(ranges, universe[field]).length > 0;
    });
  return { lists: lists.map((list) => ({ ...list, regions: list.regions.filter(meets) })), universe, restricted };
}
