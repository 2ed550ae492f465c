/**
 * Sends the accounting records of the store's queue: those of a session one after the other, sessions side by side. A record
 * leaves the queue when a server has acknowledged it, so none is lost; one whose acknowledgement was on its way when the
 * process died is sent once more (docs/support/radius.md, "At least once").
 */
import type { PendingAccounting, Store, StoreReports } from "../store/store.ts";
import type { AccountingRecord, RadiusClient } from "./types.ts";

export interface AccountingSenderOptions {
  readonly gateway: string;
  readonly store: Pick<Store, "pendingAccounting" | "acknowledgeAccounting"> & Pick<StoreReports, "countPending">;
  readonly client: Pick<RadiusClient, "account">;
  /** Records in flight. */
  readonly most?: number;
  /** Milliseconds between two looks at the queue, when nobody wakes it. */
  readonly interval?: number;
  /** Milliseconds of the first pause after a record nobody acknowledged, and of the longest. */
  readonly pause?: number;
  readonly longestPause?: number;
}

export interface AccountingSenderStatus {
  /** Acknowledged since the start. */
  readonly sent: number;
  /** Not acknowledged. Exact for a queue that has been read whole; a longer one is counted every ten seconds or so. */
  readonly waiting: number;
  /** A sentence; null when all is well. */
  readonly trouble: string | null;
}

export interface AccountingSender {
  start(): void;
  /** There are new records. */
  wake(): void;
  status(): AccountingSenderStatus;
  /** Waits for what is in flight and takes its acknowledgements to the store. */
  stop(): Promise<void>;
}

/** Records read from the store at once. */
const BATCH = 1_000;
/** Milliseconds from one count of a queue that is longer than what is read of it to the next, and how often a count's time. */
const COUNT_EVERY = 10_000;
const COUNT_TIMES = 100;
/** A record that failed so often no longer holds up an Accounting-On: that it comes after it does no harm. */
const POISON = 3;

/** The records of one session, oldest first. */
interface Line {
  readonly records: PendingAccounting[];
  busy: boolean;
  failures: number;
  /** Milliseconds of a monotonic clock. */
  notBefore: number;
}

export function createAccountingSender(options: AccountingSenderOptions): AccountingSender {
  return new Sender(options);
}

class Sender implements AccountingSender {
  readonly #options: Required<AccountingSenderOptions>;
  readonly #lines: Map<string, Line> = new Map();
  /** Read and not yet out of the store. */
  readonly #known: Set<number> = new Set();
  /** Acknowledged by a server and not yet out of the store. */
  #acknowledged: number[] = [];
  #inFlight = 0;
  #sent = 0;
  /** Failures since the last success, and whose they were. */
  #failures = 0;
  /** How many of those were sent before anybody knew. */
  #burst = 0;
  readonly #failed: Set<string> = new Set();
  /** Sequences of Accounting-On and -Off that are not sent. */
  readonly #barriers: Set<number> = new Set();
  #notBefore = 0;
  #storeTrouble: string | null = null;
  #full = false;
  /** Records in the store when they were last counted, less those acknowledged since; null while all are known. */
  #counted: number | null = null;
  #countAt = 0;
  #stopped = false;
  #bell: (() => void) | null = null;
  #rung = true;
  #running: Promise<void> | null = null;

  constructor(options: AccountingSenderOptions) {
    this.#options = { most: 64, interval: 1_000, pause: 1_000, longestPause: 60_000, ...options };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#rung = true;
    this.#bell?.();
  }

  status(): AccountingSenderStatus {
    const waiting = Math.max(this.#known.size - this.#acknowledged.length, this.#counted ?? 0);
    const trouble =
      this.#storeTrouble ??
      (this.#failures > 0 ? `RADIUS servers do not acknowledge accounting; ${waiting} records wait.` : null);
    return { sent: this.#sent, waiting, trouble };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#running;
  }

  /**
   * The store is asked one thing after the other, so that what it lists as pending is never what it is just told to remove.
   * Acknowledgements go first: the time until they are in the store is the time in which a crash makes a record go twice.
   */
  async #run(): Promise<void> {
    let looked = Number.NEGATIVE_INFINITY;
    while (!this.#stopped || this.#inFlight > 0 || this.#acknowledged.length > 0) {
      if (this.#acknowledged.length > 0 && !(await this.#acknowledge()) && this.#stopped) return;
      const due = performance.now() - looked >= this.#options.interval;
      if (!this.#stopped && (due || this.#rung || (this.#full && this.#ready() < this.#options.most))) {
        this.#rung = false;
        looked = performance.now();
        await this.#read();
      }
      if (!this.#stopped) this.#dispatch();
      if (this.#acknowledged.length === 0 || this.#storeTrouble !== null) await this.#rest();
    }
  }

  async #acknowledge(): Promise<boolean> {
    const sequences = this.#acknowledged;
    try {
      await this.#options.store.acknowledgeAccounting(sequences);
    } catch (error) {
      // They stay known: this process does not send them again.
      this.#storeTrouble = `The store does not take acknowledgements: ${(error as Error).message}`;
      return false;
    }
    this.#storeTrouble = null;
    // Others may have been added meanwhile.
    this.#acknowledged = this.#acknowledged.slice(sequences.length);
    for (const sequence of sequences) this.#known.delete(sequence);
    return true;
  }

  async #read(): Promise<void> {
    // While nobody answers what is known is enough: the queue stays where it is safe.
    const limit = this.#silent() ? Math.max(BATCH, this.#known.size) : BATCH + this.#known.size;
    let rows: readonly PendingAccounting[];
    try {
      rows = await this.#options.store.pendingAccounting(this.#options.gateway, limit);
    } catch (error) {
      this.#storeTrouble = `The store does not give accounting records: ${(error as Error).message}`;
      return;
    }
    this.#full = rows.length >= limit;
    await this.#count();
    this.#drop(rows);
    for (const row of rows) {
      if (this.#known.has(row.sequence)) continue;
      this.#known.add(row.sequence);
      if (isBarrier(row.record)) this.#barriers.add(row.sequence);
      const line = this.#lines.get(row.session);
      if (line === undefined) {
        this.#lines.set(row.session, { records: [row], busy: false, failures: 0, notBefore: 0 });
      } else line.records.push(row);
    }
  }

  async #count(): Promise<void> {
    if (!this.#full) {
      this.#counted = null;
      this.#countAt = 0;
      return;
    }
    const begun = performance.now();
    if (begun < this.#countAt) return;
    try {
      const rows = await this.#options.store.countPending(this.#options.gateway);
      this.#counted = rows - this.#acknowledged.length;
    } catch {
      // The next reading says what is wrong with the store.
    }
    const now = performance.now();
    this.#countAt = now + Math.max(COUNT_EVERY, COUNT_TIMES * (now - begun));
  }

  /** Interim-Updates that the store has replaced by newer ones: it lists them no more, though it lists what came after. */
  #drop(rows: readonly PendingAccounting[]): void {
    const listed = new Set(rows.map(({ sequence }) => sequence));
    const end = this.#full ? (rows.at(-1)?.sequence ?? 0) : Number.POSITIVE_INFINITY;
    for (const [session, line] of this.#lines) {
      const kept = line.records.filter(
        ({ sequence }, index) => listed.has(sequence) || sequence > end || (line.busy && index === 0),
      );
      if (kept.length === line.records.length) continue;
      for (const { sequence } of line.records) {
        if (kept.some((one) => one.sequence === sequence)) continue;
        this.#known.delete(sequence);
        this.#barriers.delete(sequence);
      }
      line.records.splice(0, line.records.length, ...kept);
      if (kept.length === 0) this.#lines.delete(session);
    }
  }

  /** Nobody answers, whoever's the record is: then one at a time finds out whether somebody does again. */
  #silent(): boolean {
    return this.#failed.size > 1;
  }

  #ready(): number {
    let ready = 0;
    for (const line of this.#lines.values()) if (!line.busy) ready++;
    return ready;
  }

  #dispatch(): void {
    const now = performance.now();
    if (now < this.#notBefore) return;
    const most = this.#silent() ? 1 : this.#options.most;
    if (this.#inFlight >= most) return;
    const barrier = Math.min(...this.#barriers);
    for (const [session, line] of this.#lines) {
      if (this.#inFlight >= most) return;
      const first = line.records[0] as PendingAccounting;
      if (line.busy || now < line.notBefore || first.sequence > barrier) continue;
      if (first.sequence === barrier && this.#anythingBefore(barrier)) continue;
      line.busy = true;
      this.#inFlight++;
      void this.#send(session, line, first);
    }
  }

  /** Servers end all sessions of a gateway at its Accounting-On: it goes after what was before it, before what is after. */
  #anythingBefore(barrier: number): boolean {
    for (const { records, failures } of this.#lines.values()) {
      if ((records[0] as PendingAccounting).sequence < barrier && failures < POISON) return true;
    }
    return false;
  }

  async #send(session: string, line: Line, { sequence, record }: PendingAccounting): Promise<void> {
    let good = false;
    try {
      good = await this.#options.client.account(record);
    } catch {
      // A record that cannot be written is kept for whoever mends it.
    }
    this.#inFlight--;
    line.busy = false;
    if (good) {
      this.#sent++;
      this.#failures = 0;
      this.#burst = 0;
      this.#failed.clear();
      this.#barriers.delete(sequence);
      this.#notBefore = 0;
      line.failures = 0;
      line.records.shift();
      if (line.records.length === 0) this.#lines.delete(session);
      this.#acknowledged.push(sequence);
      if (this.#counted !== null) this.#counted--;
    } else {
      line.failures++;
      // In the order of the map the line comes last now: when others go through it does not hold them up.
      this.#lines.delete(session);
      this.#lines.set(session, line);
      const now = performance.now();
      line.notBefore = now + this.#pauseOf(line.failures);
      this.#failures++;
      this.#failed.add(session);
      if (this.#silent() && this.#inFlight === 0)
        this.#notBefore = now + this.#pauseOf(Math.max(1, this.#failures - this.#burst));
      else this.#burst = this.#failures;
    }
    this.#bell?.();
  }

  #pauseOf(failures: number): number {
    const { pause, longestPause } = this.#options;
    return Math.min(longestPause, pause * 2 ** Math.min(failures - 1, 20)) * (0.75 + Math.random() * 0.5);
  }

  /** Until something happened, or the next thing is due. */
  #rest(): Promise<void> {
    if (this.#rung && !this.#stopped) return Promise.resolve();
    const { interval, pause } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#bell = null;
        resolve();
      };
      const timer = setTimeout(done, this.#lines.size > 0 ? Math.min(interval, pause) : interval);
      this.#bell = done;
    });
  }
}

function isBarrier(record: AccountingRecord): boolean {
  return record.kind === "Accounting-On" || record.kind === "Accounting-Off";
}
