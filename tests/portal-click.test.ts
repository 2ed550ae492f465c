/** Thirty minutes for a click, and then nothing for four hours: counted by the store, for all gateways that share it. */
import { allowance, nextMidnight } from "@pierhead/gateway/portal";
import type { StoredSession } from "@pierhead/gateway/store";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portalConfig } from "./support/portal/config.ts";
import { addressOf, macOf, PortalWorld } from "./support/portal/world.ts";

const HALF_AN_HOUR = 1_800;
const FOUR_HOURS = 4 * 3_600;

async function cafe(pause: number | "tomorrow" = FOUR_HOURS, octetsTotal: number | null = null): Promise<PortalWorld> {
  const { limits } = portalConfig();
  const config = portalConfig({
    signIn: ["click", "voucher"],
    click: { pause },
    limits: { ...limits, session: HALF_AN_HOUR, octetsTotal },
  });
  const world = new PortalWorld({ radius: false, config });
  world.chance.immediate = true;
  await world.boot().start();
  return world;
}

async function click(world: PortalWorld, device = 1) {
  return world.engine.signIn(addressOf(device), { method: "click" });
}

async function pass(world: PortalWorld, seconds: number): Promise<void> {
  world.clock.advance(seconds);
  await world.engine.tick();
  await new Promise((done) => setTimeout(done, 5));
}

describe("a pause between clicks", () => {
  it("begins when the time is over, and ends to the second", async () => {
    const world = await cafe();
    const first = world.clock.now();
    expect(await click(world)).toMatchObject({
      kind: "in",
      session: { limits: { until: first + HALF_AN_HOUR * 1000 } },
    });
    expect(await world.engine.pause(macOf(1))).toBe(null);
    await pass(world, HALF_AN_HOUR);
    expect(world.kernel.open.size).toBe(0);
    const again = first + (HALF_AN_HOUR + FOUR_HOURS) * 1000;
    expect(await click(world)).toEqual({ kind: "pause", until: again });
    expect(await world.engine.pause(macOf(1))).toBe(again);
    // Others are none of its business.
    expect(await world.engine.pause(macOf(2))).toBe(null);
    expect(await click(world, 2)).toMatchObject({ kind: "in" });
    await pass(world, FOUR_HOURS - 1);
    expect(await click(world)).toMatchObject({ kind: "pause" });
    await pass(world, 1);
    expect(await click(world)).toMatchObject({
      kind: "in",
      session: { limits: { until: again + HALF_AN_HOUR * 1000 } },
    });
  });

  it("is not for who left early: the rest of the time is theirs, and no more than that", async () => {
    const world = await cafe();
    const end = world.clock.now() + HALF_AN_HOUR * 1000;
    await click(world);
    await pass(world, 300);
    await world.engine.signOut(addressOf(1));
    await pass(world, 600);
    expect(await click(world)).toMatchObject({ kind: "in", session: { limits: { until: end } } });
    await world.engine.signOut(addressOf(1));
    await pass(world, 900);
    expect(await click(world)).toEqual({ kind: "pause", until: end + FOUR_HOURS * 1000 });
  });

  it("counts volume over all sessions of the time, and begins when it is used up", async () => {
    const world = await cafe(FOUR_HOURS, 1_000);
    const use = (octets: bigint): void => {
      for (const number of world.kernel.open.keys()) world.kernel.traffic(number, octets, 0n);
    };
    await click(world);
    use(600n);
    await pass(world, 60);
    await world.engine.signOut(addressOf(1));
    expect(await click(world)).toMatchObject({ kind: "in", session: { limits: { octetsTotal: 400n } } });
    use(400n);
    await pass(world, 60);
    expect(world.kernel.open.size).toBe(0);
    const over = world.clock.now();
    expect(await click(world)).toEqual({ kind: "pause", until: over + FOUR_HOURS * 1000 });
    await pass(world, FOUR_HOURS);
    expect(await click(world)).toMatchObject({ kind: "in", session: { limits: { octetsTotal: 1_000n } } });
  });

  it("is the same after a restart, and at another gateway of the store", async () => {
    const world = await cafe();
    const end = world.clock.now() + HALF_AN_HOUR * 1000;
    await click(world);
    await pass(world, 600);
    world.config = { ...world.config, gateway: "pier-2" };
    await world.boot().start();
    // It walked over while its session at the first one is still open.
    expect(await click(world)).toMatchObject({ kind: "in", session: { gateway: "pier-2", limits: { until: end } } });
    await pass(world, HALF_AN_HOUR);
    expect(await click(world)).toEqual({ kind: "pause", until: end + FOUR_HOURS * 1000 });
  });

  it("keeps nobody from a voucher, and a voucher is no click", async () => {
    const world = await cafe();
    await click(world);
    await pass(world, HALF_AN_HOUR);
    const [voucher] = await world.parts(world.life).store.createVouchers(
      {
        count: 1,
        batch: "b",
        expires: null,
        duration: 60,
        octets: null,
        devices: 1,
        rateUp: null,
        rateDown: null,
        note: "",
      },
      world.clock.now(),
    );
    const how = { method: "voucher", code: voucher?.code ?? "" } as const;
    expect(await world.engine.signIn(addressOf(1), how)).toMatchObject({ kind: "in" });
    await pass(world, 60);
    expect(await click(world)).toMatchObject({ kind: "pause" });
  });

  it("until tomorrow ends at midnight where the gateway is", async () => {
    const world = await cafe("tomorrow");
    const end = world.clock.now() + HALF_AN_HOUR * 1000;
    await click(world);
    await pass(world, HALF_AN_HOUR);
    const midnight = nextMidnight(end);
    expect(await click(world)).toEqual({ kind: "pause", until: midnight });
    await pass(world, Math.ceil((midnight - world.clock.now()) / 1000));
    expect(await click(world)).toMatchObject({ kind: "in" });
  });

  it("is nobody's where the store cannot say: a sign-in says that it is not the guest's fault", async () => {
    const world = await cafe();
    world.chance.odds = { fail: 1000, die: 0 };
    expect(await world.engine.pause(macOf(1))).toBe(null);
    expect(await click(world)).toMatchObject({ kind: "unavailable" });
  });
});

describe("what is left of a click", () => {
  const fresh = { ...limitsUntil(1_000_000), octetsTotal: 100n };

  it("never gives more than a first click does, and no pause longer than was said, whatever clocks did", () => {
    const numbers = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(
        numbers,
        numbers,
        fc.option(numbers),
        numbers,
        fc.bigInt(0n, 200n),
        (now, until, ended, pause, used) => {
          const last = { ...session(until), ended, outputOctets: used };
          const first = { ...fresh, until: now + 1_000 };
          const got = allowance(last, first, pause, now);
          if (got.kind === "pause") {
            expect(got.until).toBeGreaterThan(now);
            expect(got.until).toBeLessThanOrEqual(now + pause * 1000);
          } else {
            expect(got.limits.until).toBeLessThanOrEqual(first.until);
            expect(got.limits.until).toBeGreaterThan(now);
            expect(got.limits.octetsTotal).toBeGreaterThan(0n);
            expect(got.limits.octetsTotal).toBeLessThanOrEqual(100n);
          }
        },
      ),
    );
  });

  it("midnight is the next one, whatever the day", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        const midnight = nextMidnight(seconds * 1000);
        expect(new Date(midnight).getDate()).not.toBe(new Date(seconds * 1000).getDate());
        expect(new Date(midnight - 1).getDate()).toBe(new Date(seconds * 1000).getDate());
      }),
    );
  });
});

function limitsUntil(until: number) {
  return {
    until,
    idle: null,
    octetsInput: null,
    octetsOutput: null,
    octetsTotal: null,
    rateUp: null,
    rateDown: null,
    interim: null,
  };
}

function session(until: number): StoredSession {
  const none = { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n };
  return {
    id: "1",
    gateway: "pier-1",
    number: 1,
    mac: macOf(1),
    addresses: [],
    user: "",
    method: "click",
    voucher: null,
    radius: false,
    classes: [],
    state: "closed",
    started: 0,
    ended: until,
    cause: "Session-Timeout",
    limits: { ...limitsUntil(until), octetsTotal: 100n },
    ...none,
    kernel: none,
    active: 0,
    reported: 0,
  };
}
