import type { Span } from "@pierhead/core";
import type { Interpreter } from "./interpreter.ts";
import type { Streams } from "./redirect.ts";
import type { Value } from "./values.ts";

/** Exit status; null when it is not known. */
export type Status = number | null;

/** A command that is called. */
export interface Call {
  readonly shell: Interpreter;
  /** Its name first. */
  readonly words: readonly Value[];
  readonly span: Span;
  readonly streams: Streams;
}

export type CommandFunction = (call: Call) => Status;

/** Whether a file is read by sh(1): it says so, or says nothing. */
export function isShellScript(text: string): boolean {
  const first = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(text);
  if (first === null) return true;
  const program = first[1]?.endsWith("/env") === true ? (first[2] ?? "") : (first[1] ?? "");
  return /(?:^|\/)(?:sh|ksh|dash|bash|mksh|pdksh)$/.test(program);
}
