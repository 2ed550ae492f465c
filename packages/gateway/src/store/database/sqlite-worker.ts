/** What runs in SQLite's own thread. */
import type BetterSqlite3 from "better-sqlite3";

export interface WorkerStart {
  /** File of better-sqlite3. */
  readonly module: string;
  readonly path: string;
  /** Milliseconds to wait for another process that writes. */
  readonly patience: number;
}

/** `close` ends the thread. */
export type Question = { readonly id: number; readonly sql: string; readonly parameters: readonly unknown[] } | "close";

export type Answer =
  /** Columns' names once, and rows as lists: half the work of handing objects from thread to thread. */
  | {
      readonly id: number;
      readonly names: readonly string[];
      readonly rows: readonly (readonly unknown[])[];
      readonly changes: number;
    }
  /** SQLite's extended result code, or "" for an error that is not SQLite's. */
  | { readonly id: number; readonly code: string; readonly message: string };

/**
 * Answers questions in the order they come; the first answer, to 0, says whether the database could be opened.
 *
 * The function's text is what the thread runs: a bundle and a test run from source have no file of it to give. So it may
 * use nothing that is not handed to it.
 */
export function serve(require: NodeJS.Require): void {
  const { parentPort, workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { module, path, patience } = workerData as WorkerStart;
  const port = parentPort as NonNullable<typeof parentPort>;
  const statements: Map<string, BetterSqlite3.Statement<unknown[]>> = new Map();

  const failed = (id: number, error: unknown): void => {
    const { code, message } = error as { code?: unknown; message?: unknown };
    port.postMessage({ id, code: typeof code === "string" ? code : "", message: String(message) });
  };

  const done = (id: number, changes: number): void => port.postMessage({ id, names: [], rows: [], changes });

  const open = (): BetterSqlite3.Database => {
    const Sqlite = require(module) as typeof BetterSqlite3;
    const opened = new Sqlite(path, { fileMustExist: true, timeout: patience });
    // The change to WAL does not wait for others as everything else does.
    for (let waited = 0; ; waited += 20) {
      try {
        opened.pragma("journal_mode = wal");
        break;
      } catch (error) {
        if (!String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY") || waited >= patience) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
    }
    // FULL: the log is on the disk before a transaction counts as done. NORMAL would lose the last ones with the power.
    opened.pragma("synchronous = full");
    opened.pragma("foreign_keys = on");
    opened.pragma("cache_size = -16000");
    opened.pragma("journal_size_limit = 67108864");
    opened.defaultSafeIntegers(true);
    return opened;
  };

  let database: BetterSqlite3.Database;
  try {
    database = open();
  } catch (error) {
    failed(0, error);
    return;
  }

  const prepared = (text: string): BetterSqlite3.Statement<unknown[]> => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    if (statements.size >= 200) statements.clear();
    const statement = database.prepare<unknown[]>(text);
    if (statement.reader) statement.raw(true);
    statements.set(text, statement);
    return statement;
  };

  port.on("message", (question: Question) => {
    if (question === "close") {
      database.close();
      port.close();
      return;
    }
    const { id, sql, parameters } = question;
    try {
      // A full disk has rolled back already.
      if (sql === "rollback" && !database.inTransaction) {
        done(id, 0);
        return;
      }
      const statement = prepared(sql);
      if (!statement.reader) done(id, statement.run(...parameters).changes);
      else {
        const names = statement.columns().map(({ name }) => name);
        port.postMessage({ id, names, rows: statement.all(...parameters), changes: 0 });
      }
    } catch (error) {
      failed(id, error);
    }
  });
  done(0, 0);
}
