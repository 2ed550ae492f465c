/** What happens to the store when something else goes wrong. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "@pierhead/core";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Postgres, postgresIsMissing, startPostgres } from "../../../../tests/support/postgres.ts";
import { movedOn, NOW, recordOf, sessionOf } from "../../../../tests/support/stored-sessions.ts";
import { openSqlite } from "./database/sqlite.ts";
import { openStore, type Store, StoreError } from "./index.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
let folder = "";
let writer = "";
const children: Set<ChildProcess> = new Set();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pierhead-faults-"));
  // In the checkout, where SQLite's library is found.
  writer = join(ROOT, ".cache", "run", `store-writer-${process.pid}.mjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["tests/support/store-writer.ts"],
    outfile: writer,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    external: ["pg-native"],
    logLevel: "silent",
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
});

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(writer, { force: true });
  rmSync(folder, { recursive: true, force: true });
});

async function errorOf(action: Promise<unknown>): Promise<StoreError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** A process that writes, and what it said the store confirmed. */
class Writer {
  readonly open: Set<string> = new Set();
  readonly closed: Set<string> = new Set();
  readonly failed: string[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #rest = "";
  #complaints = "";

  constructor(url: string, gateway: string, voucher: string) {
    this.#child = spawn(process.execPath, [writer], { stdio: ["pipe", "pipe", "pipe"] });
    children.add(this.#child);
    this.#child.stdin?.end(`${url}\n${gateway}\n${voucher}\n`);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    this.#closed = once(this.#child, "close");
  }

  /** Waits until it has opened so many, and kills it with no warning. */
  async killAfter(count: number): Promise<void> {
    await this.opened(count);
    this.#child.kill("SIGKILL");
    await this.#closed;
    children.delete(this.#child);
  }

  async opened(count: number): Promise<void> {
    while (this.open.size < count) {
      if (this.#child.exitCode !== null) throw new Error(`the writer ended: ${this.#complaints}`);
      await sleep(2);
    }
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const [what, ...rest] = line.split(" ");
      if (what === "open") this.open.add(rest.join(" "));
      else if (what === "closed") this.closed.add(rest.join(" "));
      else this.failed.push(rest.join(" "));
    }
  }
}

/** Everything confirmed is there, and what is there fits together. */
async function audit(store: Store, gateway: string, writers: readonly Writer[]): Promise<void> {
  const sessions = new Map((await store.sessions({ gateway })).map((session) => [session.id, session]));
  const kinds: Map<string, string[]> = new Map();
  for (const { session, record } of await store.pendingAccounting(gateway, 1_000_000)) {
    kinds.set(session, [...(kinds.get(session) ?? []), record.kind]);
    if (record.kind === "Stop") expect(record.inputOctets).toBe(sessions.get(session)?.inputOctets);
  }
  for (const { open, closed } of writers) {
    for (const id of open) expect(sessions.get(id), id).toBeDefined();
    for (const id of closed) expect(sessions.get(id)?.state, id).toBe("closed");
  }
  expect(sessions.size).toBeGreaterThan(0);
  for (const [id, { state, inputOctets }] of sessions) {
    const expected = [
      "Start",
      ...(inputOctets > 0n ? ["Interim-Update"] : []),
      ...(state === "closed" ? ["Stop"] : []),
    ];
    expect(kinds.get(id), id).toEqual(expected);
  }
  expect(kinds.size).toBe(sessions.size);
}

const MANY = {
  count: 1,
  batch: "b",
  expires: null,
  duration: null,
  octets: null,
  devices: 1_000_000,
  rateUp: null,
  rateDown: null,
  note: "",
};

/** Two processes write at once and are killed, several times; a voucher they share counts all octets of both. */
async function killTest(url: string, rounds: readonly number[]): Promise<void> {
  const store = await openStore(url);
  try {
    const [voucher] = await store.createVouchers(MANY, NOW);
    for (const [round, count] of rounds.entries()) {
      const names = [`a${round}`, `b${round}`];
      const writers = names.map((name) => new Writer(url, name, voucher?.id ?? ""));
      await Promise.all(writers.map((one) => one.killAfter(count)));
      for (const [index, name] of names.entries()) await audit(store, name, [writers[index] as Writer]);
    }
    const used = (await store.sessions({ voucher: voucher?.id ?? "" })).map(
      (session) => session.inputOctets + session.outputOctets,
    );
    const [stored] = await store.vouchers({ code: voucher?.code ?? "" });
    expect(stored?.usedOctets).toBe(used.reduce((sum, octets) => sum + octets, 0n));
    expect(stored?.usedBy.length).toBeGreaterThan(0);
  } finally {
    await store.close();
  }
}

describe("SQLite", () => {
  it("kill -9 of two processes on one file loses nothing that was confirmed", () =>
    killTest(`sqlite:${join(folder, "kill.db")}`, [1, 60, 130]));

  it("the file is its owner's only, also what is beside it", async () => {
    const path = join(folder, "mode.db");
    writeFileSync(path, "", { mode: 0o644 });
    const before = process.umask(0);
    try {
      const store = await openStore(new Secret(`sqlite:${path}`));
      await store.putSetting("a", "b");
      for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777, file).toBe(0o600);
      await store.close();
    } finally {
      process.umask(before);
    }
  });

  it("says what is wrong with a place for the file", async () => {
    const told = async (path: string): Promise<string> => {
      const error = await errorOf(openStore(`sqlite:${path}`));
      expect(error.trouble).toBe("setup");
      return error.message;
    };
    expect(await told("portal.db")).toContain("absolute path");
    expect(await told(join(folder, "none", "portal.db"))).toContain("does not exist: make it");
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o1777);
    expect(await told(join(open, "portal.db"))).toContain("chmod o-w");
    symlinkSync("/etc/passwd", join(folder, "link.db"));
    expect(await told(join(folder, "link.db"))).toContain("symbolic link");
    writeFileSync(join(folder, "text.db"), "this is a text and long enough to be taken for a header. ".repeat(20));
    expect(await told(join(folder, "text.db"))).toContain("is no SQLite database");
    mkdirSync(join(folder, "folder.db"));
    expect(await told(join(folder, "folder.db"))).toContain("cannot be written");
    expect((await errorOf(openStore("mysql://root:hunter2@db/x"))).message).not.toContain("hunter2");
  });

  it("says what to install when the library is not there", async () => {
    const error = await errorOf(openSqlite(join(folder, "x.db"), "better-sqlite3-that-is-not-there"));
    expect(error.trouble).toBe("setup");
    expect(error.message).toContain("npm install");
    expect(error.message).toContain("postgresql://");
  });

  it("refuses tables of a newer version", async () => {
    const path = join(folder, "newer.db");
    await (await openStore(`sqlite:${path}`)).close();
    const { kind, write, close } = await openSqlite(path);
    expect(kind).toBe("sqlite");
    const { sql } = await import("kysely");
    await write(async (trx) => {
      await sql`insert into pierhead_migration (name, timestamp) values ('9999-later', '2099-01-01')`.execute(trx);
    });
    await close();
    const error = await errorOf(openStore(`sqlite:${path}`));
    expect([error.trouble, error.message]).toEqual(["setup", expect.stringContaining("newer version")]);
  });

  it("takes over the tables of an older version, with what is in them", async () => {
    const path = join(folder, "older.db");
    const old = await openStore(`sqlite:${path}`);
    await old.openSession(sessionOf(1, { user: "anna", radius: false }), null);
    await old.close();
    const { write, close } = await openSqlite(path);
    const { sql } = await import("kysely");
    await write(async (trx) => {
      await sql`delete from pierhead_migration where name > '0002'`.execute(trx);
      await sql`drop index sessions_live_user`.execute(trx);
    });
    await close();
    const store = await openStore(`sqlite:${path}`);
    await store.addUser({ name: "anna", disabled: false, limits: {}, devices: 1, note: "", created: 0 }, null);
    const second = await store.openSession(sessionOf(2, { user: "anna", radius: false }), null);
    await store.close();
    expect(second).toEqual({ kind: "bad", why: "too-many-devices" });
    const again = await openSqlite(path);
    await again.write((trx) => sql`drop index sessions_live_user`.execute(trx));
    await again.close();
  });

  const mounts = process.platform === "linux" && process.getuid?.() === 0;
  it.skipIf(!mounts)(
    `a full disk: nothing half done, and it goes on when there is room${mounts ? "" : " (skipped: needs root to mount a small disk)"}`,
    async () => {
      const disk = join(folder, "disk");
      mkdirSync(disk);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1536k,mode=0700", "tmpfs", disk]);
      try {
        const store = await openStore(`sqlite:${join(disk, "portal.db")}`);
        const ballast = join(disk, "ballast");
        writeFileSync(ballast, Buffer.alloc(512 * 1024));
        const done: number[] = [];
        let full: StoreError | null = null;
        for (let number = 1; full === null; number++) {
          const results = await Promise.allSettled(
            [number * 2, number * 2 + 1].map((each) =>
              store.openSession(sessionOf(each), recordOf(sessionOf(each), "Start")),
            ),
          );
          for (const [index, result] of results.entries()) {
            if (result.status === "fulfilled") done.push(number * 2 + index);
            else full = result.reason as StoreError;
          }
        }
        expect(full).toBeInstanceOf(StoreError);
        expect(full.trouble).toBe("full");
        expect(full.message).toContain("is full");
        // Reading goes on; what failed is not there, with its record.
        const ids = done.map((number) => `s${number}`).sort();
        expect((await store.sessions({})).map(({ id }) => id).sort()).toEqual(ids);
        expect((await store.pendingAccounting("pier", 10_000)).map(({ session }) => session).sort()).toEqual(ids);
        const first = sessionOf(done[0] ?? 0);
        rmSync(ballast);
        await store.beginClose([{ id: first.id, cause: "User-Request", at: NOW }]);
        await store.endClose([{ session: first, stop: recordOf(first, "Stop") }]);
        expect((await store.session(first.id))?.state).toBe("closed");
        await store.close();
        const again = await openStore(`sqlite:${join(disk, "portal.db")}`);
        expect(await again.countSessions({})).toBe(done.length);
        expect(await again.countPending("pier")).toBe(done.length + 1);
        await again.close();
      } finally {
        // Lazily: when something failed the store may still be open.
        execFileSync("umount", ["-l", disk]);
      }
    },
  );
});

/** A socket before the server's, whose line can be made to break when the next COMMIT has been done. */
async function breakableLine(behind: string): Promise<{
  readonly folder: string;
  readonly broken: number;
  breakNextCommit(): void;
  close(): void;
}> {
  const line = { folder: join(folder, "line"), broken: 0, breakNextCommit, close };
  let armed = false;
  function breakNextCommit(): void {
    armed = true;
  }
  function close(): void {
    listener.close();
  }
  const listener = createServer((client) => {
    const upstream = connect(join(behind, ".s.PGSQL.5432"));
    for (const socket of [client, upstream]) socket.on("error", () => {});
    client.on("data", (data) => upstream.write(data)).on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    upstream.on("data", (data) => {
      // CommandComplete with the tag COMMIT.
      if (armed && data.includes("COMMIT\0")) {
        armed = false;
        line.broken++;
        client.destroy();
      } else client.write(data);
    });
  });
  mkdirSync(line.folder);
  listener.listen(join(line.folder, ".s.PGSQL.5432"));
  await once(listener, "listening");
  return line;
}

const missing = postgresIsMissing();
describe.skipIf(missing !== null)(`PostgreSQL${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  it("kill -9 of two gateways loses nothing that was confirmed", async () =>
    killTest(await server.createDatabase("kill"), [60]));

  it("goes on after the server was restarted, and after it crashed, with nothing lost", async () => {
    const url = await server.createDatabase("crash");
    const one = new Writer(url, "pier", "");
    await one.opened(30);
    for (const how of ["fast", "crash"] as const) {
      await server.stop(how);
      await server.start();
      await one.opened(one.open.size + 30);
    }
    await one.killAfter(one.open.size + 1);
    // Its calls waited: nobody was turned away.
    expect(one.failed).toEqual([]);
    const store = await openStore(url);
    await audit(store, "pier", [one]);
    await store.close();
  });

  it("says so when the server stays away, keeps nothing of the call, and works again afterwards", async () => {
    const url = await server.createDatabase("away");
    const store = await openStore(url, { patience: 300 });
    await store.openSession(sessionOf(1), null);
    await server.stop("fast");
    const errors = await Promise.all([
      errorOf(store.openSession(sessionOf(2), null)),
      errorOf(store.session("s1")),
      errorOf(store.audit({ at: NOW, gateway: "pier", who: "a", what: "b", detail: "c" })),
      errorOf(openStore(url, { patience: 0 })),
    ]);
    for (const error of errors) {
      expect(error.trouble).toBe("unreachable");
      expect(error.message).not.toContain(server.password);
    }
    await server.start();
    expect((await store.sessions({})).map(({ id }) => id)).toEqual(["s1"]);
    await store.openSession(sessionOf(2), null);
    await store.close();
  });

  it("deadlocks and refused serializations are tried again", async () => {
    const url = await server.createDatabase("locks");
    server.sql("locks", "alter database locks set default_transaction_isolation = serializable");
    const stores = await Promise.all([openStore(url), openStore(url)]);
    const [a, b] = stores;
    const [voucher] = await a.createVouchers({ ...MANY, devices: 7 }, NOW);
    const verdicts = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 ? a : b).openSession(sessionOf(index + 1, { voucher: voucher?.id ?? "" }), null),
      ),
    );
    expect(verdicts.filter((verdict) => verdict?.kind === "good").length).toBe(7);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("a commit whose answer is lost is not done twice", async () => {
    const url = await server.createDatabase("lost");
    const line = await breakableLine(server.folder);
    const store = await openStore(url.replace(encodeURIComponent(server.folder), encodeURIComponent(line.folder)));
    const [voucher] = await store.createVouchers({ ...MANY, octets: 10_000n }, NOW);
    const broken = async <Result>(action: () => Promise<Result>): Promise<Result> => {
      const before = line.broken;
      line.breakNextCommit();
      const result = await action();
      expect(line.broken).toBe(before + 1);
      return result;
    };
    const session = sessionOf(1, { voucher: voucher?.id ?? "" });
    const moved = movedOn(session, 10n, NOW);
    const interim = { session: "s1", record: recordOf(moved, "Interim-Update") };
    const closing = { id: "s1", cause: "User-Request", at: NOW } as const;
    const on = { ...recordOf(session, "Accounting-On"), user: "" };
    const verdict = await broken(() => store.openSession(session, recordOf(session, "Start")));
    expect(verdict).toMatchObject({ kind: "good", voucher: { firstUse: NOW, usedBy: [session.mac] } });
    await broken(() => store.updateSessions([moved], [interim]));
    // Who was told nothing must learn that it was him.
    expect(await broken(() => store.beginClose([closing]))).toEqual(["s1"]);
    expect(await store.beginClose([closing])).toEqual([]);
    await broken(() => store.endClose([{ session: moved, stop: recordOf(moved, "Stop") }]));
    await broken(() => store.queueAccounting("pier", "", on));
    const made = await broken(() => store.createVouchers({ ...MANY, count: 3, batch: "once" }, NOW));
    expect(await store.vouchers({ batch: "once" })).toEqual(made);
    const queue = await store.pendingAccounting("pier", 10);
    expect(queue.map(({ record }) => record.kind)).toEqual(["Start", "Interim-Update", "Stop", "Accounting-On"]);
    expect((await store.vouchers({ code: voucher?.code ?? "" }))[0]?.usedOctets).toBe(100n);
    await store.close();
    line.close();
  });

  it("never tells the password", async () => {
    const url = await server.createDatabase("quiet");
    const secret = "hunter2 & co";
    const wrong = url.replace(encodeURIComponent(server.password), encodeURIComponent(secret));
    const urls = [
      wrong,
      url.replace("/quiet?", "/nosuch?"),
      `postgresql://portal:${secret}@[::bad/x`,
      `postgresql://portal:${encodeURIComponent(secret)}@127.0.0.1:1/x`,
      `postgresql://portal:${encodeURIComponent(secret)}@/x?host=${encodeURIComponent(folder)}`,
    ];
    for (const each of urls) {
      const error = await errorOf(openStore(new Secret(each), { patience: 0 }));
      const told = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
      for (const part of [secret, encodeURIComponent(secret), server.password, encodeURIComponent(server.password)]) {
        expect(told, error.message).not.toContain(part);
      }
      expect(["setup", "unreachable"]).toContain(error.trouble);
    }
    expect((await errorOf(openStore(wrong))).message).toContain("does not let us in");
  });
});
