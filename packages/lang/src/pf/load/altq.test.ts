import { expect, test } from "vitest";
import type { AltqBandwidth, AltqCurve, AltqFlag } from "../print/altq.ts";
import type { AltqScheduler } from "../rule.ts";
import { type AltqHost, AltqTables, type QueueOptionsNode } from "./altq.ts";

interface Run {
  readonly tables: AltqTables;
  readonly printed: string[];
  readonly said: string[];
}

function run(freebsd: boolean): Run {
  const printed: string[] = [];
  const said: string[] = [];
  const host: AltqHost = {
    freebsd,
    mtu: (name) => (name === "none0" ? null : 1500),
    speed: () => 0,
    toolLine: (text) => said.push(text),
    warn: (text) => said.push(text),
    complain: (tool) => said.push(tool),
    fatal: (tool) => {
      throw new Error(tool);
    },
    print: (text) => printed.push(text),
    origin: () => null,
  };
  return { tables: new AltqTables(host), printed, said };
}

const ALL: AltqBandwidth = { absolute: 0, percent: 100 };
const mega = (n: number): AltqBandwidth => ({ absolute: n * 1_000_000, percent: 0 });
const percent = (n: number): AltqBandwidth => ({ absolute: 0, percent: n });
const curve = (m1: AltqBandwidth, d: number, m2: AltqBandwidth): AltqCurve => ({ m1, d, m2 });
const EM0 = [{ name: "em0", negated: false }];
const ANY = [{ name: "", negated: false }];

function options(
  bandwidth: AltqBandwidth,
  scheduler: AltqScheduler | null,
  flags: readonly AltqFlag[] = [],
  extra: Partial<QueueOptionsNode["scheduler"]> = {},
): QueueOptionsNode {
  return {
    bandwidth,
    priority: 1,
    limit: 50,
    tbrSize: 0,
    scheduler: {
      scheduler,
      flags: new Set(flags),
      realtime: null,
      linkshare: null,
      upperlimit: null,
      buckets: 0,
      hogs: null,
      target: 0,
      interval: 0,
      ...extra,
    },
  };
}

test("cbq: the root queue is made, percentages stay as written", () => {
  const { tables, printed, said } = run(false);
  expect(tables.addInterfaces(EM0, options(mega(10), "cbq", ["red", "ecn"]), ["std", "web"])).toBe(0);
  expect(tables.addQueue("std", ANY, options(percent(10), "cbq", ["default"]), [])).toBe(true);
  expect(tables.addQueue("web", ANY, { ...options(percent(60), null), priority: 2 }, ["a", "b"])).toBe(true);
  expect(tables.check()).toBe(true);
  expect(printed).toEqual([
    "altq on em0 cbq( red ecn ) bandwidth 10Mb tbrsize 6000 queue { std web }",
    "queue std bandwidth 10% cbq( default ) ",
    "queue web bandwidth 60% priority 2 { a b }",
  ]);
  expect(said).toEqual([]);
  expect(tables.altqs.map((altq) => [altq.queue, altq.bandwidth])).toEqual([
    [null, 0],
    ["root_em0", 10_000_000],
    ["std", 1_000_000],
    ["web", 6_000_000],
  ]);
});

test("a failed queue prints what was stored before it", () => {
  const { tables, printed, said } = run(false);
  tables.addInterfaces(EM0, options(mega(1), "cbq"), ["q"]);
  expect(tables.addQueue("q", ANY, { ...options(ALL, "cbq", ["default"]), priority: 9 }, [])).toBe(false);
  expect(said).toEqual(["pfctl: priority out of range: max 7"]);
  expect(printed[1]).toBe("queue root_em0 priority 0 cbq( wrr root ) ");
});

test("hfsc curves print as written, and real time keeps a fifth back", () => {
  const { tables, printed, said } = run(true);
  tables.addInterfaces(EM0, options(mega(10), "hfsc"), ["a", "b"]);
  const linkshare = curve(percent(20), 20, percent(5));
  const realtime = curve(mega(0), 0, { absolute: 500_000, percent: 0 });
  tables.addQueue("a", ANY, options(percent(10), "hfsc", ["default"], { linkshare, realtime }), []);
  const greedy = curve(mega(0), 0, mega(8));
  expect(tables.addQueue("b", ANY, options(percent(10), "hfsc", [], { realtime: greedy }), [])).toBe(false);
  expect(printed[1]).toBe("queue a bandwidth 10% hfsc( default realtime 500Kb linkshare(20% 20 5%) ) ");
  expect(said).toEqual(["pfctl: real-time sc exceeds 80% of the interface bandwidth (8Mb)"]);
});

test("codel prints no space before ecn", () => {
  const { tables, printed } = run(true);
  tables.addInterfaces(EM0, options(mega(10), "codel", ["ecn"], { target: 5 }), []);
  expect(printed).toEqual(["altq on em0 codel( target 5ecn ) bandwidth 10Mb tbrsize 6000 "]);
});

test("queues without a place, and interfaces without a default queue", () => {
  const { tables, said } = run(false);
  expect(tables.addQueue("x", ANY, options(ALL, null), [])).toBe(false);
  tables.addInterfaces(EM0, options(mega(10), "priq"), ["x"]);
  expect(tables.addQueue("x", ANY, options(percent(50), null), [])).toBe(false);
  expect(tables.check()).toBe(false);
  expect(said).toEqual([
    "queue x has no parent",
    "priq doesn't take bandwidth",
    "pfctl: should have one default queue on em0",
  ]);
});

test("an interface that is not there ends the 4.6 pfctl; FreeBSD takes 1500 octets", () => {
  const nowhere = [{ name: "none0", negated: false }];
  expect(() => run(false).tables.addInterfaces(nowhere, options(mega(1), "cbq"), ["q"])).toThrow("SIOCGIFMTU");
  const { tables, printed } = run(true);
  tables.addInterfaces(nowhere, options(mega(20), "cbq"), ["q"]);
  expect(printed).toEqual(["altq on none0 cbq bandwidth 20Mb tbrsize 12000 queue { q }"]);
});
