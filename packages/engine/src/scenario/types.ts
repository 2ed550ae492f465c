/** A scenario file as it was read. */
import type { Address, Diagnostic, InterfaceAddress, LinkState, Source, Span, System } from "@pierhead/core";
import type { Lease } from "../build/index.ts";
import type { ClientSpec } from "../vpn/index.ts";
import type { Endpoint, PacketSpec } from "./packet-spec.ts";

export interface ScenarioInterface {
  readonly name: string;
  readonly span: Span;
  /** Null: as the tree says. */
  readonly addresses: readonly InterfaceAddress[] | null;
  readonly groups: readonly string[] | null;
  readonly link: LinkState | null;
  readonly mtu: number | null;
  readonly rtable: number | null;
}

export interface ScenarioRoute {
  readonly span: Span;
  readonly destination: Address;
  readonly length: number;
  readonly via: Address | null;
  readonly interface: string | null;
  readonly table: number;
  readonly discard: "reject" | "blackhole" | null;
  readonly label: string | null;
}

/** Truth of ifstated's external tests, by macro name or by command text. */
export type TestTruths = ReadonlyMap<string, boolean>;

/** A value or any one of several. */
export type AnyOf<T> = readonly T[];

/** A port, or a range of ports, on an address or any. */
export interface ExpectedEnd {
  readonly text: string;
  readonly end: Endpoint | null;
  /** `198.51.100.1:3000-3001`. */
  readonly ports: { readonly low: number; readonly high: number } | null;
}

/** What a packet must look like; null is "not asserted". */
export interface ExpectedPacket {
  readonly span: Span;
  readonly out: AnyOf<string> | null;
  readonly nextHop: AnyOf<Address> | null;
  readonly from: AnyOf<ExpectedEnd> | null;
  readonly to: AnyOf<ExpectedEnd> | null;
  readonly proto: AnyOf<number> | null;
  /** ICMP types and codes as they are written: their names depend on the family of the packet. */
  readonly type: AnyOf<string> | null;
  readonly code: AnyOf<string> | null;
  readonly flags: AnyOf<number> | null;
  readonly chunk: AnyOf<number> | null;
  readonly id: AnyOf<number> | null;
  readonly ttl: AnyOf<number> | null;
  readonly tos: AnyOf<number> | null;
  readonly mss: AnyOf<number> | null;
  readonly mtu: AnyOf<number> | null;
  readonly length: AnyOf<number> | null;
  readonly df: boolean | null;
  readonly inner: ExpectedPacket | null;
}

export interface Expectation {
  readonly span: Span;
  readonly verdict: AnyOf<string> | null;
  readonly packet: ExpectedPacket;
  readonly not: ExpectedPacket | null;
  readonly rule: AnyOf<string> | null;
  readonly ruleNumber: { readonly in: string | null; readonly out: string | null } | null;
  readonly answer: ExpectedPacket | null;
  /** The packet around it, as it left. */
  readonly carrier: ExpectedPacket | null;
  /** Number of states. */
  readonly states: AnyOf<number> | null;
  /** State that ifstated is in. */
  readonly state: AnyOf<string> | null;
  readonly tables: ReadonlyMap<string, readonly string[]> | null;
  readonly copies: readonly ExpectedPacket[] | null;
  readonly divert: AnyOf<ExpectedEnd> | null;
  readonly delivered: boolean | null;
  /** Of a `connect` step: whether the client got in, with which address, by which interface. */
  readonly connected: boolean | null;
  readonly address: AnyOf<Address> | null;
  readonly interface: AnyOf<string> | null;
  /** Of a `run` step. */
  readonly exit: number | null;
  readonly output: AnyOf<string> | null;
}

export interface ReplySpec {
  readonly span: Span;
  readonly packet: PacketSpec;
  readonly error: string | null;
  readonly code: string | null;
  readonly mtu: number | null;
  readonly by: Address | null;
}

export type StepAction =
  | { readonly kind: "packet"; readonly packet: PacketSpec }
  | { readonly kind: "reply"; readonly reply: ReplySpec }
  | { readonly kind: "set"; readonly tests: TestTruths }
  /** Null: the lease ends, and there is no other. */
  | { readonly kind: "lease"; readonly leases: ReadonlyMap<string, Lease | null> }
  | { readonly kind: "link"; readonly links: ReadonlyMap<string, LinkState> }
  | { readonly kind: "connect"; readonly client: ClientSpec }
  | { readonly kind: "disconnect"; readonly user: string }
  /** Seconds. */
  | { readonly kind: "advance"; readonly seconds: number }
  | { readonly kind: "run"; readonly command: string; readonly stdin: string | null };

export interface ScenarioStep {
  readonly span: Span;
  readonly action: StepAction;
  readonly expect: Expectation | null;
  readonly times: number;
  readonly save: string | null;
}

export interface Scenario {
  readonly source: Source;
  readonly name: string;
  readonly system: System;
  /** Folder of the tree, as it is written: relative to the scenario file. */
  readonly tree: string | null;
  readonly files: ReadonlyMap<string, string>;
  readonly interfaces: readonly ScenarioInterface[];
  readonly routes: readonly ScenarioRoute[];
  /** Null: as the tree says; off without a tree. */
  readonly forwarding: boolean | null;
  /** What DHCP servers have given when the machine has booted, by interface. */
  readonly leases: ReadonlyMap<string, Lease>;
  readonly tests: TestTruths;
  readonly steps: readonly ScenarioStep[];
}

export interface ReadScenario {
  /** Null when the file is not a scenario at all. */
  readonly scenario: Scenario | null;
  readonly diagnostics: readonly Diagnostic[];
}
