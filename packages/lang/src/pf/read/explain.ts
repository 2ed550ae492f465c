/** Words for a token that does not fit: what is wrong, what was meant, and what another dialect would have made of it. */
import type { Fix } from "@pierhead/core";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

export interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly fix: Fix | null;
}

/** Explains the token that was read ahead. */
export function explain(reader: Reader, kind: number): Explanation {
  const { lexer } = reader;
  const text = lexer.source.text.slice(lexer.start, lexer.end);
  if (kind === Token.end) {
    return plain("The file ends in the middle of a statement.");
  }
  if (kind === Token.newline) return plain("The line ends too early: something is missing here.");
  if (kind === Char.carriageReturn) return plain("A carriage return: pfctl takes line ends of Unix only.");
  return plain(`\`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\` does not fit here.`);
}

function plain(message: string): Explanation {
  return { code: "pf/syntax-error", message, fix: null };
}
