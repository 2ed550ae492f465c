/** Files that are lists of lines: no blanks at line ends, no more than one blank line, a line end at the end. */
import { textLines } from "../text/index.ts";

export interface LineStyle {
  /** Blanks at the start of a line go. */
  readonly flushLeft: boolean;
  /** Runs of blanks between words become one; only where the tool itself does not tell them apart. */
  readonly singleBlanks: boolean;
}

export function formatLines(text: string, style: LineStyle): string {
  const out: string[] = [];
  let blankLines = 0;
  let joined = false;
  for (const line of textLines(text)) {
    let content = text.slice(line.start, line.end);
    if (joined) {
      // What follows a backslash belongs to the line before, blanks included.
      out.push(content);
      joined = content.endsWith("\\");
      continue;
    }
    const trimmed = content.trimEnd();
    // A blank after a backslash keeps it from joining lines: it has to stay.
    if (!trimmed.endsWith("\\")) content = trimmed;
    if (content === "") {
      blankLines++;
      continue;
    }
    if (blankLines > 0 && out.length > 0) out.push("");
    blankLines = 0;
    const comment = /^[ \t]*#/.test(content);
    if (style.flushLeft) content = content.trimStart();
    if (style.singleBlanks && !comment && !/["'\\]/.test(content)) content = content.replace(/[ \t]+/g, " ");
    out.push(content);
    // In a comment a backslash joins lines for some tools only; both lines stay as they are then.
    joined = content.endsWith("\\");
  }
  return out.length === 0 ? "" : `${out.join("\n")}\n`;
}
