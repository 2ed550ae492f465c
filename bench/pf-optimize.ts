/** The ruleset optimizer: 100,000 mixed statements, and 10,000 rules that differ only in their source address. */
import { parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import { loadPf, type PfEnvironment } from "@pierhead/lang/pf";

const system = parseSystem("openbsd-7.8") as System;
const environment: PfEnvironment = {
  system,
  interfaces: [
    {
      name: "em0",
      addresses: [{ address: parseAddress("192.0.2.1") as never, length: 24 }],
      groups: ["egress"],
      link: "up",
      up: true,
      kind: "broadcast",
      mtu: 1500,
      routingDomain: 0,
    },
  ],
  resolveHost: () => [],
  readFile: () => null,
  userId: () => null,
  groupId: () => null,
};

function sources(count: number): string {
  return Array.from(
    { length: count },
    (_, i) => `pass in on em0 inet proto tcp from 10.${i >> 16}.${(i >> 8) & 255}.${i & 255} to any port 80\n`,
  ).join("");
}

function mixed(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const action = i % 3 === 0 ? "block" : "pass";
    const proto = i % 2 === 0 ? "tcp" : "udp";
    return `${action} in on em0 inet proto ${proto} from 10.${i % 200}.${(i >> 3) & 255}.0/24 to any port { ${1 + (i % 5000)} ${6000 + (i % 900)} }\n`;
  }).join("");
}

function time(text: string, optimize: "none" | "basic"): { ms: number; rules: number } {
  const started = process.hrtime.bigint();
  const load = loadPf(new Source("pf.conf", text), environment, { optimize, verbose: 0 });
  return { ms: Number(process.hrtime.bigint() - started) / 1e6, rules: load.configuration.main.filter.length };
}

time(mixed(2_000), "basic");
for (const [name, make, count] of [
  ["mixed statements", mixed, 10_000],
  ["mixed statements", mixed, 100_000],
  ["only the source differs", sources, 1_000],
  ["only the source differs", sources, 10_000],
  ["only the source differs", sources, 100_000],
] as const) {
  const text = make(count);
  const plain = time(text, "none");
  const optimized = time(text, "basic");
  const row = `${String(count).padStart(7)} ${name.padEnd(24)} ${plain.ms.toFixed(0).padStart(6)} ms plain, ${optimized.ms.toFixed(0).padStart(6)} ms optimized`;
  process.stdout.write(
    `${row} (${plain.rules} → ${optimized.rules} rules), ${(optimized.ms / plain.ms).toFixed(1)}x\n`,
  );
}
