import { diagnostic, type Source, type Span } from "@pierhead/core";
import { runCommand } from "../shell/index.ts";
import type { BuildContext } from "./context.ts";
import { ipOutcome } from "./ip-outcome.ts";

/**
 * Runs shell text on the machine; what it cannot follow is reported.
 *
 * @returns its exit status; null when that is not known
 */
export function runScript(
  context: BuildContext,
  text: string,
  source: Source,
  span: Span,
  variables: ReadonlyMap<string, string> = new Map(),
): number | null {
  const result = runCommand(context.machine, text, { variables });
  // Places in the text are places in the file when nothing was replaced in it.
  const at = source.text.indexOf(text.trim(), span.start);
  const shift = at !== -1 && at < span.end ? at - text.indexOf(text.trim()) : null;
  const place = (inner: Span): Span => (shift === null ? span : { start: inner.start + shift, end: inner.end + shift });
  for (const effect of result.effects) {
    if (effect.kind === "ip") {
      const where = effect.script === null ? place(effect.span) : span;
      if (effect.wrong !== null) {
        context.diagnostics.push(diagnostic(effect.wrong.code, "error", effect.wrong.message, source, where));
      } else if (effect.command !== null) {
        ipOutcome(context, placed(effect.command, effect.script === null ? place : null), effect.error, source, where);
      }
      continue;
    }
    if (effect.kind !== "route") continue;
    const where = effect.script === null ? place(effect.span) : span;
    context.routeOutcome(placed(effect.command, effect.script === null ? place : null), effect.error, source, where);
  }
  for (const one of result.opaque) {
    const where = one.script === null ? place(one.span) : span;
    context.leave(one.text, source, where);
  }
  return result.exit;
}

/** A command whose gateway stands where the file has it; without `place` nowhere in particular. */
function placed<T extends object>(command: T, place: ((inner: Span) => Span) | null): T {
  const { gatewaySpan } = command as { readonly gatewaySpan?: Span | null };
  if (gatewaySpan == null) return command;
  return { ...command, gatewaySpan: place === null ? null : place(gatewaySpan) };
}
