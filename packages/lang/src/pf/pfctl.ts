/** `pfctl -nvf FILE` as a function: what it writes and how it exits. */
import { Source } from "@pierhead/core";
import { dialectOf } from "./dialect.ts";
import type { PfEnvironment } from "./environment.ts";
import { HostResolver, MODIFIER } from "./load/hosts.ts";
import { type LoadOptions, loadPf } from "./load.ts";
import { type FormatOptions, formatEtherRule, formatQueue, formatRule, formatTable } from "./print/index.ts";
import type { PfEvent, PfLoad, RuleList } from "./result.ts";
import type { Anchor, EtherRule, InterfaceModifiers, PfConfiguration } from "./rule.ts";

/** The command line of `pfctl -n`. */
export interface PrintOptions extends LoadOptions {
  /** `-P`: services by name where numbers are the default, and the other way round. */
  readonly portNames?: boolean;
}

export interface PfctlOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: 0 | 1;
}

/**
 * What that system's pfctl prints for a file with `-nv` (`-nvv` with `verbose: 2`), to the byte.
 *
 * @param fileName as pfctl names the file in messages: `stdin`, or a path
 */
export function pfctlPrint(
  text: string,
  fileName: string,
  environment: PfEnvironment,
  options: PrintOptions = {},
): PfctlOutput {
  const load = loadPf(new Source(fileName, text), environment, { ...options, strict: true, keepNumbers: true });
  const verbose = options.verbose ?? 1;
  const format: FormatOptions = {
    ruleNumbers: verbose > 1,
    counts: verbose > 1,
    loading: true,
    ...(options.portNames === undefined ? {} : { portNames: options.portNames }),
  };
  const lines: string[] = [];
  if (verbose > 1 && load.fingerprints > 0) lines.push(`Loaded ${load.fingerprints} passive OS fingerprints`);
  for (const event of load.events) printEvent(lines, event, load, environment, format);
  return {
    stdout: lines.length === 0 ? "" : `${lines.join("\n")}\n`,
    stderr: load.stderr.length === 0 ? "" : `${load.stderr.join("\n")}\n`,
    exit: load.exit,
  };
}

function printEvent(
  lines: string[],
  event: PfEvent,
  load: PfLoad,
  environment: PfEnvironment,
  format: FormatOptions,
): void {
  switch (event.kind) {
    case "macro":
      lines.push(`${event.name} = "${event.value}"`);
      return;
    case "text":
      lines.push(event.text);
      return;
    case "table":
      lines.push(formatTable(event));
      return;
    case "queue":
      lines.push(formatQueue(event.queue));
      return;
    case "ether":
      printEther(lines, load.configuration.anchor(event.path), environment, format);
      return;
    case "ruleset":
      printRuleset(lines, load.configuration.anchor(event.path), event.list, load, environment, format);
  }
}

/** `pfctl_load_ruleset` with `-v`: every rule, the bodies of inline anchors indented in braces. */
function printRuleset(
  lines: string[],
  anchor: Anchor,
  list: RuleList,
  load: PfLoad,
  environment: PfEnvironment,
  format: FormatOptions,
): void {
  const printTables = (path: string): void => {
    if (list !== "filter") return;
    for (const event of load.optimizerTables.get(path) ?? []) printEvent(lines, event, load, environment, format);
  };
  printTables(anchor.path);
  printNested(
    lines,
    format,
    anchor,
    (it) => it[list],
    (rule) => formatRule(rule, environment.system, format),
    (rule) => (rule.anchor?.inline ? load.configuration.anchor(rule.anchor.path) : null),
    (body) => printTables(body.path),
  );
}

/** `pfctl_load_eth_ruleset` with `-v`. */
function printEther(lines: string[], anchor: Anchor, environment: PfEnvironment, format: FormatOptions): void {
  const text = (rule: EtherRule): string => formatEtherRule(rule, environment.system, format);
  printNested(
    lines,
    format,
    anchor,
    (it) => it.ether,
    text,
    (rule) => rule.body,
    () => undefined,
  );
}

/** Rules, and in braces those of the bodies they have. Rules are indented without `-vv`, braces always. */
function printNested<T>(
  lines: string[],
  format: FormatOptions,
  anchor: Anchor,
  rulesOf: (anchor: Anchor) => readonly T[],
  textOf: (rule: T) => string,
  bodyOf: (rule: T) => Anchor | null,
  enter: (body: Anchor) => void,
): void {
  const indent = format.ruleNumbers ? "" : "  ";
  const loaded = new Set<Anchor>();
  const stack: { readonly anchor: Anchor; next: number }[] = [{ anchor, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const rule = rulesOf(top.anchor)[top.next++];
    const depth = stack.length - 1;
    if (rule === undefined) {
      stack.pop();
      if (stack.length > 0) lines.push(`${"  ".repeat(depth - 1)}}`);
      continue;
    }
    const text = indent.repeat(depth) + textOf(rule);
    const body = bodyOf(rule);
    // Of the rules that a list of protocols, say, was expanded to, the first one loads the body.
    if (body !== null && rulesOf(body).length > 0 && !loaded.has(body)) {
      loaded.add(body);
      lines.push(`${text} {`);
      enter(body);
      stack.push({ anchor: body, next: 0 });
    } else lines.push(text);
  }
}

/**
 * The rules as `pfctl -a '*' -sn` and `-sr` list them once they are loaded, with the bodies of all anchors in braces.
 * With `numbers` it is `-vv` without counters: the kernel's rule numbers, how many addresses tables and interfaces
 * have, and no indentation.
 */
export function pfctlShow(
  configuration: PfConfiguration,
  environment: PfEnvironment,
  { numbers = true }: { readonly numbers?: boolean } = {},
): string[] {
  const lines: string[] = [];
  const resolver = new HostResolver(environment, dialectOf(environment.system));
  const format: FormatOptions = {
    ruleNumbers: numbers,
    counts: numbers,
    tableCount: (name) => configuration.main.tables.get(name)?.entries.length ?? null,
    dynamicCount: ({ interface: name, modifiers }, family) =>
      resolver.lookup(name, modifierBits(modifiers)).filter((host) => family === null || host.family === family).length,
  };
  const indent = numbers ? "" : "  ";
  for (const list of ["nat", "rdr", "binat", "scrub"] as const) {
    for (const rule of configuration.main[list]) lines.push(formatRule(rule, environment.system, format));
  }
  const stack: { readonly anchor: Anchor; next: number }[] = [{ anchor: configuration.main, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const rule = top.anchor.filter[top.next++];
    if (rule === undefined) {
      stack.pop();
      if (stack.length > 0) lines.push(`${indent.repeat(stack.length - 1)}}`);
      continue;
    }
    const text = indent.repeat(stack.length - 1) + formatRule(rule, environment.system, format);
    lines.push(rule.anchor === null ? text : `${text} {`);
    if (rule.anchor !== null && stack.length < SHOW_DEPTH) {
      stack.push({ anchor: configuration.anchor(rule.anchor.path), next: 0 });
    }
  }
  return lines;
}

/** Anchors may call each other in a circle; the kernel stops at this depth. */
const SHOW_DEPTH = 64;

function modifierBits({ network, broadcast, peer, noAlias }: InterfaceModifiers): number {
  return (
    (network ? MODIFIER.network : 0) |
    (broadcast ? MODIFIER.broadcast : 0) |
    (peer ? MODIFIER.peer : 0) |
    (noAlias ? MODIFIER.noAlias : 0)
  );
}
