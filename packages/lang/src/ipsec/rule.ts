import type { Address, Family, Secret } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import type { Transform } from "./algorithms.ts";

/** The loaded form of ipsec.conf: one entry for every rule ipsecctl(8) expands, in its order. */
export type IpsecRule = FlowRule | SecurityAssociationRule | BundleRule | IkeRule;

/** `esp`, `ah` and so on: how packets are encapsulated. */
export type Encapsulation = "esp" | "ah" | "ipcomp" | "tcpmd5" | "ipip";

export type TunnelMode = "tunnel" | "transport";

export type FlowType = "use" | "acquire" | "require" | "deny" | "bypass" | "dontacq";

export type FlowDirection = "in" | "out";

export type IkeMode = "active" | "passive" | "dynamic";

/** An address or network of a rule (`struct ipsec_addr_wrap`). */
export interface IpsecHost {
  /** Null: any, before it is expanded. */
  family: Family | null;
  address: Address | null;
  /** Bits of the mask. */
  mask: number;
  /** Written as a network. */
  network: boolean;
  /** As isakmpd is told: the text of the file, or the interface's name for an interface's address. */
  name: string | null;
  /** `(network)` behind a source: what it is translated to before it enters the flow. */
  nat: IpsecHost | null;
}

export type IdentityType = "none" | "ipv4" | "ipv6" | "fqdn" | "user-fqdn";

export interface Identities {
  source: string | null;
  destination: string | null;
  sourceType: IdentityType;
  destinationType: IdentityType;
}

/** Transforms of one phase or SA as the file gives them; null is the default. */
export interface Transforms {
  authentication: Transform | null;
  encryption: Transform | null;
  compression: Transform | null;
  group: Transform | null;
}

interface RuleBase {
  /** Position in the loaded list. */
  number: number;
  /** The statement it came from. */
  readonly origin: Origin;
}

export interface FlowRule extends RuleBase {
  readonly kind: "flow";
  encapsulation: Encapsulation;
  direction: FlowDirection;
  /** Protocol of the packets; 0 is any. */
  protocol: number;
  source: IpsecHost;
  destination: IpsecHost;
  /** 0 is any. */
  sourcePort: number;
  destinationPort: number;
  local: IpsecHost | null;
  peer: IpsecHost | null;
  identities: Identities | null;
  type: FlowType;
}

export interface SecurityAssociationRule extends RuleBase {
  readonly kind: "sa";
  encapsulation: Encapsulation;
  mode: TunnelMode;
  source: IpsecHost;
  destination: IpsecHost;
  spi: number;
  transforms: Transforms | null;
  /** Static keys in hexadecimal digits. */
  authenticationKey: Secret | null;
  encryptionKey: Secret | null;
  /** UDP encapsulation with its port (0: the default), null without. */
  udpEncapsulation: number | null;
}

/** Two SAs that are applied one after the other. */
export interface BundleRule extends RuleBase {
  readonly kind: "bundle";
  encapsulation: Encapsulation;
  destination: IpsecHost;
  spi: number;
  encapsulation2: Encapsulation;
  destination2: IpsecHost;
  spi2: number;
}

export interface IkeRule extends RuleBase {
  readonly kind: "ike";
  mode: IkeMode;
  encapsulation: Encapsulation;
  tunnelMode: TunnelMode;
  protocol: number;
  source: IpsecHost;
  destination: IpsecHost;
  sourcePort: number;
  destinationPort: number;
  local: IpsecHost | null;
  /** Null: isakmpd's default peer, any address. */
  peer: IpsecHost | null;
  exchange: "main" | "aggressive";
  phase1: Transforms | null;
  /** Seconds; null is isakmpd's default. */
  phase1Lifetime: number | null;
  phase2: Transforms | null;
  phase2Lifetime: number | null;
  identities: Identities;
  /** Null: certificates or public keys. */
  preSharedKey: Secret | null;
  /** pf(4) tag. */
  tag: string | null;
  /** Unit of sec(4) for route based tunnels; null for policy based ones. */
  interfaceUnit: number | null;
}
