import { afterEach, describe, expect, it } from "vitest";
import type { PendingAccounting } from "../store/store.ts";
import { type AccountingSender, createAccountingSender } from "./index.ts";
import type { AccountingRecord } from "./types.ts";

/** The queue of a store, in memory: outlives senders as the real one does. */
class Queue {
  rows: PendingAccounting[] = [];
  broken = false;
  #next = 1;

  /** Most rows that were asked for at once. */
  asked = 0;

  add(session: string, kind: AccountingRecord["kind"]): void {
    if (kind === "Interim-Update") {
      // As the store does: the newest of a session is enough.
      this.rows = this.rows.filter((row) => row.session !== session || row.record.kind !== kind);
    }
    this.rows.push({ sequence: this.#next++, session, record: record(session, kind) });
  }

  async pendingAccounting(_gateway: string, limit: number): Promise<readonly PendingAccounting[]> {
    await Promise.resolve();
    if (this.broken) throw new Error("disk full");
    this.looks++;
    this.asked = Math.max(this.asked, limit);
    return this.rows.slice(0, limit);
  }

  looks = 0;
  counts = 0;

  async countPending(): Promise<number> {
    await Promise.resolve();
    this.counts++;
    return this.rows.length;
  }

  async acknowledgeAccounting(sequences: readonly number[]): Promise<void> {
    await Promise.resolve();
    if (this.broken) throw new Error("disk full");
    this.rows = this.rows.filter(({ sequence }) => !sequences.includes(sequence));
  }
}

function record(session: string, kind: AccountingRecord["kind"]): AccountingRecord {
  const station = { mac: "02:00:00:00:00:01", addresses: [], sessionId: session, number: 1 };
  const zero = { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n };
  return { kind, user: "ann", station, classes: [], at: 0, sessionTime: 0, ...zero, cause: null };
}

const senders: AccountingSender[] = [];
afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.stop();
});

function sender(queue: Queue, account: (record: AccountingRecord) => Promise<boolean>, most = 8): AccountingSender {
  const pauses = { interval: 20, pause: 5, longestPause: 20 };
  const made = createAccountingSender({ gateway: "g", store: queue, client: { account }, most, ...pauses });
  senders.push(made);
  made.start();
  return made;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const KINDS = ["Start", "Interim-Update", "Stop"] as const;

describe("the accounting sender", () => {
  it("keeps the order of each session and sends sessions side by side, bounded", async () => {
    const queue = new Queue();
    for (const kind of KINDS) for (let i = 0; i < 50; i++) queue.add(`s${i}`, kind);
    const sent: string[] = [];
    let [busy, most] = [0, 0];
    const made = sender(queue, async ({ station, kind }) => {
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy--;
      sent.push(`${station.sessionId} ${kind}`);
      return true;
    });
    await until(() => queue.rows.length === 0);
    expect(most).toBe(8);
    expect(sent).toHaveLength(150);
    for (let i = 0; i < 50; i++) {
      expect(sent.filter((one) => one.startsWith(`s${i} `))).toEqual(KINDS.map((kind) => `s${i} ${kind}`));
    }
    expect(made.status()).toEqual({ sent: 150, waiting: 0, trouble: null });
  });

  it("loses and doubles nothing while servers are silent or answer by chance", async () => {
    const queue = new Queue();
    const acknowledged: string[] = [];
    let mood = 0;
    const made = sender(queue, async ({ station, kind }) => {
      await Promise.resolve();
      if (mood === 0 || (mood === 1 && (station.number + acknowledged.length + Math.random() * 4) % 3 < 1))
        return false;
      acknowledged.push(`${station.sessionId} ${kind}`);
      return true;
    });
    for (const kind of KINDS) for (let i = 0; i < 30; i++) queue.add(`s${i}`, kind);
    made.wake();
    await until(() => made.status().trouble !== null);
    expect(made.status().trouble).toMatch(/do not acknowledge accounting; 90 records/);
    expect(queue.rows).toHaveLength(90);
    mood = 1;
    await until(() => acknowledged.length > 30);
    mood = 2;
    await until(() => queue.rows.length === 0);
    expect(new Set(acknowledged).size).toBe(90);
    expect(acknowledged).toHaveLength(90);
    for (let i = 0; i < 30; i++) {
      expect(acknowledged.filter((one) => one.startsWith(`s${i} `))).toEqual(KINDS.map((kind) => `s${i} ${kind}`));
    }
    expect(made.status().trouble).toBeNull();
  });

  it("does not let one record that is never acknowledged hold up the others", async () => {
    const queue = new Queue();
    queue.add("poison", "Stop");
    queue.add("poison", "Start");
    for (let i = 0; i < 20; i++) queue.add(`s${i}`, "Start");
    const sent: string[] = [];
    sender(queue, async ({ station }) => {
      if (station.sessionId === "poison") return false;
      sent.push(station.sessionId);
      return true;
    });
    await until(() => queue.rows.length === 2);
    expect(new Set(sent).size).toBe(20);
    expect(queue.rows.map(({ record }) => record.kind)).toEqual(["Stop", "Start"]);
  });

  it("keeps of an outage what the store keeps: old Interim-Updates go, and the queue stays on the disk", async () => {
    const queue = new Queue();
    for (let i = 0; i < 3_000; i++) queue.add(`s${i}`, "Start");
    let up = false;
    const kinds: Record<string, number> = {};
    const made = sender(queue, async ({ kind }) => {
      if (up) kinds[kind] = (kinds[kind] ?? 0) + 1;
      return up;
    });
    await until(() => made.status().waiting >= 1_000);
    // Interim-Updates of the sessions that are in memory, again and again.
    for (let minute = 0; minute < 30; minute++) {
      for (let i = 0; i < 100; i++) queue.add(`s${i}`, "Interim-Update");
      made.wake();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(made.status().waiting).toBeGreaterThanOrEqual(3_000);
    expect(queue.asked).toBeLessThan(3_000);
    up = true;
    await until(() => queue.rows.length === 0);
    expect(kinds).toEqual({ Start: 3_000, "Interim-Update": 100 });
  });

  it("forgets Interim-Updates that were replaced while nobody answered", async () => {
    const queue = new Queue();
    queue.add("a", "Start");
    queue.add("b", "Start");
    let up = false;
    const kinds: string[] = [];
    const made = sender(queue, async ({ kind, station }) => {
      if (up) kinds.push(`${station.sessionId} ${kind}`);
      return up;
    });
    for (let minute = 0; minute < 20; minute++) {
      queue.add("a", "Interim-Update");
      made.wake();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await until(() => made.status().waiting <= 3);
    up = true;
    await until(() => queue.rows.length === 0);
    expect(kinds.sort()).toEqual(["a Interim-Update", "a Start", "b Start"]);
  });

  it("sends Accounting-On after what was before it and before what is after", async () => {
    const queue = new Queue();
    for (let i = 0; i < 10; i++) queue.add(`before${i}`, "Stop");
    queue.add("gateway", "Accounting-On");
    for (let i = 0; i < 10; i++) queue.add(`after${i}`, "Start");
    const sent: string[] = [];
    sender(queue, async ({ station }) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      sent.push(station.sessionId);
      return true;
    });
    await until(() => queue.rows.length === 0);
    expect(sent.indexOf("gateway")).toBe(10);
    expect(sent.slice(0, 10).every((one) => one.startsWith("before"))).toBe(true);
  });

  it("goes on where the last one stopped, and stop() takes what was acknowledged to the store", async () => {
    const queue = new Queue();
    for (const kind of KINDS) for (let i = 0; i < 40; i++) queue.add(`s${i}`, kind);
    const sent: string[] = [];
    const account = async ({ station, kind }: AccountingRecord): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      sent.push(`${station.sessionId} ${kind}`);
      return true;
    };
    const first = sender(queue, account);
    await until(() => sent.length > 20);
    await first.stop();
    expect(queue.rows.length).toBe(120 - sent.length);
    sender(queue, account);
    await until(() => queue.rows.length === 0);
    expect(new Set(sent).size).toBe(120);
    expect(sent).toHaveLength(120);
  });

  it("does not send again what the store cannot be told of", async () => {
    const queue = new Queue();
    for (let i = 0; i < 5; i++) queue.add(`s${i}`, "Start");
    const sent: string[] = [];
    const made = sender(queue, async ({ station }) => {
      queue.broken = true;
      sent.push(station.sessionId);
      return true;
    });
    await until(() => made.status().trouble !== null && sent.length === 5);
    expect(made.status().trouble).toMatch(/^The store does not .*disk full/);
    await new Promise((resolve) => setTimeout(resolve, 60));
    queue.broken = false;
    await until(() => queue.rows.length === 0);
    expect(sent).toHaveLength(5);
    expect(made.status().trouble).toBeNull();
  });

  it("says how many wait, however long the queue is, and does not count them at every look", async () => {
    const queue = new Queue();
    for (let i = 0; i < 2_500; i++) queue.add(`s${i}`, "Start");
    let [answers, tries] = [0, 0];
    const made = sender(queue, async () => {
      tries++;
      return answers-- > 0;
    });
    await until(() => tries > 40);
    expect(made.status()).toMatchObject({ waiting: 2_500, trouble: expect.stringContaining("; 2500 records wait.") });
    answers = 1_000;
    await until(() => made.status().sent === 1_000);
    expect(made.status().waiting).toBe(1_500);
    answers = Number.POSITIVE_INFINITY;
    await until(() => queue.rows.length === 0);
    await until(() => made.status().waiting === 0);
    queue.add("s1", "Stop");
    await until(() => made.status().sent === 2_501);
    expect(queue.counts).toBeGreaterThan(0);
    expect(queue.counts).toBeLessThan(queue.looks / 4);
  });
});
