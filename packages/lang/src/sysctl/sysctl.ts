/**
 * sysctl.conf(5): `variable=value` lines. OpenBSD cuts a line at its first blank or `#` (sysctl.c, `-f`; before that rc
 * split it into words), so blanks around `=` lose the value; FreeBSD and NetBSD trim them.
 */
import { type Diagnostic, diagnostic, isAtLeast, type Source, type Span, type System } from "@pierhead/core";
import { isBlank, nearest, textLines } from "../text/index.ts";
import { KNOWN_SYSCTLS } from "./known.ts";

export interface SysctlLine {
  readonly kind: "blank" | "comment" | "setting" | "unreadable";
  /** With its line end. */
  readonly span: Span;
}

export interface SysctlSetting {
  readonly name: string;
  readonly value: string;
  readonly nameSpan: Span;
  readonly valueSpan: Span;
}

export interface SysctlConf {
  readonly source: Source;
  readonly lines: readonly SysctlLine[];
  /** In order; a later one of the same name wins. */
  readonly settings: readonly SysctlSetting[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads /etc/sysctl.conf. */
export function parseSysctlConf(source: Source, system: System): SysctlConf {
  const { text } = source;
  const lines: SysctlLine[] = [];
  const settings: SysctlSetting[] = [];
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, SysctlSetting>();
  for (const line of textLines(text)) {
    const span = { start: line.start, end: line.next };
    const hash = text.indexOf("#", line.start);
    let end = hash === -1 || hash > line.end ? line.end : hash;
    let start = line.start;
    while (start < end && isBlank(text.charCodeAt(start))) start++;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    if (start === end) {
      lines.push({ kind: hash !== -1 && hash <= line.end && hash >= line.start ? "comment" : "blank", span });
      continue;
    }
    const equals = text.indexOf("=", start);
    if (equals === -1 || equals >= end) {
      lines.push({ kind: "unreadable", span });
      diagnostics.push(
        diagnostic("sysctl/no-value", "error", "This line sets nothing: `variable=value` is expected.", source, {
          start,
          end,
        }),
      );
      continue;
    }
    let nameEnd = equals;
    while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
    let valueStart = equals + 1;
    while (valueStart < end && isBlank(text.charCodeAt(valueStart))) valueStart++;
    const blanks =
      nameEnd < equals || valueStart > equals + 1 || (start > line.start && isAtLeast(system, "openbsd", 7, 8));
    let value = text.slice(valueStart, end);
    const setting = {
      name: text.slice(start, nameEnd),
      value,
      nameSpan: { start, end: nameEnd },
      valueSpan: { start: valueStart, end },
    };
    if (system.family === "openbsd") {
      if (blanks) {
        lines.push({ kind: "unreadable", span });
        diagnostics.push(
          diagnostic(
            "sysctl/blanks",
            "error",
            "OpenBSD reads the line only up to the first blank, so nothing is set: write `variable=value` without blanks, at the start of the line.",
            source,
            { start: line.start, end },
            {
              fix: {
                title: "take the blanks out",
                edits: [{ source, span: { start: line.start, end: valueStart }, text: `${setting.name}=` }],
              },
            },
          ),
        );
        continue;
      }
      value = value.split(/[ \t]/, 1)[0] as string;
    } else if (/^(".*"|'.*')$/.test(value)) value = value.slice(1, -1);
    const kept = { ...setting, value };
    lines.push({ kind: "setting", span });
    settings.push(kept);
    diagnostics.push(...checkSetting(source, kept, system));
    const before = seen.get(kept.name);
    if (before !== undefined && before.value !== kept.value) {
      diagnostics.push(
        diagnostic(
          "sysctl/set-twice",
          "warning",
          `${kept.name} is set twice; this line, the later one, wins.`,
          source,
          kept.nameSpan,
          { related: [{ source, span: before.nameSpan, message: `it was set to ${before.value} here` }] },
        ),
      );
    }
    seen.set(kept.name, kept);
  }
  return { source, lines, settings, diagnostics };
}

/** The text again, byte for byte. */
export function printSysctlConf(file: SysctlConf): string {
  const { text } = file.source;
  return (
    text.slice(0, file.lines[0]?.span.start ?? text.length) +
    file.lines.map((line) => text.slice(line.span.start, line.span.end)).join("")
  );
}

function checkSetting(source: Source, setting: SysctlSetting, system: System): Diagnostic[] {
  const known = KNOWN_SYSCTLS[system.family];
  if (known === undefined) return [];
  const range = known.get(setting.name);
  if (range === undefined) {
    const meant = nearest(setting.name, known.keys());
    if (meant === null || distanceTooFar(meant, setting.name)) return [];
    return [
      diagnostic(
        "sysctl/unknown-name",
        "warning",
        `${setting.name} is no variable we know; did you mean ${meant}?`,
        source,
        setting.nameSpan,
        { fix: { title: `write ${meant}`, edits: [{ source, span: setting.nameSpan, text: meant }] } },
      ),
    ];
  }
  const value = /^-?\d{1,10}$/.test(setting.value) ? Number(setting.value) : Number.NaN;
  if (value >= range[0] && value <= range[1]) return [];
  return [
    diagnostic(
      "sysctl/bad-value",
      "error",
      range[1] - range[0] < 10
        ? `${setting.name} takes a number from ${range[0]} to ${range[1]}, not \`${setting.value}\`.`
        : `${setting.name} takes a number, not \`${setting.value}\`.`,
      source,
      setting.valueSpan,
    ),
  ];
}

/** Two names of real variables may differ in one word: only a slip inside one component counts. */
function distanceTooFar(meant: string, written: string): boolean {
  const a = meant.split(".");
  const b = written.split(".");
  if (a.length !== b.length) return true;
  let different = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    different++;
    if (nearest(b[i] as string, [a[i] as string]) === null) return true;
  }
  return different !== 1;
}
