import type { Source } from "@pierhead/core";
import { FAIL, type Grammar, type Origin, type Reduction } from "./grammar.ts";
import { buildTables, type Tables } from "./lalr.ts";

/** Where the parser takes its tokens from, and where it reports to. */
export interface TokenStream {
  /** Advances and returns the code of the next token; 0 at the end. */
  next(): number;
  /** Value and place of the token that `next` returned last. */
  readonly value: unknown;
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface ParseEvents {
  /** yacc met a token it has no action for, and is not already recovering: `yyerror("syntax error")`. */
  syntaxError(expected: () => readonly string[]): void;
  /** The same while yacc is still silent because of an earlier error. */
  silentError(): void;
  /** The stack is full (`yacc stack overflow`). */
  overflow(): void;
  /** True when an action has decided that the program ends here. */
  readonly halted: boolean;
}

/** YYMAXDEPTH less one, as yygrowstack() counts. */
const DEPTH_LIMIT = 9999;

/** A grammar with its tables, made when they are first needed. */
export class Parser<Context> {
  readonly grammar: Grammar<Context>;
  #tables: Tables | null = null;

  constructor(grammar: Grammar<Context>) {
    this.grammar = grammar;
  }

  get tables(): Tables {
    this.#tables ??= buildTables(this.grammar);
    return this.#tables;
  }

  /**
   * Runs the parser as yacc's skeleton does, its error recovery included: after an error the stack is cut back to a
   * state that takes `error`, tokens are dropped until one fits, and further errors are silent until three tokens
   * have been shifted.
   *
   * @param context what the actions work on
   * @param events told of what yacc says
   * @returns true when the input was accepted
   */
  run(context: Context, events: ParseEvents, stream: TokenStream): boolean {
    const { grammar, tables } = this;
    const { action, defaultReduction, terminals } = tables;
    const stack = new Stack(stream.source);
    const errorTerminal = grammar.terminalByCode[256] as number;
    let state = 0;
    let token = -1;
    let recovering = 0;
    stack.push(0, undefined, stream.source, 0, 0);
    for (;;) {
      if (events.halted) return false;
      let rule = defaultReduction[state] as number;
      if (rule === 0) {
        if (token < 0) token = stream.next();
        const terminal = grammar.terminalByCode[token] ?? -1;
        const act = terminal < 0 ? 0 : (action[state * terminals + terminal] as number);
        if (act > 0) {
          if (stack.depth >= DEPTH_LIMIT) {
            events.overflow();
            return false;
          }
          state = act - 1;
          stack.push(state, stream.value, stream.source, stream.start, stream.end);
          token = -1;
          if (recovering > 0) recovering--;
          continue;
        }
        if (act === 0) {
          if (recovering === 0) events.syntaxError(() => this.#expected(state));
          else if (recovering < 3) events.silentError();
          if (recovering < 3) {
            recovering = 3;
            const found = stack.cutTo(action, terminals, errorTerminal);
            if (found < 0) return false;
            state = found;
            stack.push(state, undefined, stream.source, stream.start, stream.start);
          } else {
            if (token === 0) return false;
            token = -1;
          }
          continue;
        }
        rule = -act;
      }
      const length = (grammar.right[rule] as number[]).length;
      stack.begin(length);
      const perform = grammar.actions[rule];
      const value = perform == null ? (length > 0 ? stack.get(1) : undefined) : perform(context, stack);
      if (events.halted) return false;
      if (value === FAIL) {
        // YYERROR: the right side is still on the stack; recovery starts from there.
        if (recovering < 3) {
          recovering = 3;
          const found = stack.cutTo(action, terminals, errorTerminal);
          if (found < 0) return false;
          state = found;
          stack.push(state, undefined, stream.source, stream.start, stream.start);
        } else {
          if (token === 0) return false;
          token = -1;
          state = stack.state;
        }
        continue;
      }
      const left = (grammar.left[rule] as number) - terminals;
      const below = stack.reduce(length);
      state = (tables.next[below * tables.nonterminals + left] as number) - 1;
      if (stack.depth >= DEPTH_LIMIT) {
        events.overflow();
        return false;
      }
      stack.finish(state, value, length);
      if (state === tables.final && below === 0) {
        if (token < 0) token = stream.next();
        if (events.halted) return false;
        if (token === 0) return true;
      }
    }
  }

  #expected(state: number): readonly string[] {
    const { terminals, action } = this.tables;
    const names: string[] = [];
    for (let terminal = 0; terminal < terminals; terminal++) {
      if (action[state * terminals + terminal] !== 0) names.push(this.grammar.names[terminal] as string);
    }
    return names;
  }
}

/** The parse stack in parallel arrays. It is also the view actions get of the symbols they reduce. */
class Stack implements Reduction {
  readonly #states: number[] = [];
  readonly #values: unknown[] = [];
  readonly #sources: Source[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #base = 0;
  readonly #none: Origin;

  constructor(source: Source) {
    this.#none = { source, span: { start: 0, end: 0 } };
  }

  get depth(): number {
    return this.#states.length - 1;
  }

  get state(): number {
    return this.#states[this.#states.length - 1] as number;
  }

  push(state: number, value: unknown, source: Source, start: number, end: number): void {
    this.#states.push(state);
    this.#values.push(value);
    this.#sources.push(source);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** Cuts back to the top state that shifts `terminal`; returns the state after the shift, -1 when there is none. */
  cutTo(action: Int16Array, terminals: number, terminal: number): number {
    for (;;) {
      const act = action[this.state * terminals + terminal] as number;
      if (act > 0) return act - 1;
      if (this.depth <= 0) return -1;
      this.#drop(1);
    }
  }

  begin(length: number): void {
    this.#base = this.#states.length - length - 1;
  }

  /** Removes `length` symbols but keeps their place for `finish`; returns the state below. */
  reduce(length: number): number {
    return this.#states[this.#states.length - 1 - length] as number;
  }

  finish(state: number, value: unknown, length: number): void {
    const first = this.#states.length - length;
    const last = this.#states.length - 1;
    const source = this.#sources[length > 0 ? first : last] as Source;
    const start = this.#startOf(first, last, length);
    const end = Math.max(start, this.#sources[last] === source ? (this.#ends[last] as number) : source.text.length);
    this.#drop(length);
    this.push(state, value, source, start, end);
  }

  get<T>(index: number): T {
    return this.#values[this.#base + index] as T;
  }

  origin(index: number): Origin {
    const at = this.#base + index;
    const source = this.#sources[at];
    if (source === undefined) return this.#none;
    return { source, span: { start: this.#starts[at] as number, end: this.#ends[at] as number } };
  }

  get whole(): Origin {
    const last = this.#states.length - 1;
    const length = last - this.#base;
    const first = this.#base + 1;
    const source = this.#sources[length > 0 ? first : last] ?? this.#none.source;
    const start = this.#startOf(first, last, length);
    const end = Math.max(start, this.#sources[last] === source ? (this.#ends[last] as number) : source.text.length);
    return { source, span: { start, end } };
  }

  /** Start of the first symbol that is not empty, so that optional words before it leave no gap. */
  #startOf(first: number, last: number, length: number): number {
    if (length === 0) return this.#ends[last] as number;
    for (let i = first; i <= last; i++) {
      if (this.#sources[i] === this.#sources[first] && (this.#ends[i] as number) > (this.#starts[i] as number)) {
        return this.#starts[i] as number;
      }
    }
    return this.#starts[first] as number;
  }

  #drop(count: number): void {
    const length = this.#states.length - count;
    this.#states.length = length;
    this.#values.length = length;
    this.#sources.length = length;
    this.#starts.length = length;
    this.#ends.length = length;
  }
}
