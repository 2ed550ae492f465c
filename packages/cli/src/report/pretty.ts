import type { Diagnostic, Severity, Source, Span } from "@pierhead/core";
import { concealSecrets } from "@pierhead/lang/secrets";
import { type Colors, plural, printable, terminalWidth, wrap } from "../terminal.ts";
import type { Summary } from "./json.ts";

/** Diagnostics for people: message first, then the line with the place underlined, then what to do. */
export function prettyDiagnostics(diagnostics: readonly Diagnostic[], colors: Colors): string {
  return diagnostics.map((diagnostic) => prettyDiagnostic(diagnostic, colors)).join("\n");
}

function prettyDiagnostic(diagnostic: Diagnostic, colors: Colors): string {
  const paint = severityColor(diagnostic.severity, colors);
  const width = Math.max(40, Math.min(terminalWidth(), 110)) - 2;
  let text = "";
  if (diagnostic.source !== null) {
    const { line, column } = diagnostic.source.position(diagnostic.span.start);
    text += `${colors.bold(`${printable(diagnostic.source.name)}:${line}:${column}`)}: `;
  }
  text += `${paint(diagnostic.severity)} ${colors.dim(`[${diagnostic.code}]`)}\n`;
  text += `  ${wrap(printable(diagnostic.message), width, "  ")}\n`;
  if (diagnostic.source !== null) text += frame(diagnostic.source, diagnostic.span, paint, colors);
  for (const place of diagnostic.related) {
    const { line, column } = place.source.position(place.span.start);
    const where = `${printable(place.source.name)}:${line}:${column}`;
    text += `  ${colors.cyan("see")} ${where}: ${wrap(printable(place.message), width - where.length - 7, "      ")}\n`;
    if (place.source !== diagnostic.source || line !== diagnostic.source.position(diagnostic.span.start).line) {
      text += frame(place.source, place.span, colors.cyan, colors);
    }
  }
  if (diagnostic.fix !== null)
    text += `  ${colors.green("fix")} ${wrap(printable(diagnostic.fix.title), width - 4, "      ")}\n`;
  return text;
}

/** The first line of a range with the part that is meant underlined; long lines are cut around it. */
function frame(source: Source, span: Span, paint: (text: string) => string, colors: Colors): string {
  const { line, column } = source.position(span.start);
  const whole = concealSecrets(source.line(line), source.name);
  if (whole.trim() === "" && span.end - span.start === 0) return "";
  const room = Math.max(40, terminalWidth() - 12);
  let from = 0;
  if (whole.length > room && column > room / 2) from = Math.min(column - 1 - Math.floor(room / 3), whole.length - room);
  const shown = whole.slice(from, from + room);
  const length = Math.max(1, Math.min(span.end - span.start, from + shown.length - column + 1));
  const number = String(line);
  const text = `${from > 0 ? "…" : ""}${printable(shown).replaceAll("\t", " ")}${from + room < whole.length ? "…" : ""}`;
  const pad = " ".repeat(column - 1 - from + (from > 0 ? 1 : 0));
  return (
    `  ${colors.dim(`${number} |`)} ${text}\n` +
    `  ${colors.dim(`${" ".repeat(number.length)} |`)} ${pad}${paint("^".repeat(length))}\n`
  );
}

function severityColor(severity: Severity, colors: Colors): (text: string) => string {
  return severity === "error" ? colors.red : severity === "warning" ? colors.yellow : colors.blue;
}

export function prettySummary(summary: Summary, colors: Colors): string {
  if (summary.errors + summary.warnings + summary.notes === 0) return colors.green("no findings");
  const parts = [];
  if (summary.errors > 0) parts.push(colors.red(plural(summary.errors, "error")));
  if (summary.warnings > 0) parts.push(colors.yellow(plural(summary.warnings, "warning")));
  if (summary.notes > 0) parts.push(colors.blue(plural(summary.notes, "note")));
  return parts.join(", ");
}
