import type { Source, Span } from "@pierhead/core";
import { isBlank, type Word } from "../text/index.ts";
import type { RcConf, ValuePart } from "./tree.ts";

/** The value of a variable after all files were read. */
export interface RcVariable {
  readonly name: string;
  readonly value: string;
  /** The value cut at blanks, each word with the place it comes from. */
  readonly words: readonly Word[];
  readonly source: Source;
  readonly nameSpan: Span;
  readonly valueSpan: Span;
  /** The shell computes a part of it: the value is not to be relied on. */
  readonly opaque: boolean;
}

interface Piece {
  readonly text: string;
  readonly span: Span;
  /** `text` is the file's own at `span`: offsets inside it carry over. */
  readonly exact: boolean;
}

/**
 * Runs the assignments of files one after another, as sourcing them does. A variable nobody set is empty.
 *
 * @param defaults values of /etc/defaults/rc.conf that matter
 */
export function evaluateRcConf(
  files: readonly RcConf[],
  defaults: ReadonlyMap<string, string> = new Map(),
): Map<string, RcVariable> {
  const variables = new Map<string, RcVariable>();
  for (const file of files) {
    for (const statement of file.statements) {
      if (statement.kind !== "assignment") continue;
      for (const assignment of statement.assignments) {
        const pieces: Piece[] = [];
        let opaque = false;
        for (const part of assignment.parts) {
          if (part.kind === "opaque") opaque = true;
          else if (part.kind === "text") pieces.push(literal(file.source, part));
          else {
            const { text, unknown } = expand(part, variables, defaults);
            if (unknown) opaque = true;
            pieces.push({ text, span: part.span, exact: false });
          }
        }
        variables.set(assignment.name, {
          name: assignment.name,
          value: pieces.map((piece) => piece.text).join(""),
          words: cut(pieces),
          source: file.source,
          nameSpan: assignment.nameSpan,
          valueSpan: assignment.valueSpan,
          opaque,
        });
      }
    }
  }
  return variables;
}

function literal(source: Source, part: Extract<ValuePart, { kind: "text" }>): Piece {
  const exact = source.text.slice(part.span.start, part.span.end) === part.text;
  return { text: part.text, span: part.span, exact };
}

function expand(
  part: Extract<ValuePart, { kind: "variable" }>,
  variables: ReadonlyMap<string, RcVariable>,
  defaults: ReadonlyMap<string, string>,
): { text: string; unknown: boolean } {
  const variable = variables.get(part.name);
  const value = variable?.value ?? defaults.get(part.name);
  const unknown = variable?.opaque === true;
  const set = value !== undefined && (value !== "" || part.operator?.startsWith(":") !== true);
  if (part.operator === ":+" || part.operator === "+") return { text: set ? part.fallback : "", unknown };
  if (set || part.operator === null) return { text: value ?? "", unknown };
  return { text: part.fallback, unknown };
}

function cut(pieces: readonly Piece[]): Word[] {
  const words: Word[] = [];
  let text: string[] = [];
  let start = -1;
  let end = -1;
  const finish = (): void => {
    if (start !== -1) words.push({ text: text.join(""), span: { start, end } });
    text = [];
    start = -1;
  };
  for (const piece of pieces) {
    for (let i = 0; i < piece.text.length; i++) {
      const code = piece.text.charCodeAt(i);
      if (isBlank(code) || code === 10 || code === 13) {
        finish();
        continue;
      }
      const from = piece.exact ? piece.span.start + i : piece.span.start;
      const to = piece.exact ? from + 1 : piece.span.end;
      if (start === -1) {
        start = from;
        end = to;
      } else if (to > end) end = to;
      text.push(piece.text[i] as string);
    }
  }
  finish();
  return words;
}

/** `checkyesno` of rc.subr(8). @returns null when the value is neither */
export function yesNo(value: string): boolean | null {
  const lower = value.toLowerCase();
  if (lower === "yes" || lower === "true" || lower === "on" || lower === "1") return true;
  if (lower === "no" || lower === "false" || lower === "off" || lower === "0") return false;
  return null;
}
