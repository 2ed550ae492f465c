import { type ParsedScript, parse } from "unbash";

/** Commands are read again and again while links come and go; scripts are not mutable. */
const known = new Map<string, ParsedScript>();
const MOST_KNOWN = 500;

/** Reads shell text. What the reader itself cannot take, such as thousands of function heads in a row, is an error too. */
export function parseShell(text: string): ParsedScript {
  const found = known.get(text);
  if (found !== undefined) return found;
  const script = parseAnew(text);
  if (known.size >= MOST_KNOWN) known.clear();
  if (text.length < 4096) known.set(text, script);
  return script;
}

function parseAnew(text: string): ParsedScript {
  try {
    return parse(text);
  } catch {
    const errors = [{ message: "it is nested too deep", pos: 0 }];
    return { type: "Script", pos: 0, end: text.length, shebang: undefined, commands: [], errors };
  }
}
