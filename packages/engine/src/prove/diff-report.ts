/** A comparison for people, line by line, and for machines. */
import type { JsonValue } from "../trace/json.ts";
import { type DiffReport, type FateChange, SCOPE } from "./diff.ts";
import type { PacketFate, ResponsibleRule } from "./fate.ts";
import type { NotExamined } from "./not-examined.ts";

/** Plain text, without line ends. */
export function diffLines(report: DiffReport): string[] {
  const lines: string[] = [];
  const { changes, classes } = report;
  for (const name of report.onlyBefore) lines.push(`only the old machine has ${name}`);
  for (const name of report.onlyAfter) lines.push(`only the new machine has ${name}`);
  if (changes.length === 0 && classes === 0 && report.complete) {
    lines.push("No packet changes fate: the same rules are asked in the same order.");
  } else if (changes.length === 0) {
    lines.push(
      report.complete
        ? `No packet changes fate, in none of ${classes} classes of packets.`
        : `No change was found in ${classes} classes of packets, but not everything was examined.`,
    );
  } else {
    lines.push(`${changes.length} ${changes.length === 1 ? "change" : "changes"} in ${classes} classes of packets.`);
  }
  for (const change of changes) if (!change.marginal) lines.push("", ...changeLines(change));
  const marginal = changes.filter((change) => change.marginal);
  if (marginal.length > 0) {
    lines.push(
      "",
      `${marginal.length} of them are marginal: segments in mid-stream, answers and errors nobody waits for, and`,
    );
    lines.push("what two kernels treat differently whatever the rules say.");
  }
  for (const change of marginal) lines.push("", ...changeLines(change));
  lines.push("", ...notExaminedLines(report.notExamined));
  lines.push(`Examined: ${SCOPE}.`);
  return lines;
}

function changeLines(change: FateChange): string[] {
  const { before, after, packets, more } = change;
  const lines = packets.map((text, i) => (i === 0 ? text : `and ${text}`));
  if (more) lines.push("and others");
  lines.push(`  for example: ${change.example}`);
  lines.push(...fateLines("before", before), ...fateLines("after", after));
  return lines;
}

function fateLines(when: string, fate: PacketFate): string[] {
  const lines = [`  ${when}: ${fate.text}`];
  if (fate.rules.length === 0) lines.push("    no rule");
  for (const rule of fate.rules) lines.push(`    ${ruleLine(rule)}`);
  return lines;
}

export function ruleLine({ text, anchor, place }: ResponsibleRule): string {
  const where = [anchor === "" ? "" : `anchor ${anchor}`, place === null ? "" : `${place.file}:${place.line}`];
  const known = where.filter((one) => one !== "").join(", ");
  return known === "" ? text : `${text}  [${known}]`;
}

export function notExaminedLines(list: readonly NotExamined[]): string[] {
  const lines: string[] = [];
  for (const { what, rules } of list) {
    lines.push(`Not examined: ${what}.`);
    for (const rule of rules) lines.push(`  ${ruleLine(rule)}`);
  }
  return lines;
}

export function diffJson(report: DiffReport): { readonly [key: string]: JsonValue } {
  return {
    complete: report.complete,
    scope: SCOPE,
    classes: report.classes,
    changes: report.changes.map((change) => ({
      example: change.example,
      family: change.family === 4 ? "inet" : "inet6",
      packets: [...change.packets],
      more: change.more,
      classes: change.classes,
      marginal: change.marginal,
      before: fateJson(change.before),
      after: fateJson(change.after),
    })),
    notExamined: report.notExamined.map(({ what, rules }) => ({ what, rules: rules.map(ruleJson) })),
    onlyBefore: [...report.onlyBefore],
    onlyAfter: [...report.onlyAfter],
  };
}

export function fateJson(fate: PacketFate): { readonly [key: string]: JsonValue } {
  return { verdict: fate.verdict, out: fate.out, text: fate.text, rules: fate.rules.map(ruleJson) };
}

export function ruleJson({ text, anchor, place }: ResponsibleRule): { readonly [key: string]: JsonValue } {
  return { rule: text, anchor, file: place?.file ?? null, line: place?.line ?? null };
}
