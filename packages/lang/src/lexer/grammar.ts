/**
 * Grammars as data. OpenBSD's configuration languages are yacc(1) grammars, and what their tools print when
 * something is wrong (which line, which later lines are swallowed, which errors stay silent) follows from the
 * automaton that yacc builds. So we describe the productions and build the same automaton.
 */
import type { Source, Span } from "@pierhead/core";

/** A range of one source. */
export interface Origin {
  readonly source: Source;
  readonly span: Span;
}

/** What an action returns to make the parser act as on an unexpected token (`YYERROR`), without a message. */
export const FAIL: unique symbol = Symbol("YYERROR");

/** The symbols an action works on: `get(1)` is yacc's `$1`, `get(0)` and less the symbols before the production. */
export interface Reduction {
  /** Value of the symbol; its type follows from the symbol, the action knows it. */
  get<T>(index: number): T;
  /** Where the symbol stands; an empty symbol is an empty range after the symbol before it. */
  origin(index: number): Origin;
  /** Where the whole right side stands. */
  readonly whole: Origin;
}

export type Action<Context> = (context: Context, reduction: Reduction) => unknown;

/** Left side, right side with symbols between spaces, action. Without action the value is that of the first symbol. */
export type Production<Context> = readonly [left: string, right: string, action?: Action<Context>];

/** Token code of the end of input. */
export const END = 0;
/** Token code of yacc's `error`. */
export const ERROR_SYMBOL = 256;
/** First code for named tokens; smaller ones are single characters. */
export const FIRST_NAMED_TOKEN = 257;

/** A grammar with its symbols numbered. Symbols below `terminals` are terminals. */
export class Grammar<Context> {
  /** Names of terminals in order of their numbers, then names of nonterminals. */
  readonly names: string[] = [];
  readonly terminals: number;
  /** Terminal number by token code. */
  readonly terminalByCode: Int16Array;
  /** Token code by name, for named tokens and characters. */
  readonly codeByName: ReadonlyMap<string, number>;
  /** Rule 0 is `$accept: start $end`. */
  readonly left: number[] = [];
  readonly right: number[][] = [];
  readonly actions: (Action<Context> | null)[] = [];

  /**
   * @param tokens names of the tokens the lexer delivers, in any order; characters are written `'{'`, a line end `nl`
   * @param productions the first left side is the start symbol
   */
  constructor(tokens: readonly string[], productions: readonly Production<Context>[]) {
    const codes = new Map<string, number>([["error", ERROR_SYMBOL]]);
    let next = FIRST_NAMED_TOKEN;
    for (const token of tokens) if (!codes.has(token)) codes.set(token, next++);
    const nonterminals = new Set<string>();
    for (const [left] of productions) nonterminals.add(left);
    for (const [, right] of productions) {
      for (const name of symbolsOf(right)) {
        if (nonterminals.has(name) || codes.has(name)) continue;
        codes.set(name, characterCode(name));
      }
    }
    this.codeByName = codes;
    this.terminalByCode = new Int16Array(next).fill(-1);
    this.names.push("$end");
    this.terminalByCode[END] = 0;
    for (const [name, code] of codes) {
      this.terminalByCode[code] = this.names.length;
      this.names.push(name);
    }
    this.terminals = this.names.length;
    const numbers = new Map<string, number>();
    for (const name of ["$accept", ...nonterminals]) {
      numbers.set(name, this.names.length);
      this.names.push(name);
    }
    const start = productions[0]?.[0] ?? "";
    this.#add(this.terminals, [numbers.get(start) as number, 0], null);
    for (const [left, right, action] of productions) {
      const symbols = symbolsOf(right).map(
        (name) => numbers.get(name) ?? (this.terminalByCode[codes.get(name) as number] as number),
      );
      this.#add(numbers.get(left) as number, symbols, action ?? null);
    }
  }

  /** Code of a named token. */
  code(name: string): number {
    return this.codeByName.get(name) ?? END;
  }

  #add(left: number, right: number[], action: Action<Context> | null): void {
    this.left.push(left);
    this.right.push(right);
    this.actions.push(action);
  }
}

function symbolsOf(right: string): string[] {
  return right === "" ? [] : right.split(" ");
}

function characterCode(name: string): number {
  return name === "nl" ? 10 : name.charCodeAt(1);
}
