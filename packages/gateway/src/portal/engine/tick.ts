/** One look at everything: counters, limits, what did not work before. */
import type { OpenEntry } from "../../firewall/driver.ts";
import type { AccountingRecord, TerminateCause } from "../../radius/types.ts";
import type { StoredSession } from "../../store/store.ts";
import { endSession, retryClosings } from "./closing.ts";
import { count, type Engine, failed, inStore } from "./context.ts";
import { NO_COUNTERS, totalOctets } from "./counters.ts";
import { watchEnd } from "./deadline.ts";
import { judge } from "./judge.ts";
import { openingOf, settleDoubts } from "./opening.ts";
import { firewallPlan } from "./plan.ts";
import { recordOf } from "./record.ts";
import type { Entry } from "./table.ts";

/** Milliseconds counters may stay in memory only: the kernel has them too, so a crash of ours loses nothing. */
const WRITE_EVERY = 30_000;
/** Interim-Updates one tick may always send. */
const FEW_INTERIMS = 50;

export async function tick(engine: Engine): Promise<void> {
  engine.now();
  await settleDoubts(engine);
  await retryClosings(engine);
  const asked = engine.parts.clock.monotonic();
  const readings = await readKernel(engine);
  const now = engine.now();
  const open: Entry[] = [];
  const lost: Entry[] = [];
  for (const entry of engine.table.all()) {
    if (entry.phase !== "open") continue;
    open.push(entry);
    const reading = readings?.get(entry.now.number);
    if (reading !== undefined) count(engine, entry, reading, now);
    // Somebody else has touched the rules: what was open before we asked, and is not there.
    else if (readings !== null && entry.opened < asked) lost.push(entry);
  }
  // Judged when all are counted: devices share the volume of a voucher.
  const found = open.map((entry) => look(engine, entry, now));
  if (readings !== null) await closeStrangers(engine, readings);
  const interims = takeInterims(engine, found, now);
  await write(engine, found, interims, now);
  for (const { entry } of found) watchEnd(engine, entry);
  await Promise.all(
    found.map(({ entry, end }) => (end === null || entry.phase !== "open" ? null : endSession(engine, entry, end))),
  );
  await reopen(engine, await gone(engine, lost));
  await alter(engine);
}

/** The driver looks anew: rules of ours that somebody has touched are put in place again, and what it knows of them. */
async function gone(engine: Engine, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const open = entries.filter((entry) => entry.phase === "open");
  if (open.length === 0) return [];
  try {
    await engine.parts.firewall.start(firewallPlan(engine.config));
    return (await notListed(engine, open)).filter((entry) => entry.phase === "open");
  } catch (error) {
    failed(engine, error);
    return [];
  }
}

/**
 * Those that a second listing leaves out as well. One listing may miss what is there, while the kernel makes room for more:
 * taken for gone, all it has counted so far would count once more.
 */
export async function notListed(engine: Engine, entries: readonly Entry[]): Promise<readonly Entry[]> {
  if (entries.length === 0) return [];
  const readings = new Map((await engine.parts.firewall.read()).map((entry) => [entry.number, entry]));
  return entries.filter((entry) => {
    const reading = readings.get(entry.now.number);
    if (reading === undefined || reading.mac !== entry.now.mac) return true;
    count(engine, entry, reading, engine.now());
    return false;
  });
}

interface Due {
  readonly entry: Entry;
  readonly interimAt: number | null;
  readonly end: TerminateCause | null;
}

function look(engine: Engine, entry: Entry, now: number): Due {
  const { voucher } = entry.now;
  const left = voucher === null ? null : engine.budgets.left(voucher);
  return { entry, ...judge(entry.now, now, left) };
}

async function readKernel(engine: Engine): Promise<ReadonlyMap<number, OpenEntry> | null> {
  const { firewall } = engine.parts;
  try {
    const entries = await firewall.read();
    engine.troubles.over("firewall");
    return new Map(entries.map((entry) => [entry.number, entry]));
  } catch (error) {
    failed(engine, error);
  }
  try {
    // Most likely somebody flushed all rules, ours too: guests must not stay without a wall.
    await firewall.start(firewallPlan(engine.config));
    const entries = await firewall.read();
    engine.troubles.over("firewall");
    return new Map(entries.map((entry) => [entry.number, entry]));
  } catch (error) {
    failed(engine, error);
    return null;
  }
}

/** What is open in the kernel and nobody's session. */
async function closeStrangers(engine: Engine, readings: ReadonlyMap<number, OpenEntry>): Promise<void> {
  const strangers = [...readings.keys()].filter((number) => engine.table.number(number) === null);
  try {
    await Promise.all(strangers.map((number) => engine.kernel.add({ kind: "close", number })));
  } catch (error) {
    failed(engine, error);
  }
}

/** The most overdue first, and after an outage not all at once. */
function takeInterims(engine: Engine, found: readonly Due[], now: number): ReadonlySet<Entry> {
  const reach = now + engine.config.tick * 500;
  const due = found.filter(({ interimAt, end }) => end === null && interimAt !== null && interimAt <= reach);
  due.sort((a, b) => (a.interimAt as number) - (b.interimAt as number));
  const shortest = due.reduce((least, { entry }) => Math.min(least, entry.now.limits.interim ?? least), 3600);
  const most = Math.max(FEW_INTERIMS, Math.ceil((2 * engine.table.size * engine.config.tick) / Math.max(1, shortest)));
  return new Set(due.slice(0, most).map(({ entry }) => entry));
}

/** Everything that has to be written, in one transaction. */
async function write(engine: Engine, found: readonly Due[], interims: ReadonlySet<Entry>, now: number): Promise<void> {
  const steady = engine.parts.clock.monotonic();
  const batch: Write[] = [];
  const records: { session: string; record: AccountingRecord }[] = [];
  for (const { entry, end } of found) {
    // Whatever began to end while we read the kernel is written by its end.
    if (entry.phase !== "open") continue;
    const { reported } = entry.now;
    if (interims.has(entry)) {
      entry.now = { ...entry.now, reported: now };
      records.push({ session: entry.now.id, record: recordOf(entry.now, "Interim-Update", now) });
    }
    const changed = entry.now !== entry.stored;
    if (changed && (interims.has(entry) || end !== null || steady - entry.written >= WRITE_EVERY)) {
      batch.push({ entry, session: entry.now, reported });
    }
  }
  if (batch.length === 0) return;
  await writeSessions(engine, batch, records);
  if (records.length > 0) engine.parts.accountingWaits();
}

export interface Write {
  readonly entry: Entry;
  readonly session: StoredSession;
  /** Its last Interim-Update before this one. */
  readonly reported: number;
}

/**
 * One write after the other: a Stop waits for those that were asked for before it.
 * @returns false when the store did not take it: all is as before, and is written with the next tick
 */
export function writeSessions(
  engine: Engine,
  batch: readonly Write[],
  records: readonly { session: string; record: AccountingRecord }[],
): Promise<boolean> {
  const done = engine.writing.then(() => writeNow(engine, batch, records));
  engine.writing = done.then(() => {});
  return done;
}

async function writeNow(
  engine: Engine,
  batch: readonly Write[],
  records: readonly { session: string; record: AccountingRecord }[],
): Promise<boolean> {
  engine.writes++;
  try {
    const sessions = batch.map(({ session }) => session);
    await inStore(engine.troubles, engine.parts.store.updateSessions(sessions, records));
    for (const { entry, session } of batch) {
      const { voucher } = session;
      if (voucher !== null) engine.budgets.written(voucher, totalOctets(session) - totalOctets(entry.stored));
      entry.stored = session;
      entry.written = engine.parts.clock.monotonic();
    }
    return true;
  } catch (error) {
    failed(engine, error);
    // The Interim-Updates were not stored: they are due as before.
    for (const { entry, reported } of batch) entry.now = { ...entry.now, reported };
    return false;
  } finally {
    engine.writes++;
  }
}

/** Writes all that the store does not have yet, before the end. */
export async function writeAll(engine: Engine): Promise<void> {
  const batch = [...engine.table.all()]
    .filter((entry) => entry.phase === "open" && entry.now !== entry.stored)
    .map((entry) => ({ entry, session: entry.now, reported: entry.now.reported }));
  if (batch.length > 0) await writeSessions(engine, batch, []);
}

/** Opens again what is gone from the kernel: its counters start at nothing, which the store knows before they do. */
export async function reopen(engine: Engine, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) {
    engine.troubles.over("kernel");
    return;
  }
  engine.troubles.begin(
    "kernel",
    `Sessions that were gone from the packet filter and are opened again: ${entries.length}`,
  );
  const batch = entries.map((entry) => {
    entry.now = { ...entry.now, kernel: NO_COUNTERS };
    return { entry, session: entry.now, reported: entry.now.reported };
  });
  if (!(await writeSessions(engine, batch, []))) return;
  try {
    await Promise.all(
      entries
        .filter((entry) => entry.phase === "open")
        .map(async (entry) => {
          await engine.kernel.add({ kind: "open", opening: openingOf(entry.now) });
          entry.opened = engine.parts.clock.monotonic();
        }),
    );
    engine.troubles.over("kernel");
  } catch (error) {
    failed(engine, error);
  }
}

/** Tells the kernel of addresses and rates that could not be told when they changed. */
async function alter(engine: Engine): Promise<void> {
  const entries = [...engine.table.all()].filter((entry) => entry.alter && entry.phase === "open");
  await Promise.all(entries.map((entry) => alterNow(engine, entry)));
}

/** @returns false when the kernel did not take it; it is tried again with the next tick */
export async function alterNow(engine: Engine, entry: Entry): Promise<boolean> {
  entry.alter = false;
  try {
    await engine.kernel.add({ kind: "alter", opening: openingOf(entry.now) });
    return true;
  } catch (error) {
    failed(engine, error);
    entry.alter = true;
    return false;
  }
}
