import { type FormatOptions, formatRule, REASON_NAMES, TIMEOUT_NAMES } from "@pierhead/lang/pf";
import type { FilterCore } from "./core.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import type { ListName, Ruleset } from "./ruleset.ts";
import type { AddressTable } from "./table.ts";
import { timeoutIndex } from "./timeout.ts";
import type { DropReason } from "./types.ts";

/** What `-v`, `-g` and `-a '*'` add to what `pfctl -s` shows. */
export interface ShowOptions {
  readonly verbosity: number;
  readonly debug: boolean;
  readonly recurse: boolean;
}

/** `pfctl -sr`: the rules of an anchor; null when there is no such anchor (`pfctl_show_rules()`). */
export function showRules(
  core: FilterCore,
  path: string,
  list: ListName,
  options: ShowOptions,
  wildcard: boolean,
  only: number | null = null,
): string[] | null {
  const ruleset = core.rulesets.find(path);
  if (ruleset === null) return null;
  const lines: string[] = [];
  showRuleset(core, ruleset, list, options, 0, wildcard, only, lines);
  return lines;
}

const DEEPEST = 64;

function showRuleset(
  core: FilterCore,
  ruleset: Ruleset,
  list: ListName,
  options: ShowOptions,
  depth: number,
  wildcard: boolean,
  only: number | null,
  lines: string[],
): void {
  if (depth > DEEPEST) return;
  const indent = options.verbosity > 0 ? "" : "  ".repeat(depth);
  const hidesExpired = options.verbosity < 2 && !options.debug;
  const format = formatOptions(core, ruleset, options);
  let all = wildcard;
  for (const rule of ruleset[list]) {
    if (only !== null && rule.number !== only) continue;
    if (!rule.anchorWildcard) all = false;
    if (rule.expired && hidesExpired) continue;
    const text = `${indent}${formatRule(rule.rule, core.system, format)}`;
    const call = rule.rule.anchor;
    const name = call === null ? "" : call.name.slice(call.name.lastIndexOf("/") + 1);
    if (call !== null && rule.anchor !== null && (name.startsWith("_") || options.recurse)) {
      lines.push(`${text} {`);
      lines.push(...counterLines(rule, options));
      showRuleset(core, rule.anchor, list, options, depth + 1, rule.anchorWildcard, null, lines);
      lines.push(`${indent}}`);
    } else {
      lines.push(text);
      lines.push(...counterLines(rule, options));
    }
  }
  if (!all || !options.recurse) return;
  for (const child of ruleset.children()) {
    lines.push(`${indent}anchor "${child.name}" all {`);
    showRuleset(core, child, list, options, depth + 1, false, only, lines);
    lines.push(`${indent}}`);
  }
}

function formatOptions(core: FilterCore, ruleset: Ruleset, options: ShowOptions): FormatOptions {
  const counts = options.verbosity > 1 || options.debug;
  return {
    ruleNumbers: counts,
    counts: options.verbosity > 1,
    tableCount: (name) => core.tables.get(ruleset.path, name)?.select()?.size ?? null,
    dynamicCount: (address, family) => {
      const dynamic = core.dynamics.get(address, family);
      dynamic.refresh();
      return dynamic.count4 + dynamic.count6;
    },
  };
}

/** `pfctl_print_rule_counters()`. */
function counterLines(rule: LoadedRule, options: ShowOptions): string[] {
  if (options.verbosity === 0) return [];
  const packets = (rule.packets[0] as number) + (rule.packets[1] as number);
  const bytes = (rule.bytes[0] as number) + (rule.bytes[1] as number);
  const pad = (value: number, width: number): string => String(value).padEnd(width);
  const lines = [
    `  [ Evaluations: ${pad(rule.evaluations, 8)}  Packets: ${pad(packets, 8)}  Bytes: ${pad(bytes, 10)}  States: ${pad(rule.states, 6)}]`,
  ];
  if (!options.debug) lines.push(`  [ Inserted: uid 0 pid 0 State Creations: ${pad(rule.statesTotal, 6)}]`);
  return lines;
}

/** `pfctl -sl`: counters of rules with labels. */
export function showLabels(core: FilterCore, path: string): string[] {
  const lines: string[] = [];
  const start = core.rulesets.find(path);
  if (start === null) return lines;
  for (const rule of start.filter) {
    const [packetsIn, packetsOut] = [rule.packets[0] as number, rule.packets[1] as number];
    const [bytesIn, bytesOut] = [rule.bytes[0] as number, rule.bytes[1] as number];
    for (const label of rule.rule.labels) {
      lines.push(
        `${label} ${rule.evaluations} ${packetsIn + packetsOut} ${bytesIn + bytesOut} ${packetsIn} ${bytesIn} ${packetsOut} ${bytesOut} ${rule.statesTotal}`,
      );
    }
  }
  return lines;
}

/** `pfctl -sA`: all anchors below a path; with `-v` those that inline anchors made, too. */
export function showAnchors(core: FilterCore, path: string, verbose: boolean): string[] {
  const start = core.rulesets.find(path);
  if (start === null) return [];
  const lines: string[] = [];
  for (const ruleset of core.rulesets.all(start)) {
    if (ruleset === start) continue;
    if (verbose || !ruleset.path.startsWith("_")) lines.push(`  ${ruleset.path}`);
  }
  return lines;
}

/** `pfctl -sT`. */
export function showTables(core: FilterCore, anchor: string, options: ShowOptions): string[] {
  const lines: string[] = [];
  for (const table of core.tables.list(anchor)) {
    if (!options.debug && !table.active) continue;
    lines.push(tableLine(table, options.verbosity > 0));
    if (options.verbosity > 1) lines.push(...tableStatistics(table));
  }
  return lines;
}

function tableLine(table: AddressTable, verbose: boolean): string {
  const flag = (on: boolean, letter: string): string => (on ? letter : "-");
  const flags = [
    flag(table.const, "c"),
    flag(table.persist, "p"),
    flag(table.active, "a"),
    flag(table.pending !== null, "i"),
    flag(table.ruleReferences > 0, "r"),
    flag(table.anchorReferences > 0, "h"),
    flag(table.counters, "C"),
  ].join("");
  return `${verbose ? `${flags}\t` : ""}${table.name}${table.anchor === "" ? "" : `@${table.anchor}`}`;
}

const OPERATIONS = ["Block:", "Match:", "Pass:", "XPass:"];

function tableStatistics(table: AddressTable): string[] {
  const pad = (value: number): string => String(value).padEnd(18);
  const lines = [
    `\tAddresses:   ${table.size}`,
    `\tCleared:     ${table.cleared}`,
    `\tReferences:  [ Anchors: ${pad(table.anchorReferences)} Rules: ${pad(table.ruleReferences)} ]`,
    `\tEvaluations: [ NoMatch: ${pad(table.notMatched)} Match: ${pad(table.matched)} ]`,
  ];
  for (const [d, direction] of ["In", "Out"].entries()) {
    for (const [o, operation] of OPERATIONS.entries()) {
      const packets = pad(table.packets[d * 4 + o] as number);
      const bytes = pad(table.bytes[d * 4 + o] as number);
      lines.push(`\t${`${direction}/${operation}`.padEnd(12)} [ Packets: ${packets} Bytes: ${bytes} ]`);
    }
  }
  return lines;
}

const REASONS: readonly DropReason[] = [...REASON_NAMES, "translate", "no-route"];

const LIMIT_COUNTERS = [
  "max states per rule",
  "max-src-states",
  "max-src-nodes",
  "max-src-conn",
  "max-src-conn-rate",
  "overload table insertion",
  "overload flush states",
  "synfloods detected",
  "syncookies sent",
  "syncookies validated",
];

/** `pfctl -si` (`print_status()`). */
export function showInfo(core: FilterCore, verbose: boolean): string[] {
  const runtime = core.seconds() - core.since;
  const running = core.running ? "Enabled" : "Disabled";
  const time = `${Math.trunc(runtime / 86_400)} days ${clockOf(runtime % 86_400)}`;
  const status = `Status: ${running}${runtime > 0 ? ` for ${time}` : ""}`;
  const counted = (name: string, value: number): string =>
    `  ${name.padEnd(25)} ${String(value).padStart(14)} ${runtime > 0 ? `${(value / runtime).toFixed(1).padStart(14)}/s` : "".padStart(14)}`;
  const current = (name: string, value: number): string =>
    `  ${name.padEnd(25)} ${String(value).padStart(14)} ${"".padStart(14)}`;
  const { states, sourceNodes, fragments } = core;
  const lines = [
    `${status.padEnd(44)}${`Debug: ${core.debug}`.padStart(15)}`,
    "",
    ...(verbose ? [`Hostid:   0x${core.hostId.toString(16).padStart(8, "0")}`, ""] : []),
    ...interfaceLines(core),
    `${"State Table".padEnd(27)} ${"Total".padStart(14)} ${"Rate".padStart(16)}`,
    current("current entries", states.count),
    current("half-open tcp", states.halfOpen),
    counted("searches", states.searches),
    counted("inserts", states.inserts),
    counted("removals", states.removals),
  ];
  if (verbose) {
    lines.push("Source Tracking Table", current("current entries", sourceNodes.count));
    lines.push(counted("searches", sourceNodes.searches), counted("inserts", sourceNodes.inserts));
    lines.push(counted("removals", sourceNodes.removals));
    lines.push("Fragments", current("current entries", fragments.count), counted("searches", fragments.searches));
    lines.push(counted("inserts", fragments.inserts), counted("removals", fragments.removals));
  }
  lines.push("Counters");
  for (const reason of REASONS) lines.push(counted(reason, core.counters.reasons.get(reason) ?? 0));
  if (verbose) {
    lines.push("Limit Counters");
    for (const name of LIMIT_COUNTERS) lines.push(counted(name, core.counters.limits.get(name) ?? 0));
    const mark = (name: string, value: number): string => `  ${name.padEnd(25)} ${String(value).padStart(14)} states`;
    lines.push("Adaptive Syncookies Watermarks", mark("start", core.syncookies.high), mark("end", core.syncookies.low));
  }
  return lines;
}

/** What `set loginterface` counts. */
function interfaceLines(core: FilterCore): string[] {
  if (core.logInterface === null) return [];
  const name = core.logInterface;
  const kif = core.interfaces.find(name);
  const bytes = (family: number, out: number): number =>
    ((kif?.bytes[family * 4 + out * 2] as number) ?? 0) + ((kif?.bytes[family * 4 + out * 2 + 1] as number) ?? 0);
  const packets = (family: number, out: number, blocked: number): number =>
    (kif?.packets[family * 4 + out * 2 + blocked] as number) ?? 0;
  const row = (title: string, width: number, four: number, six: number): string =>
    `${" ".repeat(27 - width)}${title.padEnd(width)} ${String(four).padStart(14)} ${String(six).padStart(16)}`;
  return [
    `Interface Stats for ${name.padEnd(16)} ${"IPv4".padStart(5)} ${"IPv6".padStart(16)}`,
    row("Bytes In", 25, bytes(0, 0), bytes(1, 0)),
    row("Bytes Out", 25, bytes(0, 1), bytes(1, 1)),
    "  Packets In",
    row("Passed", 23, packets(0, 0, 0), packets(1, 0, 0)),
    row("Blocked", 23, packets(0, 0, 1), packets(1, 0, 1)),
    "  Packets Out",
    row("Passed", 23, packets(0, 1, 0), packets(1, 1, 0)),
    row("Blocked", 23, packets(0, 1, 1), packets(1, 1, 1)),
    "",
  ];
}

function clockOf(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.trunc(seconds / 3600))}:${two(Math.trunc(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** `pfctl -st`. */
export function showTimeouts(core: FilterCore): string[] {
  return TIMEOUT_NAMES.filter((name) => core.kernel.tracksSctp || !name.startsWith("sctp.")).map((name) => {
    const unit = name.startsWith("adaptive") ? " states" : "s";
    return `${name.padEnd(20)} ${String(core.timeouts[timeoutIndex(name)]).padStart(10)}${unit}`;
  });
}

/** `pfctl -sm`. */
export function showLimits(core: FilterCore): string[] {
  return [...core.limits].map(([name, limit]) => `${name.padEnd(13)} hard limit ${String(limit).padStart(8)}`);
}
