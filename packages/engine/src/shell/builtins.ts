/** What the shell itself does, and the little programs around it. */
import { type Call, type CommandFunction, isShellScript, type Status } from "./call.ts";
import { readFile } from "./redirect.ts";
import { join, NOTHING, plain, slice, type Value } from "./values.ts";

const succeed: CommandFunction = () => 0;

function texts(call: Call): string[] {
  return call.words.map(({ text }) => text);
}

/** Status from an argument: `exit 3`. */
function statusArgument(call: Call): Status {
  const word = call.words[1];
  if (word === undefined) return call.shell.last;
  return word.known && /^\d+$/.test(word.text) ? Number(word.text) & 255 : null;
}

const leave =
  (how: "exit" | "return"): CommandFunction =>
  (call) => {
    call.shell.last = statusArgument(call);
    call.shell.leaving = how;
    return call.shell.last;
  };

const loop =
  (how: "break" | "continue"): CommandFunction =>
  ({ shell }) => {
    shell.leaving = how;
    return 0;
  };

/** `export`, `readonly`, `local`: the assignments among their words. */
const declare: CommandFunction = ({ shell, words }) => {
  for (const word of words.slice(1)) {
    const equals = word.text.indexOf("=");
    if (equals > 0) shell.assign(word.text.slice(0, equals), slice(word, equals + 1));
  }
  return 0;
};

const set: CommandFunction = ({ shell, words }) => {
  let at = 1;
  for (; at < words.length; at++) {
    const { text } = words[at] as Value;
    if (text === "--") {
      at++;
      break;
    }
    if (!/^[-+]/.test(text)) break;
    if (text.slice(1).includes("e")) shell.stopOnError = text.startsWith("-");
    if (text === "-o" || text === "+o") at++;
  }
  if (at < words.length || words.some(({ text }) => text === "--")) {
    shell.arguments = [shell.arguments[0] ?? plain("sh"), ...words.slice(at)];
  }
  return 0;
};

const shift: CommandFunction = ({ shell, words }) => {
  const count = Number(words[1]?.text ?? 1);
  shell.arguments = [shell.arguments[0] ?? plain("sh"), ...shell.arguments.slice(1 + count)];
  return 0;
};

const unset: CommandFunction = ({ shell, words }) => {
  for (const { text } of words.slice(1)) shell.variables.delete(text);
  return 0;
};

const evaluate: CommandFunction = (call) => {
  const text = join(call.words.slice(1), " ");
  if (!text.known) return call.shell.opaque(call.span, "eval", "what it evaluates is not known");
  return call.shell.runOther(text.text, call.streams, { script: call.shell.script, inside: true });
};

const source: CommandFunction = (call) => {
  const path = call.words[1];
  const text = path === undefined ? null : readFile(call.shell, path);
  if (text === null || path === undefined) return 1;
  if (!text.known) return call.shell.opaque(call.span, ".", `what is in \`${path.text}\` is not known`);
  return call.shell.runOther(text.text, call.streams, { script: path.text, inside: true });
};

/** `sh -c TEXT [name arguments]`, `sh FILE arguments`, `sh` reading its input. */
const sh: CommandFunction = (call) => {
  const { shell, words, span, streams } = call;
  let at = 1;
  let command = false;
  while (words[at] !== undefined && /^[-+]./.test((words[at] as Value).text)) {
    const { text } = words[at] as Value;
    at++;
    if (text === "--") break;
    if (text.startsWith("-") && text.includes("c")) command = true;
  }
  const first = words[at];
  if (command) {
    if (first === undefined) return 2;
    if (!first.known) return shell.opaque(span, "sh", "the command is not known");
    const positional = words.length > at + 1 ? words.slice(at + 1) : [plain("sh")];
    return shell.runOther(first.text, streams, { script: shell.script, inside: false, positional });
  }
  if (first === undefined) {
    const text = streams.input.rest();
    if (!text.known) return shell.opaque(span, "sh", "the commands it reads are not known");
    return shell.runOther(text.text, streams, { script: shell.script, inside: false });
  }
  const text = readFile(shell, first);
  if (text === null) {
    streams.errors.addText(`sh: ${first.text}: No such file or directory\n`);
    return 127;
  }
  if (!text.known) return shell.opaque(span, "sh", `what is in \`${first.text}\` is not known`);
  if (!isShellScript(text.text)) return shell.opaque(span, "sh", "the script is not one of sh(1)");
  return shell.runOther(text.text, streams, { script: first.text, inside: false, positional: words.slice(at) });
};

/** Programs that run another: everything up to the first word that is neither an option nor an assignment goes. */
const wrapper =
  (valued: string): CommandFunction =>
  (call) => {
    let at = 1;
    for (; at < call.words.length; at++) {
      const { text } = call.words[at] as Value;
      if (text === "--") {
        at++;
        break;
      }
      if (/^-.$/.test(text) && valued.includes(text.charAt(1))) at++;
      else if (!text.startsWith("-") && !/^\w+=/.test(text)) break;
    }
    const words = call.words.slice(at);
    return words.length === 0 ? 0 : call.shell.call(words, call.span, call.streams);
  };

/** `timeout 5 ping …`: the duration goes too. */
const timeout: CommandFunction = (call) => {
  let at = 1;
  while (call.words[at]?.text.startsWith("-") === true) at++;
  const words = call.words.slice(at + 1);
  return words.length === 0 ? 125 : call.shell.call(words, call.span, call.streams);
};

const echo: CommandFunction = (call) => {
  const { shell, streams } = call;
  let words = call.words.slice(1);
  let newline = true;
  // OpenBSD's ksh interprets backslashes unless told not to; the others only with -e.
  let escapes = shell.machine.system.family === "openbsd";
  while (/^-[neE]+$/.test(words[0]?.text ?? "")) {
    const option = (words[0] as Value).text;
    if (option.includes("n")) newline = false;
    if (option.includes("e")) escapes = true;
    if (option.includes("E")) escapes = false;
    words = words.slice(1);
  }
  const text = join(words, " ");
  const done = escapes && text.text.includes("\\") ? unescaped(text) : { value: text, stop: false };
  streams.output.add(done.value);
  if (newline && !done.stop) streams.output.addText("\n");
  return 0;
};

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
  ["\\", "\\"],
]);

/** Backslash escapes of echo and printf; `\c` stops the output. */
function unescaped(value: Value): { readonly value: Value; readonly stop: boolean } {
  const text: string[] = [];
  const offsets: number[] = [];
  for (let i = 0; i < value.text.length; i++) {
    let character = value.text[i] as string;
    const offset = value.offsets[i] ?? -1;
    if (character === "\\" && i + 1 < value.text.length) {
      const next = value.text[i + 1] as string;
      const octal = /^\\0?([0-7]{1,3})/.exec(value.text.slice(i, i + 5));
      if (next === "c") return { value: { text: text.join(""), known: value.known, offsets }, stop: true };
      if (octal !== null) {
        character = String.fromCharCode(Number.parseInt(octal[1] as string, 8));
        i += octal[0].length - 1;
      } else if (ESCAPES.has(next)) {
        character = ESCAPES.get(next) as string;
        i++;
      }
    }
    text.push(character);
    offsets.push(offset);
  }
  return { value: { text: text.join(""), known: value.known, offsets }, stop: false };
}

/** printf(1) with %s, %d, %i, %u, %c, %b and %%; the format is used again while there are arguments. */
const printf: CommandFunction = ({ words, streams }) => {
  const format = words[1];
  if (format === undefined) return 1;
  const operands = words.slice(2);
  const pieces = unescaped(format).value;
  let at = 0;
  do {
    const before = at;
    let i = 0;
    const { text } = pieces;
    while (i < text.length) {
      const percent = text.indexOf("%", i);
      const end = percent === -1 ? text.length : percent;
      streams.output.add(slice(pieces, i, end));
      if (percent === -1) break;
      const directive = /^%([-+ #0]*)(\d*)(?:\.\d+)?([sdiucbx%])/.exec(text.slice(percent));
      if (directive === null) {
        streams.output.addText("%");
        i = percent + 1;
        continue;
      }
      i = percent + directive[0].length;
      if (directive[3] === "%") streams.output.addText("%");
      else {
        const operand = operands[at++] ?? (directive[3] === "s" || directive[3] === "b" ? NOTHING : plain("0"));
        const shown = directive[3] === "b" ? unescaped(operand).value : operand;
        const width = Number(directive[2] === "" ? 0 : directive[2]) - shown.text.length;
        const padding = plain(" ".repeat(Math.max(0, Math.min(width, 1000))));
        const left = directive[1]?.includes("-") === true;
        streams.output.add(left ? join([shown, padding]) : join([padding, shown]));
      }
    }
    if (at === before) break;
  } while (at < operands.length);
  return 0;
};

/** `read name…`: one line of the input, split at blanks; the last name takes the rest. */
const read: CommandFunction = ({ shell, words, streams }) => {
  const names = words.slice(1).filter(({ text }) => !text.startsWith("-"));
  const line = streams.input.line();
  if (!streams.input.known) {
    for (const { text } of names) shell.assign(text, plain(`$${text}`, false));
    return null;
  }
  const fields = (line ?? NOTHING).text.trim().split(/[ \t]+/);
  names.forEach(({ text }, i) => {
    shell.assign(text, plain(i === names.length - 1 ? fields.slice(i).join(" ") : (fields[i] ?? "")));
  });
  return line === null ? 1 : 0;
};

/** Messages for people; where they go changes nothing for packets. */
const message =
  (valued: string): CommandFunction =>
  (call) => {
    const { shell, span, streams } = call;
    const words: Value[] = [];
    const rest = call.words.slice(1);
    for (let i = 0; i < rest.length; i++) {
      const word = rest[i] as Value;
      if (/^-.$/.test(word.text) && valued.includes(word.text.charAt(1))) i++;
      else if (!word.text.startsWith("-")) words.push(word);
    }
    const program = (call.words[0] as Value).text.replace(/^.*\//, "");
    const said = join(words, " ");
    const text = program === "logger" && words.length > 0 ? said : streams.input.rest();
    shell.shared.effects.push({
      kind: "message",
      program,
      text: text.text.trimEnd(),
      span,
      script: shell.script,
      exit: 0,
    });
    return 0;
  };

const sleep: CommandFunction = ({ shell, words, span }) => {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(words[1]?.text ?? "");
  if (match === null || words[1]?.known !== true) return shell.opaque(span, "sleep", "how long it sleeps is not known");
  const unit = { "": 1, s: 1, m: 60, h: 3600, d: 86400 }[match[2] as "" | "s" | "m" | "h" | "d"];
  const seconds = Number(match[1]) * unit;
  shell.shared.seconds += seconds;
  shell.shared.effects.push({ kind: "sleep", seconds, span, script: shell.script, exit: 0 });
  return 0;
};

/** Programs that print something we do not know, and do nothing else. */
const unknownOutput: CommandFunction = ({ words, streams }) => {
  streams.output.add(plain(`$(${words.map(({ text }) => text).join(" ")})`, false));
  return 0;
};

const uname: CommandFunction = (call) => {
  const { system } = call.shell.machine;
  const names = { openbsd: "OpenBSD", freebsd: "FreeBSD", netbsd: "NetBSD", macos: "Darwin", linux: "Linux" };
  const option = texts(call)[1] ?? "-s";
  if (option === "-s") call.streams.output.addText(`${names[system.family]}\n`);
  else if (option === "-r" && system.family === "openbsd")
    call.streams.output.addText(`${system.major}.${system.minor}\n`);
  else return unknownOutput(call);
  return 0;
};

export const builtins: readonly (readonly [string, CommandFunction])[] = [
  [":", succeed],
  ["true", succeed],
  ["false", () => 1],
  ["cd", succeed],
  ["umask", succeed],
  ["ulimit", succeed],
  ["trap", succeed],
  ["wait", succeed],
  ["exit", leave("exit")],
  ["return", leave("return")],
  ["break", loop("break")],
  ["continue", loop("continue")],
  ["export", declare],
  ["readonly", declare],
  ["local", declare],
  ["typeset", declare],
  ["set", set],
  ["shift", shift],
  ["unset", unset],
  ["eval", evaluate],
  [".", source],
  ["source", source],
  ["sh", sh],
  ["ksh", sh],
  ["exec", wrapper("a")],
  ["command", wrapper("")],
  ["env", wrapper("u")],
  ["nohup", wrapper("")],
  ["nice", wrapper("n")],
  ["time", wrapper("")],
  ["doas", wrapper("uC")],
  ["sudo", wrapper("ugCp")],
  ["timeout", timeout],
  ["echo", echo],
  ["print", echo],
  ["printf", printf],
  ["read", read],
  ["logger", message("tpfh")],
  ["mail", message("sbcr")],
  ["mailx", message("sbcr")],
  ["sendmail", message("Ffr")],
  ["wall", message("g")],
  ["sleep", sleep],
  ["date", unknownOutput],
  ["hostname", unknownOutput],
  ["id", unknownOutput],
  ["whoami", unknownOutput],
  ["uname", uname],
  ["sync", succeed],
];
