import { type Address, type Family, parseAddress, parseSystem, type System } from "@pierhead/core";
import { describe, expect, test } from "vitest";
import { type AddressWrap, type Pool, type PoolMember, Rule, type RuleAddress, type StateOptions } from "../rule.ts";
import { formatRule, LOADING_NUMBERED } from "./index.ts";

const openbsd = parseSystem("openbsd-7.8") as System;
const openbsd46 = parseSystem("openbsd-4.6") as System;
const freebsd = parseSystem("freebsd-15.0") as System;

function rule(fields: Partial<Rule>): Rule {
  return Object.assign(new Rule(), fields);
}

function prefix(text: string, length?: number): AddressWrap {
  const address = parseAddress(text) as Address;
  return { kind: "prefix", address, length: length ?? address.bits };
}

function at(address: AddressWrap, extra: Partial<RuleAddress> = {}): RuleAddress {
  return { address, negated: false, port: null, ...extra };
}

function pool(members: readonly (AddressWrap | PoolMember)[], extra: Partial<Pool> = {}): Pool {
  return {
    members: members.map((member) => ("kind" in member ? { address: member, interface: null, weight: 0 } : member)),
    type: "none",
    sticky: false,
    hashKey: null,
    ports: null,
    staticPort: false,
    mapE: null,
    endpointIndependent: false,
    preferIpv6NextHop: false,
    ...extra,
  };
}

const STATE: StateOptions = {
  timeouts: new Map(),
  noSync: false,
  sloppy: false,
  pflow: false,
  allowRelated: false,
  policy: null,
  maxStates: 0,
  maxSrcNodes: 0,
  maxSrcStates: 0,
  maxSrcConn: 0,
  maxSrcConnRate: null,
  overload: null,
  sourceTrack: "no",
};

const WEB = rule({
  number: 3,
  direction: "in",
  interface: "em0",
  family: 4 as Family,
  protocol: 6,
  from: at({ kind: "table", name: "friends" }, { negated: true }),
  to: at(prefix("10.0.0.0", 8), { port: { operator: "=", first: 80, last: 80 } }),
  flags: 2,
  flagSet: 18,
  keepState: "keep",
});

describe("one rule in three dialects", () => {
  test.each([
    [openbsd, "pass in on em0 inet proto tcp from ! <friends> to 10.0.0.0/8 port = 80 flags S/SA"],
    [openbsd46, "pass in on em0 inet proto tcp from ! <friends> to 10.0.0.0/8 port = www flags S/SA keep state"],
    [freebsd, "pass in on em0 inet proto tcp from ! <friends> to 10.0.0.0/8 port = http flags S/SA keep state"],
  ])("%o", (system, text) => {
    expect(formatRule(WEB, system)).toBe(text);
  });

  test("numbers and counts", () => {
    expect(formatRule(WEB, openbsd, { ...LOADING_NUMBERED, tableCount: () => 7 })).toBe(
      "@3 pass in on em0 inet proto tcp from ! <friends:7> to 10.0.0.0/8 port = 80 flags S/SA",
    );
  });
});

test("what block answers", () => {
  expect(formatRule(rule({ action: "block" }), openbsd)).toBe("block drop all");
  expect(formatRule(rule({ action: "block", blockReturn: "return-rst", returnTtl: 5 }), openbsd)).toBe(
    "block return-rst(ttl 5) all",
  );
  const icmp = rule({ action: "block", blockReturn: "return-icmp", returnIcmp: 0x30d, returnIcmp6: 0x104 });
  expect(formatRule(icmp, openbsd)).toBe("block return-icmp(filter-prohib, port-unr) all");
  expect(formatRule(Object.assign(icmp, { family: 6 }), openbsd)).toBe("block return-icmp6(port-unr) inet6 all");
});

test("translation: the old arrow and the new words", () => {
  const target = pool([prefix("192.0.2.1"), prefix("192.0.2.2")], { type: "round-robin", sticky: true });
  expect(formatRule(rule({ action: "nat", family: 4, nat: target }), openbsd46)).toBe(
    "nat inet all -> { 192.0.2.1, 192.0.2.2 } round-robin sticky-address",
  );
  const one = pool([prefix("192.0.2.1")], { ports: { low: 0, high: 0 }, staticPort: true });
  expect(formatRule(rule({ action: "match", family: 4, nat: one }), openbsd)).toBe(
    "match inet all nat-to 192.0.2.1 static-port",
  );
  const both = rule({
    action: "match",
    family: 4,
    nat: one,
    rdr: pool([prefix("192.0.2.3")], { ports: { low: 80, high: 90 } }),
  });
  expect(formatRule(both, freebsd)).toBe("match inet all nat-to 192.0.2.1 static-port rdr-to 192.0.2.3 port 80:90");
});

test("route options", () => {
  const next = pool([{ address: prefix("192.0.2.1"), interface: "em1", weight: 0 }]);
  const routed = rule({ family: 4, routeOption: "route-to", route: next });
  expect(formatRule(routed, openbsd)).toBe("pass inet all no state route-to 192.0.2.1@em1");
  expect(formatRule(routed, freebsd)).toBe("pass route-to (em1 192.0.2.1) inet all no state");
});

test("state options in the order of the kernel's numbers", () => {
  const state: StateOptions = {
    ...STATE,
    timeouts: new Map([
      ["src.track", 5],
      ["tcp.first", 10],
    ]),
    maxStates: 3,
    sourceTrack: "rule",
    overload: { table: "bad", flush: "flush global" },
    policy: "if-bound",
  };
  expect(formatRule(rule({ keepState: "keep", protocol: 17, state }), openbsd)).toBe(
    "pass proto udp all keep state (max 3, source-track rule, overload <bad> flush global, if-bound, tcp.first 10, src.track 5)",
  );
});

test("probability is cut as C cuts it", () => {
  expect(formatRule(rule({ probability: 0x20000000, keepState: "keep" }), openbsd)).toBe(
    "pass all flags any probability 12.5%",
  );
  expect(formatRule(rule({ probability: 0x80000000 }), openbsd)).toBe("pass all no state probability 50%");
  // A half of the sixth digit rounds to even.
  expect(formatRule(rule({ probability: 8388608 }), openbsd)).toBe("pass all no state probability 0.195312%");
});

test("anchors: unnamed ones are not named; the 4.6 family cuts a path while loading", () => {
  const call = (name: string) => rule({ anchor: { name, path: name, wildcard: false, inline: false } });
  expect(formatRule(call("_1"), openbsd)).toBe("anchor all");
  expect(formatRule(call("foo/_1"), openbsd)).toBe("anchor all");
  expect(formatRule(call("foo/bar"), openbsd)).toBe('anchor "foo/bar" all');
  expect(formatRule(call("foo/bar"), openbsd46)).toBe('anchor "foo/bar" all');
  expect(formatRule(call("foo/bar"), openbsd46, { ruleNumbers: false, counts: false, loading: true })).toBe(
    'anchor "/bar" all',
  );
});

test("FreeBSD's set, scrub, labels and dummynet", () => {
  const full = rule({
    action: "match",
    setPrio: [1, 2],
    setTos: 8,
    scrub: {
      noDf: true,
      randomId: false,
      reassembleTcp: false,
      minTtl: 0,
      maxMss: 1440,
      fragments: null,
      setTos: null,
    },
    labels: ["a", "b"],
    identifier: 7,
    dummynet: { kind: "pipe", number: 1, reply: 2 },
  });
  expect(formatRule(full, freebsd)).toBe(
    'match all set ( prio(1, 2), tos 0x08 ) scrub( no-df set-tos 0x08 max-mss 1440) label "a" label "b" ridentifier 7 dnpipe(1, 2)',
  );
});
