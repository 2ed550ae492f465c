import type { Address, Diagnostic, Family, Secret, Source, System } from "@pierhead/core";
import type { Macro, Origin, SyntaxFile } from "../lexer/index.ts";
import type { IkedTransform, TransformEntry } from "./transforms.ts";

/** iked.conf(5) as iked(8) understands it. */
export interface IkedConfiguration {
  readonly source: Source;
  readonly system: System;
  readonly syntax: SyntaxFile;
  readonly settings: IkedSettings;
  readonly users: readonly IkedUser[];
  readonly policies: readonly IkedPolicy[];
  readonly radius: readonly IkedRadius[];
  readonly macros: readonly Macro[];
  readonly diagnostics: readonly Diagnostic[];
  /** iked would start with it. */
  readonly accepted: boolean;
}

/** `set` statements, with the defaults. */
export interface IkedSettings {
  passive: boolean;
  decoupled: boolean;
  fragmentation: boolean;
  mobike: boolean;
  vendorId: boolean;
  enforceSingleIkeSa: boolean;
  stickyAddress: boolean;
  certificatePartialChain: boolean;
  /** Seconds. */
  deadPeerInterval: number;
  ocsp: { readonly url: string; readonly tolerate: number; readonly maximumAge: number } | null;
}

export interface IkedUser {
  readonly name: string;
  readonly password: Secret;
  readonly origin: Origin;
  readonly nameOrigin: Origin;
  readonly passwordOrigin: Origin;
}

export type IkedRadius =
  | {
      readonly kind: "server";
      readonly accounting: boolean;
      readonly address: Address;
      readonly port: number;
      readonly secret: Secret;
      readonly origin: Origin;
    }
  | {
      readonly kind: "limit";
      readonly accounting: boolean;
      readonly name: string;
      readonly value: number;
      readonly origin: Origin;
    }
  | {
      readonly kind: "map";
      readonly option: string;
      readonly vendor: number;
      readonly attribute: number;
      readonly origin: Origin;
    }
  | { readonly kind: "dae-listen"; readonly address: Address; readonly port: number; readonly origin: Origin }
  | { readonly kind: "dae-client"; readonly address: Address; readonly secret: Secret; readonly origin: Origin };

/** An address or network (`struct iked_addr`); family null is any. */
export interface IkedAddress {
  readonly family: Family | null;
  readonly address: Address | null;
  readonly mask: number;
  readonly network: boolean;
  /** 0 is any. */
  readonly port: number;
}

export interface IkedFlow {
  /** 0 is any. */
  readonly protocol: number;
  readonly source: IkedAddress;
  readonly destination: IkedAddress;
  /** `(network)` behind the source. */
  readonly translated: IkedAddress | null;
}

export interface IkedProposal {
  readonly protocol: "ike" | "esp" | "ah";
  readonly transforms: readonly IkedTransform[];
  /** The words of the file; none when iked took its defaults. */
  readonly words: readonly { readonly entry: TransformEntry; readonly origin: Origin }[];
}

/** Eap methods by the name iked prints. */
export type EapMethod = "MSCHAP_V2" | "RADIUS";

export interface IkedAuthentication {
  readonly method: string;
  readonly eap: EapMethod | null;
  /** Octets of the pre-shared key as hexadecimal digits, what iked keeps of them; null without a key. */
  readonly preSharedKey: Secret | null;
  /** The key as the file gives it. */
  readonly text: Secret | null;
  readonly origin: Origin | null;
}

export interface IkedConfigItem {
  readonly action: "config" | "request";
  /** As it is printed: `address`, `name-server`. */
  readonly option: string;
  readonly value: IkedAddress;
  readonly origin: Origin;
}

export interface IkedPolicy {
  readonly name: string;
  readonly nameOrigin: Origin | null;
  readonly match: "default" | "quick" | "skip" | null;
  readonly active: boolean;
  readonly ipcomp: boolean;
  readonly transport: boolean;
  readonly forcesNatTraversal: boolean;
  readonly protocol: "esp" | "ah";
  readonly ipProtocols: readonly number[];
  readonly family: Family | null;
  /** -1: not given. */
  readonly routingDomain: number;
  /** In the order iked keeps them: by protocol, destination, source. */
  readonly flows: readonly IkedFlow[];
  readonly local: IkedAddress;
  readonly peer: IkedAddress;
  readonly localOrigin: Origin | null;
  readonly peerOrigin: Origin | null;
  readonly proposals: readonly IkedProposal[];
  readonly sourceId: string | null;
  readonly destinationId: string | null;
  /** Seconds; 0 is iked's own. */
  readonly ikeLifetime: number;
  readonly lifetimeSeconds: bigint;
  readonly lifetimeBytes: bigint;
  readonly authentication: IkedAuthentication;
  readonly config: readonly IkedConfigItem[];
  readonly interface: string | null;
  /** pf(4) tag. */
  readonly tag: string | null;
  /** Unit of enc(4); 0 is the standard one. */
  readonly tap: number;
  readonly origin: Origin;
}
