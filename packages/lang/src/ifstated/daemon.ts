/**
 * The daemon's own reading: the grammar of ifstated's parse.y run by yacc's automaton. It says whether ifstated(8)
 * takes the file, and if not, what it prints.
 */
import type { Source } from "@pierhead/core";
import { type Action, FAIL, Grammar, type Production } from "../lexer/grammar.ts";
import { type ParseEvents, Parser, type TokenStream } from "../lexer/parser.ts";
import { KEYWORDS, Lexer } from "./lexer.ts";

export type DaemonExpression =
  | { readonly and: readonly [DaemonExpression, DaemonExpression] }
  | { readonly or: readonly [DaemonExpression, DaemonExpression] }
  | { readonly not: DaemonExpression }
  | { readonly link: string; readonly is: string }
  | { readonly test: string; readonly every: number };

export type DaemonAction =
  | { readonly run: string }
  | { readonly "set-state": string }
  | { if: DaemonExpression | null; readonly then: DaemonAction[] };

export interface DaemonState {
  readonly name: string;
  readonly init: DaemonAction[];
  readonly body: DaemonAction[];
}

/** What the daemon made of a file. */
export interface DaemonResult {
  /** False: it prints {@link errors} and exits with 1. */
  readonly accepted: boolean;
  /** What it prints on standard error, without `configuration OK`. */
  readonly errors: readonly DaemonError[];
  readonly startState: string | null;
  readonly global: readonly DaemonAction[];
  readonly states: readonly DaemonState[];
}

export interface DaemonError {
  /** The whole line: `ifstated.conf:102: syntax error`. */
  readonly text: string;
  /** Line of the file the message names; 0 when it names none. */
  readonly line: number;
}

export interface DaemonOptions {
  /** Interfaces of the machine; null when it is not known, then every name is one. */
  readonly interfaces: ReadonlySet<string> | null;
  /** Macros of `-D name=value`: they win over those of the file. */
  readonly macros?: ReadonlyMap<string, string>;
}

/** The parser's globals. They keep what they had when an error ends a rule early, and so decide later messages. */
class Reading implements ParseEvents {
  readonly source: Source;
  readonly interfaces: ReadonlySet<string> | null;
  readonly macros: Map<string, string> = new Map();
  readonly errors: DaemonError[] = [];
  readonly global: DaemonAction[] = [];
  readonly states: DaemonState[] = [];
  readonly names: Set<string> = new Set();
  readonly lexer: Lexer;
  readonly halted = false;
  startState: string | null = null;
  state: DaemonState | null = null;
  actions: DaemonAction[] = this.global;
  /** The conditions that are open, each with the list it stands in. */
  readonly parents: Map<DaemonAction[], DaemonAction[]> = new Map();

  constructor(source: Source, options: DaemonOptions) {
    this.source = source;
    this.interfaces = options.interfaces;
    this.lexer = new Lexer(
      source,
      (name) => {
        const value = options.macros?.get(name) ?? this.macros.get(name);
        return value === undefined ? null : { value, definition: null };
      },
      (message) => this.error(message),
      { tolerant: false },
    );
  }

  error(message: string): void {
    const line = this.lexer.characters.tokenLine;
    this.errors.push({ text: `${this.source.name}:${line}: ${message}`, line });
  }

  syntaxError(): void {
    this.error("syntax error");
  }

  silentError(): void {}

  overflow(): void {
    this.error("yacc stack overflow");
  }
}

type Do = Action<Reading>;

const join: Do = (_, of) => `${of.get<string>(1)} ${of.get<string>(2)}`;
const second: Do = (_, of) => of.get(2);
const link =
  (is: string): Do =>
  (_, of) => ({ link: of.get<string>(1), is });

const define: Do = (reading, of) => {
  const name = of.get<string>(1);
  // `while (*s++) if (isspace(*s))`: the first character is not looked at.
  if (/[\t-\r ]/.test(name.slice(1))) {
    reading.error("macro name cannot contain whitespace");
    return FAIL;
  }
  reading.macros.set(name, of.get(3));
  return null;
};

const setStart: Do = (reading, of) => {
  reading.startState = of.get<string>(2);
  return null;
};

const knownInterface: Do = (reading, of) => {
  const name = of.get<string>(1);
  if (reading.interfaces === null || reading.interfaces.has(name)) return name;
  reading.error(`unknown interface ${name}`);
  return FAIL;
};

const run: Do = (reading, of) => {
  reading.actions.push({ run: of.get(2) });
  return null;
};

const setState: Do = (reading, of) => {
  if (reading.state === null) {
    reading.error("set-state must be used inside 'if'");
    return FAIL;
  }
  reading.actions.push({ "set-state": of.get(2) });
  return null;
};

const openIf: Do = (reading) => {
  const then: DaemonAction[] = [];
  reading.actions.push({ if: null, then });
  reading.parents.set(then, reading.actions);
  reading.actions = then;
  return null;
};

const closeIf: Do = (reading, of) => {
  const parent = reading.parents.get(reading.actions);
  const own = parent?.[parent.length - 1];
  if (parent !== undefined && own !== undefined && "if" in own) {
    own.if = of.get(3);
    reading.actions = parent;
  }
  return null;
};

const openInit: Do = (reading) => {
  reading.actions = reading.state?.init ?? [];
  return null;
};

const closeInit: Do = (reading) => {
  reading.actions = reading.state?.body ?? reading.global;
  return null;
};

const test: Do = (reading, of) => {
  const every = of.get<bigint>(3);
  if (every <= 0n || every > 0xffffffffn) {
    reading.error(`invalid interval: ${every}`);
    return FAIL;
  }
  return { test: of.get<string>(1), every: Number(every) };
};

const openState: Do = (reading, of) => {
  const name = of.get<string>(0);
  if (reading.names.has(name)) {
    reading.error(`state ${name} already exists`);
    return FAIL;
  }
  reading.state = { name, init: [], body: [] };
  reading.actions = reading.state.body;
  return null;
};

const closeState: Do = (reading) => {
  if (reading.state !== null) {
    reading.states.push(reading.state);
    reading.names.add(reading.state.name);
  }
  reading.state = null;
  reading.actions = reading.global;
  return null;
};

/**
 * parse.y; names with `@` are its actions in the middle of a rule. Expressions are written without yacc's
 * precedence: what comes out is the same.
 */
const PRODUCTIONS: readonly Production<Reading>[] = [
  ["grammar", ""],
  ["grammar", "grammar nl"],
  ["grammar", "grammar conf_main nl"],
  ["grammar", "grammar varset nl"],
  ["grammar", "grammar action nl"],
  ["grammar", "grammar state nl"],
  ["grammar", "grammar error nl"],
  ["string", "string STRING", join],
  ["string", "STRING"],
  ["varset", "STRING '=' string", define],
  ["conf_main", "INITSTATE STRING", setStart],
  ["interface", "STRING", knownInterface],
  ["optnl", "nl optnl"],
  ["optnl", ""],
  ["newlines", "nl optnl"],
  ["action", "RUN STRING", run],
  ["action", "SETSTATE STRING", setState],
  ["action", "IF @if expr action_block", closeIf],
  ["@if", "", openIf],
  ["action_block", "optnl '{' optnl action_l '}'"],
  ["action_block", "optnl action"],
  ["action_l", "action_l action newlines"],
  ["action_l", "action newlines"],
  ["init", "INIT @init action_block", closeInit],
  ["@init", "", openInit],
  ["if_test", "interface '.' LINK '.' UP", link("up")],
  ["if_test", "interface '.' LINK '.' DOWN", link("down")],
  ["if_test", "interface '.' LINK '.' UNKNOWN", link("unknown")],
  ["ext_test", "STRING EVERY NUMBER", test],
  ["term", "if_test"],
  ["term", "ext_test"],
  ["term", "'(' expr ')'", second],
  ["unary", "term"],
  ["unary", "'!' unary", (_, of) => ({ not: of.get(2) })],
  ["expr", "unary"],
  ["expr", "expr AND unary", (_, of) => ({ and: [of.get(1), of.get(3)] })],
  ["expr", "expr OR unary", (_, of) => ({ or: [of.get(1), of.get(3)] })],
  ["state", "STATE string @state optnl '{' optnl stateopts_l '}'", closeState],
  ["@state", "", openState],
  ["stateopts_l", "stateopts_l stateoptsl"],
  ["stateopts_l", "stateoptsl"],
  ["stateoptsl", "init newlines"],
  ["stateoptsl", "action newlines"],
];

/** The grammar's name of a keyword. */
function tokenName(keyword: string): string {
  return keyword === "&&" ? "AND" : keyword === "||" ? "OR" : keyword.replace("-", "").toUpperCase();
}

const TOKENS = [...[...KEYWORDS].map(tokenName), "ERROR", "STRING", "NUMBER"];
const parser: Parser<Reading> = /* @__PURE__ */ new Parser(/* @__PURE__ */ new Grammar(TOKENS, PRODUCTIONS));

/** A character the grammar has no use for. */
const STRANGE = 1;

/** Reads `source` as ifstated(8) of OpenBSD 7.8 does, and says what it says. */
export function readAsDaemon(source: Source, options: DaemonOptions): DaemonResult {
  const reading = new Reading(source, options);
  const { codeByName } = parser.grammar;
  const codes = new Map([...KEYWORDS].map((keyword) => [keyword, codeByName.get(tokenName(keyword)) as number]));
  for (const name of ["ERROR", "STRING", "NUMBER"]) codes.set(name, codeByName.get(name) as number);
  const tokens: TokenStream & { value: unknown } = {
    source,
    value: null,
    start: 0,
    end: 0,
    next() {
      const token = reading.lexer.next();
      tokens.value = token.kind === "NUMBER" ? token.number : token.text;
      if (token.kind === "$end") return 0;
      const code = codes.get(token.kind);
      if (code !== undefined) return code;
      const character = token.kind.charCodeAt(0);
      return character < 128 ? character : STRANGE;
    },
  };
  const accepted = parser.run(reading, reading, tokens);

  // parse_config: link_states, then the start state, then whether there were errors.
  const { errors, states, names } = reading;
  for (const { init, body } of states) {
    for (const list of [init, body]) {
      for (const name of targets(list)) {
        if (!names.has(name)) errors.push({ text: `error: state '${name}' not declared`, line: 0 });
      }
    }
  }
  if (reading.startState !== null && !names.has(reading.startState)) {
    errors.push({ text: `ifstated: invalid start state ${reading.startState}`, line: 0 });
  }
  return {
    accepted: accepted && errors.length === 0,
    errors,
    startState: reading.startState ?? states[0]?.name ?? null,
    global: reading.global,
    states,
  };
}

/** Names after `set-state` in file order, inside nested blocks too, without recursion. */
function targets(actions: readonly DaemonAction[]): string[] {
  const names: string[] = [];
  const work: DaemonAction[] = [...actions].reverse();
  while (work.length > 0) {
    const action = work.pop() as DaemonAction;
    if ("set-state" in action) names.push(action["set-state"]);
    else if ("if" in action) {
      for (let i = action.then.length - 1; i >= 0; i--) work.push(action.then[i] as DaemonAction);
    }
  }
  return names;
}
