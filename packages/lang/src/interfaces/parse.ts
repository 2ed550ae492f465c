/** Reads interfaces(5), the file of ifup(8) and ifdown(8), the way read_interfaces() of ifupdown does. */
import { type Diagnostic, diagnostic, type Severity, type Source, type Span } from "@pierhead/core";
import { blankSeparated, nearest, textLines, type Word } from "../text/index.ts";
import { COMMAND_OPTIONS, COMMON_OPTIONS, FOREIGN_OPTION, METHODS } from "./options.ts";
import type { InterfaceOption, InterfacesFile, InterfacesLine, Stanza } from "./tree.ts";

interface Logical {
  readonly text: string;
  /** Offset in the file of a character of `text`. */
  at(index: number): number;
  readonly span: Span;
  /** With the last line end. */
  readonly whole: Span;
}

const STANZAS = ["auto", "iface", "mapping", "source", "source-directory", "no-auto-down", "no-scripts", "rename"];

/** Reads the file; never throws, whatever the text. */
export function parseInterfaces(source: Source): InterfacesFile {
  return new InterfacesReader(source).run();
}

/** The text again, byte for byte. */
export function printInterfaces(file: InterfacesFile): string {
  const { text } = file.source;
  return (
    text.slice(0, file.lines[0]?.span.start ?? text.length) +
    file.lines.map((line) => text.slice(line.span.start, line.span.end)).join("")
  );
}

class InterfacesReader {
  readonly #source: Source;
  readonly #lines: InterfacesLine[] = [];
  readonly #stanzas: Stanza[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #refused: Span | null = null;
  /** Options of the stanza being read; null when lines belong to none. */
  #options: InterfaceOption[] | null = null;
  #inMapping = false;
  #method: { family: string; method: string } | null = null;
  readonly #defined = new Set<string>();

  constructor(source: Source) {
    this.#source = source;
  }

  run(): InterfacesFile {
    const { text } = this.#source;
    const textual = textLines(text);
    for (let i = 0; i < textual.length; ) {
      const first = textual[i] as (typeof textual)[number];
      const content = text.slice(first.start, first.end).trim();
      if (content === "" || content.startsWith("#")) {
        this.#lines.push({
          kind: content === "" ? "blank" : "comment",
          span: { start: first.start, end: first.next },
        });
        i++;
        continue;
      }
      const pieces: { start: number; end: number }[] = [];
      let last = first;
      for (;;) {
        last = textual[i++] as typeof first;
        const goesOn = last.end > last.start && text.charCodeAt(last.end - 1) === 92 && textual[i] !== undefined;
        pieces.push({ start: last.start, end: goesOn ? last.end - 1 : last.end });
        if (!goesOn) break;
      }
      this.#line(logicalLine(text, pieces, { start: first.start, end: last.next }));
    }
    return {
      source: this.#source,
      lines: this.#lines,
      stanzas: this.#stanzas,
      diagnostics: this.#diagnostics,
      refused: this.#refused,
    };
  }

  #line(line: Logical): void {
    const words = blankSeparated(line.text, 0, line.text.length).map((word) => ({
      text: word.text,
      span: { start: line.at(word.span.start), end: line.at(word.span.end - 1) + 1 },
    }));
    const first = words[0];
    if (first === undefined) {
      this.#lines.push({ kind: "blank", span: line.whole });
      return;
    }
    const rest = words.slice(1);
    const stanza = this.#stanza(first, rest, line);
    if (stanza !== null) {
      this.#lines.push({ kind: stanza === "wrong" ? "wrong" : "stanza", span: line.whole });
      if (stanza !== "wrong") this.#stanzas.push(stanza);
      return;
    }
    this.#option(first, line);
  }

  /** Null when the line starts no stanza. */
  #stanza(first: Word, rest: readonly Word[], line: Logical): Stanza | "wrong" | null {
    const { span } = line;
    const word = first.text;
    if (word === "iface") return this.#iface(rest, line);
    if (word === "mapping") {
      const options: InterfaceOption[] = [];
      this.#begin(options, null, true);
      return { kind: "mapping", patterns: rest, options, span };
    }
    if (word === "source" || word === "source-directory" || word === "source-dir") {
      this.#begin(null, null, false);
      const path = rest[0];
      if (path === undefined)
        return this.#refuse("interfaces/no-parameter", `\`${word}\` needs a path behind it.`, first.span);
      return { kind: word === "source" ? "source" : "source-directory", path, span };
    }
    const selection = /^allow-(.+)$/.exec(word)?.[1] ?? (word === "auto" ? "auto" : null);
    if (selection !== null || word === "no-auto-down" || word === "no-scripts") {
      this.#begin(null, null, false);
      if (rest.length === 0) {
        this.#say(
          "interfaces/empty-selection",
          "warning",
          `\`${word}\` names no interface and does nothing.`,
          first.span,
        );
      }
      for (const name of rest) this.#comment(name);
      return { kind: "selection", class: selection ?? word, names: rest, span };
    }
    if (word === "rename") {
      this.#begin(null, null, false);
      return { kind: "rename", pairs: rest, span };
    }
    return null;
  }

  #begin(options: InterfaceOption[] | null, method: { family: string; method: string } | null, mapping: boolean): void {
    this.#options = options;
    this.#method = method;
    this.#inMapping = mapping;
  }

  #iface(words: readonly Word[], line: Logical): Stanza | "wrong" {
    const { span } = line;
    const name = words[0];
    if (name === undefined)
      return this.#refuse("interfaces/too-few", "`iface` needs a name, a family and a method.", span);
    let at = 1;
    let family: string | null = null;
    let method: string | null = null;
    const inheritsAt = words.findIndex((word, index) => index > 0 && word.text === "inherits");
    if (inheritsAt !== 1) {
      const written = words[at++];
      if (written === undefined || !Object.hasOwn(METHODS, written.text)) {
        const meant = written === undefined ? null : nearest(written.text, Object.keys(METHODS));
        const text =
          written === undefined
            ? "Behind the name stands the family: `inet` or `inet6`."
            : `There is no family "${shorten(written.text)}"${meant === null ? "; it is inet or inet6." : `; ${meant} is meant.`}`;
        return this.#refuse("interfaces/unknown-family", text, written?.span ?? span);
      }
      family = written.text;
      const how = words[at++];
      const methods = METHODS[family] as Readonly<Record<string, string>>;
      if (how !== undefined && Object.hasOwn(methods, how.text)) method = how.text;
      else if (how?.text === "inherits" && inheritsAt === 2) at--;
      else {
        const meant = how === undefined ? null : nearest(how.text, Object.keys(methods));
        const known = Object.keys(methods).join(", ");
        const text =
          how === undefined
            ? `Behind the family stands the method: ${known}.`
            : `${family} has no method "${shorten(how.text)}"; ${meant === null ? `it is one of ${known}.` : `${meant} is meant.`}`;
        return this.#refuse("interfaces/unknown-method", text, how?.span ?? span);
      }
    }
    const inherits: Word[] = [];
    for (; at < words.length; at++) {
      const word = words[at] as Word;
      if (word.text !== "inherits") {
        const text = `"${shorten(word.text)}" is not understood here and ignored.`;
        this.#say("interfaces/extra-word", "warning", text, word.span);
        continue;
      }
      const parent = words[++at];
      if (parent === undefined)
        return this.#refuse("interfaces/too-few", "`inherits` needs a name behind it.", word.span);
      if (!this.#defined.has(parent.text)) {
        const text = `There is no \`iface ${shorten(parent.text)}\` above this line to inherit from.`;
        return this.#refuse("interfaces/unknown-parent", text, parent.span);
      }
      inherits.push(parent);
    }
    this.#defined.add(name.text);
    const options: InterfaceOption[] = [];
    this.#begin(options, family === null || method === null ? null : { family, method }, false);
    return { kind: "iface", name, family, method, inherits, options, span };
  }

  #option(first: Word, line: Logical): void {
    const { text } = line;
    const blank = text.search(/\S/);
    const from = text.slice(blank + first.text.length).search(/\S/);
    const valueStart = from === -1 ? text.length : blank + first.text.length + from;
    const value = text.slice(valueStart).trimEnd();
    const valueSpan =
      value === ""
        ? { start: first.span.end, end: first.span.end }
        : { start: line.at(valueStart), end: line.at(valueStart + value.length - 1) + 1 };
    if (this.#options === null) {
      this.#lines.push({ kind: "wrong", span: line.whole });
      // After a stanza that was refused its options say nothing new.
      if (this.#refused !== null) return;
      const meant = nearest(first.text, STANZAS);
      const text_ = `"${shorten(first.text)}" stands in no stanza${meant === null ? "; it belongs below an `iface` line." : `; ${meant} is meant.`}`;
      this.#refuse("interfaces/misplaced", text_, first.span);
      return;
    }
    this.#lines.push({ kind: "option", span: line.whole });
    if (value === "") {
      this.#refuse("interfaces/empty-option", `"${shorten(first.text)}" has no value.`, first.span);
      return;
    }
    const option = { name: first.text, value, nameSpan: first.span, valueSpan };
    this.#options.push(option);
    if (!this.#inMapping) this.#checkOption(option);
  }

  #checkOption({ name, value, nameSpan, valueSpan }: InterfaceOption): void {
    const method = this.#method;
    if (method === null) return;
    const own = (METHODS[method.family]?.[method.method] ?? "").split(" ");
    const known = [...own, ...COMMON_OPTIONS];
    if (!known.includes(name) && !FOREIGN_OPTION.test(name)) {
      const meant = nearest(name, known);
      const other = Object.entries(METHODS[method.family] ?? {}).find(([, options]) =>
        options.split(" ").includes(name),
      );
      const text =
        meant !== null
          ? `${method.family} ${method.method} has no option ${shorten(name)}: ifup hands it to scripts and does nothing itself. Is ${meant} meant?`
          : other !== undefined
            ? `${name} is an option of \`${method.family} ${other[0]}\`; with \`${method.method}\` ifup does nothing with it.`
            : `ifup has no option ${shorten(name)}; only a script in /etc/network/if-*.d can use it.`;
      const severity = meant === null && other === undefined ? "note" : "warning";
      this.#diagnostics.push(
        diagnostic(
          "interfaces/unknown-option",
          severity,
          text,
          this.#source,
          nameSpan,
          meant === null
            ? {}
            : {
                fix: {
                  title: `write ${meant}`,
                  edits: [{ source: this.#source, span: nameSpan, text: meant }],
                },
              },
        ),
      );
    }
    if (!COMMAND_OPTIONS.has(name) && name !== "description" && /\s#/.test(value)) {
      const text =
        "A comment must stand on a line of its own; here it is part of the value, and the shell drops the rest of ifup's command behind it.";
      this.#say("interfaces/comment-in-value", "error", text, valueSpan);
    }
  }

  #comment(name: Word): void {
    if (!name.text.startsWith("#")) return;
    const text = "A comment must stand on a line of its own; here its words are taken for names of interfaces.";
    this.#say("interfaces/comment-in-value", "warning", text, name.span);
  }

  /** ifup gives the whole file up. */
  #refuse(code: string, message: string, span: Span): "wrong" {
    const text = this.#refused === null ? `${message} ifup gives up here and brings up no interface at all.` : message;
    this.#say(code, "error", text, span);
    this.#refused ??= span;
    this.#begin(null, null, false);
    return "wrong";
  }

  #say(code: string, severity: Severity, message: string, span: Span): void {
    this.#diagnostics.push(diagnostic(code, severity, message, this.#source, span));
  }
}

function logicalLine(text: string, pieces: readonly { start: number; end: number }[], whole: Span): Logical {
  const starts: number[] = [];
  let length = 0;
  for (const piece of pieces) {
    starts.push(length);
    length += piece.end - piece.start;
  }
  const last = pieces[pieces.length - 1] as { start: number; end: number };
  const first = pieces[0] as { start: number; end: number };
  return {
    text: pieces.map((piece) => text.slice(piece.start, piece.end)).join(""),
    at(index) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] as number) <= index) low = middle;
        else high = middle - 1;
      }
      return (pieces[low] as { start: number }).start + index - (starts[low] as number);
    },
    span: { start: first.start, end: last.end },
    whole,
  };
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
