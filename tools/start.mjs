// npm start: the main job on the shipped example, then where to go next.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const command = join("packages", "cli", "bin", "pierhead.mjs");
const tree = "examples/two-isps/openbsd-7.8";

const steps = [
  ["What is wrong with the files", ["check", tree]],
  ["What happens when a line dies", ["failover", tree]],
  ["Where a web page goes", ["trace", tree, "--packet", "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"]],
  [
    "And with ISP 2 dead",
    ["trace", tree, "--when", "isp2=down", "--packet", "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"],
  ],
];

for (const [title, args] of steps) {
  const shown = args.map((word) => (/[\s>]/.test(word) ? `"${word}"` : word)).join(" ");
  process.stdout.write(`\n── ${title}\n$ npx pierhead ${shown}\n\n`);
  const result = spawnSync(process.execPath, [command, ...args], { cwd: root, stdio: "inherit" });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

process.stdout.write(`
── Your own gateway
  npx pierhead check /path/to/etc --system openbsd-7.8     a copy of its /etc is enough
  npx pierhead failover /path/to/etc                       every line condition
  npx pierhead test examples/two-isps/scenarios            tests for a gateway; write your own
  npx pierhead --help                                      everything else
`);
