/**
 * The whole portal as a process, with the kernel, SQLite and FreeRADIUS, while things break. What is counted afterwards:
 * nothing open in the kernel that the store does not know, nobody kept out who has paid, of every session one Start and one
 * Stop.
 *
 * `PIERHEAD_PORTAL_FAULTS=full` kills it 200 times with 500 devices (ten minutes); otherwise 12 times with 60.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deviceMac, PortalRun, type PortalRunOptions, portalRunIsMissing } from "./support/portal-run.ts";

const FULL = process.env.PIERHEAD_PORTAL_FAULTS === "full";
const DEVICES = FULL ? 500 : 60;
const KILLS = FULL ? 200 : 12;
const OPERATIONS = FULL ? 500 : 120;
const ABREAST = FULL ? 24 : 12;

const missing = portalRunIsMissing();
const here = process.env.CI === "true" && process.getuid?.() === 0 ? null : missing;
if (here !== null) process.stdout.write(`portal faults: left out, ${here}\n`);

const USERS = Array.from({ length: DEVICES }, (_, index) => `u${index + 1} Cleartext-Password := "pw${index + 1}"\n`).join("");
const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

interface Row {
  readonly id: string;
  readonly number: number;
  readonly mac: string;
  readonly state: "open" | "closing" | "closed";
  readonly radius: number;
  readonly input_octets: number;
  readonly voucher: string | null;
}

/** A run with a book about what its devices were told. */
class Trial {
  readonly run: PortalRun;
  /** Devices that were told they are in, and have not asked to be out since. */
  readonly inside: Set<number> = new Set();
  /** Devices whose last request got no answer: they may be in or out. */
  readonly unsure: Set<number> = new Set();
  /** Codes of vouchers, one for each device that has one. */
  readonly codes: Map<number, string> = new Map();
  signIns = 0;
  signOuts = 0;
  broken = 0;

  private constructor(run: PortalRun) {
    this.run = run;
  }

  static async make(more: Partial<PortalRunOptions> = {}): Promise<Trial> {
    return new Trial(await PortalRun.make({ devices: DEVICES, users: USERS, radiusMore: "  interim: 60s", ...more }));
  }

  /** Every fourth device pays with a voucher of its own. */
  async vouchers(): Promise<void> {
    const count = Math.floor(DEVICES / 4);
    await this.run.ask({ verb: "voucher-create", count, batch: "faults", devices: 1 });
    const vouchers = (await this.run.ask({ verb: "voucher-list", batch: "faults" })) as { code: string }[];
    for (const [index, { code }] of vouchers.entries()) this.codes.set(4 * (index + 1), code);
  }

  fields(device: number): Record<string, string> {
    const code = this.codes.get(device);
    if (code !== undefined) return { method: "voucher", voucher: code };
    return { method: "password", user: `u${device}`, password: `pw${device}` };
  }

  /** One wish of a device, kept up until somebody answers: what people do in front of a page that does not come. */
  async wish(device: number, wanted: "in" | "out", until: () => boolean): Promise<string> {
    for (;;) {
      const request = wanted === "in" ? { verb: "in", device, fields: this.fields(device) } : { verb: "out", device };
      this.unsure.add(device);
      const answer = await this.run.device(request);
      const { result } = answer;
      if (wanted === "in" && (result === "in" || (result === "refused" && answer.why === "already-in"))) {
        this.inside.add(device);
        this.unsure.delete(device);
        this.signIns++;
        return "in";
      }
      if (wanted === "out" && (result === "out" || result === "not-in")) {
        this.inside.delete(device);
        this.unsure.delete(device);
        this.signOuts++;
        return "out";
      }
      if (result === "refused" && answer.why !== "bad-request") return `${answer.why}: ${answer.text}`;
      this.broken++;
      if (until()) return `${answer.status} ${result} ${answer.text ?? ""}`;
      await sleep(50 + Math.random() * 100);
    }
  }

  rows(): Row[] {
    const database = new Sqlite(this.run.storeFile, { readonly: true });
    try {
      return database
        .prepare("select id, number, mac, state, radius, input_octets, voucher from sessions")
        .all() as Row[];
    } finally {
      database.close();
    }
  }

  pending(): number {
    const database = new Sqlite(this.run.storeFile, { readonly: true });
    try {
      return (database.prepare("select count(*) as count from accounting").get() as { count: number }).count;
    } finally {
      database.close();
    }
  }

  /** MACs that are open in the kernel under a number the store does not have for them. */
  strangers(): string[] {
    const kernel = this.run.openInKernel();
    const known = new Set(this.rows().filter(({ state }) => state !== "closed").map(({ mac, number }) => `${mac} ${number}`));
    return [...kernel].map(([mac, number]) => `${mac} ${number}`).filter((one) => !known.has(one));
  }

  /** All have what they were promised: kernel and store are one, and so is what people were told. */
  agree(): void {
    const kernel = this.run.openInKernel();
    const rows = this.rows();
    const open = rows.filter(({ state }) => state === "open");
    expect(rows.filter(({ state }) => state === "closing")).toEqual([]);
    expect([...kernel].sort()).toEqual(open.map(({ mac, number }): [string, number] => [mac, number]).sort());
    for (const device of this.inside) expect(kernel.has(deviceMac(device)), `device ${device} was told it is in`).toBe(true);
    for (let device = 1; device <= DEVICES; device++) {
      if (this.inside.has(device) || this.unsure.has(device)) continue;
      expect(kernel.has(deviceMac(device)), `device ${device} was told it is out`).toBe(false);
    }
  }

  /** Ends all sessions and waits until every record has gone out. */
  async settle(): Promise<void> {
    const sessions = (await this.run.ask({ verb: "sessions" })) as { id: string }[];
    for (const { id } of sessions) await this.run.ask({ verb: "kick", who: id });
    for (let i = 0; i < 600 && this.pending() > 0; i++) await sleep(100);
  }

  /** What the server has of every session of the store. @returns the numbers */
  counted(): { sessions: number; starts: number; stops: number; again: number } {
    const wanted = this.rows().filter(({ radius }) => radius === 1);
    expect(wanted.filter(({ state }) => state !== "closed")).toEqual([]);
    const records = this.run.radius.records().filter((record) => record["Acct-Session-Id"] !== undefined);
    const found = new Map<string, Record<string, string>[]>();
    for (const record of records) {
      const key = `${record["Acct-Session-Id"]} ${record["Acct-Status-Type"]}`;
      found.set(key, [...(found.get(key) ?? []), record]);
    }
    let [starts, stops, again] = [0, 0, 0];
    for (const { id } of wanted) {
      for (const kind of ["Start", "Stop"]) {
        const same = found.get(`${id} ${kind}`) ?? [];
        expect(same.length, `${kind} of ${id}`).toBeGreaterThan(0);
        // "At least once" (docs/support/radius.md): one that goes twice is the same record.
        expect(new Set(same.map(substance)).size, `${kind} of ${id}`).toBe(1);
        if (kind === "Start") starts++;
        else stops++;
        again += same.length - 1;
      }
    }
    const known = new Set(wanted.map(({ id }) => id));
    const unknown = records
      .filter((record) => /^(Start|Stop|Interim-Update)$/.test(record["Acct-Status-Type"] ?? ""))
      .filter((record) => !known.has(record["Acct-Session-Id"] ?? ""));
    expect(unknown).toEqual([]);
    return { sessions: wanted.length, starts, stops, again };
  }

  async destroy(): Promise<void> {
    await this.run.destroy();
  }
}

/** A record without what the way to the server adds. */
function substance(record: Record<string, string>): string {
  const { Timestamp: _a, "Acct-Delay-Time": _b, "Packet-Src-Port": _c, "Acct-Unique-Session-Id": _d, ...rest } = record;
  return JSON.stringify(Object.entries(rest).sort());
}

const say = (text: string): void => void process.stdout.write(`portal faults: ${text}\n`);

describe.skipIf(here !== null)("the portal and its faults", () => {
  let trial: Trial;

  describe("killed at random moments", () => {
    beforeAll(async () => {
      trial = await Trial.make();
    }, 60_000);
    afterAll(() => trial?.destroy());

    it(`${KILLS} times during ${OPERATIONS} sign-ins and sign-outs`, { timeout: FULL ? 1_800_000 : 120_000 }, async () => {
      await trial.run.start();
      await trial.vouchers();
      let kills = 0;
      let operations = 0;
      let killing = true;
      const strangers: string[] = [];
      const refusals: string[] = [];
      const killer = (async () => {
        while (kills < KILLS) {
          await sleep(Math.random() * (kills % 2 === 0 ? 1_500 : 400));
          await trial.run.kill("SIGKILL");
          kills++;
          strangers.push(...trial.strangers());
          trial.run.launch();
          // Every second life may end before it serves anybody, in the middle of making kernel and store one.
          if (kills % 2 === 0) await trial.run.serving();
          else await sleep(Math.random() * 1_200);
        }
        await trial.run.kill("SIGKILL");
        await trial.run.start();
        killing = false;
      })();
      const busy = new Set<number>();
      const done = (): boolean => operations >= OPERATIONS && !killing;
      const people = Array.from({ length: ABREAST }, async () => {
        while (!done()) {
          const device = 1 + Math.floor(Math.random() * DEVICES);
          if (busy.has(device)) continue;
          busy.add(device);
          const wanted = trial.inside.has(device) ? "out" : "in";
          const said = await trial.wish(device, wanted, () => false);
          if (said === wanted) operations++;
          else refusals.push(`device ${device}: ${said}`);
          busy.delete(device);
          if (operations >= OPERATIONS) await sleep(100);
        }
      });
      await killer;
      await Promise.all(people);
      expect(strangers).toEqual([]);
      // Nobody who has paid was sent away, at any moment.
      expect(refusals).toEqual([]);
      trial.agree();
      for (let device = 1; device <= DEVICES; device++) {
        if (!trial.inside.has(device)) expect(await trial.wish(device, "in", () => true)).toBe("in");
      }
      trial.agree();
      await trial.settle();
      const { sessions, starts, stops, again } = trial.counted();
      const monitors = spawnSync("ip", ["netns", "pids", trial.run.world.name("gateway")], { encoding: "utf8" });
      say(
        `${kills} kills, ${trial.signIns} sign-ins, ${trial.signOuts} sign-outs, ${trial.broken} requests nobody answered; ` +
          `${sessions} sessions with RADIUS: ${starts} Starts, ${stops} Stops, ${again} sent twice; ` +
          `${monitors.stdout.trim().split("\n").length} processes in the gateway`,
      );
      expect(starts).toBe(sessions);
      expect(stops).toBe(sessions);
    });
  });
});
