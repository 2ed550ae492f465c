import { Anchor } from "../rule.ts";

/** A ruleset while it is read: where its rules go, and what pfctl calls it until its place is known. */
export class Ruleset {
  readonly anchor: Anchor;
  /** Path in pfctl's own table: the parent is a holder `_N` while its body is read. */
  readonly toolPath: string;
  /** Holder name `_N`; the anchor's name for the outermost ruleset. */
  readonly holder: string;
  /** Rules counted so far (`match`). */
  rules = 0;

  constructor(anchor: Anchor, toolPath: string, holder: string) {
    this.anchor = anchor;
    this.toolPath = toolPath;
    this.holder = holder;
  }
}

/** Ruleset of an inline anchor inside `parent`; `name` is null for one without a name. */
export function inlineRuleset(parent: Ruleset, name: string | null, number: number): Ruleset {
  const holder = `_${number}`;
  const own = name ?? holder;
  const path = parent.anchor.path === "" ? own : `${parent.anchor.path}/${own}`;
  const base = parent.holder === "" ? parent.toolPath : parent.holder;
  return new Ruleset(new Anchor(own, path), base === "" ? own : `${base}/${own}`, holder);
}
