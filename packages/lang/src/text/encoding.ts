import { type Diagnostic, diagnostic, type Source } from "@pierhead/core";

/**
 * What an editor of another system leaves in a file and BSD tools choke on: CR before the line end becomes part of
 * the last word, a byte order mark part of the first.
 */
export function checkEncoding(source: Source): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { text } = source;
  if (text.charCodeAt(0) === 0xfeff) {
    const span = { start: 0, end: 1 };
    found.push(
      diagnostic(
        "encoding/byte-order-mark",
        "warning",
        "The file starts with a byte order mark, which becomes part of its first word; remove it.",
        source,
        span,
        { fix: { title: "remove the byte order mark", edits: [{ source, span, text: "" }] } },
      ),
    );
  }
  const first = text.indexOf("\r\n");
  if (first !== -1) {
    const edits = [];
    for (let i = first; i !== -1; i = text.indexOf("\r\n", i + 2)) {
      edits.push({ source, span: { start: i, end: i + 1 }, text: "" });
    }
    found.push(
      diagnostic(
        "encoding/carriage-return",
        "warning",
        "Lines end in CR LF; the system takes the CR as part of the last word of the line. Write the file with LF.",
        source,
        { start: first, end: first + 2 },
        { fix: { title: "end lines with LF", edits } },
      ),
    );
  }
  const nul = text.indexOf("\0");
  if (nul !== -1) {
    found.push(
      diagnostic("encoding/nul", "warning", "The file holds a NUL character; it is not a text file.", source, {
        start: nul,
        end: nul + 1,
      }),
    );
  }
  found.push(...checkOddBlanks(source));
  return found;
}

/** Blanks of word processors and web pages: none of the tools takes them for a blank. */
export function checkOddBlanks(source: Source): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { text } = source;
  const blanks = /[\u00a0\u2000-\u200b\u202f\u3000]+/g;
  for (let match = blanks.exec(text); match !== null; match = blanks.exec(text)) {
    const span = { start: match.index, end: match.index + match[0].length };
    const line = text.lastIndexOf("\n", match.index) + 1;
    if (text.slice(line, match.index).includes("#")) continue;
    found.push(
      diagnostic(
        "encoding/odd-blank",
        "warning",
        "This looks like a blank and is none (a no-break space, as web pages have): it is part of the words around it.",
        source,
        span,
        { fix: { title: "write a blank", edits: [{ source, span, text: " " }] } },
      ),
    );
    if (found.length === 20) break;
  }
  return found;
}
