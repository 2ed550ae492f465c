import type { Redirection } from "unbash";
import { expandParts, expandWhole } from "./expand.ts";
import type { Interpreter } from "./interpreter.ts";
import { Input, join, literal, NOTHING, plain, Sink, type Value } from "./values.ts";

/** Standard input, output and errors of a command. */
export interface Streams {
  readonly input: Input;
  readonly output: Sink;
  readonly errors: Sink;
}

/** Streams after redirection; `finish` writes the files that were opened for writing. */
export interface Redirected {
  readonly streams: Streams;
  readonly finish: () => void;
}

/** Applies redirections from left to right; null when one fails, the message is then on the errors. */
export function redirect(shell: Interpreter, list: readonly Redirection[], streams: Streams): Redirected | null {
  if (list.length === 0) return { streams, finish: () => {} };
  let input = streams.input;
  const outputs = new Map<number, Sink>([
    [1, streams.output],
    [2, streams.errors],
  ]);
  const files: {
    readonly path: string;
    readonly sink: Sink;
    readonly before: string;
    readonly span: { start: number; end: number };
  }[] = [];
  for (const each of list) {
    const span = { start: each.pos, end: each.end };
    if (each.type === "HereDoc") {
      const { body } = each;
      const text = body.parts === undefined ? literal(body.text, body.pos) : expandParts(body.parts, shell);
      input = new Input(each.operator === "<<-" ? withoutTabs(text) : text);
      continue;
    }
    const target = each.target === undefined ? NOTHING : expandWhole(each.target, shell);
    if (each.type === "HereString") {
      input = new Input(join([target, plain("\n")]));
      continue;
    }
    const number =
      each.descriptor?.type === "FileDescriptor" ? each.descriptor.value : each.operator.startsWith("<") ? 0 : 1;
    if (each.operator === ">&" || each.operator === "<&") {
      if (/^\d+$/.test(target.text)) {
        outputs.set(number, outputs.get(Number(target.text)) ?? new Sink());
        continue;
      }
      if (target.text === "-") {
        outputs.set(number, new Sink());
        continue;
      }
    }
    if (each.operator === "<" || each.operator === "<>") {
      const found = readFile(shell, target);
      if (found === null) {
        streams.errors.addText(`sh: cannot open ${target.text}: No such file or directory\n`);
        return null;
      }
      input = new Input(found);
      continue;
    }
    const sink = new Sink();
    if (target.text === "/dev/stderr") outputs.set(number, outputs.get(2) as Sink);
    else if (target.text === "/dev/stdout") outputs.set(number, outputs.get(1) as Sink);
    else {
      outputs.set(number, sink);
      if (each.operator.startsWith("&>") || each.operator === ">&") outputs.set(2, sink);
      if (!target.known) shell.opaque(span, "", `which file it writes is not known: \`${target.text}\``);
      else if (!target.text.startsWith("/dev/")) {
        const append = each.operator === ">>" || each.operator === "&>>";
        const before = append ? (shell.machine.files.get(target.text) ?? "") : "";
        files.push({ path: target.text, sink, before, span });
      }
    }
  }
  return {
    streams: { input, output: outputs.get(1) as Sink, errors: outputs.get(2) as Sink },
    finish: () => {
      for (const { path, sink, before, span } of files) {
        const { text, known } = sink.value;
        if (!known) {
          shell.opaque(span, "", `what is written to \`${path}\` is not known`);
          continue;
        }
        shell.machine.files.set(path, before + text);
        shell.shared.effects.push({ kind: "file", path, text: before + text, span, script: shell.script, exit: 0 });
      }
    },
  };
}

/** A file as a value: unknown where the machine keeps what nobody wrote down; null when it is not there. */
export function readFile(shell: Interpreter, path: Value): Value | null {
  if (!path.known) return plain(path.text, false);
  if (path.text === "/dev/null") return NOTHING;
  const text = shell.machine.files.get(path.text);
  if (text !== undefined) return plain(text);
  return /^\/(?:var|tmp|dev|proc|home|root|mnt)\//.test(path.text) ? plain(path.text, false) : null;
}

function withoutTabs(value: Value): Value {
  const text: string[] = [];
  const offsets: number[] = [];
  let start = true;
  for (let i = 0; i < value.text.length; i++) {
    const character = value.text[i] as string;
    if (start && character === "\t") continue;
    start = character === "\n";
    text.push(character);
    offsets.push(value.offsets[i] ?? -1);
  }
  return { text: text.join(""), known: value.known, offsets };
}

/** Used by commands that read their input or files. */
export function inputOf(
  call: { readonly shell: Interpreter; readonly words: readonly Value[]; readonly streams: Streams },
  paths: readonly Value[],
): Value {
  if (paths.length === 0) return call.streams.input.rest();
  const parts: Value[] = [];
  for (const path of paths) {
    const text = path.text === "-" ? call.streams.input.rest() : readFile(call.shell, path);
    if (text === null) {
      const program = (call.words[0] as Value).text;
      call.streams.errors.addText(`${program}: ${path.text}: No such file or directory\n`);
    } else parts.push(text);
  }
  return join(parts);
}
