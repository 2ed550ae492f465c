import pc from "picocolors";

/** Colours for a stream: real ones on a terminal that wants them, none elsewhere. */
export type Colors = ReturnType<typeof pc.createColors>;

export function colorsFor(stream: { readonly isTTY?: boolean }): Colors {
  const wanted = stream.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb";
  return pc.createColors(wanted || process.env.FORCE_COLOR !== undefined);
}

/** Columns of the terminal, 100 where there is none. */
export function terminalWidth(): number {
  return process.stdout.columns ?? 100;
}

/**
 * Text from a file made safe for a terminal: control characters other than tab become their caret or hexadecimal
 * form, so that a hostile file cannot move the cursor or change the title.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being looked for
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 32 ? `^${String.fromCharCode(code + 64)}` : `\\x${code.toString(16)}`;
  });
}

/** Words wrapped to `width` columns, every line but the first indented. */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join(`\n${indent}`);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
