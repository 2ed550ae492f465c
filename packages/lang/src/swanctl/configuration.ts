/** swanctl.conf(5) as charon has it after loading. */
import type { Address, Diagnostic, Secret, Source, System } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import type { SecretKind } from "./options.ts";
import type { Proposal } from "./proposals.ts";
import type { SettingsFile } from "./settings.ts";
import type { AuthenticationMethod, TrafficSelector } from "./values.ts";

/** A value with its place. */
export interface Placed<T> {
  readonly value: T;
  readonly origin: Origin;
}

/** One round of authentication of one side. */
export interface AuthenticationRound {
  /** `local`, `remote-eap`. */
  readonly name: string;
  readonly origin: Origin;
  readonly round: number;
  readonly method: AuthenticationMethod;
  /** EAP method or XAuth backend; empty where any will do. Constraints on keys with `pubkey`. */
  readonly detail: string;
  /** Of the `auth` key; the section where there is none. */
  readonly methodOrigin: Origin;
  readonly id: Placed<string> | null;
  readonly eapId: Placed<string> | null;
  readonly certificates: readonly Placed<string>[];
  readonly caCertificates: readonly Placed<string>[];
}

/** One CHILD_SA: what goes through the tunnel. */
export interface SwanctlChild {
  readonly name: string;
  readonly origin: Origin;
  readonly mode: string;
  /** ESP and AH proposals in the order of the file. */
  readonly proposals: readonly Proposal[];
  readonly localSelectors: readonly Placed<TrafficSelector>[];
  readonly remoteSelectors: readonly Placed<TrafficSelector>[];
  /** Seconds. */
  readonly rekeyTime: number;
  readonly lifeTime: number;
  readonly startAction: readonly ("start" | "trap")[];
  readonly keys: ReadonlyMap<string, Origin>;
}

export interface SwanctlConnection {
  readonly name: string;
  readonly origin: Origin;
  /** 0: IKEv1 and IKEv2 as responder, IKEv2 as initiator. */
  readonly version: number;
  /** Aggressive mode of IKEv1. */
  readonly aggressive: boolean;
  /** Addresses, ranges, networks and names as they are written; `%any` for all. */
  readonly localAddresses: readonly string[];
  readonly remoteAddresses: readonly string[];
  readonly proposals: readonly Proposal[];
  readonly local: readonly AuthenticationRound[];
  readonly remote: readonly AuthenticationRound[];
  /** Addresses to ask the other side for. */
  readonly virtualAddresses: readonly string[];
  /** Names of pools whose addresses clients get. */
  readonly pools: readonly Placed<string>[];
  readonly children: readonly SwanctlChild[];
  /** Seconds; 0 for never. */
  readonly rekeyTime: number;
  readonly reauthTime: number;
  readonly dpdDelay: number;
  /** Key of the section by name, for checks that point at one. */
  readonly keys: ReadonlyMap<string, Origin>;
  /** Why charon discards it, in charon's words; null when it is loaded. */
  readonly problem: string | null;
}

/** One section of `secrets`. */
export interface SwanctlSecret {
  /** Null: none that swanctl knows, so it is left out. */
  readonly kind: SecretKind | null;
  readonly name: string;
  readonly origin: Origin;
  readonly secret: Secret | null;
  readonly secretOrigin: Origin | null;
  /** Whom it belongs to; nobody: it is for all. */
  readonly ids: readonly Placed<string>[];
  /** Of private keys and the like. */
  readonly file: string | null;
}

/** One section of `pools`. */
export interface SwanctlPool {
  readonly name: string;
  readonly origin: Origin;
  /** First and last address; null when charon refuses the pool. */
  readonly range: { readonly first: Address; readonly last: Address; readonly origin: Origin } | null;
  readonly attributes: readonly Placed<string>[];
  /** DNS servers for clients, as they are written. */
  readonly dns: readonly string[];
  readonly problem: string | null;
}

export interface SwanctlAuthority {
  readonly name: string;
  readonly origin: Origin;
  readonly problem: string | null;
}

export interface SwanctlConfiguration {
  readonly source: Source;
  readonly system: System;
  readonly settings: SettingsFile;
  readonly connections: readonly SwanctlConnection[];
  readonly secrets: readonly SwanctlSecret[];
  readonly pools: readonly SwanctlPool[];
  readonly authorities: readonly SwanctlAuthority[];
  readonly diagnostics: readonly Diagnostic[];
  /** swanctl can read the file; single connections may be refused all the same. */
  readonly accepted: boolean;
}
