/** After a start: what the store says and what the kernel has are made one. The store is right; the kernel counts. */
import type { OpenEntry } from "../../firewall/driver.ts";
import type { StoredSession } from "../../store/store.ts";
import { endSession } from "./closing.ts";
import { count, type Engine, entryOf, inStore } from "./context.ts";
import { watchEnd } from "./deadline.ts";
import { moved } from "./judge.ts";
import { notListed, reopen } from "./tick.ts";

/** Sessions that are asked for at once. */
const PAGE = 1_000;

/**
 * @returns how many sessions go on
 * @throws FirewallError or StoreError: nothing can be served without either
 */
export async function reconcile(engine: Engine): Promise<number> {
  const { firewall, store, clock } = engine.parts;
  const kernel = new Map((await firewall.read()).map((entry) => [entry.number, entry]));
  const stored = await unfinished(engine);
  for (const { number } of stored) engine.numbers.reserve(number);
  // Newest first: its number is the one that was taken last, whether it is in use or not.
  const [newest] = await inStore(engine.troubles, store.sessions({ gateway: engine.config.gateway, limit: 1 }));
  if (newest !== undefined) engine.numbers.goOnAfter(newest.number);
  const strangers = new Set(kernel.keys());
  const missing = [];
  const ending = [];
  for (const session of stored) {
    const entry = entryOf(timely(session, engine.now()), "open", clock.monotonic());
    // A device has one session: of two, which a break in the middle of a sign-in can leave, the newer is meant.
    const older = engine.table.mac(session.mac);
    engine.table.add(entry);
    if (older !== null) ending.push(older);
    const reading = kernel.get(session.number);
    // The same number for another device is not the same session.
    const known = reading !== undefined && reading.mac === session.mac;
    if (known) {
      strangers.delete(session.number);
      count(engine, entry, reading, engine.now());
    }
    if (session.state === "closing") {
      entry.phase = "begin";
      ending.push(entry);
    } else if (!known) missing.push(entry);
  }
  await closeAll(engine, strangers, kernel);
  await Promise.all(ending.map((entry) => endSession(engine, entry, "NAS-Error")));
  await reopen(
    engine,
    (await notListed(engine, missing)).filter((entry) => entry.phase === "open"),
  );
  let open = 0;
  for (const entry of engine.table.all()) {
    if (entry.phase !== "open") continue;
    open++;
    watchEnd(engine, entry);
  }
  return open;
}

async function unfinished(engine: Engine): Promise<readonly StoredSession[]> {
  const { store } = engine.parts;
  const found: Map<string, StoredSession> = new Map();
  for (let offset = 0; ; offset += PAGE) {
    const page = await inStore(
      engine.troubles,
      store.sessions({ gateway: engine.config.gateway, states: ["open", "closing"], limit: PAGE, offset }),
    );
    for (const session of page) found.set(session.id, session);
    if (page.length < PAGE) break;
  }
  return [...found.values()].sort((a, b) => a.started - b.started);
}

/** A clock that went back while nobody looked: the last thing that is known to have happened was now. */
function timely(session: StoredSession, now: number): StoredSession {
  const last = Math.max(session.started, session.active, session.reported);
  return last <= now ? session : moved(session, now - last, false);
}

async function closeAll(
  engine: Engine,
  numbers: ReadonlySet<number>,
  kernel: ReadonlyMap<number, OpenEntry>,
): Promise<void> {
  if (numbers.size === 0) return;
  const macs = [...numbers].map((number) => kernel.get(number)?.mac).join(", ");
  engine.parts.log.warning("strangers", `open in the packet filter and in no store: closed: ${macs}`);
  await Promise.all([...numbers].map((number) => engine.kernel.add({ kind: "close", number })));
}
