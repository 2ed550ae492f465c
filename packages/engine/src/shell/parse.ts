import { type ParsedScript, parse } from "unbash";

/** Reads shell text. What the reader itself cannot take, such as thousands of function heads in a row, is an error too. */
export function parseShell(text: string): ParsedScript {
  try {
    return parse(text);
  } catch {
    const errors = [{ message: "it is nested too deep", pos: 0 }];
    return { type: "Script", pos: 0, end: text.length, shebang: undefined, commands: [], errors };
  }
}
