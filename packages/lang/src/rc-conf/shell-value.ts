/** The right side of a shell assignment: quotes, escapes and expansions (POSIX XCU 2.2, 2.6). */
import type { Span } from "@pierhead/core";
import type { ValuePart } from "./tree.ts";

export interface ShellValue {
  readonly parts: readonly ValuePart[];
  readonly start: number;
  readonly end: number;
  /** A quote that is never closed. */
  readonly open: Span | null;
}

/** Reads one word of shell from `start`: up to a blank, a line end or an operator outside quotes. */
export function readShellValue(text: string, start: number): ShellValue {
  return new ValueReader(text, start).run();
}

class ValueReader {
  readonly #text: string;
  readonly #start: number;
  readonly #parts: ValuePart[] = [];
  #at: number;
  #open: Span | null = null;
  #from: number;
  #literal: string[] = [];
  #quoted = false;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#start = start;
    this.#at = start;
    this.#from = start;
  }

  run(): ShellValue {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (code === 32 || code === 9 || code === 10 || code === 59 || code === 38 || code === 124) break;
      if (code === 13 && text.charCodeAt(this.#at + 1) === 10) break;
      if (code === 60 || code === 62 || code === 40 || code === 41) break;
      if (code === 39) this.#single();
      else if (code === 34) this.#double();
      else if (code === 36 || code === 96) this.#expansion();
      else if (code === 92) this.#escape(false);
      else {
        if (this.#quoted) this.#flush(this.#at, false);
        this.#literal.push(text[this.#at++] as string);
      }
    }
    this.#flush(this.#at, false);
    return { parts: this.#parts, start: this.#start, end: this.#at, open: this.#open };
  }

  /** Ends the literal stretch at `end`; what follows is quoted or not. */
  #flush(end: number, quoted: boolean): void {
    if (this.#literal.length > 0) {
      this.#parts.push({
        kind: "text",
        text: this.#literal.join(""),
        span: { start: this.#from, end },
        quoted: this.#quoted,
      });
      this.#literal = [];
    }
    this.#from = end;
    this.#quoted = quoted;
  }

  #single(): void {
    const start = this.#at;
    this.#flush(start, true);
    const close = this.#text.indexOf("'", start + 1);
    if (close === -1) this.#open = { start, end: start + 1 };
    const end = close === -1 ? this.#text.length : close;
    this.#from = start + 1;
    this.#literal.push(this.#text.slice(start + 1, end));
    this.#flush(end, false);
    this.#at = close === -1 ? end : close + 1;
    this.#from = this.#at;
  }

  #double(): void {
    const start = this.#at;
    const text = this.#text;
    this.#flush(start, true);
    this.#at++;
    this.#from = this.#at;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (code === 34) {
        this.#flush(this.#at, false);
        this.#at++;
        this.#from = this.#at;
        return;
      }
      if (code === 36 || code === 96) {
        this.#expansion();
        this.#quoted = true;
      } else if (code === 92) this.#escape(true);
      else this.#literal.push(text[this.#at++] as string);
    }
    this.#flush(this.#at, false);
    this.#open = { start, end: start + 1 };
  }

  #escape(inQuotes: boolean): void {
    const text = this.#text;
    const next = text[this.#at + 1];
    if (next === undefined) {
      this.#literal.push("\\");
      this.#at++;
      return;
    }
    if (next === "\n") {
      this.#at += 2;
      return;
    }
    if (next === "\r" && text[this.#at + 2] === "\n") {
      this.#at += 3;
      return;
    }
    if (inQuotes && next !== '"' && next !== "\\" && next !== "$" && next !== "`") this.#literal.push("\\");
    this.#literal.push(next);
    this.#at += 2;
  }

  #expansion(): void {
    const text = this.#text;
    const start = this.#at;
    const quoted = this.#quoted;
    const plain = /[A-Za-z_][A-Za-z0-9_]*/y;
    plain.lastIndex = start + 1;
    const name = text[start] === "$" ? plain.exec(text)?.[0] : undefined;
    if (name !== undefined) {
      this.#variable(name, null, "", start, start + 1 + name.length, quoted);
      return;
    }
    if (text.startsWith("${", start)) {
      const braced = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-=+])([^${}`"']*))?\}/y;
      braced.lastIndex = start;
      const match = braced.exec(text);
      if (match !== null) {
        const operator = (match[2] ?? null) as Extract<ValuePart, { kind: "variable" }>["operator"];
        this.#variable(match[1] as string, operator, match[3] ?? "", start, start + match[0].length, quoted);
        return;
      }
    }
    if (text[start] === "$" && text[start + 1] !== "{" && text[start + 1] !== "(") {
      const special = text[start + 1] ?? "";
      if (!/[0-9#?*@!$-]/.test(special)) {
        this.#literal.push("$");
        this.#at++;
        return;
      }
      this.#opaque(start, start + 2, quoted);
      return;
    }
    this.#opaque(start, this.#closing(start), quoted);
  }

  #variable(
    name: string,
    operator: Extract<ValuePart, { kind: "variable" }>["operator"],
    fallback: string,
    start: number,
    end: number,
    quoted: boolean,
  ): void {
    this.#flush(start, quoted);
    this.#parts.push({ kind: "variable", name, operator, fallback, span: { start, end } });
    this.#at = end;
    this.#from = end;
  }

  #opaque(start: number, end: number, quoted: boolean): void {
    this.#flush(start, quoted);
    this.#parts.push({ kind: "opaque", text: this.#text.slice(start, end), span: { start, end } });
    this.#at = end;
    this.#from = end;
  }

  /** End of `` `…` ``, `$(…)` or `${…}` that starts at `start`; nesting is counted, not recursed into. */
  #closing(start: number): number {
    const text = this.#text;
    if (text[start] === "`") {
      for (let i = start + 1; i < text.length; i++) {
        if (text[i] === "\\") i++;
        else if (text[i] === "`") return i + 1;
      }
      this.#open ??= { start, end: start + 1 };
      return text.length;
    }
    const [opening, closing] = text[start + 1] === "(" ? ["(", ")"] : ["{", "}"];
    let depth = 0;
    for (let i = start + 1; i < text.length; i++) {
      const character = text[i];
      if (character === "\\") i++;
      else if (character === opening) depth++;
      else if (character === closing && --depth === 0) return i + 1;
    }
    this.#open ??= { start, end: start + 2 };
    return text.length;
  }
}
