/**
 * Whether a line is up, out of the answers to a probe. Pure: times come with the results.
 *
 * Down is decided by a window (`loss 3 of 5`, mean latency above the limit), up by a row of answers without a gap whose
 * mean latency is below the lower mark, and not before the hold-down is over. The two rules differ on purpose: a line
 * that is half dead must not go up and down with every second packet.
 */
import type { LinkState } from "@pierhead/core";
import type { ProbeDefinition } from "@pierhead/lang/ifstated";

export type Thresholds = Pick<ProbeDefinition, "loss" | "recover" | "latency" | "holdDown">;

export class ProbeJudge {
  readonly #thresholds: Thresholds;
  /** Seconds each of the last questions took, null for a lost one; oldest first. */
  #window: (number | null)[] = [];
  #row = 0;
  #since = 0;
  #verdict: LinkState = "unknown";
  #sent = 0;
  #lost = 0;

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds;
  }

  /** `unknown` until the first answer, or until enough were lost. */
  get verdict(): LinkState {
    return this.#verdict;
  }

  /** Questions in all, and how many of them were lost. */
  get counts(): { readonly sent: number; readonly lost: number } {
    return { sent: this.#sent, lost: this.#lost };
  }

  /** Share of the window that was lost, 0 to 1. */
  get loss(): number {
    const window = this.#recent(this.#thresholds.loss.of);
    return window.length === 0 ? 0 : window.filter((one) => one === null).length / window.length;
  }

  /** Mean seconds of the answers in the window; null without any. */
  get latency(): number | null {
    return mean(this.#recent(this.#thresholds.loss.of));
  }

  /**
   * One question: seconds until the answer, null when it was lost.
   * @param time seconds on any clock that does not go back
   * @returns the new verdict when it has changed, else null
   */
  result(time: number, latency: number | null): LinkState | null {
    const { loss, recover } = this.#thresholds;
    this.#sent++;
    if (latency === null) this.#lost++;
    this.#row = latency === null ? 0 : this.#row + 1;
    this.#window.push(latency);
    if (this.#window.length > Math.max(loss.of, recover)) this.#window.shift();
    const next = this.#decide(time);
    if (next === this.#verdict) return null;
    // What was lost before it came back must not take it down again.
    if (this.#verdict === "down") this.#window = [];
    if (next === "down") this.#since = time;
    this.#verdict = next;
    return next;
  }

  #decide(time: number): LinkState {
    const { loss, recover, latency, holdDown } = this.#thresholds;
    if (this.#verdict === "down") {
      if (this.#row < recover || time - this.#since < holdDown) return "down";
      const recent = mean(this.#recent(recover));
      return latency !== null && recent !== null && recent > latency.back ? "down" : "up";
    }
    const window = this.#recent(loss.of);
    const answered = window.filter((one) => one !== null).length;
    if (window.length - answered >= loss.lost) return "down";
    if (latency !== null && window.length === loss.of && answered * 2 >= loss.of) {
      const recent = mean(window);
      if (recent !== null && recent > latency.limit) return "down";
    }
    return this.#verdict === "unknown" && answered === 0 ? "unknown" : "up";
  }

  #recent(count: number): (number | null)[] {
    return this.#window.slice(-count);
  }
}

function mean(window: readonly (number | null)[]): number | null {
  let sum = 0;
  let count = 0;
  for (const one of window) {
    if (one === null) continue;
    sum += one;
    count++;
  }
  return count === 0 ? null : sum / count;
}
