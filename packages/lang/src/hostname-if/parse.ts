/**
 * hostname.if(5) as netstart(8) reads it. From OpenBSD 6.0 (parse_hn_line): each line becomes one ifconfig(8) command,
 * with fixed fields after `inet` and `inet6`; `dest` reaches back to the command before it. Before that one loop read
 * a line and the next, so that `dest` had to follow its address at once.
 */
import { type Diagnostic, diagnostic, isAtLeast, type Source, type Span, type System } from "@pierhead/core";
import { type InterfaceChange, ifconfigKeywords, parseIfconfig } from "../ifconfig/index.ts";
import { readFields, readLine, textLines, unquoteFields, type Word } from "../text/index.ts";
import { checkHostnameIf } from "./check.ts";
import type { HostnameIf, HostnameIfLine, HostnameIfLineKind, NetstartCommand } from "./tree.ts";

/**
 * Reads a hostname.if(5) file.
 *
 * @param interfaceName what the file name says; null when it says nothing
 */
export function parseHostnameIf(source: Source, system: System, interfaceName: string | null): HostnameIf {
  return new Parser(source, system, interfaceName).run();
}

/** The text again, byte for byte. */
export function printHostnameIf(file: HostnameIf): string {
  const { text } = file.source;
  const start = file.lines[0]?.span.start ?? text.length;
  return text.slice(0, start) + file.lines.map((line) => text.slice(line.span.start, line.span.end)).join("");
}

/** A command under construction: `dest` still changes the one before it. */
interface Draft {
  /** Null for a shell command. */
  readonly fields: Word[] | null;
  readonly extra: InterfaceChange[];
  readonly text: string;
  readonly span: Span;
}

class Parser {
  readonly #source: Source;
  readonly #system: System;
  readonly #name: string | null;
  readonly #lines: HostnameIfLine[] = [];
  readonly #drafts: Draft[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  /** OpenBSD 6.0 and later: parse_hn_line. */
  readonly #packed: boolean;
  /** Lines with an error, by where they start; and the line that is being read. */
  readonly #wrong = new Set<number>();
  #current = -1;

  constructor(source: Source, system: System, name: string | null) {
    this.#source = source;
    this.#system = system;
    this.#name = name;
    this.#packed = system.family !== "openbsd" || isAtLeast(system, "openbsd", 6, 0);
  }

  run(): HostnameIf {
    const { text } = this.#source;
    const lines = textLines(text);
    for (let i = 0; i < lines.length; ) {
      const line = readLine(text, lines, i);
      const last = lines[line.next - 1];
      const fields = readFields(line);
      const kind = lineKind(fields);
      const span = { start: line.span.start, end: last?.next ?? line.span.end };
      this.#lines.push({ kind, span, fields });
      this.#current = line.span.start;
      this.#line(kind, fields, line.text, line.span);
      i = line.next;
    }
    const file: HostnameIf = {
      source: this.#source,
      interface: this.#name,
      lines: this.#lines,
      commands: this.#drafts.map((draft) => this.#command(draft)),
      diagnostics: this.#diagnostics,
    };
    this.#diagnostics.push(...checkHostnameIf(file, this.#system));
    return file;
  }

  #line(kind: HostnameIfLineKind, fields: Word[], text: string, span: Span): void {
    switch (kind) {
      case "blank":
      case "comment":
        return;
      case "inet":
      case "inet6":
        this.#address(kind, fields, span);
        return;
      case "dest":
        this.#dest(fields, span);
        return;
      case "dhcp":
        this.#dhcp(fields, span);
        return;
      case "rtsol":
        this.#rtsol(fields, span);
        return;
      case "command": {
        const start = text.indexOf("!") + 1;
        const command = text
          .slice(start)
          .trim()
          .replaceAll("$if", this.#name ?? "$if");
        if (command === "") {
          this.#say("hostname-if/empty-command", "warning", "`!` is followed by no command.", span);
          return;
        }
        const bang = this.#source.text.indexOf("!", span.start);
        this.#drafts.push({ fields: null, extra: [], text: command, span: { start: bang + 1, end: span.end } });
        return;
      }
      case "ifconfig":
        this.#drafts.push({ fields: [...fields], extra: [], text: "", span });
    }
  }

  /** `inet [alias] addr netmask broadcast options`, `inet6 [alias] addr prefixlen options`. */
  #address(kind: "inet" | "inet6", fields: Word[], span: Span): void {
    if (fields.length === 1) {
      this.#say("hostname-if/no-address", "warning", `\`${kind}\` alone does nothing: netstart skips the line.`, span);
      return;
    }
    if (fields[1]?.text === "autoconf") {
      if (kind === "inet" && this.#system.family === "openbsd" && !isAtLeast(this.#system, "openbsd", 6, 9)) {
        this.#say(
          "hostname-if/autoconf-too-new",
          "warning",
          "`inet autoconf` came with OpenBSD 6.9; before, `dhcp` asks for an address.",
          span,
          { title: "write `dhcp`", edits: [{ source: this.#source, span, text: "dhcp" }] },
        );
      }
      this.#drafts.push({ fields: [...fields], extra: [], text: "", span });
      return;
    }
    const shift = fields[1]?.text === "alias" ? 1 : 0;
    const words: Word[] = [];
    let misplaced = false;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as Word;
      const position = i - shift;
      if (position === 2) {
        misplaced = this.#fixedField(field, kind === "inet" ? "netmask" : "prefix length", kind);
        words.push({ text: kind === "inet" ? "netmask" : "prefixlen", span: field.span }, field);
      } else if (position === 3 && kind === "inet") {
        if (field.text.endsWith("NONE")) continue;
        if (!misplaced) this.#fixedField(field, "broadcast address", kind);
        words.push({ text: "broadcast", span: field.span }, field);
      } else words.push(field);
    }
    this.#drafts.push({ fields: words, extra: [], text: "", span });
  }

  /** A comment or an option where a fixed field is expected: ifconfig gets `netmask #` or `netmask mtu`. */
  #fixedField(field: Word, what: string, kind: "inet" | "inet6"): boolean {
    if (field.text.startsWith("#")) {
      const end = { start: field.span.start, end: field.span.start };
      const filler = kind === "inet" ? (what === "netmask" ? "255.255.255.255 NONE " : "NONE ") : null;
      this.#say(
        "hostname-if/comment-in-field",
        "error",
        `The comment stands where the ${what} belongs: ifconfig is run with nothing after it and sets no address. Put the comment on a line of its own.`,
        field.span,
        what === "broadcast address" && filler !== null
          ? { title: "write `NONE` before the comment", edits: [{ source: this.#source, span: end, text: filler }] }
          : null,
      );
      return true;
    }
    if (ifconfigKeywords("openbsd").has(field.text)) {
      this.#say(
        "hostname-if/option-in-field",
        "error",
        kind === "inet"
          ? `\`${field.text}\` stands where the ${what} belongs; options come after netmask and broadcast address (\`NONE\`), or on a line of their own.`
          : `\`${field.text}\` stands where the ${what} belongs; options come after it, or on a line of their own.`,
        field.span,
      );
      return true;
    }
    return false;
  }

  #dest(fields: readonly Word[], span: Span): void {
    const address = fields[1];
    const draft = this.#drafts[this.#drafts.length - 1];
    if (address === undefined || fields.length > 2) {
      this.#say(
        "hostname-if/bad-dest",
        "error",
        "`dest` takes exactly one address and nothing after it; netstart skips this line.",
        span,
      );
      return;
    }
    if (draft?.fields == null || !(draft.fields[0]?.text === "inet" || draft.fields[0]?.text === "inet6")) {
      this.#say(
        "hostname-if/bad-dest",
        "error",
        "`dest` belongs to the address line before it, and there is none.",
        span,
      );
      return;
    }
    if (!this.#packed && draft.span.end < span.start) {
      const between = this.#source.text.slice(draft.span.end, span.start);
      if (between.split("\n").length > 2) {
        this.#say("hostname-if/bad-dest", "error", "`dest` must follow its address line at once.", span);
        return;
      }
    }
    const at = draft.fields[1]?.text === "alias" ? 3 : 2;
    draft.fields.splice(at, 0, address);
  }

  /** From OpenBSD 7.0 `dhcp` is short for `inet autoconf` and the rest of the line is dropped. */
  #dhcp(fields: readonly Word[], span: Span): void {
    const first = fields[0] as Word;
    const rest = fields.slice(1).filter((field) => field.text !== "NONE");
    const autoconf: InterfaceChange = { kind: "autoconf", family: 4, on: true, span: first.span };
    const dropped = isAtLeast(this.#system, "openbsd", 7, 0);
    const option = rest[0];
    if (dropped && option !== undefined && !option.text.startsWith("#")) {
      this.#say(
        "hostname-if/dhcp-options",
        "warning",
        "netstart ignores what follows `dhcp`; write the options on a line of their own.",
        { start: option.span.start, end: span.end },
      );
    }
    this.#drafts.push({ fields: dropped ? [] : rest, extra: [autoconf], text: "", span });
  }

  #rtsol(fields: readonly Word[], span: Span): void {
    const first = fields[0] as Word;
    const edits = [{ source: this.#source, span: first.span, text: "inet6 autoconf" }];
    const fix = { title: "write `inet6 autoconf`", edits };
    if (isAtLeast(this.#system, "openbsd", 7, 0)) {
      this.#say(
        "hostname-if/rtsol",
        "error",
        "`rtsol` is no longer read: ifconfig takes it for an address. Write `inet6 autoconf`.",
        first.span,
        fix,
      );
      return;
    }
    if (isAtLeast(this.#system, "openbsd", 6, 0)) {
      this.#say("hostname-if/rtsol", "note", "`rtsol` became `inet6 autoconf`.", first.span, fix);
    }
    const extra: InterfaceChange[] = [
      { kind: "up", span: first.span },
      { kind: "autoconf", family: 6, on: true, span: first.span },
    ];
    this.#drafts.push({ fields: fields.slice(1), extra, text: "", span });
  }

  #command(draft: Draft): NetstartCommand {
    if (draft.fields === null) return { kind: "shell", text: draft.text, span: draft.span };
    this.#current = draft.span.start;
    const unquoted = unquoteFields(draft.fields);
    if (unquoted.open !== null) {
      this.#say(
        "hostname-if/open-quote",
        "error",
        "This quote is never closed; the shell refuses the line.",
        unquoted.open.span,
      );
    }
    if (unquoted.needsShell) {
      const text = `ifconfig ${this.#name ?? "$if"} ${draft.fields.map((field) => field.text).join(" ")}`;
      return { kind: "shell", text, span: draft.span };
    }
    const { settings, diagnostics } = parseIfconfig(this.#source, unquoted.words, this.#system);
    // Once a field was called wrong, what follows from it need not be.
    if (!this.#wrong.has(draft.span.start)) this.#diagnostics.push(...diagnostics);
    return {
      kind: "ifconfig",
      words: unquoted.words,
      settings: { ...settings, changes: [...settings.changes, ...draft.extra] },
      span: draft.span,
    };
  }

  #say(
    code: string,
    severity: Diagnostic["severity"],
    message: string,
    span: Span,
    fix: Diagnostic["fix"] = null,
  ): void {
    if (severity === "error") this.#wrong.add(this.#current);
    this.#diagnostics.push(diagnostic(code, severity, message, this.#source, span, { fix }));
  }
}

function lineKind(fields: readonly Word[]): HostnameIfLineKind {
  const first = fields[0]?.text;
  if (first === undefined) return "blank";
  if (first.startsWith("#")) return "comment";
  if (first.startsWith("!")) return "command";
  switch (first) {
    case "inet":
    case "inet6":
    case "dest":
    case "dhcp":
    case "rtsol":
      return first;
    default:
      return "ifconfig";
  }
}
