/** Laws of the engine's pure parts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Counters } from "../../firewall/driver.ts";
import type { StoredSession } from "../../store/store.ts";
import { Throttle } from "../throttle.ts";
import { Turns } from "../turns.ts";
import { GuestNetworks, withAddress } from "./addresses.ts";
import { Batch } from "./batch.ts";
import { counted, NO_COUNTERS } from "./counters.ts";
import { judge, moved } from "./judge.ts";
import { earliest, ownLimits, withRadius } from "./limits.ts";
import { NumberPool } from "./numbers.ts";
import { recordOf } from "./record.ts";

const NO_LIMITS = {
  until: null,
  idle: null,
  octetsInput: null,
  octetsOutput: null,
  octetsTotal: null,
  rateUp: null,
  rateDown: null,
  interim: null,
};

function session(more: Partial<StoredSession> = {}): StoredSession {
  return {
    id: "s",
    gateway: "g",
    number: 1,
    mac: "02:00:00:00:00:01",
    addresses: [],
    user: "u",
    method: "password",
    voucher: null,
    radius: true,
    classes: [],
    state: "open",
    started: 0,
    ended: null,
    cause: null,
    limits: NO_LIMITS,
    ...NO_COUNTERS,
    kernel: NO_COUNTERS,
    active: 0,
    reported: 0,
    ...more,
  };
}

function reading(input: bigint, output: bigint): Counters {
  return { inputOctets: input, outputOctets: output, inputPackets: input, outputPackets: output };
}

describe("counters", () => {
  it("add up to what went through, also when the kernel's start anew", () => {
    const step = fc.record({ input: fc.bigInt(0n, 1_000n), output: fc.bigInt(0n, 1_000n), anew: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let now = session();
        let kernel = { input: 0n, output: 0n };
        let real = { input: 0n, output: 0n };
        steps.forEach(({ input, output, anew }, index) => {
          // A counter that starts anew shows less than before, or nobody can know that it did.
          if (anew && input < kernel.input && output < kernel.output) kernel = { input, output };
          else kernel = { input: kernel.input + input, output: kernel.output + output };
          real = { input: real.input + input, output: real.output + output };
          now = counted(now, reading(kernel.input, kernel.output), index);
        });
        expect([now.inputOctets, now.outputOctets, now.inputPackets]).toEqual([real.input, real.output, real.input]);
        expect(now.kernel.inputOctets).toBe(kernel.input);
      }),
    );
  });

  it("a reading that shows nothing new changes nothing", () => {
    const before = counted(session(), reading(5n, 7n), 10);
    expect(counted(before, reading(5n, 7n), 20)).toBe(before);
  });

  it("only what comes from the device keeps it from being idle", () => {
    expect(counted(session(), reading(0n, 900n), 50).active).toBe(0);
    expect(counted(session(), reading(1n, 0n), 50).active).toBe(50);
  });
});

describe("judge", () => {
  const at = (limits: Partial<StoredSession["limits"]>, now: number, more: Partial<StoredSession> = {}) =>
    judge(session({ limits: { ...NO_LIMITS, ...limits }, ...more }), now, null).end;

  it.each<[string, string | null, string | null]>([
    ["time not over", at({ until: 1_000 }, 999), null],
    ["time over", at({ until: 1_000 }, 1_000), "Session-Timeout"],
    ["idle", at({ idle: 10 }, 10_000), "Idle-Timeout"],
    ["not idle", at({ idle: 10 }, 10_000, { active: 1 }), null],
    ["octets in", at({ octetsInput: 5n }, 0, { inputOctets: 5n }), "Session-Timeout"],
    ["octets out", at({ octetsOutput: 5n }, 0, { inputOctets: 9n, outputOctets: 4n }), null],
    ["octets in total", at({ octetsTotal: 10n }, 0, { inputOctets: 5n, outputOctets: 5n }), "Session-Timeout"],
  ])("%s", (_, end, expected) => expect(end).toBe(expected));

  it("a voucher that has nothing left ends it, one without a limit does not", () => {
    expect(judge(session(), 0, 0n).end).toBe("Session-Timeout");
    expect(judge(session(), 0, 1n).end).toBeNull();
  });

  it("only RADIUS sessions report", () => {
    const limits = { ...NO_LIMITS, interim: 60 };
    expect(judge(session({ limits, reported: 5 }), 0, null).interimAt).toBe(60_005);
    expect(judge(session({ limits, radius: false }), 0, null).interimAt).toBeNull();
  });

  it("setting the clock changes no verdict and no session time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.nat(100_000),
        fc.nat(100),
        fc.nat(100),
        (jump, now, a, b) => {
          const before = session({ limits: { ...NO_LIMITS, until: a * 1_000, idle: b }, active: 7, reported: 3 });
          const after = moved(before, jump, false);
          expect(judge(after, now + jump, null).end).toBe(judge(before, now, null).end);
          expect(recordOf(after, "Stop", now + jump).sessionTime).toBe(recordOf(before, "Stop", now).sessionTime);
        },
      ),
    );
    expect(moved(session({ limits: { ...NO_LIMITS, until: 5 } }), 100, true).limits.until).toBe(5);
  });
});

describe("limits", () => {
  const own = ownLimits(
    { session: 60, idle: 30, octetsInput: null, octetsOutput: null, octetsTotal: 1e6, rateUp: 8_000, rateDown: null },
    600,
    1_000,
  );

  it("RADIUS replaces what it speaks of, and 0 is without limit", () => {
    expect(own).toMatchObject({ until: 61_000, octetsTotal: 1_000_000n, interim: 600 });
    expect(withRadius(own, {}, 1_000)).toEqual(own);
    expect(withRadius(own, { session: 10, rateUp: 0, octetsInput: 7, interim: 60 }, 1_000)).toEqual({
      ...own,
      until: 11_000,
      rateUp: null,
      octetsInput: 7n,
      interim: 60,
    });
    expect(withRadius(own, { session: 0 }, 1_000).until).toBeNull();
    expect(withRadius(own, { session: 100, until: 5_000 }, 1_000).until).toBe(5_000);
    expect(earliest(null, 3, 2)).toBe(2);
  });
});

describe("numbers", () => {
  it("are never given twice at the same time, and one that was freed comes back late", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (steps) => {
        const pool = new NumberPool(64);
        const used: number[] = [];
        for (const take of steps) {
          if (take) {
            const number = pool.take();
            expect(used).not.toContain(number);
            expect(number).toBeGreaterThan(0);
            used.push(number);
          } else if (used.length > 0) pool.free(used.shift() as number);
        }
      }),
    );
    const pool = new NumberPool(1_000);
    pool.reserve(3);
    const first = pool.take();
    pool.free(first);
    expect(first).toBe(4);
    expect(new Set(Array.from({ length: 500 }, () => pool.take())).has(first)).toBe(false);
  });
});

describe("throttle", () => {
  it("doubles, has an end, forgives, and forgets the oldest first", () => {
    const throttle = new Throttle(60, 100, 900);
    const waits = Array.from({ length: 12 }, () => {
      throttle.failed("a", 0);
      return throttle.wait("a", 0);
    });
    expect(waits).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    expect(throttle.wait("a", 59_001)).toBe(1);
    expect(throttle.wait("a", 60_000)).toBe(0);
    expect(throttle.wait("a", 901_000)).toBe(0);
    for (let i = 0; i < 1_000; i++) throttle.failed(`b${i}`, 0);
    expect(throttle.size).toBe(100);
    throttle.succeeded("b999");
    expect(throttle.size).toBe(99);
  });
});

describe("batch", () => {
  it("puts together what comes while a call is under way, keeps the order, and bounds it", async () => {
    const calls: number[][] = [];
    const batch = new Batch<number, number>(async (items) => {
      calls.push([...items]);
      await new Promise((done) => setImmediate(done));
      if (items.includes(13)) throw new Error("no");
      return items.map((item) => item * 2);
    }, 4);
    const first = [1, 2, 3].map((item) => batch.add(item));
    await Promise.resolve();
    const more = [4, 5, 6, 7, 8].map((item) => batch.add(item));
    expect(await Promise.all([...first, ...more])).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect(calls).toEqual([[1, 2, 3], [4, 5, 6, 7], [8]]);
    await expect(batch.add(13)).rejects.toThrow("no");
    expect(await batch.add(9)).toBe(18);
  });
});

describe("turns", () => {
  it("one after the other for a name, side by side for others, and not without end", async () => {
    const turns = new Turns(2);
    const log: string[] = [];
    const slow = (word: string) => async () => {
      log.push(`${word} begins`);
      await new Promise((done) => setImmediate(done));
      log.push(`${word} ends`);
      return word;
    };
    const all = [
      turns.take("a", slow("1")),
      turns.take("a", slow("2")),
      turns.take("a", slow("3")),
      turns.take("b", slow("4")),
    ];
    expect(await Promise.all(all)).toEqual(["1", "2", null, "4"]);
    expect(log.filter((line) => !line.startsWith("4"))).toEqual(["1 begins", "1 ends", "2 begins", "2 ends"]);
    expect(await turns.take("a", slow("5"))).toBe("5");
  });
});

describe("addresses", () => {
  it("are those of the guests' networks only", () => {
    const networks = new GuestNetworks(["10.99.0.1/24", "2001:db8:99::1/64"]);
    expect(["10.99.0.7", "2001:db8:99::7", "10.98.0.7", "fe80::7", "junk"].filter((one) => networks.has(one))).toEqual([
      "10.99.0.7",
      "2001:db8:99::7",
    ]);
  });

  it("are bounded, and a thousand of IPv6 do not push out IPv4", () => {
    let addresses: readonly string[] = ["10.99.0.7"];
    for (let i = 0; i < 1_000; i++) addresses = withAddress(addresses, `2001:db8:99::${i.toString(16)}`);
    expect(addresses).toHaveLength(16);
    expect(addresses[0]).toBe("10.99.0.7");
    expect(addresses.at(-1)).toBe("2001:db8:99::3e7");
    expect(withAddress(addresses, "10.99.0.7")).toBe(addresses);
  });
});
