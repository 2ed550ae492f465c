/** Which program is simulated by what. A program that is not here is opaque. */
import { builtins } from "./builtins.ts";
import { type Call, type CommandFunction, isShellScript, type Status } from "./call.ts";
import { fileCommands } from "./file-commands.ts";
import { networkCommands } from "./network-commands.ts";
import { runTest } from "./test-command.ts";
import { textCommands } from "./text-commands.ts";
import type { Value } from "./values.ts";

/** Folders whose programs are called by their last name. */
const FOLDERS = /^\/(?:usr\/(?:local\/)?)?s?bin\//;

let commands: ReadonlyMap<string, CommandFunction> | null = null;

export function findCommand(name: string): CommandFunction {
  commands ??= new Map<string, CommandFunction>([
    ...builtins,
    ...networkCommands,
    ...textCommands,
    ...fileCommands,
    ["test", runTest],
    ["[", runTest],
  ]);
  return commands.get(name.replace(FOLDERS, "")) ?? other;
}

/** Whether the shell does by itself what a program of this name does. */
export function isSimulated(name: string): boolean {
  return findCommand(name) !== other;
}

/** A script of the machine, or a program nobody simulates. */
function other(call: Call): Status {
  const { shell, words, span, streams } = call;
  const name = (words[0] as Value).text;
  const script = shell.machine.files.get(name);
  if (script !== undefined && name.includes("/")) {
    if (isShellScript(script))
      return shell.runOther(script, streams, { script: name, inside: false, positional: words });
    return shell.opaque(span, name, "the script is not one of sh(1)");
  }
  const program = name.slice(name.lastIndexOf("/") + 1);
  const known = words.every((word) => word.known);
  const status = known ? shell.shared.outcome([program, ...words.slice(1).map(({ text }) => text)]) : null;
  // What it prints is not known, whether or not its outcome is.
  streams.output.add({ text: "", known: false, offsets: [] });
  if (status !== null) return status;
  return shell.opaque(span, program, REASONS.get(program) ?? `what \`${program}\` does is not known`);
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ping", "its outcome depends on the network"],
  ["ping6", "its outcome depends on the network"],
  ["nc", "its outcome depends on the network"],
  ["curl", "its outcome depends on the network"],
  ["ftp", "its outcome depends on the network"],
  ["dhclient", "the addresses and routes it gets are not known"],
  ["dhcpleasectl", "the addresses and routes it gets are not known"],
  ["netstart", "what it sets up is not known here"],
]);
