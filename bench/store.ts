/** The portal's store: sign-ins a second and a tick of 10,000 sessions, each on disk when it counts. `npm run bench -- store` */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openStore, type Store } from "@pierhead/gateway/store";
import { postgresIsMissing, startPostgres } from "../tests/support/postgres.ts";
import { macOf, movedOn, NOW, recordOf, sessionOf } from "../tests/support/stored-sessions.ts";

const CALLERS = 64;
const OPENS = 5_000;
const SESSIONS = 10_000;

process.stdout.write(`${"store".padEnd(11)} ${"what".padEnd(58)} seconds  a second  own processor  longest pause ms\n`);
const folder = mkdtempSync(join(tmpdir(), "bench-store-"));
try {
  await bench("sqlite", await openStore(`sqlite:${join(folder, "portal.db")}`));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const missing = postgresIsMissing();
if (missing !== null) process.stdout.write(`postgresql: ${missing}\n`);
else {
  const server = await startPostgres();
  try {
    await bench("postgresql", await openStore(await server.createDatabase("bench")));
  } finally {
    await server.close();
  }
}

async function bench(name: string, store: Store): Promise<void> {
  let number = 0;
  const open = async (count: number, vouchers: readonly string[] | null): Promise<void> => {
    const end = number + count;
    const caller = async (): Promise<void> => {
      while (number < end) {
        const session = sessionOf(++number, { voucher: vouchers?.[number % vouchers.length] ?? null });
        await store.openSession(session, recordOf(session, "Start"));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  };
  await measured(name, `open, one caller`, 200, async () => {
    for (let i = 0; i < 200; i++) {
      const session = sessionOf(++number);
      await store.openSession(session, recordOf(session, "Start"));
    }
  });
  await measured(name, `open, ${CALLERS} callers`, OPENS, () => open(OPENS, null));
  await open(SESSIONS - number, null);
  await measured(name, `open, ${CALLERS} callers, ${SESSIONS} open`, OPENS, () => open(OPENS, null));
  const order = { count: 1_000, batch: "b", expires: null, duration: 3_600, octets: null, devices: 100 };
  const made = await store.createVouchers({ ...order, rateUp: null, rateDown: null, note: "" }, NOW);
  await measured(name, `open with a voucher, ${CALLERS} callers`, OPENS, () =>
    open(
      OPENS,
      made.map(({ id }) => id),
    ),
  );
  const sessions = Array.from({ length: SESSIONS }, (_, index) => sessionOf(index + 1));
  const moved = sessions.map((session) => movedOn(session, 1_000_000n, NOW + 60_000));
  await measured(name, `counters of ${SESSIONS}`, SESSIONS, () => store.updateSessions(moved, []));
  const interims = moved.map((session) => ({ session: session.id, record: recordOf(session, "Interim-Update") }));
  await measured(name, `counters of ${SESSIONS}, an Interim-Update of each`, SESSIONS, () =>
    store.updateSessions(moved, interims),
  );
  await measured(name, `the same again: each takes an older one's place`, SESSIONS, () =>
    store.updateSessions(moved, interims),
  );
  let beside = 0;
  await measured(name, `a sign-in while that runs (seconds: its own)`, 1, async () => {
    const tick = store.updateSessions(moved, interims);
    const started = performance.now();
    const session = sessionOf(++number, { mac: macOf(number) });
    await store.openSession(session, recordOf(session, "Start"));
    beside = (performance.now() - started) / 1000;
    await tick;
  });
  process.stdout.write(
    `${name.padEnd(11)} ${"  of which the sign-in waited".padEnd(58)} ${beside.toFixed(2).padStart(7)}\n`,
  );
  const ends = moved.map((session) => ({ session, stop: recordOf(session, "Stop") }));
  await measured(name, `close ${SESSIONS} with their Stops`, SESSIONS, async () => {
    await store.beginClose(ends.map(({ session: { id } }) => ({ id, cause: "User-Request", at: NOW })));
    await store.endClose(ends);
  });
  await store.close();
}

async function measured(store: string, what: string, count: number, run: () => Promise<void>): Promise<void> {
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  pauses.enable();
  const before = performance.now();
  const processor = process.cpuUsage();
  await run();
  const seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(processor);
  pauses.disable();
  const row = [
    store.padEnd(11),
    what.padEnd(58),
    seconds.toFixed(2).padStart(7),
    Math.round(count / seconds)
      .toString()
      .padStart(9),
    `${((user + system) / 1e6).toFixed(2)} s`.padStart(14),
    (pauses.max / 1e6).toFixed(0).padStart(17),
  ];
  process.stdout.write(`${row.join(" ")}\n`);
}
