/** The engine dies, and what it calls fails, at any moment: nothing open that the store does not know, nothing lost or doubled. */
import type { StoredSession } from "@pierhead/gateway/store";
import { describe, expect, it } from "vitest";
import { addressOf, macOf, PortalWorld } from "./support/portal/world.ts";

const DEVICES = 6;
const RUNS = 2_000;

interface Truth {
  /** Octets that really went through, by the id of the session. */
  readonly octets: Map<string, bigint>;
  /** Sessions the kernel closed in this life. */
  readonly cut: Set<string>;
  cutOff: number;
}

describe("crashes", () => {
  it(`keep store, kernel and accounting one, in ${RUNS} lives and deaths`, async () => {
    let deaths = 0;
    let failures = 0;
    let closed = 0;
    let cutOff = 0;
    let reboots = 0;
    for (let seed = 1; seed <= RUNS; seed++) {
      const world = new PortalWorld({ seed });
      const truth: Truth = { octets: new Map(), cut: new Set(), cutOff: 0 };
      watch(world, truth);
      for (let life = 0; life < 3; life++) {
        world.chance.odds = { fail: world.chance.pick(3) * 60, die: world.chance.pick(3) * 12 };
        if (await lifeOf(world, truth)) continue;
        if (world.chance.pick(6) === 0) {
          reboots++;
          reboot(world, truth);
        }
      }
      world.chance.odds = { fail: 0, die: 0 };
      await verify(world, truth, seed);
      deaths += world.chance.deaths;
      failures += world.chance.failures;
      closed += [...world.database.sessions.values()].filter(({ state }) => state === "closed").length;
      cutOff += truth.cutOff;
    }
    process.stdout.write(
      `portal crashes: ${deaths} deaths, ${failures} failures, ${reboots} reboots, ${closed} sessions closed, ${cutOff} cut off by a death between the kernel's close and the store's\n`,
    );
    expect(deaths).toBeGreaterThan(RUNS / 2);
    expect(failures).toBeGreaterThan(RUNS);
    expect(closed).toBeGreaterThan(RUNS);
    // The one place where counters can go with the process; what was written before stays.
    expect(cutOff).toBeLessThan(closed / 5);
  });
});

/** The invariant of every moment, and who really sent what. */
function watch(world: PortalWorld, truth: Truth): void {
  world.kernel.opened = (number, mac) => {
    const known = world.database
      .unfinished(world.config.gateway)
      .some((session) => session.number === number && session.mac === mac);
    if (!known) throw new Error(`${mac} was opened, and the store does not know it`);
  };
  world.kernel.closed = (number) => {
    const session = world.database.unfinished(world.config.gateway).find((one) => one.number === number);
    if (session !== undefined) truth.cut.add(session.id);
  };
}

/** What was counted and not written is gone; from here on every octet must be there again. */
function forget(truth: Truth, session: StoredSession): void {
  truth.octets.set(session.id, session.inputOctets + session.outputOctets);
}

/** A process is over: what the kernel closed for it and the store has not heard of, only it knew. */
function settleLoss(world: PortalWorld, truth: Truth): void {
  for (const id of truth.cut) {
    const session = world.database.sessions.get(id);
    if (session === undefined || session.state === "closed") continue;
    forget(truth, session);
    truth.cutOff++;
  }
  truth.cut.clear();
}

async function lifeOf(world: PortalWorld, truth: Truth): Promise<boolean> {
  const engine = world.boot();
  const { chance, clock } = world;
  try {
    await world.done(engine.start());
  } catch {
    // The store or the filter failed: the daemon ends with a message and is started again.
    world.life.alive = false;
    settleLoss(world, truth);
    return false;
  }
  const promises: Promise<unknown>[] = [];
  for (let i = 0; i < 14 && world.life.alive; i++) {
    const device = chance.pick(DEVICES);
    switch (chance.pick(8)) {
      case 0:
      case 1:
      case 2:
        promises.push(world.signIn(device));
        break;
      case 3:
        promises.push(engine.signOut(addressOf(device)));
        break;
      case 4:
        promises.push(engine.tick());
        break;
      case 5:
        clock.advance(chance.pick(60));
        break;
      case 6:
        promises.push(
          engine.dynamic(
            chance.pick(2) === 0
              ? { kind: "disconnect", selector: { mac: macOf(device) } }
              : { kind: "coa", selector: { user: `user${device}` }, limits: { rateUp: 1_000_000, interim: 60 } },
            "192.0.2.1",
          ),
        );
        break;
      default:
        world.neighbour({ mac: macOf(device), address: `2001:db8:99::${chance.pick(99)}`, present: true });
    }
    traffic(world, truth);
    // Some things happen while others are under way, and some one after the other.
    let steps = chance.pick(6);
    await chance.run(() => !world.life.alive || steps-- === 0);
  }
  for (const promise of promises) promise.catch(() => {});
  await chance.run(() => !world.life.alive);
  if (world.life.alive) await heals(world);
  settleLoss(world, truth);
  return world.life.alive;
}

/** Whatever failed, two looks later all is well without a new start. */
async function heals(world: PortalWorld): Promise<void> {
  world.chance.odds = { fail: 0, die: 0 };
  for (let looks = 0; looks < 2; looks++) {
    // What was opened, or tried to be, in the very moment of a look is not missed by it: the next one is later.
    world.clock.advance(1);
    await world.done(world.engine.tick());
  }
  const open = world.database.unfinished(world.config.gateway);
  expect(pairs([...world.kernel.open].map(([number, { mac }]) => ({ number, mac })))).toEqual(pairs(open));
  expect(pairs(world.engine.sessions())).toEqual(pairs(open));
  expect(world.engine.status().troubles).toEqual([]);
}

function traffic(world: PortalWorld, truth: Truth): void {
  const sessions = world.database.unfinished(world.config.gateway);
  for (const [number, entry] of world.kernel.open) {
    const session = sessions.find((one) => one.number === number && one.mac === entry.mac);
    if (session === undefined) throw new Error(`${number} is open, and the store does not know it`);
    const octets = BigInt(world.chance.pick(5_000));
    world.kernel.traffic(number, octets, octets * 10n);
    truth.octets.set(session.id, (truth.octets.get(session.id) ?? 0n) + octets * 11n);
  }
}

/** The machine lost power: the kernel's entries are gone. */
function reboot(world: PortalWorld, truth: Truth): void {
  for (const session of world.database.unfinished(world.config.gateway)) forget(truth, session);
  world.kernel.open.clear();
}

async function verify(world: PortalWorld, truth: Truth, seed: number): Promise<void> {
  const engine = world.boot();
  await world.done(engine.start());
  await world.done(engine.tick());
  await world.done(engine.stop(false));
  const open = world.database.unfinished(world.config.gateway);
  expect(
    open.every(({ state }) => state === "open"),
    `seed ${seed}: nothing is left half closed`,
  ).toBe(true);
  expect(pairs([...world.kernel.open].map(([number, { mac }]) => ({ number, mac }))), `seed ${seed}`).toEqual(
    pairs(open),
  );
  expect(new Set(open.map(({ mac }) => mac)).size, `seed ${seed}: one session for each device`).toBe(open.length);
  for (const session of world.database.sessions.values()) {
    const kinds = world.records(session.id);
    const starts = kinds.filter((kind) => kind === "Start").length;
    const stops = kinds.filter((kind) => kind === "Stop").length;
    expect([starts, stops, kinds[0]], `seed ${seed} ${session.id}`).toEqual([
      1,
      session.state === "closed" ? 1 : 0,
      "Start",
    ]);
    if (stops === 1) expect(kinds.at(-1), `seed ${seed} ${session.id}`).toBe("Stop");
    const counted = session.inputOctets + session.outputOctets;
    const real = truth.octets.get(session.id) ?? 0n;
    expect(counted, `seed ${seed} ${session.id}`).toBe(real);
    const stop = world.database.queue.find((one) => one.session === session.id && one.record.kind === "Stop")?.record;
    if (stop !== undefined) expect(stop.inputOctets + stop.outputOctets).toBe(counted);
  }
}

function pairs(entries: readonly { readonly number: number; readonly mac: string }[]): string[] {
  return entries.map(({ number, mac }) => `${number} ${mac}`).sort();
}
