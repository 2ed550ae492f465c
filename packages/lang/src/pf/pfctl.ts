/** `pfctl -nvf FILE` as a function: what it writes and how it exits. */
import { Source } from "@pierhead/core";
import type { PfEnvironment } from "./environment.ts";
import { type LoadOptions, loadPf } from "./load.ts";
import { type FormatOptions, formatQueue, formatRule, formatTable } from "./print/index.ts";
import type { PfEvent, RuleList } from "./result.ts";
import type { Anchor, PfConfiguration } from "./rule.ts";

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
  for (const event of load.events) printEvent(lines, event, load.configuration, environment, format);
  return {
    stdout: lines.length === 0 ? "" : `${lines.join("\n")}\n`,
    stderr: load.stderr.length === 0 ? "" : `${load.stderr.join("\n")}\n`,
    exit: load.exit,
  };
}

function printEvent(
  lines: string[],
  event: PfEvent,
  configuration: PfConfiguration,
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
    case "ruleset":
      printRuleset(lines, configuration.anchor(event.path), event.list, configuration, environment, format);
  }
}

/** `pfctl_load_ruleset` with `-v`: every rule, the bodies of inline anchors indented in braces. */
function printRuleset(
  lines: string[],
  anchor: Anchor,
  list: RuleList,
  configuration: PfConfiguration,
  environment: PfEnvironment,
  format: FormatOptions,
): void {
  const indents = format.ruleNumbers ? "" : "  ";
  const stack: { readonly anchor: Anchor; next: number }[] = [{ anchor, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const rule = top.anchor[list][top.next++];
    const depth = stack.length - 1;
    if (rule === undefined) {
      stack.pop();
      if (stack.length > 0) lines.push(`${indents.repeat(depth - 1)}}`);
      continue;
    }
    const text = indents.repeat(depth) + formatRule(rule, environment.system, format);
    const body = rule.anchor?.inline ? configuration.anchor(rule.anchor.path) : null;
    if (body !== null && body[list].length > 0) {
      lines.push(`${text} {`);
      stack.push({ anchor: body, next: 0 });
    } else lines.push(text);
  }
}
