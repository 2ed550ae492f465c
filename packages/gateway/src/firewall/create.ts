import { type Run, runner } from "./command.ts";
import type { WatchfulFirewall } from "./driver.ts";
import { NftablesFirewall, type NftablesOptions } from "./nftables.ts";
import { PfFirewall } from "./pf.ts";
import type { PfSystem } from "./pf-rules.ts";

export type FirewallOptions =
  | ({ readonly kind: "nftables" } & NftablesOptions)
  | { readonly kind: "pf"; readonly system: PfSystem; readonly journal?: string; readonly run?: Run };

/** The driver of this system. Nothing is touched before its `start`. */
export function createFirewall(options: FirewallOptions): WatchfulFirewall {
  if (options.kind === "nftables") return new NftablesFirewall(options);
  const { system, journal = "/var/run/pierhead-portal.json", run = runner() } = options;
  return new PfFirewall({ system, journal, run });
}
