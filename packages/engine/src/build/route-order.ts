/** A gateway that was refused because the route to it comes only later: says so, and where that route is. */
import type { Address, Diagnostic, RelatedPlace, Source, Span } from "@pierhead/core";

/** A route without a gateway that a file sets up. */
interface LinkRoute {
  readonly destination: Address;
  readonly length: number;
  readonly place: RelatedPlace;
  /** How many diagnostics there were when it was added. */
  readonly after: number;
}

/** What is needed to tell wrong order from a gateway that cannot be reached at all. */
export class RouteOrder {
  readonly #routes: LinkRoute[] = [];
  readonly #refused: { readonly gateway: Address; readonly index: number }[] = [];

  /** A route to the link was added, or stands in a command that is not reached. */
  onLink(destination: Address, length: number, source: Source, span: Span, diagnostics: number): void {
    if (length === 0) return;
    const message = "the route to it comes only here";
    this.#routes.push({ destination, length, place: { source, span, message }, after: diagnostics });
  }

  /** The diagnostic that was just made refuses this gateway. */
  refused(gateway: Address, diagnostics: readonly Diagnostic[]): void {
    this.#refused.push({ gateway, index: diagnostics.length - 1 });
  }

  /** Puts the later route into the diagnostics of refused gateways. */
  explain(diagnostics: Diagnostic[]): void {
    for (const { gateway, index } of this.#refused) {
      const later = this.#routes.find(
        (route) =>
          route.after > index &&
          route.destination.family === gateway.family &&
          gateway.isIn(route.destination, route.length),
      );
      const before = diagnostics[index];
      if (later === undefined || before === undefined) continue;
      diagnostics[index] = {
        ...before,
        code: "machine/route-order",
        message: `The route to ${gateway} on the link comes only after this, so its gateway is refused here: put that route first.`,
        related: [...before.related, later.place],
      };
    }
  }
}
