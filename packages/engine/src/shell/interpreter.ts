/**
 * Runs a command line of sh(1) against a simulated machine. What is not known (the output of a program nobody
 * simulates, a parameter nobody set) stays unknown and makes what depends on it opaque; it is never guessed.
 */
import type { Span } from "@pierhead/core";
import type {
  AndOr,
  Assignment,
  Case,
  Command,
  CommandNode,
  CompoundList,
  For,
  If,
  ParsedScript,
  Pipeline,
  PipelineNode,
  Script,
  Statement,
  While,
  Word,
} from "unbash";
import type { Machine } from "../machine/machine.ts";
import type { Status } from "./call.ts";
import { findCommand } from "./commands.ts";
import { expandPattern, expandWhole, expandWord, type Surroundings } from "./expand.ts";
import { parseShell } from "./parse.ts";
import { matches, pattern } from "./pattern.ts";
import { redirect, type Streams } from "./redirect.ts";
import type { Effect, OpaqueCommand, ShellOptions, ShellResult } from "./types.ts";
import { Input, NOTHING, plain, Sink, type Value } from "./values.ts";

/** A command line costs no more than this many commands, also in loops. */
const MAX_COMMANDS = 10_000;
/** Scripts, functions and substitutions inside each other. */
const MAX_DEPTH = 40;

/** What a script shares with the scripts it calls. */
interface Shared {
  readonly machine: Machine;
  readonly effects: Effect[];
  readonly opaque: OpaqueCommand[];
  readonly outcome: (words: readonly string[]) => Status;
  commands: number;
  seconds: number;
}

/** Runs `sh -c TEXT`. */
export function runCommand(machine: Machine, text: string, options: ShellOptions = {}): ShellResult {
  const shared: Shared = {
    machine,
    effects: [],
    opaque: [],
    outcome: options.outcome ?? (() => null),
    commands: 0,
    seconds: 0,
  };
  const variables = new Map<string, Value>(
    [["HOME", "/root"], ["PATH", "/bin:/sbin:/usr/bin:/usr/sbin"], ["IFS", " \t\n"], ...(options.variables ?? [])].map(
      ([name, value]) => [name as string, plain(value as string)],
    ),
  );
  const shell = new Interpreter(shared, text, null, variables, [plain("sh")], 0);
  const streams = { input: new Input(plain(options.stdin ?? "")), output: new Sink(), errors: new Sink() };
  const exit = shell.runText(streams);
  const output = streams.output.value;
  return {
    exit,
    stdout: output.text,
    stderr: streams.errors.value.text,
    stdoutKnown: output.known,
    effects: shared.effects,
    opaque: shared.opaque,
    seconds: shared.seconds,
  };
}

export class Interpreter implements Surroundings {
  readonly shared: Shared;
  readonly text: string;
  /** Path of the script that is run; null for the command line itself. */
  readonly script: string | null;
  readonly variables: Map<string, Value>;
  readonly functions: Map<string, CommandNode | CompoundList> = new Map();
  /** `$0` and what follows. */
  arguments: readonly Value[];
  /** `exit` or `return` was called. */
  leaving: "exit" | "return" | "break" | "continue" | null = null;
  /** `set -e`. */
  stopOnError = false;
  last: Status = 0;
  readonly #depth: number;
  /** Functions inside each other. */
  #calls = 0;

  constructor(
    shared: Shared,
    text: string,
    script: string | null,
    variables: Map<string, Value>,
    positional: readonly Value[],
    depth: number,
  ) {
    this.shared = shared;
    this.text = text;
    this.script = script;
    this.variables = variables;
    this.arguments = positional;
    this.#depth = depth;
  }

  get machine(): Machine {
    return this.shared.machine;
  }

  runText(streams: Streams): Status {
    const script = parseShell(this.text);
    const error = script.errors?.[0];
    if (error !== undefined) {
      // A shell reads a whole command before it runs it: of a line that does not parse nothing happens.
      streams.errors.addText(`sh: syntax error: ${error.message}\n`);
      this.opaque({ start: 0, end: this.text.length }, "", `the shell does not read it: ${error.message}`);
      return 2;
    }
    return this.runScript(script, streams);
  }

  runScript(script: Script | CompoundList, streams: Streams): Status {
    let status: Status = 0;
    for (const statement of script.commands) {
      status = this.#statement(statement, streams);
      this.last = status;
      if (this.leaving !== null) return this.last;
      if (this.stopOnError && status !== 0 && status !== null) {
        this.leaving = "exit";
        return status;
      }
    }
    return status;
  }

  /** Runs another text in the same shell (`eval`, `.`), or in a new one (`sh -c`, a script). */
  runOther(
    text: string,
    streams: Streams,
    how: { readonly script: string | null; readonly inside: boolean; readonly positional?: readonly Value[] },
  ): Status {
    if (this.#depth >= MAX_DEPTH) return this.opaque(NO_SPAN, "", "scripts call each other too deep");
    const variables = how.inside ? this.variables : new Map(this.variables);
    const positional = how.positional ?? this.arguments;
    const other = new Interpreter(this.shared, text, how.script, variables, positional, this.#depth + 1);
    if (how.inside) for (const [name, body] of this.functions) other.functions.set(name, body);
    const status = other.runText(streams);
    if (how.inside && other.leaving === "exit") this.leaving = "exit";
    return status;
  }

  /** Reports something unknown; its outcome is unknown too. */
  opaque(span: Span, program: string, reason: string): null {
    const { opaque } = this.shared;
    const text = this.text.slice(span.start, span.end);
    const known = opaque.some(
      (other) => other.reason === reason && other.text === text && other.script === this.script,
    );
    if (!known) opaque.push({ span, script: this.script, text, program, reason });
    return null;
  }

  // What expansion asks.

  parameter(name: string): Value | null {
    if (name === "?") return this.last === null ? plain("$?", false) : plain(`${this.last}`);
    if (name === "#") return plain(`${this.arguments.length - 1}`);
    if (name === "$" || name === "!") return plain(`$${name}`, false);
    if (name === "RANDOM" || name === "SECONDS") return plain(`$${name}`, false);
    if (/^\d+$/.test(name)) return this.arguments[Number(name)] ?? null;
    return this.variables.get(name) ?? null;
  }

  assign(name: string, value: Value): void {
    this.variables.set(name, value);
  }

  positional(): readonly Value[] {
    return this.arguments.slice(1);
  }

  substitute(script: ParsedScript | undefined, text: string): Value {
    if (script === undefined || script.errors?.[0] !== undefined) return plain(text, false);
    const inner = this.#sub(script.source ?? this.text);
    const output = new Sink();
    const status =
      inner === null ? null : inner.runScript(script, { input: new Input(NOTHING), output, errors: new Sink() });
    this.last = status;
    if (inner === null) return plain(text, false);
    const { text: all, known, offsets } = output.value;
    const end = all.replace(/\n+$/, "").length;
    return known ? { text: all.slice(0, end), known, offsets: offsets.slice(0, end) } : plain(text, false);
  }

  /** A shell of its own, with what this one knows. */
  #sub(text: string): Interpreter | null {
    if (this.#depth >= MAX_DEPTH) return null;
    const inner = new Interpreter(
      this.shared,
      text,
      this.script,
      new Map(this.variables),
      this.arguments,
      this.#depth + 1,
    );
    for (const [name, body] of this.functions) inner.functions.set(name, body);
    inner.last = this.last;
    return inner;
  }

  // Lists, pipelines, compound commands.

  #statement(statement: Statement, streams: Streams): Status {
    const status = this.#node(statement.command, streams);
    return statement.background === true ? 0 : status;
  }

  #node(node: AndOr | PipelineNode, streams: Streams): Status {
    switch (node.type) {
      case "AndOr":
        return this.#andOr(node, streams);
      case "Pipeline":
        return this.#pipeline(node, streams);
      default:
        return this.#command(node, streams);
    }
  }

  #andOr(node: AndOr, streams: Streams): Status {
    let status = this.#node(node.commands[0] as PipelineNode, streams);
    this.last = status;
    for (let i = 1; i < node.commands.length && this.leaving === null; i++) {
      const next = node.commands[i] as PipelineNode;
      if (status === null) {
        const before = (node.commands[i - 1] as PipelineNode).end;
        const first = this.text.slice(node.pos, before);
        this.opaque(spanOf(next), "", `whether it runs depends on \`${first}\``);
        continue;
      }
      if ((status === 0) === (node.operators[i - 1] === "&&")) {
        status = this.#node(next, streams);
        this.last = status;
      }
    }
    return status;
  }

  #pipeline(node: Pipeline, streams: Streams): Status {
    let status: Status = 0;
    let input = streams.input;
    for (let i = 0; i < node.commands.length; i++) {
      const isLast = i === node.commands.length - 1;
      const output = isLast ? streams.output : new Sink();
      // Each part but a single command is a shell of its own.
      const shell = node.commands.length === 1 ? this : this.#sub(this.text);
      if (shell === null) return this.opaque(spanOf(node), "", "substitutions nest too deep");
      status = shell.#command(node.commands[i] as CommandNode, { input, output, errors: streams.errors });
      if (!isLast) input = new Input(output.value);
    }
    if (!node.prefixes.some(({ type }) => type === "Negation")) return status;
    return status === null ? null : status === 0 ? 1 : 0;
  }

  #command(node: CommandNode | CompoundList, streams: Streams): Status {
    if (++this.shared.commands > MAX_COMMANDS) {
      this.leaving = "exit";
      return this.opaque(spanOf(node), "", "it runs for longer than anybody would wait");
    }
    switch (node.type) {
      case "Command":
        return this.#simple(node, streams);
      case "CompoundList":
        return this.runScript(node, streams);
      case "BraceGroup":
        return this.runScript(node.body, streams);
      case "Subshell": {
        const inner = this.#sub(this.text);
        return inner === null ? null : inner.runScript(node.body, streams);
      }
      case "Redirected": {
        const redirected = redirect(this, node.redirects, streams);
        if (redirected === null) return 1;
        const status = this.#command(node.command, redirected.streams);
        redirected.finish();
        return status;
      }
      case "If":
        return this.#if(node, streams);
      case "For":
        return this.#for(node, streams);
      case "While":
        return this.#while(node, streams);
      case "Case":
        return this.#case(node, streams);
      case "Function":
        this.functions.set(node.name.value, node.body);
        return 0;
      default:
        return this.opaque(spanOf(node), "", "this part of the shell's language is not simulated");
    }
  }

  #if(node: If, streams: Streams): Status {
    for (const { clause, then } of [node, ...node.elif]) {
      const test = this.runScript(clause, streams);
      if (this.leaving !== null) return this.last;
      if (test === null) {
        const condition = this.text.slice(clause.pos, clause.end);
        return this.opaque(spanOf(node), "", `which part runs depends on \`${condition}\``);
      }
      if (test === 0) return this.runScript(then, streams);
    }
    return node.else === undefined ? 0 : this.runScript(node.else, streams);
  }

  #for(node: For, streams: Streams): Status {
    const words = node.wordlist?.flatMap((word) => expandWord(word, this)) ?? this.positional();
    if (words.some(({ known }) => !known)) {
      return this.opaque(spanOf(node), "", "what it runs for is not known");
    }
    let status: Status = 0;
    for (const word of words) {
      this.assign(node.name.value, word);
      status = this.runScript(node.body, streams);
      if (this.#leavesLoop()) break;
    }
    return status;
  }

  #while(node: While, streams: Streams): Status {
    let status: Status = 0;
    for (;;) {
      const test = this.runScript(node.clause, streams);
      if (this.leaving !== null) return this.last;
      if (test === null) return this.opaque(spanOf(node), "", "how often it runs is not known");
      if ((test === 0) !== (node.kind === "while")) return status;
      status = this.runScript(node.body, streams);
      if (this.#leavesLoop()) return status;
    }
  }

  #leavesLoop(): boolean {
    const { leaving } = this;
    if (leaving === "break" || leaving === "continue") this.leaving = null;
    return leaving !== null && leaving !== "continue";
  }

  #case(node: Case, streams: Streams): Status {
    const word = expandWhole(node.word, this);
    if (!word.known) return this.opaque(spanOf(node), "", `which part runs depends on \`${node.word.text}\``);
    for (const item of node.items) {
      const patterns = item.pattern.map((each) => expandPattern(each, this));
      if (patterns.some(({ known }) => !known)) return this.opaque(spanOf(node), "", "a pattern is not known");
      if (patterns.some(({ text }) => matches(pattern(text), word.text))) return this.runScript(item.body, streams);
    }
    return 0;
  }

  #simple(node: Command, streams: Streams): Status {
    const words: Value[] = [];
    const written: Word[] = [];
    if (node.name !== undefined) written.push(node.name);
    for (const each of node.suffix) {
      if (each.type === "Word") written.push(each);
      else if (each.type === "Assignment") words.push(plain(each.text));
    }
    const expanded = written.flatMap((word) => expandWord(word, this));
    // Assignments after the name are words like others; their order among them decides nothing here.
    words.unshift(...expanded);
    const redirects = [...node.prefix, ...node.suffix].filter(isRedirection);
    const assignments = node.prefix.filter((each): each is Assignment => each.type === "Assignment");
    if (words.length === 0) {
      this.last = 0;
      for (const assignment of assignments) this.#assign(assignment);
      const opened = redirect(this, redirects, streams);
      opened?.finish();
      return opened === null ? 1 : this.last;
    }
    const saved = assignments.map(({ name }) => [name, this.variables.get(name)] as const);
    for (const assignment of assignments) this.#assign(assignment);
    const redirected = redirect(this, redirects, streams);
    if (redirected === null) return 1;
    const status = this.call(words, spanOf(node), redirected.streams);
    redirected.finish();
    for (const [name, value] of saved) {
      if (value === undefined) this.variables.delete(name);
      else this.variables.set(name, value);
    }
    return status;
  }

  #assign(assignment: Assignment): void {
    const { value } = assignment;
    if (value.type === "ArrayValue" || assignment.index !== undefined)
      this.assign(assignment.name, plain(assignment.text, false));
    else this.assign(assignment.name, expandWhole(value, this));
  }

  /** Runs a command whose words are expanded. */
  call(words: readonly Value[], span: Span, streams: Streams): Status {
    const name = words[0] as Value;
    if (!name.known) return this.opaque(span, "", `the name of the program is not known: \`${name.text}\``);
    const body = this.functions.get(name.text);
    if (body !== undefined) return this.#function(body, words, streams);
    return findCommand(name.text)({ shell: this, words, span, streams });
  }

  #function(body: CommandNode | CompoundList, words: readonly Value[], streams: Streams): Status {
    const before = this.arguments;
    if (++this.shared.commands > MAX_COMMANDS || this.#calls >= MAX_DEPTH) {
      return this.opaque(spanOf(body), "", "functions call each other too deep");
    }
    this.#calls++;
    this.arguments = words;
    const status = this.#command(body, streams);
    this.arguments = before;
    this.#calls--;
    if (this.leaving !== "return") return status;
    this.leaving = null;
    return this.last;
  }
}

const NO_SPAN: Span = { start: 0, end: 0 };

function spanOf(node: { readonly pos: number; readonly end: number }): Span {
  return { start: node.pos, end: node.end };
}

function isRedirection<T extends { readonly type: string }>(
  each: T,
): each is Extract<T, { readonly type: "Redirect" | "HereDoc" | "HereString" }> {
  return each.type === "Redirect" || each.type === "HereDoc" || each.type === "HereString";
}
