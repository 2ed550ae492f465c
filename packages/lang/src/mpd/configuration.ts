/** mpd.conf as mpd has it after it ran the commands of `startup` and `default`. */
import type { Address, Diagnostic, Prefix, Secret, Source } from "@pierhead/core";
import type { Origin, SyntaxFile } from "../lexer/index.ts";
import type { MpdLogin } from "./commands.ts";

/** Addresses that `set ippool add` put into a pool. */
export interface MpdRange {
  readonly first: Address;
  readonly last: Address;
  readonly origin: Origin;
}

export interface MpdPool {
  readonly name: string;
  readonly origin: Origin;
  readonly ranges: readonly MpdRange[];
}

/** One side of `set ipcp ranges`: addresses that are allowed, or a pool to take one of. */
export type MpdSide =
  | { readonly pool: string; readonly range: null; readonly origin: Origin }
  | { readonly pool: null; readonly range: Prefix; readonly origin: Origin };

export interface MpdBundle {
  readonly name: string;
  readonly isTemplate: boolean;
  readonly origin: Origin;
  /** The head-end's end of the link; null: any address of the machine. */
  readonly self: MpdSide | null;
  /** What the client may have; null: whatever it asks for. */
  readonly peer: MpdSide | null;
  readonly dns: readonly Address[];
  /** Group of the interfaces, for pf; null without. */
  readonly group: string | null;
  readonly enabled: ReadonlySet<string>;
}

/** What happens to a call: the first whose pattern fits the name decides. */
export interface MpdAction {
  readonly kind: "bundle" | "forward" | "drop";
  readonly target: string;
  /** Extended regular expression for the user's name; "" for all. */
  readonly pattern: string;
  readonly origin: Origin;
}

export interface MpdRadiusServer {
  readonly name: string;
  readonly secret: Secret;
  readonly authPort: number;
  readonly acctPort: number;
  readonly origin: Origin;
}

export interface MpdLink {
  readonly name: string;
  readonly isTemplate: boolean;
  /** `l2tp`, `pptp`; "" when it is not known. */
  readonly type: string;
  readonly origin: Origin;
  /** `set link enable incoming`: calls are taken. */
  readonly incoming: boolean;
  /** What the other side must log in with, one of them; empty: nothing is asked. */
  readonly logins: readonly MpdLogin[];
  readonly actions: readonly MpdAction[];
  /** `set l2tp self`; null: every address. */
  readonly self: { readonly address: Address; readonly port: number; readonly origin: Origin } | null;
  /** `set l2tp peer`: who may call; null: anybody. */
  readonly peer: Prefix | null;
  /** Where users are looked up: options of `set auth`. */
  readonly auth: ReadonlySet<string>;
  readonly radius: readonly MpdRadiusServer[];
  /** Octets; what PPP frames may have. */
  readonly mru: number;
  /** Places of what was set, by `link incoming` and the like. */
  readonly places: ReadonlyMap<string, Origin>;
}

export interface MpdConfiguration {
  readonly source: Source;
  readonly syntax: SyntaxFile;
  readonly labels: ReadonlyMap<string, Origin>;
  readonly pools: readonly MpdPool[];
  readonly bundles: readonly MpdBundle[];
  readonly links: readonly MpdLink[];
  readonly diagnostics: readonly Diagnostic[];
  /** Nothing was loaded from other files. */
  readonly complete: boolean;
}
