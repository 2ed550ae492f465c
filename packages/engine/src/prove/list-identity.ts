import { FIELDS } from "./constraints.ts";
import type { CutList, CutRegion } from "./cut.ts";
import type { Ranges } from "./ranges.ts";

/** Whether two machines look at packets in the very same way: then one of them is enough to cut by. */
export function sameLists(a: readonly CutList[], b: readonly CutList[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((list, i) => {
    const other = b[i] as CutList;
    if ((list.gate === null) !== (other.gate === null) || (list.closes === null) !== (other.closes === null))
      return false;
    const { regions } = list;
    return (
      regions.length === other.regions.length &&
      regions.every((one, j) => sameRegion(one, other.regions[j] as CutRegion))
    );
  });
}

function sameRegion(a: CutRegion, b: CutRegion): boolean {
  return (
    a.certain === b.certain &&
    a.stops === b.stops &&
    a.decides === b.decides &&
    a.blocks === b.blocks &&
    a.forgettable === b.forgettable &&
    FIELDS.every((field) => sameRanges(a.constraints[field], b.constraints[field]))
  );
}

function sameRanges(a: Ranges | null, b: Ranges | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.length !== b.length) return false;
  return a.every(([low, high], i) => low === b[i]?.[0] && high === b[i]?.[1]);
}
