import type { Source, Span } from "@pierhead/core";
import { runCommand } from "../shell/index.ts";
import type { BuildContext } from "./context.ts";

/** Runs shell text on the machine; what it cannot follow is reported. */
export function runScript(context: BuildContext, text: string, source: Source, span: Span): void {
  const result = runCommand(context.machine, text);
  // Places in the text are places in the file when nothing was replaced in it.
  const at = source.text.indexOf(text.trim(), span.start);
  const shift = at !== -1 && at < span.end ? at - text.indexOf(text.trim()) : null;
  const place = (inner: Span): Span => (shift === null ? span : { start: inner.start + shift, end: inner.end + shift });
  for (const effect of result.effects) {
    if (effect.kind !== "route") continue;
    const where = effect.script === null ? place(effect.span) : span;
    context.routeOutcome(effect.command, effect.error, source, where);
  }
  for (const one of result.opaque) {
    const where = one.script === null ? place(one.span) : span;
    context.leave(one.text, source, where);
  }
}
