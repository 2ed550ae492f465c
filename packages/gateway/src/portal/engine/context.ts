/** What the parts of the engine share. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Counters, Firewall, FirewallChange, WatchfulFirewall } from "../../firewall/driver.ts";
import type { Log } from "../../monitor/log.ts";
import type { Neighbours } from "../../neighbours/neighbours.ts";
import type { RadiusClient, TerminateCause } from "../../radius/types.ts";
import { type Store, type StoredSession, StoreError } from "../../store/store.ts";
import type { GuestNetworks } from "./addresses.ts";
import type { Together } from "./batch.ts";
import type { Clock } from "./clock.ts";
import { counted } from "./counters.ts";
import type { NumberPool } from "./numbers.ts";
import type { Questions } from "./questions.ts";
import type { Entry, SessionTable } from "./table.ts";
import type { Troubles } from "./troubles.ts";
import type { VoucherBudgets } from "./vouchers.ts";

/** A way in by a link that was sent by mail; what sends it is not ours. */
export interface EmailSignIn {
  /** Whose token it is; null when it is nobody's, or too old. */
  check(token: string, mac: string): Promise<{ readonly user: string } | null>;
}

export interface EngineParts {
  readonly config: PortalConfig;
  readonly firewall: Firewall & Partial<Pick<WatchfulFirewall, "spoofing">>;
  readonly store: Store;
  readonly neighbours: Neighbours;
  /** Null: accounts are the store's. */
  readonly radius: RadiusClient | null;
  readonly email: EmailSignIn | null;
  readonly clock: Clock;
  readonly log: Log;
  /** There is something new to send; the sender of the accounting queue. */
  readonly accountingWaits: () => void;
  /** Records not acknowledged yet. */
  readonly pendingAccounting: () => number;
  /** Sentences about what else does not work: the pages, the sender of accounting. */
  readonly troublesBeside: () => readonly string[];
  readonly version: string;
}

export interface Engine {
  readonly parts: EngineParts;
  /** As of the last reload. */
  config: PortalConfig;
  networks: GuestNetworks;
  readonly table: SessionTable;
  readonly numbers: NumberPool;
  readonly troubles: Troubles;
  readonly budgets: VoucherBudgets;
  /** The kernel, told of many changes at once. Each gives the last counters of what it closed. */
  readonly kernel: Together<FirewallChange, Counters | null>;
  readonly beginnings: Together<{ id: string; cause: TerminateCause; at: number }, true>;
  readonly endings: Together<{ session: StoredSession; stop: boolean }, true>;
  /** Sessions of which nobody knows whether the store took them: looked up until it says. */
  readonly doubtful: Map<string, Entry>;
  /** The write of a tick that is under way: a Stop waits for it. */
  writing: Promise<void>;
  /** Rises when a write begins and when it ends: what was asked meanwhile may or may not know of it. */
  writes: number;
  /** Wall clock; when somebody set it, all sessions have been moved along. */
  now(): number;
  /** Octets since the last point of the traffic graph. */
  readonly traffic: { input: bigint; output: bigint };
  /**
   * Names of local users, where there is RADIUS besides or devices come in by their MACs: known, so that what is no name of
   * theirs costs no hashing.
   */
  localNames: ReadonlySet<string>;
  readonly questions: Questions;
}

/** Entries are made here only, so that all have the same shape. */
export function entryOf(session: StoredSession, phase: Entry["phase"], steady: number): Entry {
  return {
    now: session,
    stored: session,
    phase,
    written: steady,
    opened: steady,
    fixedUntil: false,
    alter: false,
    callOff: () => {},
    ending: null,
  };
}

/** Says what went wrong in a sentence that belongs to the store or to the firewall. */
export function failed(engine: Engine, error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreError) {
    engine.troubles.begin("store", `The store does not take anything: ${words}`);
    return "the store does not work";
  }
  engine.troubles.begin("firewall", `The packet filter was not changed: ${words}`);
  return "the packet filter does not work";
}

/** The store's errors told from the kernel's, whatever class they are of; and what works again is said. */
export async function inStore<Result>(troubles: Troubles, action: Promise<Result>): Promise<Result> {
  try {
    const result = await action;
    troubles.over("store");
    return result;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(error instanceof Error ? error.message : String(error));
  }
}

/** Takes a reading of the kernel's counters into a session and into the traffic graph. */
export function count(engine: Engine, entry: Entry, reading: Counters, at: number): void {
  const before = entry.now;
  entry.now = counted(before, reading, at);
  engine.traffic.input += entry.now.inputOctets - before.inputOctets;
  engine.traffic.output += entry.now.outputOctets - before.outputOctets;
}
