import type { Source, Span } from "@pierhead/core";
import type { BuildContext } from "./context.ts";

/** Runs shell text on the machine; what it cannot follow is reported. */
export function runScript(context: BuildContext, text: string, source: Source, span: Span): void {
  context.leave(text, source, span);
}
