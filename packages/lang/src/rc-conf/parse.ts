/**
 * rc.conf(5) of FreeBSD and NetBSD, and rc.conf.local(8) of OpenBSD before 5.6, are shell scripts that /bin/sh sources;
 * in practice, assignments. Newer OpenBSD reads its file line by line and no shell is near (rc.subr, _rc_parse_conf).
 */
import { type Diagnostic, diagnostic, isAtLeast, type Source, type Span, type System } from "@pierhead/core";
import { isBlank, textLines } from "../text/index.ts";
import { checkRcConf } from "./check.ts";
import { readShellValue } from "./shell-value.ts";
import type { RcAssignment, RcConf, RcStatement } from "./tree.ts";

/** Reads an rc.conf file. */
export function parseRcConf(source: Source, system: System): RcConf {
  const diagnostics: Diagnostic[] = [];
  const statements = isAtLeast(system, "openbsd", 5, 6)
    ? parseLines(source)
    : new ShellParser(source, diagnostics).run();
  const file = { source, statements, diagnostics };
  diagnostics.push(...checkRcConf(file, system));
  return file;
}

/** The text again, byte for byte. */
export function printRcConf(file: RcConf): string {
  const { text } = file.source;
  return (
    text.slice(0, file.statements[0]?.span.start ?? text.length) +
    file.statements.map((statement) => text.slice(statement.span.start, statement.span.end)).join("")
  );
}

/**
 * _rc_parse_conf: the key is what stands before the first `=`, the value what follows it up to a `#` anywhere; blanks
 * around both go, and one pair of quotes. Nothing is expanded.
 */
function parseLines(source: Source): RcStatement[] {
  const { text } = source;
  const statements: RcStatement[] = [];
  for (const line of textLines(text)) {
    const span = { start: line.start, end: line.next };
    let start = line.start;
    while (start < line.end && isBlank(text.charCodeAt(start))) start++;
    if (start === line.end) {
      statements.push({ kind: "blank", span });
      continue;
    }
    if (text[start] === "#") {
      statements.push({ kind: "comment", span });
      continue;
    }
    const equals = text.indexOf("=", start);
    if (equals === -1 || equals >= line.end || equals === start) {
      statements.push({ kind: "ignored", span });
      continue;
    }
    let nameEnd = equals;
    while (isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
    let from = equals + 1;
    while (from < line.end && isBlank(text.charCodeAt(from))) from++;
    const hash = text.indexOf("#", from);
    let end = hash === -1 || hash > line.end ? line.end : hash;
    while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
    const valueSpan = { start: from, end };
    const first = text[from];
    if (end - from >= 2 && (first === '"' || first === "'") && text[end - 1] === first) {
      from++;
      end--;
    }
    const part = { kind: "text", text: text.slice(from, end), span: { start: from, end }, quoted: true } as const;
    statements.push({
      kind: "assignment",
      span,
      assignments: [
        {
          name: text.slice(start, nameEnd).toLowerCase(),
          nameSpan: { start, end: nameEnd },
          parts: part.text === "" ? [] : [part],
          valueSpan,
        },
      ],
    });
  }
  return statements;
}

class ShellParser {
  readonly #source: Source;
  readonly #text: string;
  readonly #diagnostics: Diagnostic[];
  readonly #statements: RcStatement[] = [];
  #at: number;

  constructor(source: Source, diagnostics: Diagnostic[]) {
    this.#source = source;
    this.#text = source.text;
    this.#diagnostics = diagnostics;
    this.#at = source.text.charCodeAt(0) === 0xfeff ? 1 : 0;
  }

  run(): RcStatement[] {
    while (this.#at < this.#text.length) this.#statement();
    return this.#statements;
  }

  /** One line, longer when a value runs over its end. */
  #statement(): void {
    const start = this.#at;
    this.#blanks();
    if (this.#atLineEnd()) {
      this.#lineEnd();
      this.#statements.push({ kind: "blank", span: { start, end: this.#at } });
      return;
    }
    if (this.#text[this.#at] === "#") {
      this.#restOfLine();
      this.#statements.push({ kind: "comment", span: { start, end: this.#at } });
      return;
    }
    const assignments: RcAssignment[] = [];
    for (;;) {
      const assignment = this.#assignment();
      if (assignment === null) break;
      assignments.push(assignment);
      this.#blanks();
      while (this.#text[this.#at] === ";") {
        this.#at++;
        this.#blanks();
      }
      if (this.#atLineEnd() || this.#text[this.#at] === "#") {
        this.#restOfLine();
        this.#statements.push({ kind: "assignment", assignments, span: { start, end: this.#at } });
        return;
      }
    }
    this.#shell(start, assignments.length > 0);
  }

  #assignment(): RcAssignment | null {
    const text = this.#text;
    let i = this.#at;
    if (text.startsWith("export", i) && isBlank(text.charCodeAt(i + 6))) {
      i += 6;
      while (isBlank(text.charCodeAt(i))) i++;
    }
    const start = i;
    while (i < text.length && isNameCharacter(text.charCodeAt(i), i === start)) i++;
    if (i === start || text[i] !== "=") return null;
    const nameSpan = { start, end: i };
    const value = readShellValue(text, i + 1);
    if (value.open !== null) {
      this.#say("rc-conf/open-quote", "error", "This quote is never closed; sh stops reading the file.", value.open);
    }
    this.#at = value.end;
    return {
      name: text.slice(start, nameSpan.end),
      nameSpan,
      parts: value.parts,
      valueSpan: { start: i + 1, end: value.end },
    };
  }

  /** A line that is no assignment: common slips are named, the rest is left to the shell. */
  #shell(start: number, afterAssignment: boolean): void {
    const from = this.#at;
    // Quotes may run over line ends here too.
    while (this.#at < this.#text.length) {
      const value = readShellValue(this.#text, this.#at);
      if (value.open !== null) {
        this.#say("rc-conf/open-quote", "error", "This quote is never closed; sh stops reading the file.", value.open);
      }
      this.#at = value.end;
      if (this.#atLineEnd()) break;
      if (this.#text[this.#at] === "#" && isBlank(this.#text.charCodeAt(this.#at - 1))) break;
      if (value.end === value.start) this.#at++;
    }
    const end = this.#at;
    this.#restOfLine();
    this.#statements.push({ kind: "shell", span: { start, end: this.#at } });
    const line = this.#text.slice(from, end);
    const spaced = /^([A-Za-z_][A-Za-z0-9_]*)([ \t]*)(\+?=)([ \t]*)/.exec(line);
    const span = { start: from, end };
    if (spaced !== null && !afterAssignment && (spaced[2] !== "" || spaced[4] !== "" || spaced[3] === "+=")) {
      const edit = { start: from, end: from + spaced[0].length };
      this.#say(
        "rc-conf/blank-around-equals",
        "error",
        `sh takes \`${spaced[1]}\` for a command: write \`${spaced[1]}=\` with the value right after it.`,
        span,
        spaced[3] === "+="
          ? null
          : {
              title: "take the blanks out",
              edits: [{ source: this.#source, span: edit, text: `${spaced[1]}=` }],
            },
      );
    } else if (afterAssignment) {
      this.#say(
        "rc-conf/unquoted-blank",
        "error",
        "The value ends at the blank and the rest runs as a command: put the value in quotes.",
        span,
      );
    }
  }

  #blanks(): void {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #atLineEnd(): boolean {
    const code = this.#text.charCodeAt(this.#at);
    return Number.isNaN(code) || code === 10 || (code === 13 && this.#text.charCodeAt(this.#at + 1) === 10);
  }

  #lineEnd(): void {
    const newline = this.#text.indexOf("\n", this.#at);
    this.#at = newline === -1 ? this.#text.length : newline + 1;
  }

  #restOfLine(): void {
    this.#lineEnd();
  }

  #say(
    code: string,
    severity: Diagnostic["severity"],
    message: string,
    span: Span,
    fix: Diagnostic["fix"] = null,
  ): void {
    this.#diagnostics.push(diagnostic(code, severity, message, this.#source, span, { fix }));
  }
}

function isNameCharacter(code: number, first: boolean): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || (!first && code >= 48 && code <= 57)
  );
}
