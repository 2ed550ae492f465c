import type { WatchfulFirewall } from "./driver.ts";
import { NftablesFirewall, type NftablesOptions } from "./nftables.ts";

export type FirewallOptions = { readonly kind: "nftables" } & NftablesOptions;

/** The driver of this system. Nothing is touched before its `start`. */
export function createFirewall(options: FirewallOptions): WatchfulFirewall {
  return new NftablesFirewall(options);
}
