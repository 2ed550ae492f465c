import type { Family } from "@pierhead/core";
import type { AddressWrap } from "../rule.ts";

/** `(interface)` as a rule holds it. */
export type DynamicAddress = Extract<AddressWrap, { kind: "dynamic" }>;

/** How rules are printed. The default is `pfctl -sr`. */
export interface FormatOptions {
  /** `@N ` before each rule: `-v -v`. */
  readonly ruleNumbers: boolean;
  /** `<table:3>` and `(em0:1)`: `-v -v`. */
  readonly counts: boolean;
  /** `-P` on OpenBSD (true), `-P` on FreeBSD (false); the system's own default when absent. */
  readonly portNames?: boolean;
  /** Entries of a table by name, null for a table that is not active; 0 for all when absent, as in `pfctl -n`. */
  readonly tableCount?: (table: string) => number | null;
  /** How many addresses an interface in parentheses stands for; `*` when absent or 0. */
  readonly dynamicCount?: (address: DynamicAddress, family: Family | null) => number;
  /** The text of `pfctl -nv`, where it differs from what `-sr` reads back from the kernel. */
  readonly loading?: boolean;
}

/** `pfctl -sr`. */
export const PLAIN: FormatOptions = { ruleNumbers: false, counts: false };

/** `pfctl -n -v`. */
export const LOADING: FormatOptions = { ruleNumbers: false, counts: false, loading: true };

/** `pfctl -n -v -v`. */
export const LOADING_NUMBERED: FormatOptions = { ruleNumbers: true, counts: true, loading: true };
