/** Programs that change files: what pfctl and scripts read later. */
import type { Call, CommandFunction, Status } from "./call.ts";
import { inputOf, readFile } from "./redirect.ts";
import type { Value } from "./values.ts";

function operands(call: Call): Value[] {
  return call.words.slice(1).filter(({ text }) => text === "-" || !text.startsWith("-"));
}

function write(call: Call, path: string, text: string | null): void {
  const { shell, span } = call;
  if (text === null) shell.machine.files.delete(path);
  else shell.machine.files.set(path, text);
  shell.shared.effects.push({ kind: "file", path, text, span, script: shell.script, exit: 0 });
}

/** cp, mv, ln, install: the last word is the target, or a folder. */
const copy =
  (removes: boolean): CommandFunction =>
  (call) => {
    const words = operands(call);
    const target = words.pop();
    if (target === undefined || words.length === 0) return 1;
    if (!target.known) return call.shell.opaque(call.span, "", `which file it writes is not known: \`${target.text}\``);
    const intoFolder = words.length > 1 || target.text.endsWith("/") || isFolder(call, target.text);
    let status: Status = 0;
    for (const word of words) {
      const base = word.text.slice(word.text.lastIndexOf("/") + 1);
      const path = intoFolder ? `${target.text.replace(/\/$/, "")}/${base}` : target.text;
      const text = readFile(call.shell, word);
      if (text === null) {
        call.streams.errors.addText(`${(call.words[0] as Value).text}: ${word.text}: No such file or directory\n`);
        status = 1;
      } else if (!text.known) {
        status = call.shell.opaque(call.span, "", `what is in \`${word.text}\` is not known`);
      } else {
        write(call, path, text.text);
        if (removes) write(call, word.text, null);
      }
    }
    return status;
  };

function isFolder(call: Call, path: string): boolean {
  for (const name of call.shell.machine.files.keys()) if (name.startsWith(`${path}/`)) return true;
  return false;
}

const remove: CommandFunction = (call) => {
  const quiet = call.words.some(({ text }) => /^-[a-zA-Z]*f/.test(text));
  let status: Status = 0;
  for (const { text, known } of operands(call)) {
    if (!known) status = call.shell.opaque(call.span, "rm", `which file goes is not known: \`${text}\``);
    else if (call.shell.machine.files.has(text)) write(call, text, null);
    else if (!quiet) status = 1;
  }
  return status;
};

const touch: CommandFunction = (call) => {
  for (const { text, known } of operands(call)) {
    if (known && !call.shell.machine.files.has(text)) write(call, text, "");
  }
  return 0;
};

const tee: CommandFunction = (call) => {
  const input = call.streams.input.rest();
  call.streams.output.add(input);
  const append = call.words.some(({ text }) => text === "-a");
  for (const { text, known } of operands(call)) {
    if (!known || !input.known) return call.shell.opaque(call.span, "tee", "what it writes is not known");
    if (text.startsWith("/dev/")) continue;
    write(call, text, (append ? (call.shell.machine.files.get(text) ?? "") : "") + input.text);
  }
  return 0;
};

const cat: CommandFunction = (call) => {
  const paths = operands(call);
  const missing = paths.some((path) => path.text !== "-" && readFile(call.shell, path) === null);
  call.streams.output.add(inputOf(call, paths));
  return missing ? 1 : 0;
};

const nothing: CommandFunction = () => 0;

export const fileCommands: readonly (readonly [string, CommandFunction])[] = [
  ["cat", cat],
  ["cp", copy(false)],
  ["install", copy(false)],
  ["ln", copy(false)],
  ["mv", copy(true)],
  ["rm", remove],
  ["tee", tee],
  ["touch", touch],
  ["mkdir", nothing],
  ["chmod", nothing],
  ["chown", nothing],
  ["chgrp", nothing],
];
