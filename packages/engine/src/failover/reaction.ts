/** Where the seconds between a change and the end of what is done about it go, read off the monitor's log. */
import type { MonitorLogEntry } from "../ifstated/index.ts";
import type { Delay, Reaction } from "./types.ts";

/** Name of a test as the reader knows it. */
type NameOf = (command: string, macros: readonly string[]) => string;

/** Something that was noticed at a time without a test: a probe that came to its verdict. */
export interface Notice {
  readonly time: number;
  readonly why: string;
}

/** Seconds that a command's programs are given to start where seconds are split: no simulation tells. */
const START_OF_PROGRAM = 0.05;

/**
 * @param notices verdicts of probes; with any, the start of programs is counted too
 * @param log what was logged since the change, at time `start`
 * @returns null when nothing was done
 */
export function reactionOf(
  log: readonly MonitorLogEntry[],
  start: number,
  nameOf: NameOf,
  notices: readonly Notice[] = [],
): Reaction | null {
  const last = log.findLastIndex((entry) => entry.kind === "enter" || entry.kind === "command");
  if (last === -1) return null;
  const parts: Delay[] = [];
  let atLeast = false;
  let now = start;
  let state = "";
  const add = (until: number, why: string): void => {
    if (until - now > 0.0005) parts.push({ seconds: round(until - now), why });
    now = Math.max(now, until);
  };
  for (let i = 0; i <= last; i++) {
    const entry = log[i] as MonitorLogEntry;
    switch (entry.kind) {
      case "enter": {
        state = entry.state;
        // The run in the background that ended now is what told.
        const poll = pollBefore(log, i, entry.time);
        if (poll !== null) {
          const name = nameOf(poll.test.command, poll.test.macros);
          add(poll.time, `until ${name} is tested again (every ${poll.test.every})`);
          const result = poll.status === 0 ? "answers" : "does not answer";
          add(
            entry.time,
            poll.seconds > 0 && poll.status !== 0 ? `${name} ${result}: ${poll.seconds} s` : `${name} ${result}`,
          );
        } else {
          const notice = notices.find(({ time }) => Math.abs(time - entry.time) < 0.001);
          add(entry.time, notice?.why ?? "until it notices");
        }
        break;
      }
      case "test":
        if (!entry.blocking) break;
        add(entry.time, "before");
        add(
          entry.time + finite(entry.seconds),
          `${nameOf(entry.test.command, entry.test.macros)} is tested on entering ${state}, before its init block`,
        );
        break;
      case "command":
        add(entry.time, "before");
        if (entry.result.seconds > 0)
          add(entry.time + entry.result.seconds, `the command waits: \`${shorten(entry.action.command)}\``);
        if (entry.result.opaque.length > 0) atLeast = true;
        break;
      case "kill":
        break;
    }
  }
  const commands = log.slice(0, last + 1).filter(({ kind }) => kind === "command").length;
  if (notices.length > 0 && commands > 0) {
    add(now + commands * START_OF_PROGRAM, `${commands} commands are started, ${START_OF_PROGRAM} s allowed for each`);
  }
  return { seconds: round(now - start), parts: merge(parts), atLeast };
}

function finite(seconds: number): number {
  return Number.isFinite(seconds) ? seconds : 0;
}

/** The background run that ended at `time` with news. */
function pollBefore(
  log: readonly MonitorLogEntry[],
  index: number,
  time: number,
): (MonitorLogEntry & { kind: "test" }) | null {
  for (let i = index - 1; i >= 0; i--) {
    const entry = log[i] as MonitorLogEntry;
    if (entry.kind === "enter") return null;
    if (entry.kind === "test" && !entry.blocking && Math.abs(entry.time + entry.seconds - time) < 0.001) return entry;
  }
  return null;
}

function merge(parts: readonly Delay[]): Delay[] {
  const merged: Delay[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (last !== undefined && last.why === part.why)
      merged[merged.length - 1] = { ...last, seconds: round(last.seconds + part.seconds) };
    else merged.push(part);
  }
  return merged;
}

function shorten(command: string): string {
  return command.length > 40 ? `${command.slice(0, 37)}…` : command;
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
