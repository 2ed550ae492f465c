/**
 * Devices that are gone (Lost-Carrier, RFC 2866, 5.10). Silence alone is no proof: phones sleep. So a device that sends
 * nothing is asked for, again and again, by the addresses it had; one that answers is there, however idle it is.
 */
import { endSession } from "./closing.ts";
import type { Engine } from "./context.ts";
import type { Entry } from "./table.ts";

/** Questions without an answer, one after the other, before a device is gone. */
const ROUNDS = 3;
/** Of the time it takes to be gone: when the first question comes, and the pause between two. */
const FIRST = 1 / 3;
const BETWEEN = 1 / 6;
/** Addresses asked for at a time, and of one device. */
const MOST = 512;
const MOST_OF_ONE = 32;

/** Monotonic milliseconds. */
interface Watched {
  /** Last sign of life that is no traffic: at first that it came in, or that the portal was started. */
  seen: number;
  asked: number;
  /** Questions nobody answered since the last sign of life. */
  silent: number;
  /** The last of them came when the time was up. */
  late: boolean;
}

interface Due {
  readonly entry: Entry;
  readonly watched: Watched;
  readonly late: boolean;
}

export class GoneWatch {
  readonly #watched: WeakMap<Entry, Watched> = new WeakMap();
  #asking = false;

  /** The kernel has heard of it by itself. */
  seen(entry: Entry, steady: number): void {
    const watched = this.#watched.get(entry);
    if (watched !== undefined) alive(watched, steady);
  }

  /** Ends what is gone and asks for what is quiet; after the counters were read, which show who sent something. */
  async look(engine: Engine): Promise<void> {
    const gone = engine.config.gone ?? null;
    if (gone === null || engine.parts.neighbours.ask === undefined) return;
    const steady = engine.parts.clock.monotonic();
    const wall = engine.now();
    const due: Due[] = [];
    const lost: Entry[] = [];
    for (const entry of engine.table.all()) {
      if (entry.phase !== "open") continue;
      const watched = this.#of(entry);
      const idle = wall - entry.now.active;
      const quiet = Math.min(idle, steady - watched.seen);
      const late = quiet >= gone * 1000;
      if (quiet < gone * 1000 * FIRST) silence(watched, 0, false);
      else if (late && watched.late && watched.silent >= ROUNDS) lost.push(entry);
      // Whatever came before, the last question is asked when the time is up.
      else if (steady - watched.asked >= gone * 1000 * BETWEEN || (late && !watched.late))
        due.push({ entry, watched, late });
    }
    for (const { now } of lost) {
      engine.parts.log.info("gone", `${now.mac} is gone: it sends nothing and answers nobody`, {
        mac: now.mac,
        session: now.id,
      });
    }
    await Promise.all(lost.map((entry) => endSession(engine, entry, "Lost-Carrier")));
    if (due.length > 0 && !this.#asking) {
      this.#asking = true;
      // It takes seconds; nobody waits for it.
      void this.#ask(engine, due).finally(() => {
        this.#asking = false;
      });
    }
  }

  #of(entry: Entry): Watched {
    const known = this.#watched.get(entry);
    if (known !== undefined) return known;
    const watched = { seen: entry.opened, asked: Number.NEGATIVE_INFINITY, silent: 0, late: false };
    this.#watched.set(entry, watched);
    return watched;
  }

  async #ask(engine: Engine, due: readonly Due[]): Promise<void> {
    const { neighbours, clock, log } = engine.parts;
    const questions = new Map<string, readonly string[]>();
    const asked: Due[] = [];
    let count = 0;
    // Those that wait longest first.
    for (const one of [...due].sort((a, b) => a.watched.asked - b.watched.asked)) {
      const { mac, addresses } = one.entry.now;
      const own = [...new Set([...addresses, ...neighbours.addressesOf(mac)])].slice(-MOST_OF_ONE);
      // Nothing to ask by: nobody can say that it is gone.
      if (own.length === 0) continue;
      if (count + own.length > MOST) break;
      count += own.length;
      questions.set(mac, own);
      asked.push(one);
    }
    if (asked.length === 0) return;
    try {
      const answers = await neighbours.ask?.([...questions.values()].flat());
      if (answers === undefined || answers === null) return;
      const steady = clock.monotonic();
      for (const { entry, watched, late } of asked) {
        const { mac } = entry.now;
        watched.asked = steady;
        if (questions.get(mac)?.some((address) => answers.get(address) === mac) === true) alive(watched, steady);
        else silence(watched, watched.silent + 1, late);
      }
    } catch (error) {
      log.warning("neighbours", `who is still there: ${(error as Error).message}`);
    }
  }
}

function alive(watched: Watched, steady: number): void {
  watched.seen = steady;
  silence(watched, 0, false);
}

function silence(watched: Watched, silent: number, late: boolean): void {
  watched.silent = silent;
  watched.late = late;
}
