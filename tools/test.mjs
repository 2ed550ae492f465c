// npm test: format and lint, types, layers, then every test. Stops at the first stage that fails.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name) => join(root, "node_modules", ".bin", name);
const stages = [
  ["format and lint", bin("biome"), ["check", "--error-on-warnings", "."]],
  ["types", bin("tsc"), ["-b"]],
  ["types of tests", bin("tsc"), ["-p", "tests", "--noEmit"]],
  ["layers", process.execPath, [join("tools", "layers.mjs")]],
  ["tests", bin("vitest"), ["run", ...process.argv.slice(2)]],
];
for (const [name, command, args] of stages) {
  const started = process.hrtime.bigint();
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) {
    process.stderr.write(`\nnpm test: ${name} failed\n`);
    process.exit(result.status ?? 1);
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  process.stdout.write(`${name}: ok (${seconds.toFixed(1)} s)\n`);
}
