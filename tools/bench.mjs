// Runs the benchmarks: all of bench/*.ts, or those named. `npm run bench -- pf-parse`
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const wanted = process.argv.slice(2);
const all = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(".ts"))
  .sort();
const chosen = wanted.length === 0 ? all : all.filter((file) => wanted.includes(file.replace(/\.ts$/, "")));
if (chosen.length === 0) {
  process.stderr.write(`no such benchmark; there are: ${all.map((file) => file.replace(/\.ts$/, "")).join(", ")}\n`);
  process.exit(2);
}
let status = 0;
for (const file of chosen) {
  process.stdout.write(`\n== ${file.replace(/\.ts$/, "")}\n`);
  status = (await run(join("bench", file), [], ["--expose-gc", "--max-old-space-size=8192"])) || status;
}
process.exit(status);
