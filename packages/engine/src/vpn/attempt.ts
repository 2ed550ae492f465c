/** A client's attempt to connect: what was tried in which order, and how far it came. */
import type { Address } from "@pierhead/core";
import type { Journey } from "../network/journey.ts";

export type VpnProtocol = "l2tp-ipsec" | "ikev2";

/** Who connects, from where. */
export interface ClientSpec {
  readonly user: string;
  readonly protocol: VpnProtocol;
  /** Its address as the head-end sees it: of the NAT device when there is one. */
  readonly from: Address;
  /** Behind NAT: IKE moves to UDP 4500, and ESP goes in UDP (RFC 3947). */
  readonly nat: boolean;
  /** Port the NAT device gives it; 4500 when absent. */
  readonly port: number | null;
  /** Address of the head-end it is set to; null: the one the configuration is about. */
  readonly to: Address | null;
}

/** One thing on the way in. */
export interface AttemptStep {
  readonly name:
    | "ike"
    | "nat-traversal"
    | "phase 1"
    | "phase 2"
    | "esp"
    | "l2tp"
    | "answer"
    | "user"
    | "address"
    | "interface";
  readonly ok: boolean;
  /** One sentence: what was done, or why it fails. */
  readonly text: string;
  /** The packet of this step, when one was sent. */
  readonly journey: Journey | null;
}

export interface Attempt {
  readonly client: ClientSpec;
  readonly steps: readonly AttemptStep[];
  readonly connected: boolean;
  /** Address the client was given; null when it has none. */
  readonly framed: Address | null;
  /** Interface its packets come in by: pppx0, or enc0. */
  readonly interface: string | null;
}
