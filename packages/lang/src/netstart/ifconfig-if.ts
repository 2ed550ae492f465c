/**
 * NetBSD: /etc/ifconfig.IF, whose lines rc.d/network hands to ifconfig(8) one after another, and /etc/netstart.local,
 * which sh runs afterwards.
 */
import type { Diagnostic, Source, Span, System } from "@pierhead/core";
import type { NetstartCommand } from "../hostname-if/index.ts";
import { type InterfaceChange, parseIfconfig } from "../ifconfig/index.ts";
import { readFields, readLine, textLines, unquoteFields } from "../text/index.ts";

export interface NetstartLine {
  readonly kind: "blank" | "comment" | "command" | "ifconfig";
  /** With its line end. */
  readonly span: Span;
}

export interface IfconfigIf {
  readonly source: Source;
  readonly interface: string | null;
  readonly lines: readonly NetstartLine[];
  readonly commands: readonly NetstartCommand[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads /etc/ifconfig.IF. */
export function parseIfconfigIf(source: Source, system: System, interfaceName: string | null): IfconfigIf {
  const { text } = source;
  const textual = textLines(text);
  const lines: NetstartLine[] = [];
  const commands: NetstartCommand[] = [];
  const diagnostics: Diagnostic[] = [];
  for (let i = 0; i < textual.length; ) {
    const line = readLine(text, textual, i);
    i = line.next;
    const span = { start: line.span.start, end: textual[i - 1]?.next ?? line.span.end };
    const fields = readFields(line);
    const first = fields[0];
    if (first === undefined) {
      lines.push({ kind: "blank", span });
    } else if (first.text.startsWith("#")) {
      lines.push({ kind: "comment", span });
    } else if (first.text.startsWith("!")) {
      lines.push({ kind: "command", span });
      const command = line.text.slice(line.text.indexOf("!") + 1).trim();
      // The script's own variable for the interface is `$int`.
      if (command !== "") {
        commands.push({
          kind: "shell",
          text: command.replaceAll("$int", interfaceName ?? "$int"),
          span: { start: text.indexOf("!", line.span.start) + 1, end: line.span.end },
        });
      }
    } else {
      lines.push({ kind: "ifconfig", span });
      const unquoted = unquoteFields(fields);
      if (unquoted.needsShell) {
        const whole = fields.map((field) => field.text).join(" ");
        commands.push({ kind: "shell", text: `ifconfig ${interfaceName ?? "$int"} ${whole}`, span: line.span });
        continue;
      }
      const dhcp = unquoted.words[0]?.text === "dhcp";
      const words = dhcp ? [] : unquoted.words;
      const extra: InterfaceChange[] = dhcp ? [{ kind: "autoconf", family: 4, on: true, span: first.span }] : [];
      const { settings, diagnostics: found } = parseIfconfig(source, words, system);
      diagnostics.push(...found);
      commands.push({
        kind: "ifconfig",
        words,
        settings: { ...settings, changes: [...settings.changes, ...extra] },
        span: line.span,
      });
    }
  }
  return { source, interface: interfaceName, lines, commands, diagnostics };
}

/** The text again, byte for byte. */
export function printIfconfigIf(file: IfconfigIf): string {
  return printLines(file.source, file.lines);
}

/** A shell script that sets up the network: what it does is for a shell to say. */
export interface NetstartLocal {
  readonly source: Source;
  readonly lines: readonly NetstartLine[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads /etc/netstart.local, /etc/rc.local and the like. */
export function parseNetstartLocal(source: Source): NetstartLocal {
  const { text } = source;
  const textual = textLines(text);
  const lines: NetstartLine[] = [];
  for (let i = 0; i < textual.length; ) {
    const line = readLine(text, textual, i);
    i = line.next;
    const span = { start: line.span.start, end: textual[i - 1]?.next ?? line.span.end };
    const first = readFields(line)[0];
    lines.push({
      kind: first === undefined ? "blank" : first.text.startsWith("#") ? "comment" : "command",
      span,
    });
  }
  return { source, lines, diagnostics: [] };
}

/** The text again, byte for byte. */
export function printNetstartLocal(file: NetstartLocal): string {
  return printLines(file.source, file.lines);
}

function printLines(source: Source, lines: readonly NetstartLine[]): string {
  const { text } = source;
  return (
    text.slice(0, lines[0]?.span.start ?? text.length) +
    lines.map((line) => text.slice(line.span.start, line.span.end)).join("")
  );
}
