import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lexer, type LexerDialect } from "./lexer.ts";

const STRING = 257;
const NUMBER = 258;
const ERROR = 259;
const IF = 260;

const newest: LexerDialect = {
  keywords: new Map([["if", IF]]),
  stringToken: STRING,
  numberToken: NUMBER,
  errorToken: ERROR,
  macros: "buffer",
  lineEndAtEndOfFile: false,
  firstLineOfIncluded: 1,
  escapesBlanks: true,
  countsEscapedLines: true,
  rejectsNul: true,
  forgetsPushback: false,
};

interface Seen {
  readonly tokens: string[];
  readonly errors: string[];
  readonly lines: number[];
}

function lex(text: string, dialect: LexerDialect = newest, macros: Record<string, string> = {}): Seen {
  const lexer = new Lexer(new Source("f", text), dialect);
  for (const [name, value] of Object.entries(macros)) lexer.define(name, value, false, null, 0, 0);
  const seen: Seen = { tokens: [], errors: [], lines: [] };
  lexer.report = (kind, said) => seen.errors.push(`${lexer.line}: ${kind}: ${said}`);
  for (let code = lexer.next(); code !== 0; code = lexer.next()) {
    const name =
      code === STRING
        ? `"${lexer.value}"`
        : code === NUMBER
          ? `${lexer.value}`
          : code === IF
            ? "IF"
            : code === ERROR
              ? "ERROR"
              : JSON.stringify(String.fromCharCode(code));
    seen.tokens.push(name);
    seen.lines.push(lexer.line);
  }
  return seen;
}

describe("the lexer", () => {
  it.each([
    ["if a:b *x _y", ["IF", '"a:b"', '"*x"', '"_y"']],
    ["10.0.0.0/24", ['"10.0.0.0"', '"/"', "24"]],
    ["10 -5 - 007", ["10", "-5", '"-"', "7"]],
    ["3600s 12,13}", ['"3600s"', "12", '","', "13", '"}"']],
    [`'a "b' "c\\"d" "e\\ f" "g\\nh"`, [`"a "b"`, `"c"d"`, '"e f"', `"g\\nh"`]],
    ["a # b\nc", ['"a"', '"\\n"', '"c"']],
    ["a\\\n b", ['"a"', '"b"']],
    ['"a\nb"', ['"ab"']],
    ["a\\xb", ['"axb"']],
    ["a!=b", ['"a"', '"!"', '"="', '"b"']],
  ])("reads %j", (text, tokens) => {
    expect(lex(text).tokens).toEqual(tokens);
  });

  it("replaces macros once, and joins them with what touches them", () => {
    const macros = { net: "10.0.0.0/8", list: "{ a, b }", loop: "$loop" };
    expect(lex("$net $list\n", newest, macros).tokens).toEqual([
      '"10.0.0.0"',
      '"/"',
      "8",
      '"{"',
      '"a"',
      '","',
      '"b"',
      '"}"',
      '"\\n"',
    ]);
    expect(lex("$loop ", newest, macros).tokens).toEqual(['"$"', '"loop"']);
    expect(lex("$net.1 ", newest, { net: "10.0.0" }).tokens).toEqual(['"10.0.0.1"']);
    for (const kind of ["buffer", "unread"] as const) {
      expect(lex("$a$b ", { ...newest, macros: kind }, { a: "x", b: "y" }).tokens).toEqual(['"x$b"']);
    }
  });

  it("skips the rest of the line after an error, its end included", () => {
    expect(lex("a $x b\nc\nd\n")).toEqual({
      tokens: ['"a"', "ERROR", '"c"', '"\\n"', '"d"', '"\\n"'],
      errors: ["1: undefined-macro: macro 'x' not defined"],
      lines: [1, 1, 2, 2, 3, 3],
    });
  });

  it("reports numbers, quotes and NULs", () => {
    expect(lex("99999999999999999999 ").errors).toEqual([
      '1: invalid-number: "99999999999999999999" invalid number: too large',
    ]);
    expect(lex("-99999999999999999999 ").errors[0]).toContain("too small");
    expect(lex('a\n"b\n').errors).toEqual(["2: unterminated-quote: reached end of file while parsing quoted string"]);
    expect(lex('"a\0b" c\nd\n').tokens).toEqual(["ERROR", '"d"', '"\\n"']);
    expect(lex('"a\0b"', { ...newest, rejectsNul: false }).tokens).toEqual(['"a"']);
    expect(lex("a \0 b").tokens).toEqual(['"a"']);
  });

  it("cuts at the parser's buffer", () => {
    expect(lex("x".repeat(8095)).errors).toEqual([]);
    expect(lex("x".repeat(8096)).errors).toEqual(["1: string-too-long: string too long"]);
    expect(lex(`"${"é".repeat(4047)}"`).errors).toEqual([]);
    expect(lex(`"${"é".repeat(4048)}"`).errors).toEqual(["1: string-too-long: string too long"]);
  });

  it("counts lines as releases did", () => {
    const old: LexerDialect = { ...newest, countsEscapedLines: false, escapesBlanks: false };
    expect(lex('"a\\\nb" c\nd', newest).lines).toEqual([1, 2, 2, 3]);
    expect(lex('"a\\\nb" c\nd', old).lines).toEqual([1, 1, 1, 2]);
    expect(lex('"a\\ b"', old).tokens).toEqual(['"a\\ b"']);
    // Without a line end the last line of the first dialect ends the input; the other makes one up.
    expect(lex("a").tokens).toEqual(['"a"']);
    expect(lex("a", { ...newest, lineEndAtEndOfFile: true, macros: "unread" }).tokens).toEqual(['"a"', '"\\n"']);
  });

  it("reads included files in between and numbers their lines as the tool does", () => {
    for (const [kind, first] of [
      ["buffer", 2],
      ["unread", 1],
    ] as const) {
      const included: LexerDialect = { ...newest, macros: kind, firstLineOfIncluded: kind === "buffer" ? 1 : 0 };
      const lexer = new Lexer(new Source("top", '"a"\nb\n'), included);
      lexer.next();
      lexer.include(new Source("inner", "x\n"));
      const lines: string[] = [];
      for (let code = lexer.next(); code !== 0; code = lexer.next()) {
        lines.push(`${lexer.source.name}:${lexer.line}:${code === 10 ? "nl" : lexer.value}`);
      }
      expect(lines).toEqual([
        `inner:${first - 1}:nl`,
        `inner:${first}:x`,
        `inner:${first}:nl`,
        "top:1:nl",
        "top:2:b",
        "top:2:nl",
      ]);
    }
  });

  it("ends, and its tokens stand in order, whatever the text", () => {
    const text = fc.string({ unit: fc.constantFrom(..."ab1 \t\n\\\"'#$={}/-.,:\0é9"), maxLength: 200 });
    fc.assert(
      fc.property(text, fc.constantFrom("buffer", "unread", "none"), (sample, macros) => {
        const lexer = new Lexer(new Source("f", sample), { ...newest, macros });
        lexer.define("a", '1 { $b } "x', false, null, 0, 0);
        let end = 0;
        for (let i = 0; i < 5000; i++) {
          const code = lexer.next();
          expect(lexer.start).toBeLessThanOrEqual(lexer.end);
          expect(lexer.end).toBeLessThanOrEqual(sample.length);
          expect(lexer.end).toBeGreaterThanOrEqual(end);
          end = lexer.end;
          if (code === 0) return;
        }
        throw new Error("does not end");
      }),
      { numRuns: 3000 },
    );
  });
});
