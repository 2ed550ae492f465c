/** Namespaces: made, entered and taken away. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { AT, addressLines, linkLines, PLACES, type Place, placeName } from "./plan.ts";

/** Words before a command that is to run there. */
export function within(pid: number, place: Place): readonly string[] {
  return ["ip", "netns", "exec", placeName(pid, place)];
}

/** @throws with the tool's own words */
export function raiseNetwork(pid: number): void {
  for (const place of PLACES) must(["ip", "netns", "add", placeName(pid, place)]);
  // ip-netns(8): what is there takes the place of the files in /etc for who is started inside.
  mkdirSync(nameFiles(pid), { recursive: true });
  writeFileSync(`${nameFiles(pid)}/resolv.conf`, `nameserver ${AT.gateway[4]}\n`);
  must(["ip", "-batch", "-"], linkLines(pid));
  for (const place of PLACES) must([...within(pid, place), "ip", "-batch", "-"], addressLines(place));
}

/** Ends every process inside, and removes the namespaces that are there. */
export function razeNetwork(pid: number): void {
  const there = new Set(namespaces());
  for (const place of PLACES) {
    const name = placeName(pid, place);
    if (!there.has(name)) continue;
    const { stdout } = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" });
    for (const inside of (stdout ?? "").split("\n").filter((line) => /^\d+$/.test(line))) {
      try {
        process.kill(Number(inside), "SIGKILL");
      } catch {
        // It has just ended.
      }
    }
    must(["ip", "netns", "del", name]);
  }
  rmSync(nameFiles(pid), { recursive: true, force: true });
}

export function namespaces(): string[] {
  const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  return (stdout ?? "").split("\n").map((line) => line.split(" ")[0] as string);
}

function nameFiles(pid: number): string {
  return `/etc/netns/${placeName(pid, "guest")}`;
}

function must(argv: readonly string[], input = ""): void {
  const [tool = "", ...words] = argv;
  const { status, stderr, error } = spawnSync(tool, words, { encoding: "utf8", input });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim().split("\n")[0] ?? "";
  throw new Error(`${argv.join(" ")}: ${why || `ended with ${status}`}`);
}
