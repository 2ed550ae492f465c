import { TIMEOUTS_BY_NUMBER, type TimeoutName } from "@pierhead/lang/pf";

/** Index of every timeout (`PFTM_*`), and the two marks of states that are about to go. */
export const TIMEOUT = {
  tcpFirst: 0,
  tcpOpening: 1,
  tcpEstablished: 2,
  tcpClosing: 3,
  tcpFinWait: 4,
  tcpClosed: 5,
  udpFirst: 6,
  udpSingle: 7,
  udpMultiple: 8,
  icmpFirst: 9,
  icmpError: 10,
  otherFirst: 11,
  otherSingle: 12,
  otherMultiple: 13,
  fragment: 14,
  interval: 15,
  adaptiveStart: 16,
  adaptiveEnd: 17,
  sourceNode: 18,
  timestampDifference: 19,
  sctpFirst: 20,
  sctpOpening: 21,
  sctpEstablished: 22,
  sctpClosing: 23,
  sctpClosed: 24,
  /** Number of real timeouts. */
  count: 25,
  /** The state goes at the next pass of the purge; it matches no more. */
  purge: 26,
  /** The state is out of the tables and waits to be counted out. */
  unlinked: 27,
} as const;

const INDEX: ReadonlyMap<TimeoutName, number> = new Map(TIMEOUTS_BY_NUMBER.map((name, index) => [name, index]));

/** pf's own values (`PFTM_*_VAL`), in seconds; `adaptive` in states. */
export const DEFAULT_TIMEOUTS: readonly number[] = [
  120, 30, 86_400, 900, 45, 90, 60, 30, 60, 20, 10, 60, 30, 60, 60, 10, 60_000, 120_000, 0, 30, 120, 30, 86_400, 900,
  90,
];

/** `set optimization`: what pfctl sets for each word (pf.conf(5)). */
export const OPTIMIZATION: Readonly<Record<string, ReadonlyMap<TimeoutName, number>>> = {
  normal: hints(120, 30, 86_400, 900, 45, 90, 30),
  satellite: hints(180, 35, 86_400, 905, 50, 95, 60),
  "high-latency": hints(180, 35, 86_400, 905, 50, 95, 60),
  conservative: hints(3600, 900, 432_000, 3600, 600, 180, 60),
  aggressive: hints(30, 5, 18_000, 60, 30, 30, 10),
};

function hints(
  first: number,
  opening: number,
  established: number,
  closing: number,
  finwait: number,
  closed: number,
  tsdiff: number,
): ReadonlyMap<TimeoutName, number> {
  return new Map<TimeoutName, number>([
    ["tcp.first", first],
    ["tcp.opening", opening],
    ["tcp.established", established],
    ["tcp.closing", closing],
    ["tcp.finwait", finwait],
    ["tcp.closed", closed],
    ["tcp.tsdiff", tsdiff],
  ]);
}

export function timeoutIndex(name: TimeoutName): number {
  return INDEX.get(name) as number;
}

/** The timeouts of a rule: 0 where the rule says nothing; null when it says nothing at all. */
export function ruleTimeouts(given: ReadonlyMap<TimeoutName, number> | undefined): Float64Array | null {
  if (given === undefined || given.size === 0) return null;
  const timeouts = new Float64Array(TIMEOUT.count);
  for (const [name, value] of given) timeouts[timeoutIndex(name)] = value;
  return timeouts;
}
