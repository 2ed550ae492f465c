/** How long `pierhead check` on the example takes as a whole process, beside a Node.js that does nothing. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

const root = resolve(process.cwd());
const command = join(root, "packages/cli/dist/pierhead.js");
const runs = 15;

function median(args: readonly string[]): number {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const started = process.hrtime.bigint();
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "ignore" });
    times.push(Number(process.hrtime.bigint() - started) / 1e6);
    if (status !== 0) throw new Error(`${args.join(" ")}: exit ${status}`);
  }
  return times.sort((a, b) => a - b)[runs >> 1] as number;
}

const nothing = median(["-e", "0"]);
const rows: [string, number][] = [
  ["node that does nothing", nothing],
  ["pierhead --version", median([command, "--version"])],
  ["pierhead check examples/two-isps/openbsd-7.8", median([command, "check", "examples/two-isps/openbsd-7.8"])],
  ["pierhead failover examples/two-isps/openbsd-7.8", median([command, "failover", "examples/two-isps/openbsd-7.8"])],
];
for (const [name, time] of rows) {
  process.stdout.write(`${name.padEnd(50)} ${time.toFixed(0).padStart(6)} ms  ${(time / nothing).toFixed(1)}x\n`);
}
