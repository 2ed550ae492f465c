// Runs a TypeScript program of this repository: bundles it, then starts it. `node tools/run.mjs bench/x.ts ARGS`
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleForNode } from "./build.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

export async function run(entry, args = [], nodeArgs = []) {
  const outfile = join(root, ".cache", "run", `${basename(entry, ".ts")}.mjs`);
  mkdirSync(dirname(outfile), { recursive: true });
  await bundleForNode(entry, outfile, { packages: "bundle" });
  const result = spawnSync(process.execPath, ["--enable-source-maps", ...nodeArgs, outfile, ...args], {
    stdio: "inherit",
    cwd: root,
  });
  return result.status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2);
  if (entry === undefined) {
    process.stderr.write("usage: node tools/run.mjs FILE.ts [ARGUMENT ...]\n");
    process.exit(2);
  }
  process.exit(await run(entry, args));
}
