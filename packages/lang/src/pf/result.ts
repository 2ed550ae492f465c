/** What reading and loading a pf.conf gives back. */
import type { Diagnostic } from "@pierhead/core";
import type { AddressWrap, PfConfiguration, QueueSpec } from "./rule.ts";
import type { PfSyntax } from "./syntax.ts";

/** A diagnostic with what that system's pfctl(8) says at the same place. */
export interface PfDiagnostic extends Diagnostic {
  /** pfctl's own lines on standard error; null when pfctl is silent about it. */
  readonly tool: string | null;
}

/** One address in a printed table definition. */
export interface TableEventEntry {
  readonly negated: boolean;
  readonly address: AddressWrap;
  readonly family: 0 | 4 | 6;
  readonly interface: string | null;
}

/** A list or a file of a printed table definition. */
export type TablePart = { readonly file: string } | { readonly entries: readonly TableEventEntry[] };

/** One thing `pfctl -v` prints, in the order in which it prints them. */
export type PfEvent =
  | { readonly kind: "macro"; readonly name: string; readonly value: string }
  /** A `set` statement or another line, as printed, without its line end. */
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "table";
      readonly name: string;
      readonly const: boolean;
      readonly persist: boolean;
      readonly counters: boolean;
      readonly initialized: boolean;
      readonly parts: readonly TablePart[];
    }
  | { readonly kind: "queue"; readonly queue: QueueSpec }
  /** One list of the ruleset that was loaded, with everything in it. */
  | { readonly kind: "ruleset"; readonly path: string; readonly list: RuleList }
  /** FreeBSD: the `ether` rules of the ruleset that was loaded. */
  | { readonly kind: "ether"; readonly path: string };

/** Lists of rules. OpenBSD from 4.7 has `filter` only. */
export type RuleList = "scrub" | "nat" | "rdr" | "binat" | "filter";

export interface PfLoad {
  readonly configuration: PfConfiguration;
  readonly events: readonly PfEvent[];
  readonly diagnostics: readonly PfDiagnostic[];
  /** Standard error of pfctl, line by line. */
  readonly stderr: readonly string[];
  /** Exit status of `pfctl -nf`: 0, or 1 when the file is refused. */
  readonly exit: 0 | 1;
  readonly syntax: PfSyntax | null;
  /** `set ruleset-optimization` or the option that overrides it. */
  readonly optimize: "none" | "basic" | "profile";
  /** Signatures that pfctl read from pf.os(5) before the first line. */
  readonly fingerprints: number;
  /** Tables that the optimizer made, by the path of the anchor before whose rules they print. */
  readonly optimizerTables: ReadonlyMap<string, readonly PfEvent[]>;
}
