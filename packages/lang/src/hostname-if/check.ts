import { type Diagnostic, diagnostic, type Span, type System } from "@pierhead/core";
import type { AddressSetting } from "../ifconfig/index.ts";
import type { HostnameIf } from "./tree.ts";

/** What a whole file says wrong: addresses that replace each other, an interface nothing brings up. */
export function checkHostnameIf(file: HostnameIf, system: System): Diagnostic[] {
  if (system.family !== "openbsd") return [];
  return [...checkAddresses(file), ...checkUp(file), ...checkLastLine(file)];
}

function checkAddresses(file: HostnameIf): Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Map<string, Span>();
  let first: AddressSetting | null = null;
  for (const command of file.commands) {
    if (command.kind !== "ifconfig") continue;
    const setting = command.settings.address;
    if (setting === null || setting.action === "remove" || setting.address === null) continue;
    const key = `${setting.address}`;
    const before = seen.get(key);
    if (before !== undefined) {
      found.push(
        diagnostic("hostname-if/same-address", "warning", `${key} is set twice.`, file.source, setting.span, {
          related: [{ source: file.source, span: before, message: "it was set here" }],
        }),
      );
    }
    seen.set(key, setting.span);
    if (setting.family !== 4) continue;
    if (setting.action === "replace" && first !== null && before === undefined) {
      // Without `alias` ifconfig removes the first address (SIOCDIFADDR) before it adds this one.
      const at = { start: setting.span.start, end: setting.span.start };
      found.push(
        diagnostic(
          "hostname-if/address-replaced",
          "error",
          `Without \`alias\`, ${setting.written} takes the place of ${first.written}.`,
          file.source,
          setting.span,
          {
            related: [{ source: file.source, span: first.span, message: "this address is lost" }],
            fix: { title: "add `alias`", edits: [{ source: file.source, span: at, text: "alias " }] },
          },
        ),
      );
    }
    if (setting.action === "replace" || first === null) first = setting;
  }
  return found;
}

/** An address brings its interface up; without one, somebody must say `up`. */
function checkUp(file: HostnameIf): Diagnostic[] {
  let opaque = false;
  let settings = 0;
  for (const command of file.commands) {
    if (command.kind === "shell") {
      opaque = true;
      continue;
    }
    settings++;
    if (command.settings.address !== null || command.settings.destroy) return [];
    for (const change of command.settings.changes) {
      if (change.kind === "up" || change.kind === "down" || change.kind === "autoconf") return [];
    }
  }
  const last = file.lines[file.lines.length - 1];
  if (opaque || settings === 0 || last === undefined || file.diagnostics.length > 0) return [];
  const end = last.span.end;
  const text = file.source.text.endsWith("\n") ? "up\n" : "\nup\n";
  return [
    diagnostic(
      "hostname-if/never-up",
      "warning",
      "Nothing here brings the interface up: it has no address and there is no `up`.",
      file.source,
      last.span,
      { fix: { title: "add `up`", edits: [{ source: file.source, span: { start: end, end }, text }] } },
    ),
  ];
}

/** The shell's `read` fails at the end of the file: the loop ends before the last line is looked at. */
function checkLastLine(file: HostnameIf): Diagnostic[] {
  const { text } = file.source;
  const last = file.lines[file.lines.length - 1];
  if (last === undefined || text.endsWith("\n") || last.kind === "blank" || last.kind === "comment") return [];
  const end = text.length;
  return [
    diagnostic(
      "hostname-if/no-last-newline",
      "warning",
      "The last line has no line end, and netstart drops such a line. End the file with one.",
      file.source,
      last.span,
      { fix: { title: "add the line end", edits: [{ source: file.source, span: { start: end, end }, text: "\n" }] } },
    ),
  ];
}
