/** The network cards of a Linux machine, as far as its files and its owner tell. */
import type { RelatedPlace } from "@pierhead/core";
import type { BuildContext } from "./context.ts";

/** Whether an interface of that name is there, or may be: without a list of cards every name is believed. */
export function haveCard(context: BuildContext, name: string, place: RelatedPlace | null): boolean {
  const given = context.options.interfaces ?? [];
  const known = context.machine.interface(name) !== null;
  if (!known && given.some((one) => one.name !== "lo" && one.name !== "lo0")) return false;
  context.declare(name, place);
  return true;
}
