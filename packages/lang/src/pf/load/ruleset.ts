import { Anchor } from "../rule.ts";
import { anchorCall } from "./anchor-path.ts";

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

/** Ruleset of an inline anchor inside `parent`; `name` is null for one without a name, and may be a path. */
export function inlineRuleset(parent: Ruleset, name: string | null, number: number): Ruleset {
  const holder = `_${number}`;
  const { path } = anchorCall(parent.anchor.path, name ?? holder);
  const { path: toolPath } = anchorCall(parent.holder === "" ? parent.toolPath : parent.holder, name ?? holder);
  return new Ruleset(new Anchor(path.slice(path.lastIndexOf("/") + 1), path), toolPath, holder);
}

/** Puts the body of an inline anchor where its path leads, seen from the outermost ruleset of the file. */
export function placeInline(root: Anchor, body: Anchor): void {
  const base = root.path === "" ? "" : `${root.path}/`;
  // An absolute path may lead out of the anchor that the file is loaded into; the rules stay with what can be reached.
  const names = (body.path.startsWith(base) ? body.path.slice(base.length) : body.path).split("/");
  let parent = root;
  for (const name of names.slice(0, -1)) {
    let next = parent.children.get(name);
    if (next === undefined) {
      next = new Anchor(name, parent.path === "" ? name : `${parent.path}/${name}`);
      parent.children.set(name, next);
    }
    parent = next;
  }
  const existing = parent.children.get(body.name);
  if (existing !== undefined && existing !== body) {
    for (const [name, child] of existing.children) if (!body.children.has(name)) body.children.set(name, child);
  }
  parent.children.set(body.name, body);
}
