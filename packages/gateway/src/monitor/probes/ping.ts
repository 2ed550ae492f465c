/**
 * ICMP probes by one long-lived ping(8): Node has no ICMP socket. What counts as lost is decided here and not by ping,
 * because only some systems' ping says that an answer is missing.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { ProbeDefinition } from "@pierhead/lang/ifstated";
import { LineSplitter } from "../lines.ts";
import type { Asker } from "./asker.ts";

/** Arguments of ping for a probe. */
export function pingArguments(probe: ProbeDefinition, platform: NodeJS.Platform): string[] {
  const words = ["-n", "-i", String(probe.every)];
  switch (platform) {
    case "linux":
      // -O: a line for every missing answer, so that a ping nobody reads any more ends by itself.
      words.push("-O");
      if (probe.interface !== null) words.push("-I", probe.interface);
      if (probe.source !== null) words.push("-I", probe.source);
      break;
    case "freebsd":
      if (probe.source !== null) words.push("-S", probe.source);
      break;
    default:
      if (probe.source !== null) words.push("-I", probe.source);
  }
  return [...words, probe.target];
}

/** An answer in ping's output: its number, and the seconds it took. Null for any other line. */
export function parsePingLine(line: string): { readonly sequence: number; readonly seconds: number } | null {
  const found = /\bicmp_seq=(\d+)\b.*\btime[=<]([\d.]+) ?ms/.exec(line);
  return found === null ? null : { sequence: Number(found[1]), seconds: Number(found[2]) / 1000 };
}

/** Turns answers and the passing of time into results, one for each question. Pure: the timer is passed in. */
export class AnswerCounter {
  readonly #every: number;
  readonly #timeout: number;
  readonly #result: (latency: number | null) => void;
  readonly #alarm: (seconds: number) => void;
  #last: number | null = null;
  /** Questions after {@link #last} that were given up already. */
  #declared = 0;

  /** @param alarm sets the one timer: {@link overdue} is to be called after so many seconds unless it is set again */
  constructor(
    probe: Pick<ProbeDefinition, "every" | "timeout">,
    result: (latency: number | null) => void,
    alarm: (seconds: number) => void,
  ) {
    this.#every = probe.every;
    this.#timeout = probe.timeout;
    this.#result = result;
    this.#alarm = alarm;
  }

  /** Questions are numbered from the start again. `slack`: seconds until the first is sent. */
  restart(slack: number): void {
    this.#last = null;
    this.#declared = 0;
    this.#alarm(slack + this.#timeout);
  }

  /** The same, while questions are overdue: the timer goes on. */
  forget(): void {
    this.#last = null;
    this.#declared = 0;
  }

  answer(sequence: number, seconds: number): void {
    if (this.#last !== null) {
      // Sixteen bits on the wire; what is behind came twice or too late and was counted as lost.
      const ahead = (sequence - this.#last) & 0xffff;
      if (ahead === 0 || ahead > 0x7fff) return;
      for (let missing = Math.min(ahead - 1, 1_000) - this.#declared; missing > 0; missing--) this.#result(null);
    }
    this.#last = sequence;
    this.#declared = 0;
    this.#result(seconds > this.#timeout ? null : seconds);
    this.#alarm(this.#every + this.#timeout);
  }

  /** No answer came in time. */
  overdue(): void {
    this.#declared++;
    this.#result(null);
    this.#alarm(this.#every);
  }
}

const RESTART_AFTER = 1;
const START_SLACK = 0.5;

export function startPing(
  probe: ProbeDefinition,
  result: (latency: number | null) => void,
  trouble: (message: string) => void,
): Asker {
  let timer: NodeJS.Timeout | null = null;
  let restart: NodeJS.Timeout | null = null;
  let child: ChildProcess | null = null;
  let stopped = false;
  let complained = "";
  const counter = new AnswerCounter(probe, result, (seconds) => {
    if (timer !== null) clearTimeout(timer);
    timer = stopped ? null : setTimeout(() => counter.overdue(), seconds * 1000);
  });
  const program = process.platform !== "linux" && probe.target.includes(":") ? "ping6" : "ping";
  const start = (): void => {
    const own = spawn(program, pingArguments(probe, process.platform), { stdio: ["ignore", "pipe", "pipe"] });
    child = own;
    let last = "";
    const lines = new LineSplitter((line) => {
      const answer = parsePingLine(line);
      if (answer !== null) counter.answer(answer.sequence, answer.seconds);
    });
    own.stdout.setEncoding("utf8");
    own.stdout.on("data", (text: string) => lines.push(text));
    own.stderr.setEncoding("utf8");
    own.stderr.on("data", (text: string) => {
      last = text.trim().slice(0, 200);
    });
    let over = false;
    const again = (why: string): void => {
      if (over || stopped) return;
      over = true;
      child = null;
      if (why !== complained) trouble(`ping ${probe.target}: ${why}; starting it again every ${RESTART_AFTER} s`);
      complained = why;
      restart = setTimeout(start, RESTART_AFTER * 1000);
    };
    own.once("error", (error) => again(error.message));
    own.once("exit", (status, signal) => again(last === "" ? `ended (${signal ?? status})` : last));
    if (timer === null || complained === "") counter.restart(START_SLACK);
    else counter.forget();
  };
  start();
  return {
    get pid(): number | null {
      return child?.pid ?? null;
    },
    stop(): void {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      if (restart !== null) clearTimeout(restart);
      child?.kill("SIGKILL");
    },
  };
}
