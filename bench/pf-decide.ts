/**
 * New-state decisions and packets of existing states a second, with the kernel's walk and with the index, on 1,000 and
 * 10,000 rules that no skip step helps with. Both must decide alike.
 */
import { copyPacket, type Packet, PROTOCOL, parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import { Machine } from "@pierhead/engine/machine";
import { createContext } from "@pierhead/engine/pf";
import { loadPf } from "@pierhead/lang/pf";
import { randomSource } from "../tests/support/random-rules.ts";

const system = parseSystem("openbsd-7.8") as System;

/** Rules that differ in many ways, so that neighbours share nothing to skip by. */
function mixedRules(count: number): string {
  const random = randomSource(7);
  const lines = ["block all"];
  for (let i = 1; i < count; i++) {
    const action = random(3) === 0 ? "block" : "pass";
    const proto = random(3) === 0 ? "udp" : "tcp";
    const from = `10.${random(200)}.${random(250)}.${random(250)}`;
    const to = random(2) === 0 ? `172.${16 + random(16)}.${random(250)}.0/24` : "any";
    lines.push(`${action} in on em${i % 2} proto ${proto} from ${from} to ${to} port ${1 + random(60000)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Rules that differ only in source address. */
function sourceRules(count: number): string {
  const lines = ["block all"];
  for (let i = 1; i < count; i++)
    lines.push(`pass in on em0 proto tcp from 10.${i >> 16}.${(i >> 8) & 255}.${i & 255} to any port 80`);
  return `${lines.join("\n")}\n`;
}

function machineWith(rules: string): Machine {
  const machine = new Machine(system, {
    interfaces: ["em0", "em1"].map((name, i) => ({
      name,
      addresses: [{ address: parseAddress(`192.168.${i}.1`) as never, length: 24 }],
    })),
  });
  const load = loadPf(
    new Source("pf.conf", `set ruleset-optimization none\nset limit states 2000000\n${rules}`),
    machine.environment(),
  );
  if (load.exit !== 0) throw new Error(load.stderr.join("\n"));
  machine.pf.enabled = true;
  machine.pf.load(load.configuration);
  return machine;
}

function packets(count: number, rules: number): Packet[] {
  const random = randomSource(3);
  return Array.from({ length: count }, (_, i): Packet => {
    const host = 1 + random(rules);
    return {
      family: 4,
      source: parseAddress(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`) as never,
      destination: parseAddress(`172.${16 + random(16)}.${random(250)}.${1 + random(250)}`) as never,
      protocol: PROTOCOL.tcp,
      sourcePort: 1024 + (i % 60_000),
      destinationPort: random(2) === 0 ? 80 : 1 + random(60_000),
      ttl: 64,
      tos: 0,
      dontFragment: false,
      id: 1,
      fragment: null,
      options: [],
      payloadLength: 0,
      tcp: {
        flags: 2,
        sequence: 1000,
        acknowledgement: 0,
        window: 65535,
        mss: null,
        windowScale: null,
        timestamps: null,
        sackPermitted: false,
        rawOptions: null,
      },
      icmp: null,
      sctpChunk: null,
    };
  });
}

function rate(machine: Machine, list: readonly Packet[]): { perSecond: number; decisions: number[] } {
  const decisions: number[] = [];
  const copies = list.map(copyPacket);
  const context = createContext("em0");
  const started = process.hrtime.bigint();
  for (const packet of copies) {
    context.tag = null;
    context.stateKey = null;
    const result = machine.pf.test(packet, "in", "em0", context);
    decisions.push(result.rule?.rule.number ?? -1);
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return { perSecond: list.length / seconds, decisions };
}

process.stdout.write("rules                        walk/s   index/s  ratio   existing/s\n");
for (const [name, make] of [
  ["mixed", mixedRules],
  ["only the source differs", sourceRules],
] as const) {
  for (const count of [1_000, 10_000]) {
    const walked = machineWith(make(count));
    const indexed = machineWith(make(count));
    indexed.pf.indexed = true;
    const few = packets(count === 1_000 ? 20_000 : 4_000, count);
    const many = packets(200_000, count);
    rate(indexed, packets(20_000, count));
    rate(walked, few.slice(0, 500));
    walked.pf.flush("states");
    indexed.pf.flush("states");
    const slow = rate(walked, few);
    const same = rate(indexed, few);
    for (let i = 0; i < few.length; i++) {
      if (slow.decisions[i] !== same.decisions[i])
        throw new Error(`packet ${i}: walk ${slow.decisions[i]}, index ${same.decisions[i]}`);
    }
    indexed.pf.flush("states");
    const fast = rate(indexed, many);
    const existing = rate(indexed, many);
    const row = [
      `${count} ${name}`.padEnd(26),
      ...[slow, fast].map((one) => Math.round(one.perSecond).toLocaleString("en").padStart(9)),
    ];
    process.stdout.write(
      `${row.join(" ")} ${(fast.perSecond / slow.perSecond).toFixed(1).padStart(6)} ${Math.round(existing.perSecond).toLocaleString("en").padStart(12)}\n`,
    );
  }
}
