/** Expansion of statements without translations and routes, in each system's way. */
import type { InterfaceNode } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import type { Rule } from "../rule.ts";
import { expandRule } from "./expand.ts";
import { expandFreebsdRule } from "./expand-freebsd.ts";
import { expandOldRule, type OldExpansion } from "./expand-old.ts";

/** Lists of a statement; null where nothing was given. */
export interface PlainExpansion extends Omit<OldExpansion, "anchor"> {
  readonly receivedOn: InterfaceNode | null;
  readonly afToWithoutTarget?: boolean;
}

/** Expands a statement that has no targets, and adds its rules. */
export function expandPlainRule(reader: Reader, rule: Rule, lists: PlainExpansion, anchor: boolean): void {
  const { family, expandsBySource } = reader.dialect;
  if (family === "freebsd") expandFreebsdRule(reader, rule, { ...lists, nat: null, rdr: null, route: null });
  else if (expandsBySource) expandOldRule(reader, rule, { ...lists, anchor }, null);
  else expandRule(reader, rule, { ...lists, nat: null, rdr: null, route: null });
}
