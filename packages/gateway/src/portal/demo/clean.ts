/** What a demo that was killed left behind. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { namespaces, razeNetwork } from "./network.ts";
import { folderOf } from "./plan.ts";

export interface Cleaned {
  /** Processes of demos whose things were taken away, and of those that run and were left alone. */
  readonly removed: readonly number[];
  readonly running: readonly number[];
}

export function cleanDemos(): Cleaned {
  const found = new Set<number>();
  const names = [...namespaces(), ...list("/run"), ...list("/etc/netns")];
  for (const name of names) {
    const [, pid] = /^pierhead-demo-(\d+)(?:-|$)/.exec(name) ?? [];
    if (pid !== undefined) found.add(Number(pid));
  }
  const removed: number[] = [];
  const running: number[] = [];
  for (const pid of [...found].sort((a, b) => a - b)) {
    if (isDemo(pid)) {
      running.push(pid);
      continue;
    }
    removeDemo(pid);
    removed.push(pid);
  }
  return { removed, running };
}

export function removeDemo(pid: number): void {
  razeNetwork(pid);
  rmSync(folderOf(pid), { recursive: true, force: true });
}

/** The number may be another program's by now. */
function isDemo(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("portal") && words.includes("demo");
  } catch {
    return false;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
