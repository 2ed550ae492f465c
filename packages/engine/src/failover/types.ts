import type { Address, LinkState } from "@pierhead/core";
import type { ProbeDefinition, RunAction } from "@pierhead/lang/ifstated";
import type { TestTiming } from "../ifstated/index.ts";
import type { Verdict } from "../network/journey.ts";
import type { OpaqueCommand } from "../shell/index.ts";

/** What a test watches: a host, and the interface it is reached by. Null where the command does not tell. */
export interface Line {
  readonly target: Address | null;
  readonly interface: string | null;
}

/** One thing about the world that can be one way or another. */
export type Axis =
  | {
      readonly kind: "test";
      /** The macro when it holds this one test, else the command. */
      readonly name: string;
      readonly command: string;
      readonly line: Line;
      readonly timing: TestTiming;
    }
  /** A `probe` of the file, which `pierhead monitor` watches beyond ifstated.conf(5). */
  | {
      readonly kind: "probe";
      readonly name: string;
      readonly definition: ProbeDefinition;
      readonly line: Line;
    }
  | { readonly kind: "link"; readonly name: string; readonly values: readonly LinkState[] };

/** How every axis stands: `up` for a test that succeeds, `down` for one that fails. */
export interface Condition {
  /** `isp1 up, isp2 down`. */
  readonly name: string;
  /** One for each axis. */
  readonly values: readonly LinkState[];
}

/** A packet that stands for many. */
export interface Probe {
  /** `http`, `https`, `dns`, `icmp`, `udp`, …; unique with {@link from}. */
  readonly name: string;
  /** `lan`: from an inside host out; `lan-to-gateway`; `gateway`: the machine's own; `inbound`: from outside to it. */
  readonly from: "lan" | "lan-to-gateway" | "gateway" | "inbound";
  /** Interface it arrives on; null for the machine's own. */
  readonly interface: string | null;
}

/** A way out of the machine. */
export interface Exit {
  readonly interface: string;
  readonly nextHop: Address;
  /** Source address it leaves with. */
  readonly source: Address;
  /** Whether the line is dead under the condition; null when the tests do not tell. */
  readonly dead: boolean | null;
}

export interface Fate {
  readonly probe: Probe;
  readonly verdict: Verdict;
  /** All ways that several packets of the kind took; empty when they did not leave. */
  readonly exits: readonly Exit[];
  /** `inbound`: the way the answer takes; null when there is none. */
  readonly answer: Exit | null;
  /** One sentence about the first of the packets. */
  readonly sentence: string;
}

export interface DefaultRoute {
  readonly gateway: Address | null;
  readonly interface: string | null;
  readonly dead: boolean | null;
}

/** What pf holds in an anchor. */
export interface AnchorContent {
  readonly path: string;
  /** Rules as `pfctl -a PATH -sr` prints them. */
  readonly rules: readonly string[];
}

export interface ConditionReport {
  readonly condition: Condition;
  /** Null when ifstated has no states. */
  readonly state: string | null;
  readonly settled: boolean;
  /** States it goes round in for ever; null when it comes to rest. */
  readonly flapping: readonly string[] | null;
  /** State when the machine boots into the condition, where that is another. */
  readonly atBoot: string | null;
  readonly commands: readonly CommandReport[];
  readonly anchors: readonly AnchorContent[];
  /** IPv4; null without one. */
  readonly defaultRoute: DefaultRoute | null;
  readonly fates: readonly Fate[];
}

/** A command that was run on the way into a condition. */
export interface CommandReport {
  readonly state: string | null;
  readonly action: RunAction;
  readonly exit: number | null;
  /** First line it printed on standard error; null without. */
  readonly error: string | null;
  readonly opaque: readonly OpaqueCommand[];
}

/** One part of a sum of seconds. */
export interface Delay {
  readonly seconds: number;
  readonly why: string;
}

/** How long it takes until the machine has done all it does about a change. */
export interface Reaction {
  readonly seconds: number;
  readonly parts: readonly Delay[];
  /** A part is not known and counted as nothing. */
  readonly atLeast: boolean;
}

/** What becomes of a connection that was there before the change. */
export interface ConnectionFate {
  readonly probe: Probe;
  /** Where it left before. */
  readonly before: Exit;
  /**
   * `goes on`; `stranded`: pf keeps sending it to a line that is dead; `moved`: it leaves another way and with
   * another address, so that the far end does not know it; `cut`: it is blocked or refused, and the client notices.
   */
  readonly fate: "goes on" | "stranded" | "moved" | "cut";
  readonly after: Exit | null;
}

export interface TransitionReport {
  readonly from: Condition;
  readonly to: Condition;
  /** Number of axes that change at once. */
  readonly changes: number;
  readonly stateFrom: string | null;
  readonly stateTo: string | null;
  /** States on the way, the last one included. */
  readonly path: readonly string[];
  /** The state is another than when the condition is reached from the all-up one. */
  readonly elsewhere: boolean;
  readonly settled: boolean;
  readonly flapping: readonly string[] | null;
  /** Null when nothing was done about the change. */
  readonly reaction: Reaction | null;
  /** Packets of the LAN that are lost until then, and get out afterwards; empty when there is no blackout. */
  readonly interrupted: readonly Probe[];
  /** Packets of the LAN that get out neither before nor afterwards. */
  readonly lost: readonly Probe[];
  readonly connections: readonly ConnectionFate[];
  /**
   * On a second visit to the state it starts in, a change within the first interval is passed over: the state it
   * then stays in; null when it is not.
   */
  readonly passedOver: string | null;
}

/** What was not looked at. */
export interface LeftOut {
  readonly conditions: number;
  readonly transitions: number;
}

export interface FailoverReport {
  readonly axes: readonly Axis[];
  readonly insideInterfaces: readonly string[];
  readonly outsideInterfaces: readonly string[];
  /** The all-up one first. */
  readonly conditions: readonly ConditionReport[];
  readonly transitions: readonly TransitionReport[];
  readonly leftOut: LeftOut;
  /** The longest blackout; null when there is none. */
  readonly worst: TransitionReport | null;
  readonly opaque: readonly OpaqueCommand[];
}
