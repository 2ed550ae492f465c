/** What stands between two words of a file: blanks, comments, line ends, lines joined by a backslash. */

export type GapPiece =
  | { readonly kind: "comment"; readonly text: string; readonly blanks: string }
  /** A line end that counts. */
  | { readonly kind: "newline" }
  /** A backslash before the line end. */
  | { readonly kind: "joined" };

/** Cuts a gap into pieces. @returns null when it holds anything else, which must stay as it is */
export function readGap(text: string): GapPiece[] | null {
  const pieces: GapPiece[] = [];
  let blanks = "";
  let i = 0;
  while (i < text.length) {
    const character = text[i] as string;
    if (character === " " || character === "\t") {
      blanks += character;
      i++;
    } else if (character === "\n" || (character === "\r" && text[i + 1] === "\n")) {
      pieces.push({ kind: "newline" });
      i += character === "\r" ? 2 : 1;
      blanks = "";
    } else if (character === "\\" && /^\\\r?\n/.test(text.slice(i, i + 3))) {
      pieces.push({ kind: "joined" });
      i += text[i + 1] === "\r" ? 3 : 2;
      blanks = "";
    } else if (character === "#") {
      // A backslash at the end carries the comment on to the next line.
      let end = i;
      for (;;) {
        const newline = text.indexOf("\n", end);
        if (newline === -1) {
          end = text.length;
          break;
        }
        end = newline;
        const before = text[newline - 1] === "\r" ? newline - 2 : newline - 1;
        if (text[before] !== "\\" || before < i) break;
        end = newline + 1;
      }
      if (text[end - 1] === "\r" && end > i) end--;
      const comment = text.slice(i, end).replaceAll("\r\n", "\n").trimEnd();
      if (comment.endsWith("\\")) return null;
      pieces.push({ kind: "comment", text: comment, blanks });
      blanks = "";
      i = Math.max(end, i + 1);
    } else return null;
  }
  return pieces;
}

/** How a gap is written. */
export interface GapStyle {
  /** Indent of comment lines in it. */
  readonly commentIndent: string;
  /** Indent of what follows it. */
  readonly nextIndent: string;
  /** At the start of the file no blank line is kept; at its end neither. */
  readonly first: boolean;
  readonly last: boolean;
}

/** Writes a gap that holds line ends: comments stay, of several blank lines one is left. */
export function writeGap(pieces: readonly GapPiece[], style: GapStyle): string {
  const out: string[] = [];
  let atLineStart = style.first;
  let blankLines = 0;
  let wrote = false;
  for (const piece of pieces) {
    if (piece.kind === "comment") {
      if (atLineStart) {
        if (blankLines > 0 && wrote) out.push("\n");
        out.push(style.commentIndent, piece.text);
      } else out.push(piece.blanks === "" ? " " : piece.blanks, piece.text);
      blankLines = 0;
      atLineStart = false;
      wrote = true;
    } else if (piece.kind === "newline") {
      if (atLineStart) blankLines++;
      else {
        out.push("\n");
        wrote = true;
      }
      atLineStart = true;
    } else {
      out.push(atLineStart ? "" : " \\\n");
      atLineStart = true;
    }
    if (!style.first && piece.kind !== "comment") wrote = true;
  }
  if (style.last) return out.join("");
  if (blankLines > 0 && wrote) out.push("\n");
  if (atLineStart) out.push(style.nextIndent);
  return out.join("");
}
