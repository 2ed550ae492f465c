/** Names that a misspelt one was probably meant to be, with the fix that writes it. */
import type { Fix } from "@pierhead/core";
import { nearest } from "../../text/nearest.ts";
import type { Reader } from "./reader.ts";

export interface Suggestion {
  /** ` Did you mean …?` for the end of a message; empty when nothing is near. */
  readonly question: string;
  readonly fix: Fix | null;
  readonly start: number;
  readonly end: number;
}

/** With more candidates than this, which only a generated file has, nothing is compared. */
const COMPARED_MAXIMUM = 300;

/** @param start where the word begins; the last token taken, when not given */
export function suggest(
  reader: Reader,
  word: string,
  candidates: readonly string[] | ReadonlySet<string>,
  start: number = reader.takenStart,
  end: number = reader.takenEnd,
): Suggestion {
  const count = "size" in candidates ? candidates.size : candidates.length;
  const compares = word.length >= 2 && word.length <= 64 && count <= COMPARED_MAXIMUM;
  const meant = compares ? nearest(word.toLowerCase(), candidates) : null;
  if (meant === null) return { question: "", fix: null, start, end };
  const source = reader.takenSource;
  const written = source.text.slice(start, end);
  const fix =
    written === word ? { title: `write \`${meant}\``, edits: [{ source, span: { start, end }, text: meant }] } : null;
  return { question: ` Did you mean \`${meant}\`?`, fix, start, end };
}
