import type { Source } from "@pierhead/core";
import type { BuildContext } from "./context.ts";

/** The packet filter's configuration as boot loads it. */
export interface LoadedPf {
  readonly source: Source;
}

/** Loads pf.conf into the machine's packet filter. @returns null when there is none, or boot leaves pf off */
export function loadPacketFilter(context: BuildContext, _assumed: boolean): LoadedPf | null {
  const source = context.tree.source("/etc/pf.conf");
  return source === null ? null : { source };
}
