import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { FAIL, Grammar, type ParseEvents, Parser, type Production, type TokenStream } from "./index.ts";

/** Words between blanks as tokens: `NUMBER` for digits, characters for others; a line end for `;`. */
class Words implements TokenStream {
  readonly source: Source;
  value: unknown = null;
  start = 0;
  end = 0;
  read = 0;
  readonly #grammar: Grammar<Log>;

  constructor(text: string, grammar: Grammar<Log>) {
    this.source = new Source("words", text);
    this.#grammar = grammar;
  }

  next(): number {
    const { text } = this.source;
    this.start = this.end;
    while (text[this.start] === " ") this.start++;
    this.end = this.start + 1;
    const character = text[this.start];
    this.read++;
    if (character === undefined) return 0;
    this.value = character;
    if (/\d/.test(character)) return this.#grammar.code("NUMBER");
    return character === ";" ? 10 : character.charCodeAt(0);
  }
}

class Log implements ParseEvents {
  readonly lines: string[] = [];
  halted = false;
  expected: readonly string[] = [];

  syntaxError(expected: () => readonly string[]): void {
    this.expected = expected();
    this.lines.push("error");
  }

  silentError(): void {
    this.lines.push("silent");
  }

  overflow(): void {
    this.lines.push("overflow");
  }
}

const sums: Production<Log>[] = [
  ["list", ""],
  ["list", "list sum nl", (log, at) => void log.lines.push(`${at.get<number>(2)}`)],
  ["list", "list error nl", (log) => void log.lines.push("recovered")],
  ["sum", "NUMBER", (_, at) => Number(at.get(1))],
  ["sum", "sum '+' NUMBER", (_, at) => at.get<number>(1) + Number(at.get(3))],
  ["sum", "sum '/' NUMBER", (_, at) => (at.get(3) === "0" ? FAIL : at.get<number>(1) / Number(at.get(3)))],
];

function run(
  text: string,
  productions: readonly Production<Log>[] = sums,
): { log: Log; accepted: boolean; read: number } {
  const grammar = new Grammar<Log>(["NUMBER"], productions);
  const words = new Words(text, grammar);
  const log = new Log();
  const accepted = new Parser(grammar).run(log, log, words);
  return { log, accepted, read: words.read };
}

describe("the parser", () => {
  it("accepts what the grammar has", () => {
    const { log, accepted } = run("1 + 2 + 3 ; 8 / 2 ;");
    expect(accepted).toBe(true);
    expect(log.lines).toEqual(["6", "4"]);
  });

  it("recovers at the line end, and is silent for three tokens after an error", () => {
    // The second line's error comes before three tokens were shifted, the third line's after them.
    expect(run("+ ; + ; 1 + 1 ; + ;").log.lines).toEqual([
      "error",
      "recovered",
      "silent",
      "recovered",
      "2",
      "error",
      "recovered",
    ]);
  });

  it("treats YYERROR as an error without a message", () => {
    const { log, accepted } = run("4 / 0 ; 1 ;");
    expect(accepted).toBe(true);
    expect(log.lines).toEqual(["recovered", "1"]);
  });

  it("gives up at the end of input while it recovers", () => {
    const { log, accepted } = run("1 + + 2");
    expect(accepted).toBe(false);
    expect(log.lines).toEqual(["error"]);
  });

  it("tells what it expected", () => {
    expect(run("1 + ;").log.expected).toEqual(["NUMBER"]);
  });

  it("reads no token in a state that can only reduce", () => {
    // After `NUMBER` the only thing to do is to reduce, which the action sees before the next token is read.
    const seen: number[] = [];
    const grammar = new Grammar<Log>(
      ["NUMBER"],
      [
        ["list", ""],
        ["list", "list item nl"],
        ["item", "NUMBER", () => void seen.push(words.read)],
      ],
    );
    const words = new Words("7 ;", grammar);
    const log = new Log();
    new Parser(grammar).run(log, log, words);
    expect(seen).toEqual([1]);
  });

  it("prefers a shift to a reduction, and the earlier production", () => {
    const optional: Production<Log>[] = [
      ["start", "'a' rest", (log, at) => void log.lines.push(at.get(2))],
      ["rest", "'b' tail", () => "shift"],
      ["rest", "first", (_, at) => at.get(1)],
      ["rest", "second", (_, at) => at.get(1)],
      ["first", "'c'", () => "first"],
      ["second", "'c'", () => "second"],
      ["tail", ""],
      ["tail", "'b'"],
    ];
    expect(run("a b b", optional).log.lines).toEqual(["shift"]);
    expect(run("a c", optional).log.lines).toEqual(["first"]);
  });

  it("ends like yacc when its stack is full", () => {
    const nested: Production<Log>[] = [
      ["start", "nest"],
      ["nest", "'a' nest"],
      ["nest", ""],
    ];
    expect(run("a".repeat(9990), nested).log.lines).toEqual([]);
    expect(run("a".repeat(10010), nested).log.lines).toEqual(["overflow"]);
  });

  it("knows where symbols stand", () => {
    const places: string[] = [];
    const spans: Production<Log>[] = [
      [
        "start",
        "'a' optional 'b' nl",
        (_, at) => {
          const { span } = at.whole;
          places.push(`${span.start}-${span.end}`, `${at.origin(2).span.start}-${at.origin(2).span.end}`);
        },
      ],
      ["optional", ""],
      ["optional", "'c'"],
    ];
    run("  a b ;", spans);
    run("  a c b ;", spans);
    expect(places).toEqual(["2-7", "3-3", "2-9", "4-5"]);
  });
});
