// Reads and expands generated pf.conf files: statements a second, and how time grows with size.
// pfctl itself, in C, takes 42 ms for 10,000 statements and 0.41 s with 204 MB for 100,000 (see docs/performance.md).
import { type Address, type NetworkInterface, parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import { loadPf, type PfEnvironment } from "@pierhead/lang/pf";

const address = (text: string): Address => parseAddress(text) as Address;

function networkInterface(name: string, text: string, length: number, groups: string[]): NetworkInterface {
  return {
    name,
    kind: name.startsWith("lo") ? "loopback" : "broadcast",
    groups,
    addresses: [{ address: address(text), length }],
    link: "up",
    up: true,
    mtu: 1500,
    routingDomain: 0,
  };
}

const environment: PfEnvironment = {
  system: parseSystem("openbsd-7.8") as System,
  interfaces: [
    networkInterface("lo0", "127.0.0.1", 8, ["lo"]),
    networkInterface("em0", "192.0.2.1", 24, ["egress"]),
    networkInterface("em1", "10.0.0.1", 8, []),
  ],
  resolveHost: () => [],
  readFile: () => null,
  userId: () => null,
  groupId: () => null,
};

/** Statements of the kinds that long files consist of; each five make eleven rules. */
function generate(count: number): string {
  const lines = ['ext_if = "em0"', 'int_if = "em1"', "table <bad> persist"];
  for (let i = 0; i < count; i++) {
    const host = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
    switch (i % 5) {
      case 0:
        lines.push(
          `pass in quick on $ext_if inet proto tcp from ${host} to any port { 22, 80, 443 } modulate state label "r${i}"`,
        );
        break;
      case 1:
        lines.push(
          `block in log quick on $int_if inet proto { tcp udp } from { ${host} 192.0.2.0/24 } to any port ${1024 + (i % 60000)}`,
        );
        break;
      case 2:
        lines.push(`match out on $ext_if inet from { ${host}, 192.0.2.7 } to any nat-to ($ext_if:0) tag "t${i % 50}"`);
        break;
      case 3:
        lines.push(
          `pass out on $ext_if inet proto udp from any to ${host} port = 53 keep state (max 1000, udp.single 20)`,
        );
        break;
      default:
        lines.push(`block drop in on ! $int_if from <bad> to ${host}/32`);
    }
  }
  return `${lines.join("\n")}\n`;
}

interface Measurement {
  readonly statements: number;
  readonly rules: number;
  readonly milliseconds: number;
  readonly megabytes: number;
}

function measure(statements: number, runs: number): Measurement {
  const source = new Source("pf.conf", generate(statements));
  let best = Number.POSITIVE_INFINITY;
  let rules = 0;
  let megabytes = 0;
  for (let run = 0; run < runs; run++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const start = performance.now();
    const load = loadPf(source, environment, { verbose: 0 });
    best = Math.min(best, performance.now() - start);
    megabytes = (process.memoryUsage().heapUsed - before) / 1e6;
    rules = load.configuration.main.filter.length;
    if (load.diagnostics.length > 0) throw new Error(load.diagnostics[0]?.message);
  }
  return { statements, rules, milliseconds: best, megabytes };
}

measure(1000, 20);
let last: Measurement | null = null;
for (const [statements, runs] of [
  [1000, 20],
  [10_000, 8],
  [100_000, 4],
] as const) {
  const it = measure(statements, runs);
  const rate = Math.round(it.statements / it.milliseconds);
  const growth =
    last === null ? "" : `, ${(it.milliseconds / last.milliseconds).toFixed(1)} times the time of ${last.statements}`;
  console.log(
    `${it.statements} statements, ${it.rules} rules: ${it.milliseconds.toFixed(1)} ms, ${rate}k statements/s, ${it.megabytes.toFixed(0)} MB${growth}`,
  );
  last = it;
}
const peak = process.resourceUsage().maxRSS / 1024;
console.log(`most memory held by the process: ${peak.toFixed(0)} MB`);
