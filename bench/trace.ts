/** Whole journeys of a packet (in, route, out) through a gateway with 1,000 and 10,000 rules, plain and with every rule noted. */
import { copyPacket, parseSystem, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { receivePacket } from "@pierhead/engine/network";
import { parsePacketLine } from "@pierhead/engine/trace";
import { buildPacket } from "../packages/engine/src/scenario/build-packet.ts";

const system = parseSystem("openbsd-7.8") as System;

for (const count of [1_000, 10_000]) {
  let rules = "set ruleset-optimization none\nset limit states 1000000\nblock all\npass out on em0\n";
  for (let i = 2; i < count; i++) {
    rules += `pass in on em1 proto ${i % 2 === 0 ? "tcp" : "udp"} from 10.${i % 200}.${i % 250}.0/24 to any port ${1 + (i % 60_000)}\n`;
  }
  rules += "pass in on em1 inet proto tcp from 192.168.1.0/24 to any port 443\n";
  const { machine } = buildMachine(
    {
      "/etc/pf.conf": rules,
      "/etc/hostname.em0": "inet 192.0.2.2 255.255.255.0\n",
      "/etc/hostname.em1": "inet 192.168.1.1 255.255.255.0\n",
      "/etc/mygate": "192.0.2.1\n",
      "/etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
    },
    system,
  );
  const line = parsePacketLine("in em1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S", system);
  const packet = line.spec === null ? null : buildPacket(line.spec);
  if (packet === null || typeof packet === "string") throw new Error("no packet");
  const row: string[] = [];
  for (const [name, indexed, trace] of [
    ["walked", false, false],
    ["indexed", true, false],
    ["every rule noted", false, true],
  ] as const) {
    machine.pf.indexed = indexed;
    const runs = indexed ? 50_000 : count === 1_000 ? 5_000 : 500;
    machine.pf.flush("states");
    const started = process.hrtime.bigint();
    for (let i = 0; i < runs; i++) {
      const one = copyPacket(packet);
      one.sourcePort = 1024 + (i % 60_000);
      receivePacket(machine, "em1", one, { trace });
      if (i % 10_000 === 9_999) machine.pf.flush("states");
    }
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    row.push(`${name} ${Math.round(runs / seconds).toLocaleString("en")}/s`);
  }
  process.stdout.write(`${count} rules: ${row.join(", ")}\n`);
}
