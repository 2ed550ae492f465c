import {
  type AddressWrap,
  type Anchor,
  type Limiter,
  numbered,
  type PfConfiguration,
  type PfOptions,
  type Pool,
  Rule,
  type Table,
} from "@pierhead/lang/pf";
import { type AutomaticTable, optimizeRuleset } from "@pierhead/lang/pf/optimize";
import type { FilterCore } from "./core.ts";
import type { AddressResolver } from "./loaded-address.ts";
import { computeSkipSteps, LoadedRule, type RuleDefaults } from "./loaded-rule.ts";
import { releaseIfUnused } from "./rule-release.ts";
import { LIST_NAMES, type ListName, type Ruleset } from "./ruleset.ts";
import { setSyncookies } from "./syncookie.ts";
import { DEFAULT_TIMEOUTS, OPTIMIZATION, TIMEOUT, timeoutIndex } from "./timeout.ts";

/** Which parts of a configuration to load: `pfctl -R -N -O -T load`; everything without. */
export interface LoadSelection {
  /** Filter rules (`-R`). */
  readonly rules?: boolean;
  /** FreeBSD and the 4.6 family: translation rules (`-N`). */
  readonly translation?: boolean;
  /** `set` options (`-O`). */
  readonly options?: boolean;
  /** Tables (`-T load`). */
  readonly tables?: boolean;
  /** Hexadecimal digits in the names of tables that pfctl makes, `__automatic_DIGITS_N`; without, they stay `__automatic_N`. */
  readonly tableIdentifier?: string;
  /** `-o`: what pfctl's ruleset optimizer does before the rules reach the kernel; default is what the file sets. */
  readonly optimize?: "none" | "basic" | "profile";
}

/** One ruleset of a load: what becomes of one anchor. */
interface Part {
  readonly path: string;
  readonly anchor: Anchor;
}

/** Replaces the rules and tables of an anchor and of all anchors that have a body inside it. */
export function loadAnchorTree(
  core: FilterCore,
  root: Anchor,
  path: string,
  options: PfOptions,
  selection: LoadSelection,
): void {
  core.interfaces.refresh(core.host.interfaces(), true);
  const parts = collect(root, path);
  const lists = wantedLists(core, selection);
  const tables = selection.tables ?? isWhole(selection);
  const policy = options.statePolicy ?? core.kernel.defaultStatePolicy;
  const defaults: RuleDefaults = {
    ifBound: policy === "if-bound",
    now: core.seconds(),
    windowRates: core.kernel.windowRates,
  };
  const mode = selection.optimize ?? options.rulesetOptimization ?? "basic";
  const names = { next: firstFreeName(parts) };
  const rename = new AutomaticNames(selection.tableIdentifier ?? null);

  // Like pfctl's transaction: everything new is made before anything old goes.
  const prepared = parts.map((part) => {
    const fresh = new Map<ListName, LoadedRule[]>();
    if (tables) for (const table of part.anchor.tables.values()) core.tables.define(part.path, rename.table(table));
    for (const list of lists) {
      let rules: readonly Rule[] = part.anchor[list];
      if (list === "filter" && mode !== "none") {
        const optimized = optimizeRuleset(rules, {
          system: core.system,
          names,
          isGroup: (name) => core.interfaces.find(name)?.isGroup ?? false,
        });
        rules = optimized.rules;
        for (const table of optimized.tables) core.tables.define(path, rename.table(automaticTable(table)));
      }
      // pfctl counts for `$nr` what it sends to the kernel (pfctl_load_ruleset).
      const counted = rename.rules(rules).map(numbered);
      fresh.set(list, loadList(core, counted, part.path, defaults));
    }
    return { part, fresh };
  });
  numberTags(core, new Map(prepared.map(({ part, fresh }) => [part.path, fresh])));
  for (const { part, fresh } of prepared) {
    const ruleset = core.rulesets.findOrCreate(part.path);
    for (const [list, rules] of fresh) replaceList(core, ruleset, list, rules);
    if (selection.rules ?? isWhole(selection)) core.ether.replace(core, part.path, part.anchor.ether);
    core.tables.commit(part.path);
    core.rulesets.removeIfEmpty(ruleset);
  }
}

/** Rules come to the kernel one after the other, those of an inline anchor right after the one that calls it. */
function numberTags(core: FilterCore, lists: ReadonlyMap<string, ReadonlyMap<ListName, readonly LoadedRule[]>>): void {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const rules of lists.get(path)?.values() ?? []) {
      for (const rule of rules) {
        core.tags.add(rule);
        if (rule.anchor !== null) visit(rule.anchor.path);
      }
    }
  };
  for (const path of lists.keys()) visit(path);
}

const AUTOMATIC = "__automatic_";

/** pfctl's own names of the tables it makes: they differ from run to run, and count what was really made. */
class AutomaticNames {
  readonly #identifier: string | null;
  readonly #names = new Map<string, string>();

  constructor(identifier: string | null) {
    this.#identifier = identifier;
  }

  table(table: Table): Table {
    if (this.#identifier === null || !table.name.startsWith(AUTOMATIC)) return table;
    let name = this.#names.get(table.name);
    if (name === undefined) {
      name = `${AUTOMATIC}${this.#identifier}_${this.#names.size}`;
      this.#names.set(table.name, name);
    }
    return { ...table, name };
  }

  rules(rules: readonly Rule[]): readonly Rule[] {
    return this.#names.size === 0 ? rules : rules.map((rule) => this.#rule(rule));
  }

  #rule(rule: Rule): Rule {
    const from = this.#wrap(rule.from.address);
    const to = this.#wrap(rule.to.address);
    const nat = this.#pool(rule.nat);
    const rdr = this.#pool(rule.rdr);
    const route = this.#pool(rule.route);
    if (
      from === rule.from.address &&
      to === rule.to.address &&
      nat === rule.nat &&
      rdr === rule.rdr &&
      route === rule.route
    ) {
      return rule;
    }
    const renamed = Object.assign(new Rule(), rule);
    renamed.from = { ...rule.from, address: from };
    renamed.to = { ...rule.to, address: to };
    renamed.nat = nat;
    renamed.rdr = rdr;
    renamed.route = route;
    return renamed;
  }

  #pool(pool: Pool | null): Pool | null {
    if (pool === null || !pool.members.some((member) => this.#wrap(member.address) !== member.address)) return pool;
    return { ...pool, members: pool.members.map((member) => ({ ...member, address: this.#wrap(member.address) })) };
  }

  #wrap(wrap: AddressWrap): AddressWrap {
    const name = wrap.kind === "table" ? this.#names.get(wrap.name) : undefined;
    return name === undefined ? wrap : { kind: "table", name };
  }
}

function isWhole(selection: LoadSelection): boolean {
  const { rules, translation, options, tables } = selection;
  return rules === undefined && translation === undefined && options === undefined && tables === undefined;
}

function wantedLists(core: FilterCore, selection: LoadSelection): readonly ListName[] {
  const whole = isWhole(selection);
  if (!core.kernel.separateTranslation) return (selection.rules ?? whole) ? ["filter"] : [];
  return LIST_NAMES.filter((list) =>
    list === "filter" || list === "scrub" ? (selection.rules ?? whole) : (selection.translation ?? whole),
  );
}

/**
 * The anchor itself, and those inside it that the file gives a body, in the order in which rules call them. Named
 * anchors without a body keep what they have.
 */
function collect(root: Anchor, path: string): Part[] {
  const parts: Part[] = [];
  const pending: Part[] = [{ path, anchor: root }];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const { anchor } = part;
    const rules = LIST_NAMES.some((list) => anchor[list].length > 0) || anchor.ether.length > 0;
    const hasBody = rules || anchor.tables.size > 0;
    if (hasBody || anchor === root) parts.push(part);
    const called = new Set<Anchor>();
    for (const list of LIST_NAMES) {
      for (const rule of anchor[list]) {
        const child = rule.anchor === null ? undefined : anchor.children.get(lastName(rule.anchor.path));
        if (child !== undefined) called.add(child);
      }
    }
    for (const child of anchor.children.values()) called.add(child);
    for (const child of [...called].reverse()) {
      pending.push({ path: part.path === "" ? child.name : `${part.path}/${child.name}`, anchor: child });
    }
  }
  return parts;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function firstFreeName(parts: readonly Part[]): number {
  let next = 0;
  for (const { anchor } of parts) {
    for (const name of anchor.tables.keys()) {
      const number = /^__automatic_(\d+)$/.exec(name)?.[1];
      if (number !== undefined) next = Math.max(next, Number(number) + 1);
    }
  }
  return next;
}

function automaticTable(table: AutomaticTable): Table {
  const entries: Table["entries"][number][] = [];
  for (const wrap of table.entries) {
    if (wrap.kind === "prefix") entries.push({ address: wrap.address, length: wrap.length, negated: false });
  }
  return {
    name: table.name,
    persist: false,
    const: true,
    counters: false,
    entries,
    initialized: true,
    origin: null,
  };
}

function loadList(core: FilterCore, rules: readonly Rule[], path: string, defaults: RuleDefaults): LoadedRule[] {
  const ruleset = core.rulesets.findOrCreate(path);
  const resolver: AddressResolver = {
    attachTable: (name) => core.tables.attach(path, name),
    dynamic: (wrap, family) => core.dynamics.get(wrap, family),
  };
  const loaded = rules.map((rule, number) => {
    let anchor: Ruleset | null = null;
    if (rule.anchor !== null) {
      anchor = core.rulesets.findOrCreate(rule.anchor.path);
      anchor.references++;
    }
    const fresh = new LoadedRule(rule, ruleset, anchor, core.ruleSerial++, number, defaults, resolver, core.interfaces);
    // An overload table is there to be filled, whether or not the file defines it.
    if (fresh.overload !== null) fresh.overload.active = true;
    return fresh;
  });
  computeSkipSteps(loaded);
  return loaded;
}

/** Swaps one list of rules; rules that states still need stay behind, out of the list (`pf_commit_rules()`). */
export function replaceList(core: FilterCore, ruleset: Ruleset, list: ListName, rules: readonly LoadedRule[]): void {
  const old = ruleset[list];
  ruleset[list] = rules;
  ruleset.generation++;
  // Names of groups and interfaces may be new.
  core.interfaces.refresh(core.host.interfaces(), true);
  for (const rule of old) {
    rule.unlinked = true;
    rule.number = -1;
    releaseIfUnused(core, rule);
  }
}

/** `pfctl -f` of the main ruleset. */
export function loadConfiguration(core: FilterCore, configuration: PfConfiguration, selection: LoadSelection): void {
  if (selection.options ?? isWhole(selection)) applyOptions(core, configuration.options);
  loadAnchorTree(core, configuration.main, "", configuration.options, selection);
  if (selection.rules ?? isWhole(selection)) replaceLimiters(core, configuration.limiters);
}

function replaceLimiters(core: FilterCore, limiters: readonly Limiter[]): void {
  core.limiters.replace(limiters, core.host.now(), (name) => {
    const table = core.tables.attach("", name);
    table.active = true;
    return table;
  });
}

/** What `set` statements change in the kernel; what a file does not set goes back to its default. */
function applyOptions(core: FilterCore, options: PfOptions): void {
  const states = options.limits.get("states");
  core.limits.set("states", states ?? core.kernel.stateLimit);
  for (const [name, value] of options.limits) core.limits.set(name, value);
  const timeouts = Float64Array.from(DEFAULT_TIMEOUTS);
  timeouts[TIMEOUT.fragment] = core.kernel.fragmentTimeout;
  const hints = options.optimization === undefined ? undefined : OPTIMIZATION[options.optimization];
  for (const [name, value] of hints ?? []) timeouts[timeoutIndex(name)] = value;
  if (states !== undefined && !options.timeouts.has("adaptive.start") && !options.timeouts.has("adaptive.end")) {
    timeouts[TIMEOUT.adaptiveStart] = Math.trunc(states / 10) * 6;
    timeouts[TIMEOUT.adaptiveEnd] = Math.trunc(states / 10) * 12;
  }
  for (const [name, value] of options.timeouts) timeouts[timeoutIndex(name)] = value;
  if (timeouts[TIMEOUT.interval] === 0) timeouts[TIMEOUT.interval] = 1;
  core.timeouts.set(timeouts);
  const skipped = new Set<string>();
  for (const { interface: name, negated } of options.skip) {
    if (negated) skipped.delete(name);
    else skipped.add(name);
  }
  for (const name of skipped) core.interfaces.get(name);
  core.interfaces.refresh(core.host.interfaces(), true);
  core.interfaces.setSkipped(skipped);
  if (options.reassemble !== undefined) {
    core.reassemble = { enabled: options.reassemble !== "no", noDf: options.reassemble === "yes no-df" };
  }
  if (options.hostId !== undefined) core.hostId = options.hostId;
  if (options.debug !== undefined) core.debug = options.debug;
  if (options.logInterface !== undefined) core.logInterface = options.logInterface;
  if (options.syncookies !== undefined) {
    setSyncookies(core, options.syncookies.mode);
    const limit = core.limits.get("states") ?? core.kernel.stateLimit;
    core.syncookies.high = Math.trunc((limit * options.syncookies.start) / 100);
    core.syncookies.low = Math.trunc((limit * options.syncookies.end) / 100);
  }
}

/** `pfctl -F Reset`. */
export function resetOptions(core: FilterCore): void {
  applyOptions(core, {
    skip: [],
    timeouts: new Map(),
    limits: new Map(),
    reassemble: core.kernel.reassembles ? "yes" : "no",
    debug: "err",
    logInterface: null,
    syncookies: { mode: "never", start: 25, end: 12 },
  });
}

/** Empties the lists of one ruleset (`pfctl -F rules`, `nat`). */
export function flushRules(core: FilterCore, path: string, lists: readonly ListName[]): void {
  const ruleset = core.rulesets.findOrCreate(path);
  for (const list of lists) replaceList(core, ruleset, list, []);
  if (path === "" && lists.includes("filter")) replaceLimiters(core, []);
  core.rulesets.removeIfEmpty(ruleset);
}
