/** Which lines work: every combination is a state of ifstated, with rules and a default route of its own. */
import type { Host, Uplink } from "../model/site.ts";

export interface LineState {
  /** State of ifstated: `allworking`, `noisp1`, `alldown`. */
  readonly name: string;
  /** End of the file with its rules: `all`, `isp2`, `down`. */
  readonly file: string;
  readonly working: readonly Uplink[];
  readonly dead: readonly Uplink[];
  /** Line of the default route; null when none works. */
  readonly route: Uplink | null;
  /** Lines that carry new connections, with their shares; empty when none works. */
  readonly carrying: readonly Uplink[];
}

/** All working first, then fewer and fewer. */
export function lineStates(host: Host): LineState[] {
  const { uplinks } = host;
  const states: LineState[] = [];
  for (let deadMask = 0; deadMask < 1 << uplinks.length; deadMask++) {
    const working = uplinks.filter((_, index) => ((deadMask >> index) & 1) === 0);
    const dead = uplinks.filter((_, index) => ((deadMask >> index) & 1) === 1);
    // A line in reserve carries something only when all others are dead.
    const weighted = working.filter((one) => one.weight > 0);
    const carrying = weighted.length > 0 ? weighted : working.slice(0, 1);
    const route = working.includes(host.preferred as Uplink) ? host.preferred : (carrying[0] ?? null);
    states.push({ ...names(working, dead), working, dead, route, carrying });
  }
  return states.sort((a, b) => a.dead.length - b.dead.length);
}

function names(working: readonly Uplink[], dead: readonly Uplink[]): { name: string; file: string } {
  if (dead.length === 0) return { name: "allworking", file: "all" };
  if (working.length === 0) return { name: "alldown", file: "down" };
  const join = (all: readonly Uplink[]): string => all.map((one) => one.name).join("_");
  return { name: `no${join(dead)}`, file: join(working) };
}

/**
 * Shares as probabilities of a chain where the last rule that matches wins: the first line always, the next with its
 * share of the two, and so on. `null`: always.
 */
export function probabilities(lines: readonly Uplink[]): (number | null)[] {
  let total = 0;
  return lines.map((line, index) => {
    // A lone line in reserve has weight 0 and carries everything.
    const weight = Math.max(line.weight, lines.length === 1 ? 1 : 0);
    total += weight;
    return index === 0 ? null : weight / total;
  });
}

/** `33.3333%`: what pf.conf takes, without more digits than needed. */
export function percent(probability: number): string {
  return `${Number((probability * 100).toFixed(4))}%`;
}
