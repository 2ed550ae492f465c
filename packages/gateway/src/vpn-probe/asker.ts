/**
 * Asks one question after another, with a pause between, and tells a head-end that takes no more for now from one that
 * passes over a proposal.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint, Meter } from "./endpoint.ts";
import type { Answer, IkeVersion, ProbeOptions } from "./types.ts";

/** Waits for half-open negotiations to end, at most. */
const MOST_WAITS = 12;

export interface Asker {
  readonly meter: Meter;
  readonly report: (text: string) => void;
  /** Why it stopped asking; null while it goes on. */
  readonly cut: () => string | null;
  readonly limited: () => boolean;
  /** Null: a bound is reached, and nothing was sent. */
  ask(version: IkeVersion, question: (endpoint: Endpoint) => Promise<Answer>): Promise<Answer | null>;
}

/** For each version: where to ask, and a question that was answered before. */
export interface Road {
  readonly endpoint: Endpoint;
  /** Null when no question is known that costs the head-end nothing. */
  readonly control: ((endpoint: Endpoint) => Promise<Answer>) | null;
}

export function makeAsker(options: ProbeOptions, meter: Meter, roads: ReadonlyMap<IkeVersion, Road>): Asker {
  let cut: string | null = null;
  let limited = false;
  let waits = 0;
  const report = options.progress ?? ((): void => {});
  const spent = (): boolean => {
    cut ??= meter.spent;
    return cut !== null;
  };
  const rest = async (milliseconds: number): Promise<void> => {
    try {
      await sleep(milliseconds, undefined, options.signal === undefined ? {} : { signal: options.signal });
    } catch {
      // Interrupted: the next look at the meter says so.
    }
  };
  const ask: Asker["ask"] = async (version, question) => {
    const road = roads.get(version);
    if (road === undefined || spent()) return null;
    await rest(options.pause);
    let answer = await question(road.endpoint);
    // strongSwan's block_threshold, isakmpd's and others' limits: after some open negotiations nothing is answered.
    while (answer.kind === "silent" && waits < MOST_WAITS && !spent()) {
      const control = road.control === null ? null : await road.control(road.endpoint);
      if (control !== null && control.kind !== "silent") break;
      waits++;
      report(`no answer any more; waiting ${Math.ceil(options.patience / 1000)} s for open negotiations to end`);
      await rest(options.patience);
      if (spent()) return null;
      answer = await question(road.endpoint);
      if (answer.kind !== "silent") limited = true;
      // Silent after a rest as well, and nothing to compare with: it is this question.
      else if (road.control === null || (await road.control(road.endpoint)).kind !== "silent") break;
      else {
        cut = "the head-end stopped answering";
        break;
      }
    }
    return answer;
  };
  return { meter, report, cut: () => (spent() ? cut : null), limited: () => limited, ask };
}
