/** Lost-Carrier: a device that is gone, told from one that sleeps. Over a kernel and a store in memory. */
import { describe, expect, it } from "vitest";
import { portalConfig } from "./support/portal/config.ts";
import { addressOf, macOf, PortalWorld } from "./support/portal/world.ts";

const GONE = 900;

async function started(more: Parameters<typeof portalConfig>[0] = {}): Promise<PortalWorld> {
  const world = new PortalWorld({ config: portalConfig({ gone: GONE, ...more }) });
  world.chance.immediate = true;
  await world.boot().start();
  world.there = new Map([1, 2, 3].map((device) => [addressOf(device), macOf(device)]));
  for (const device of [1, 2, 3]) expect(await world.signIn(device)).toMatchObject({ kind: "in" });
  return world;
}

/** Looks every half minute, as a portal does every few seconds. */
async function pass(world: PortalWorld, seconds: number, meanwhile: () => void = () => {}): Promise<void> {
  for (let left = seconds; left > 0; left -= 30) {
    world.clock.advance(Math.min(30, left));
    meanwhile();
    await world.engine.tick();
    await new Promise((done) => setTimeout(done, 0));
  }
}

function inside(world: PortalWorld): string[] {
  return world.engine
    .sessions()
    .map(({ mac }) => mac)
    .sort();
}

function leaves(world: PortalWorld, device: number): void {
  world.there = new Map([...(world.there ?? [])].filter(([address]) => address !== addressOf(device)));
}

describe("a device that is gone", () => {
  it("has its session ended by Lost-Carrier, and one that sleeps has not", async () => {
    const world = await started();
    leaves(world, 2);
    await pass(world, GONE - 30);
    expect(inside(world)).toHaveLength(3);
    await pass(world, 60);
    expect(inside(world)).toEqual([macOf(1), macOf(3)]);
    const [stop] = world.database.queue.filter(({ record }) => record.kind === "Stop");
    expect(stop?.record).toMatchObject({ cause: "Lost-Carrier", station: { mac: macOf(2) } });
    await pass(world, 10 * GONE);
    expect(inside(world)).toEqual([macOf(1), macOf(3)]);
  });

  it("is there again as soon as it sends, answers, or the kernel hears of it", async () => {
    const world = await started();
    world.there = new Map();
    const numbers = new Map(world.engine.sessions().map(({ mac, number }) => [mac, number]));
    await pass(world, GONE - 60);
    world.kernel.traffic(numbers.get(macOf(1)) as number, 100n, 0n);
    world.neighbour({ mac: macOf(2), address: addressOf(2), present: true });
    world.there = new Map([[addressOf(3), macOf(3)]]);
    await pass(world, 180);
    world.there = new Map();
    await pass(world, GONE - 240);
    expect(inside(world)).toHaveLength(3);
    await pass(world, 300);
    expect(inside(world)).toEqual([]);
  });

  it("is none that receives only, or whose address somebody else has now", async () => {
    const world = await started();
    world.there = new Map([[addressOf(1), macOf(9)]]);
    await pass(world, GONE + 60, () => {
      for (const number of world.kernel.open.keys()) world.kernel.traffic(number, 0n, 1_000n);
    });
    expect(inside(world)).toEqual([]);
  });

  it("is not told from a portal that cannot ask, or has only just begun", async () => {
    const world = await started();
    world.there = null;
    await pass(world, 4 * GONE);
    expect(inside(world)).toHaveLength(3);
    world.there = new Map();
    await world.boot().start();
    await pass(world, GONE - 30);
    expect(inside(world)).toHaveLength(3);
    await pass(world, 90);
    expect(inside(world)).toEqual([]);
  });

  it("is nobody's business where it is not wanted, and idle stays idle", async () => {
    const world = await started({ gone: null });
    world.there = new Map();
    await pass(world, 4 * GONE);
    expect([inside(world).length, world.questions]).toEqual([3, []]);
    const { limits } = portalConfig();
    const idle = await started({ limits: { ...limits, idle: 600 } });
    await pass(idle, 600);
    expect(inside(idle)).toEqual([]);
    expect(idle.database.queue.filter(({ record }) => record.cause === "Idle-Timeout")).toHaveLength(3);
  });

  it("asks for few devices at a time, and for all in the end", async () => {
    const world = new PortalWorld({ config: portalConfig({ gone: GONE }) });
    world.chance.immediate = true;
    await world.boot().start();
    for (let device = 1; device <= 600; device++) await world.signIn(device);
    await pass(world, GONE + 120);
    expect(Math.max(...world.questions.map(({ length }) => length))).toBe(512);
    expect(new Set(world.questions.flat()).size).toBe(600);
    expect(inside(world)).toEqual([]);
  });
});
