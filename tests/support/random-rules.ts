/** Random rulesets and packets from a small world, so that rules overlap and packets hit them. Same seed, same case. */
import { Address, type NetworkInterface, type Packet, PROTOCOL, parseAddress, TCP_FLAG } from "@pierhead/core";
import { type AddressWrap, Anchor, Rule, type RuleAddress } from "@pierhead/lang/pf";

/** Mulberry32: a small generator that is the same everywhere. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

export const INTERFACES: readonly NetworkInterface[] = ["em0", "em1", "vr0"].map((name, i) => ({
  name,
  addresses: [{ address: new Address(4, 0x0a000001 + i * 0x100), length: 24 }],
  groups: i === 0 ? ["egress"] : [],
  link: "up",
  up: true,
  kind: "broadcast",
  mtu: 1500,
  routingDomain: 0,
}));

const PORTS = [22, 53, 80, 443, 1000, 1001];

function pick<T>(random: (below: number) => number, list: readonly T[]): T {
  return list[random(list.length)] as T;
}

function randomAddress(random: (below: number) => number): Address {
  return random(8) === 0
    ? (parseAddress(`2001:db8::${random(4)}`) as Address)
    : new Address(4, 0x0a000000 + random(3) * 0x100 + random(6));
}

function randomWrap(random: (below: number) => number): AddressWrap {
  const address = randomAddress(random);
  switch (random(6)) {
    case 0:
      return { kind: "prefix", address, length: address.bits };
    case 1: {
      const length = address.family === 4 ? 24 + random(8) : 120 + random(8);
      return { kind: "prefix", address: address.masked(length), length };
    }
    case 2:
      return { kind: "table", name: pick(random, ["a", "b"]) };
    case 3:
      return {
        kind: "dynamic",
        interface: pick(random, ["em0", "em1", "egress"]),
        modifiers: { network: random(2) === 0, broadcast: false, peer: false, noAlias: false },
        length4: 32,
        length6: 128,
      };
    default:
      return { kind: "any" };
  }
}

function randomSide(random: (below: number) => number, ports: boolean): RuleAddress {
  const address = randomWrap(random);
  let port: RuleAddress["port"] = null;
  if (ports && random(3) === 0) {
    const first = pick(random, PORTS);
    const operator = pick(random, ["=", "!=", "<", "<=", ">", ">=", ":", "><", "<>"] as const);
    const isRange = operator === ":" || operator === "><" || operator === "<>";
    port = { operator, first, last: isRange ? first + random(500) : first };
  }
  return { address, negated: address.kind !== "any" && random(6) === 0, port };
}

/** A main ruleset of filter rules with two tables and now and then an anchor. */
export function randomRuleset(random: (below: number) => number, size: number, depth = 0, path = ""): Anchor {
  const anchor = new Anchor(path.split("/").at(-1) ?? "", path);
  if (depth === 0) {
    for (const name of ["a", "b"]) {
      const entries = Array.from({ length: 1 + random(4) }, () => {
        const address = randomAddress(random);
        const length = address.family === 4 ? 24 + random(9) : 128;
        return { address: address.masked(length), length, negated: random(4) === 0 };
      });
      anchor.tables.set(name, {
        name,
        persist: false,
        const: false,
        counters: false,
        entries,
        initialized: true,
        origin: null,
      });
    }
  }
  for (let i = 0; i < size; i++) {
    const rule = new Rule();
    rule.number = i;
    rule.action = pick(random, ["pass", "block", "block", "pass", "match"] as const);
    rule.direction = pick(random, ["in", "out", null] as const);
    if (random(3) === 0) rule.interface = pick(random, ["em0", "em1", "vr0", "egress", "em"]);
    rule.interfaceNegated = rule.interface !== null && random(6) === 0;
    rule.quick = rule.action !== "match" && random(8) === 0;
    rule.protocol = pick(random, [0, 0, PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp]);
    const hasPorts = rule.protocol === PROTOCOL.tcp || rule.protocol === PROTOCOL.udp;
    rule.from = randomSide(random, hasPorts);
    rule.to = randomSide(random, hasPorts);
    if (rule.action === "pass" && random(2) === 0) {
      rule.flags = TCP_FLAG.S;
      rule.flagSet = TCP_FLAG.S | TCP_FLAG.A;
    }
    if (random(6) === 0) rule.tag = pick(random, ["T", "U"]);
    if (random(8) === 0) {
      rule.tagged = pick(random, ["T", "U"]);
      rule.taggedNegated = random(3) === 0;
    }
    if (rule.protocol === PROTOCOL.icmp && random(2) === 0) rule.icmpType = pick(random, [0, 8]);
    if (depth < 2 && random(10) === 0) {
      rule.action = "pass";
      rule.tag = null;
      rule.flags = 0;
      rule.flagSet = 0;
      const name = `c${i}`;
      const child = randomRuleset(random, 1 + random(4), depth + 1, path === "" ? name : `${path}/${name}`);
      anchor.children.set(name, child);
      rule.anchor = { name, path: child.path, wildcard: false, inline: false };
    }
    anchor.filter.push(rule);
  }
  return anchor;
}

export function randomPacket(random: (below: number) => number): Packet {
  let source = randomAddress(random);
  const destination = randomAddress(random);
  if (source.family !== destination.family) source = destination;
  const protocol = pick(random, [
    PROTOCOL.tcp,
    PROTOCOL.tcp,
    PROTOCOL.udp,
    source.family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6,
  ]);
  const hasPorts = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp;
  return {
    family: source.family,
    source,
    destination,
    protocol,
    sourcePort: hasPorts ? pick(random, PORTS) + random(2) : 0,
    destinationPort: hasPorts ? pick(random, PORTS) + random(2) : 0,
    ttl: 64,
    tos: 0,
    dontFragment: false,
    id: 1,
    fragment: null,
    options: [],
    payloadLength: 10,
    tcp:
      protocol === PROTOCOL.tcp
        ? {
            flags: pick(random, [TCP_FLAG.S, TCP_FLAG.S, TCP_FLAG.A, TCP_FLAG.S | TCP_FLAG.A]),
            sequence: 1000,
            acknowledgement: 0,
            window: 65535,
            mss: null,
            windowScale: null,
            timestamps: null,
            sackPermitted: false,
            rawOptions: null,
          }
        : null,
    icmp: hasPorts
      ? null
      : {
          type: source.family === 4 ? pick(random, [0, 8]) : 128,
          code: 0,
          id: 1,
          sequence: 1,
          mtu: 0,
          target: null,
          inner: null,
        },
    sctpChunk: null,
  };
}
