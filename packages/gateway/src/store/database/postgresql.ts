/** PostgreSQL, over a pool of connections. What fails for a reason that passes is tried again for a while. */
import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect } from "kysely";
import type { Pool, PoolConfig } from "pg";
import { StoreError, type StoreTrouble } from "../store.ts";
import { migrate } from "./migrations.ts";
import type { Database, Tables } from "./schema.ts";

/** A statement that takes longer is given up by the server; a transaction that says nothing for as long holds nobody up. */
const LONGEST = 30_000;
/** int8, int2, int4. */
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23]);

/**
 * @param url `postgresql://user:password@host/database`, or with `?host=/folder` for a socket
 * @param patience milliseconds for which a call waits for a server that is gone
 */
export async function openPostgresql(url: string, patience: number): Promise<Database> {
  const scrub = scrubber(url);
  const { default: pg } = await import("pg");
  const settings: PoolConfig = {
    connectionString: url,
    max: 8,
    connectionTimeoutMillis: 5_000,
    application_name: "pierhead",
    keepAlive: true,
    types: {
      // Both databases give bigint for every integer, so that rows are read in one way.
      getTypeParser: ((oid: number, format: "text") =>
        INTEGERS.has(oid) ? BigInt : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  };
  const connect = (more: PoolConfig): Pool => {
    const pool = new pg.Pool({ ...settings, ...more });
    // A connection that breaks while nobody asks anything is replaced; a query that meets it says so itself.
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    return pool;
  };

  const persist = async <Result>(run: (again: boolean) => Promise<Result>): Promise<Result> => {
    const until = Date.now() + patience;
    for (let pause = 20, again = false; ; pause = Math.min(pause * 2, 500), again = true) {
      try {
        return await run(again);
      } catch (error) {
        const { again: passes, error: told } = judged(error, scrub);
        if (!passes || Date.now() + pause > until) throw told;
        // Two that got into each other's way do not meet again at the same moment.
        await sleep(pause * (0.5 + Math.random()));
      }
    }
  };

  // A change of the tables may take longer than everyday's limits allow, and so may waiting for another's.
  const setup = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: async () => connect({ max: 1 }) }) });
  try {
    await persist(() => migrate(setup, "postgresql"));
  } finally {
    await setup.destroy();
  }

  const pool = connect({
    statement_timeout: LONGEST,
    idle_in_transaction_session_timeout: LONGEST,
    query_timeout: LONGEST + 5_000,
  });
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  let closing: Promise<void> | null = null;
  return {
    kind: "postgresql",
    read: (run) => persist(() => run(kysely)),
    write: (run) => persist((again) => kysely.transaction().execute((trx) => run(trx, again))),
    close: () => {
      closing ??= kysely.destroy().then(() => (pool.ended || pool.ending ? undefined : pool.end()));
      return closing;
    },
  };
}

/** Takes what may be secret of the URL out of a sentence. */
function scrubber(url: string): (text: string) => string {
  let parsed: URL;
  try {
    // With a socket there is no host, which only libpq's URLs may leave out.
    parsed = new URL(url.replace("@/", "@socket/"));
  } catch {
    // Its text could hold a password anywhere.
    throw new StoreError(
      "The store's URL cannot be read: postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with signs like @ / # in the password written as %40 %2F %23.",
      "setup",
    );
  }
  const secrets = [parsed.password, parsed.searchParams.get("password") ?? "", url].flatMap((text) => {
    try {
      return [text, decodeURIComponent(text)];
    } catch {
      return [text];
    }
  });
  return (text) =>
    secrets.filter((secret) => secret !== "").reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
}

/** What each class or code of SQLSTATE means for us, the longer key first; `again` when it may pass by itself. */
const STATES: readonly (readonly [state: string, trouble: StoreTrouble, again: boolean, words: string])[] = [
  ["40001", "unreachable", true, "The database had to stop a transaction for another's sake, again and again"],
  ["40P01", "unreachable", true, "The database had to stop a transaction for another's sake, again and again"],
  ["25P03", "unreachable", true, "The database ended a transaction that took too long"],
  ["25006", "unreachable", true, "The database only lets us read; is it a standby?"],
  ["53300", "unreachable", true, "The database has too many connections"],
  ["57014", "unreachable", false, `The database took longer than ${LONGEST / 1000} seconds`],
  ["57P", "unreachable", true, "The database is shutting down or starting"],
  ["08", "unreachable", true, "The connection to the database broke"],
  ["53100", "full", false, "The database's disk is full"],
  ["53", "full", false, "The database has run out of something"],
  ["23", "conflict", false, "It conflicts with what is stored"],
  ["28", "setup", false, "The database does not let us in"],
  ["3D", "setup", false, "There is no such database"],
  ["42501", "setup", false, "The database does not allow it"],
];

/** Messages of the library for a connection that is gone or does not come; it gives them no codes. */
const GONE =
  /Connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|Query read timeout|Client was closed|connection has been discarded/;

function judged(error: unknown, scrub: (text: string) => string): { again: boolean; error: unknown } {
  if (error instanceof StoreError || !(error instanceof Error)) return { again: false, error };
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  const message = scrub(error.message);
  if (typeof code === "string") {
    if (typeof syscall === "string" || code === "ECONNRESET" || code === "EPIPE") {
      return {
        again: true,
        error: new StoreError(`The database cannot be reached: ${message || code}.`, "unreachable"),
      };
    }
    const known = STATES.find(([state]) => code.startsWith(state));
    if (known !== undefined) {
      return { again: known[2], error: new StoreError(`${known[3]}: ${message}.`, known[1]) };
    }
    if (/^[0-9A-Z]{5}$/.test(code)) {
      return { again: false, error: new StoreError(`The database says: ${message}. (${code})`, "broken") };
    }
    if (code.startsWith("ERR_TLS") || code.includes("CERT")) {
      return {
        again: false,
        error: new StoreError(`The database's certificate is not believed: ${message}.`, "setup"),
      };
    }
    return { again: false, error: new StoreError(`The database cannot be used: ${message}. (${code})`, "setup") };
  }
  if (GONE.test(error.message)) {
    return { again: true, error: new StoreError(`The database cannot be reached: ${message}.`, "unreachable") };
  }
  if (error instanceof AggregateError) {
    const [first] = error.errors as Error[];
    return judged(first ?? new Error("no address answers"), scrub);
  }
  if (/SASL|password must be a string|does not support SSL/.test(error.message)) {
    return { again: false, error: new StoreError(`The database does not let us in: ${message}.`, "setup") };
  }
  return { again: false, error };
}
