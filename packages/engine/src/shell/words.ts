/** Words of a call as the readers of `lang` want them. */
import type { Span } from "@pierhead/core";
import type { Call } from "./call.ts";
import { plain, type Value } from "./values.ts";

/** The argument that keeps a command from being understood; reported as opaque. */
export function unknownArgument(call: Call): boolean {
  const word = call.words.find(({ known }) => !known);
  if (word === undefined) return false;
  const program = (call.words[0] as Value).text.replace(/^.*\//, "");
  call.shell.opaque(call.span, program, `an argument of \`${program}\` is not known: \`${word.text}\``);
  call.streams.output.add(plain("", false));
  return true;
}

/** Words with their places in the command. */
export function placedWords(call: Call, words: readonly Value[]): { readonly text: string; readonly span: Span }[] {
  return words.map(({ text, offsets }) => {
    const start = offsets[0] ?? -1;
    const end = offsets[offsets.length - 1] ?? -1;
    return { text, span: start < 0 || end < start ? call.span : { start, end: end + 1 } };
  });
}
