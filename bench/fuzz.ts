/**
 * A million mutated inputs over all parsers: crashes, the slowest input, memory. `npm run bench -- fuzz`; all million go to
 * one target with `FUZZ='RADIUS packet'`.
 */
import { fuzzTargets } from "../tests/support/fuzz-targets.ts";
import { mutate } from "../tests/support/mutate.ts";
import { randomSource } from "../tests/support/random-rules.ts";

const TOTAL = 1_000_000;
const wanted = process.env["FUZZ"];
const targets = fuzzTargets().filter(({ name }) => wanted === undefined || name === wanted);
const shares = targets.reduce((sum, target) => sum + target.share, 0);
let crashes = 0;
let most = 0;

function milliseconds(run: () => void): number {
  const before = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - before) / 1e6;
}

process.stdout.write("target                    inputs   s  slowest ms  crashes\n");
for (const target of targets) {
  const random = randomSource(target.name.length * 104_729 + 7);
  const count = Math.ceil((TOTAL * target.share) / shares);
  const started = process.hrtime.bigint();
  let slowest = 0;
  let failed = 0;
  for (let i = 0; i < count; i++) {
    const seed = target.seeds[random(target.seeds.length)] as string;
    const text = mutate(seed, target.seeds[random(target.seeds.length)] as string, random);
    try {
      let took = milliseconds(() => target.run(text));
      // Other work on the machine and the garbage of earlier inputs are not this input's: a slow one is looked at again.
      for (let again = 0; again < 4 && took > slowest; again++) {
        took = Math.min(
          took,
          milliseconds(() => target.run(text)),
        );
      }
      slowest = Math.max(slowest, took);
    } catch (error) {
      failed++;
      if (failed <= 3) process.stderr.write(`${target.name}: ${(error as Error).message}\n${JSON.stringify(text)}\n`);
    }
  }
  crashes += failed;
  most = Math.max(most, process.memoryUsage().rss);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const row = [
    target.name.padEnd(24),
    String(count).padStart(7),
    seconds.toFixed(0).padStart(4),
    slowest.toFixed(0).padStart(8),
    String(failed).padStart(9),
  ];
  process.stdout.write(`${row.join(" ")}\n`);
}
process.stdout.write(`${TOTAL} inputs, ${crashes} crashes, at most ${Math.round(most / 1048576)} MB resident\n`);
process.exitCode = crashes > 0 ? 1 : 0;
