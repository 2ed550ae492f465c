/** Where a line of a built file comes from. */
import type { SitePath } from "../read/index.ts";
import type { BuiltFile, BuiltMachine, BuiltSite } from "./index.ts";

export interface Explanation {
  readonly machine: BuiltMachine;
  readonly file: BuiltFile;
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly from: readonly SitePath[];
}

/**
 * Explains a line.
 *
 * @param name machine and path, with anything in front: `out/edge/etc/pf.conf`
 * @returns a sentence when there is no such file or line
 */
export function explainLine(built: BuiltSite, name: string, line: number): Explanation | string {
  const wanted = `/${name.replace(/\\/g, "/")}`;
  for (const machine of built.machines) {
    const file = machine.files.find((one) => wanted.endsWith(`/${machine.name}${one.path}`));
    if (file === undefined) continue;
    const from = file.lines[line - 1];
    if (from === undefined) return `${machine.name}${file.path} has ${file.lines.length} lines`;
    return { machine, file, line, text: file.text.split("\n")[line - 1] ?? "", from };
  }
  const some = built.machines.flatMap((machine) => machine.files.map((file) => `${machine.name}${file.path}`));
  return `${name} is none of the files of this site; there is ${some.slice(0, 8).join(", ")}${some.length > 8 ? ", …" : ""}`;
}
