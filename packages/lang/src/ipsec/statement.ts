import type { Secret } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import type { Transform } from "./algorithms.ts";
import type { HostNode } from "./hosts.ts";
import type { Encapsulation, FlowDirection, FlowType, IkeMode, IpsecRule, TunnelMode } from "./rule.ts";

/** A value with the place that gives it. */
export interface Placed<Value> {
  readonly value: Value;
  readonly origin: Origin;
}

/** The statements of a file as written, each with the rules it was expanded to. */
export type IpsecStatement = IkeStatement | FlowStatement | AssociationStatement | MacroStatement | IncludeStatement;

export interface MacroStatement {
  readonly kind: "macro";
  readonly name: Placed<string>;
  readonly value: Placed<string>;
  readonly origin: Origin;
}

export interface IncludeStatement {
  readonly kind: "include";
  readonly path: Placed<string>;
  readonly origin: Origin;
}

/** `from … to …`; hosts of lists and groups are chains. */
export interface Hosts {
  source: HostNode | null;
  destination: HostNode | null;
  readonly sourceOrigin: Origin;
  readonly destinationOrigin: Origin;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface Peers {
  readonly peer: HostNode | null;
  readonly peerOrigin: Origin | null;
  readonly local: HostNode | null;
  readonly localOrigin: Origin | null;
}

/** `auth`, `enc`, `comp` and `group` in the order of the file. */
export interface TransformWord {
  readonly field: "authentication" | "encryption" | "compression" | "group";
  readonly transform: Transform;
  readonly origin: Origin;
}

export interface TransformList {
  readonly words: TransformWord[];
  authentication: Transform | null;
  encryption: Transform | null;
  compression: Transform | null;
  group: Transform | null;
}

/** `main`, `aggressive` or `quick` with what follows; `transforms` is null when the words are not there. */
export interface Phase {
  readonly exchange: "main" | "aggressive" | "quick";
  readonly transforms: TransformList | null;
  readonly lifetime: number | null;
  readonly origin: Origin | null;
}

export interface IdentityWords {
  readonly source: Placed<string> | null;
  readonly destination: Placed<string> | null;
}

export interface IkeStatement {
  readonly kind: "ike";
  readonly mode: IkeMode;
  readonly encapsulation: Encapsulation;
  readonly tunnelMode: TunnelMode;
  readonly protocol: number;
  readonly hosts: Hosts;
  readonly peers: Peers;
  readonly phase1: Phase;
  readonly phase2: Phase;
  readonly identities: IdentityWords;
  readonly preSharedKey: Placed<Secret> | null;
  readonly tag: string | null;
  readonly interfaceUnit: number | null;
  readonly origin: Origin;
  readonly rules: IpsecRule[];
}

export interface FlowStatement {
  readonly kind: "flow";
  readonly encapsulation: Encapsulation;
  readonly direction: FlowDirection | "both";
  readonly protocol: number;
  readonly hosts: Hosts;
  readonly peers: Peers;
  readonly identities: IdentityWords;
  readonly type: FlowType | null;
  readonly origin: Origin;
  readonly rules: IpsecRule[];
}

/** Out- and inbound key of a manual SA; inbound only when `:` gives one. */
export interface Keys {
  readonly out: Secret | null;
  readonly in: Secret | null;
  /** In files that cannot be read here. */
  readonly unknown: boolean;
  readonly origin: Origin | null;
}

export interface AssociationStatement {
  readonly kind: "sa";
  readonly encapsulation: Encapsulation;
  readonly mode: TunnelMode;
  readonly hosts: Hosts;
  readonly spiOut: number;
  readonly spiIn: number;
  readonly udpEncapsulation: number | null;
  readonly transforms: TransformList | null;
  readonly authenticationKeys: Keys;
  readonly encryptionKeys: Keys;
  readonly bundle: string | null;
  readonly origin: Origin;
  readonly rules: IpsecRule[];
}

export function emptyTransforms(): TransformList {
  const words: TransformWord[] = [];
  return { words, authentication: null, encryption: null, compression: null, group: null };
}
