/**
 * Asks one question after another, with a pause between, and tells a head-end that takes no more for now from one that
 * passes over a proposal.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint, Meter } from "./endpoint.ts";
import type { Answer, IkeVersion, ProbeOptions } from "./types.ts";

/** Waits for half-open negotiations to end, one after the other. */
const MOST_WAITS = 3;

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
  let heard = false;
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
  /** A question that was answered before, in this version or the other: limits go by address. */
  const control = (version: IkeVersion): Promise<Answer> | null => {
    const road = [version, version === 1 ? 2 : 1]
      .map((one) => roads.get(one as IkeVersion))
      .find((one) => one?.control);
    return road?.control == null ? null : road.control(road.endpoint);
  };
  const ask: Asker["ask"] = async (version, question) => {
    const road = roads.get(version);
    if (road === undefined || spent()) return null;
    await rest(options.pause);
    let answer = await question(road.endpoint);
    // strongSwan's block_threshold, isakmpd's and others' limits: after some open negotiations nothing is answered.
    for (let waits = 0; answer.kind === "silent" && !spent(); waits++) {
      const compared = await control(version);
      // Nobody ever answered, or somebody does, and it may be this question alone: once more, to be sure.
      const isAlone = compared === null ? !heard : compared.kind !== "silent";
      if (!isAlone) {
        if (waits === MOST_WAITS) {
          cut = "the head-end stopped answering";
          break;
        }
        report(`no answer any more; waiting ${Math.ceil(options.patience / 1000)} s for open negotiations to end`);
        await rest(options.patience);
      }
      if (spent() || compared === null) break;
      answer = await question(road.endpoint);
      if (answer.kind !== "silent") limited = true;
      else if (isAlone) break;
    }
    if (answer.kind !== "silent") heard = true;
    return answer;
  };
  return { meter, report, cut: () => (spent() ? cut : null), limited: () => limited, ask };
}
