/** What a portal is put together from: each part behind its interface. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Firewall, WatchfulFirewall } from "../firewall/driver.ts";
import type { Log } from "../monitor/log.ts";
import type { Neighbours } from "../neighbours/neighbours.ts";
import type { RadiusClient } from "../radius/types.ts";
import type { Store } from "../store/store.ts";
import type { Clock, EmailSignIn } from "./engine/index.ts";
import type { Portal } from "./service.ts";

/** Sends the accounting records of the store's queue. */
export interface Accounting {
  start(): void;
  /** There are new records. */
  wake(): void;
  status(): { readonly waiting: number /** A sentence; null when all is well. */; readonly trouble: string | null };
  /** Waits for what is in flight. */
  stop(): Promise<void>;
}

/** Something that serves a running portal: the pages, the admin page, the CoA server, the garden's names. */
export interface Service {
  /** Sentences about what does not work right now. */
  troubles?(): readonly string[];
  close(): Promise<void> | void;
}

export interface Running {
  readonly config: PortalConfig;
  readonly portal: Portal;
  readonly store: Store;
  readonly firewall: Firewall;
  readonly log: Log;
}

export interface PortalParts {
  readonly firewall: Firewall & Partial<Pick<WatchfulFirewall, "spoofing">>;
  readonly neighbours: Neighbours;
  readonly store: Store;
  /** Null: accounts are the store's. */
  readonly radius: RadiusClient | null;
  readonly accounting: Accounting | null;
  readonly email?: EmailSignIn | null;
  readonly clock?: Clock;
  /** Ends what runs beside this process for the parts; what is open stays open. */
  close?(): void;
  /** Makes what serves the portal; again with the new configuration after a reload. */
  serve(running: Running): Promise<readonly Service[]>;
}

/** Makes the parts of a configuration. @throws with a sentence for the operator when one cannot be had */
export type BindParts = (config: PortalConfig, log: Log) => Promise<PortalParts>;
