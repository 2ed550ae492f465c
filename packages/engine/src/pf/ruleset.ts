import type { LoadedRule } from "./loaded-rule.ts";

/** Lists of one ruleset. From OpenBSD 4.7 there is `filter` only. */
export type ListName = "scrub" | "nat" | "binat" | "rdr" | "filter";

export const LIST_NAMES: readonly ListName[] = ["scrub", "nat", "binat", "rdr", "filter"];

/** The rules of one anchor as they are in force, with the anchors inside it (`struct pf_ruleset`). */
export class Ruleset {
  readonly name: string;
  /** "" is the main ruleset. */
  readonly path: string;
  readonly parent: Ruleset | null;
  filter: readonly LoadedRule[] = [];
  scrub: readonly LoadedRule[] = [];
  nat: readonly LoadedRule[] = [];
  binat: readonly LoadedRule[] = [];
  rdr: readonly LoadedRule[] = [];
  /** Rules that call this anchor. */
  references = 0;
  readonly #children = new Map<string, Ruleset>();
  #sorted: readonly Ruleset[] | null = null;
  /** Counts changes of the rules: what is derived from them compares it. */
  generation = 0;

  constructor(name: string, path: string, parent: Ruleset | null) {
    this.name = name;
    this.path = path;
    this.parent = parent;
  }

  child(name: string): Ruleset | null {
    return this.#children.get(name) ?? null;
  }

  /** Children in the order in which `anchor "foo/*"` visits them: by name. */
  children(): readonly Ruleset[] {
    this.#sorted ??= [...this.#children.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return this.#sorted;
  }

  addChild(child: Ruleset): void {
    this.#children.set(child.name, child);
    this.#sorted = null;
  }

  removeChild(child: Ruleset): void {
    if (this.#children.delete(child.name)) this.#sorted = null;
  }

  get isEmpty(): boolean {
    return LIST_NAMES.every((list) => this[list].length === 0);
  }
}

/** All rulesets by path (pf_ruleset.c). */
export class RulesetTree {
  readonly main: Ruleset = new Ruleset("", "", null);
  /** Whether an anchor still has tables, and so may not go. */
  readonly #hasTables: (path: string) => boolean;

  constructor(hasTables: (path: string) => boolean) {
    this.#hasTables = hasTables;
  }

  find(path: string): Ruleset | null {
    let ruleset: Ruleset | null = this.main;
    for (const name of path.split("/")) {
      if (name === "" || ruleset === null) continue;
      ruleset = ruleset.child(name);
    }
    return ruleset;
  }

  findOrCreate(path: string): Ruleset {
    let ruleset = this.main;
    for (const name of path.split("/")) {
      if (name === "") continue;
      let child = ruleset.child(name);
      if (child === null) {
        child = new Ruleset(name, ruleset.path === "" ? name : `${ruleset.path}/${name}`, ruleset);
        ruleset.addChild(child);
      }
      ruleset = child;
    }
    return ruleset;
  }

  /** Lets go of a ruleset that holds nothing and that nobody calls, and of its parents likewise. */
  removeIfEmpty(ruleset: Ruleset): void {
    for (let at: Ruleset | null = ruleset; at !== null && at.parent !== null; at = at.parent) {
      if (at.children().length > 0 || at.references > 0 || !at.isEmpty || this.#hasTables(at.path)) return;
      at.parent.removeChild(at);
    }
  }

  /** Every ruleset, parents first, in the order of names. */
  *all(from: Ruleset = this.main): Generator<Ruleset> {
    const pending: Ruleset[] = [from];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      yield next;
      pending.push(...[...next.children()].reverse());
    }
  }
}
