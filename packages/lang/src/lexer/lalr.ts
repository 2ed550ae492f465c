import type { Grammar } from "./grammar.ts";

/**
 * The parse tables of a grammar as Berkeley yacc makes them: LALR(1) with lookahead sets after DeRemer and
 * Pennello, a shift preferred to a reduction, an earlier production to a later one, and a default reduction in
 * states that can do nothing else, so that no token is read there.
 */
export interface Tables {
  readonly states: number;
  readonly terminals: number;
  /** By state and terminal: n > 0 shift to state n - 1, n < 0 reduce by rule -n, 0 error. */
  readonly action: Int16Array;
  /** Rule reduced without a look at the next token; 0 when there is none. */
  readonly defaultReduction: Int16Array;
  /** By state and nonterminal (number less `terminals`): next state plus 1. */
  readonly next: Int16Array;
  readonly nonterminals: number;
  /** The state after the start symbol. */
  readonly final: number;
}

interface State {
  /** Kernel and closure items, as rule * stride + dot. */
  readonly kernel: number[];
  readonly items: number[];
  readonly successors: Map<number, number>;
}

export function buildTables<Context>(grammar: Grammar<Context>): Tables {
  const stride = 1 + Math.max(...grammar.right.map((right) => right.length));
  const rulesOf = new Map<number, number[]>();
  grammar.left.forEach((left, rule) => {
    const rules = rulesOf.get(left);
    if (rules === undefined) rulesOf.set(left, [rule]);
    else rules.push(rule);
  });
  const states = collectStates(grammar, stride, rulesOf);
  const lookaheads = collectLookaheads(grammar, states, rulesOf);
  return fillTables(grammar, stride, states, lookaheads);
}

/** The LR(0) automaton. */
function collectStates<Context>(
  grammar: Grammar<Context>,
  stride: number,
  rulesOf: ReadonlyMap<number, number[]>,
): State[] {
  const byKernel = new Map<string, number>();
  const states: State[] = [];
  const open = (kernel: number[]): number => {
    const key = kernel.join();
    const known = byKernel.get(key);
    if (known !== undefined) return known;
    byKernel.set(key, states.length);
    states.push({ kernel, items: closure(grammar, stride, rulesOf, kernel), successors: new Map() });
    return states.length - 1;
  };
  open([0]);
  for (let i = 0; i < states.length; i++) {
    const state = states[i] as State;
    const moved = new Map<number, number[]>();
    for (const item of state.items) {
      const symbol = symbolAfter(grammar, stride, item);
      if (symbol === -1) continue;
      const kernel = moved.get(symbol);
      if (kernel === undefined) moved.set(symbol, [item + 1]);
      else kernel.push(item + 1);
    }
    for (const [symbol, kernel] of moved) {
      // `$end` is never shifted: the parser accepts when it meets it after the start symbol.
      if (symbol === 0) continue;
      state.successors.set(symbol, open(kernel.sort((a, b) => a - b)));
    }
  }
  return states;
}

function closure<Context>(
  grammar: Grammar<Context>,
  stride: number,
  rulesOf: ReadonlyMap<number, number[]>,
  kernel: readonly number[],
): number[] {
  const items = [...kernel];
  const opened = new Set<number>();
  for (let i = 0; i < items.length; i++) {
    const symbol = symbolAfter(grammar, stride, items[i] as number);
    if (symbol < grammar.terminals || opened.has(symbol)) continue;
    opened.add(symbol);
    for (const rule of rulesOf.get(symbol) ?? []) items.push(rule * stride);
  }
  return items;
}

function symbolAfter<Context>(grammar: Grammar<Context>, stride: number, item: number): number {
  return (grammar.right[Math.floor(item / stride)] as number[])[item % stride] ?? -1;
}

/** For every state the lookahead set of every rule it can reduce. */
function collectLookaheads<Context>(
  grammar: Grammar<Context>,
  states: readonly State[],
  rulesOf: ReadonlyMap<number, number[]>,
): Map<number, Uint32Array>[] {
  const words = (grammar.terminals + 31) >> 5;
  const nullable = collectNullable(grammar);
  // One entry for every transition over a nonterminal.
  const transitions: { state: number; symbol: number; follow: Uint32Array; from: number[] }[] = [];
  const indexOf = new Map<number, number>();
  states.forEach((state, number) => {
    for (const symbol of state.successors.keys()) {
      if (symbol < grammar.terminals) continue;
      indexOf.set(number * grammar.names.length + symbol, transitions.length);
      transitions.push({ state: number, symbol, follow: new Uint32Array(words), from: [] });
    }
  });
  const transition = (state: number, symbol: number): number | undefined =>
    indexOf.get(state * grammar.names.length + symbol);
  // Direct reads, and reads through symbols that may be empty.
  for (const edge of transitions) {
    const after = (states[edge.state] as State).successors.get(edge.symbol) as number;
    for (const symbol of (states[after] as State).successors.keys()) {
      if (symbol < grammar.terminals) setBit(edge.follow, symbol);
      else if (nullable[symbol] === true) edge.from.push(transition(after, symbol) as number);
    }
    if ((states[after] as State).kernel.includes(1)) setBit(edge.follow, 0);
  }
  spread(transitions);
  // Includes and lookback.
  const lookback: { state: number; rule: number; edge: number }[] = [];
  for (const edge of transitions) edge.from.length = 0;
  transitions.forEach((edge, number) => {
    for (const rule of rulesOf.get(edge.symbol) ?? []) {
      const right = grammar.right[rule] as number[];
      let state = edge.state;
      for (let i = 0; i < right.length; i++) {
        const symbol = right[i] as number;
        if (symbol >= grammar.terminals && right.slice(i + 1).every((later) => nullable[later] === true)) {
          (transitions[transition(state, symbol) as number] as (typeof transitions)[number]).from.push(number);
        }
        state = (states[state] as State).successors.get(symbol) as number;
      }
      lookback.push({ state, rule, edge: number });
    }
  });
  spread(transitions);
  const lookaheads = states.map(() => new Map<number, Uint32Array>());
  for (const { state, rule, edge } of lookback) {
    const sets = lookaheads[state] as Map<number, Uint32Array>;
    let set = sets.get(rule);
    if (set === undefined) {
      set = new Uint32Array(words);
      sets.set(rule, set);
    }
    merge(set, (transitions[edge] as (typeof transitions)[number]).follow);
  }
  return lookaheads;
}

function collectNullable<Context>(grammar: Grammar<Context>): boolean[] {
  const nullable: boolean[] = new Array<boolean>(grammar.names.length).fill(false);
  for (let changed = true; changed; ) {
    changed = false;
    for (let rule = 0; rule < grammar.left.length; rule++) {
      const left = grammar.left[rule] as number;
      if (nullable[left] === true) continue;
      if ((grammar.right[rule] as number[]).every((symbol) => nullable[symbol] === true)) {
        nullable[left] = true;
        changed = true;
      }
    }
  }
  return nullable;
}

/** Adds to every set those of the entries it takes from, until nothing changes. */
function spread(entries: readonly { follow: Uint32Array; from: number[] }[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const entry of entries) {
      for (const from of entry.from) {
        if (merge(entry.follow, (entries[from] as { follow: Uint32Array }).follow)) changed = true;
      }
    }
  }
}

function setBit(set: Uint32Array, bit: number): void {
  set[bit >> 5] = ((set[bit >> 5] as number) | (1 << (bit & 31))) >>> 0;
}

function hasBit(set: Uint32Array, bit: number): boolean {
  return (((set[bit >> 5] as number) >>> (bit & 31)) & 1) === 1;
}

function merge(into: Uint32Array, from: Uint32Array): boolean {
  let changed = false;
  for (let i = 0; i < into.length; i++) {
    const before = into[i] as number;
    const after = (before | (from[i] as number)) >>> 0;
    if (after !== before) {
      into[i] = after;
      changed = true;
    }
  }
  return changed;
}

function fillTables<Context>(
  grammar: Grammar<Context>,
  stride: number,
  states: readonly State[],
  lookaheads: readonly Map<number, Uint32Array>[],
): Tables {
  const { terminals } = grammar;
  const nonterminals = grammar.names.length - terminals;
  const action = new Int16Array(states.length * terminals);
  const next = new Int16Array(states.length * nonterminals);
  const defaultReduction = new Int16Array(states.length);
  const errorTerminal = grammar.terminalByCode[256] as number;
  states.forEach((state, number) => {
    let shifts = false;
    for (const [symbol, target] of state.successors) {
      if (symbol < terminals) {
        action[number * terminals + symbol] = target + 1;
        shifts = true;
      } else next[number * nonterminals + symbol - terminals] = target + 1;
    }
    const rules = state.items
      .filter((item) => symbolAfter(grammar, stride, item) === -1)
      .map((item) => Math.floor(item / stride))
      .filter((rule) => rule !== 0)
      .sort((a, b) => a - b);
    let sole = 0;
    let several = false;
    let count = 0;
    for (const rule of rules) {
      const set = (lookaheads[number] as Map<number, Uint32Array>).get(rule);
      if (set === undefined) continue;
      for (let terminal = 0; terminal < terminals; terminal++) {
        const place = number * terminals + terminal;
        if (!hasBit(set, terminal) || action[place] !== 0) continue;
        action[place] = -rule;
        if (sole !== 0 && sole !== rule) several = true;
        sole = rule;
        if (terminal !== errorTerminal) count++;
      }
    }
    // mkpar.c sole_reduction(): one rule, no shift, and more than the error symbol to do it on.
    if (!shifts && !several && count > 0) defaultReduction[number] = sole;
  });
  const start = (grammar.right[0] as number[])[0] as number;
  return {
    states: states.length,
    terminals,
    action,
    defaultReduction,
    next,
    nonterminals,
    final: (states[0] as State).successors.get(start) as number,
  };
}
