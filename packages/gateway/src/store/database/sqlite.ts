/**
 * SQLite, embedded. It runs in a thread of its own: waiting for the disk at every commit would otherwise stop everything
 * else the process does.
 */
import { chmodSync, closeSync, constants, fchmodSync, fstatSync, openSync, type Stats, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute } from "node:path";
import { Worker } from "node:worker_threads";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { StoreError } from "../store.ts";
import { migrate } from "./migrations.ts";
import type { Database, Tables } from "./schema.ts";
import { type Answer, type Question, serve, type WorkerStart } from "./sqlite-worker.ts";

/** Milliseconds to wait for another process that writes. */
const PATIENCE = 10_000;

/**
 * Opens the database in the file, makes file and tables when there are none.
 * @param library the module that brings SQLite
 */
export async function openSqlite(path: string, library: string = "better-sqlite3"): Promise<Database> {
  const module = locate(library);
  prepareFile(path);
  const thread = new SqliteThread({ module, path, patience: PATIENCE });
  const kysely = new Kysely<Tables>({ dialect: dialectOf(thread) });
  const guarded = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    try {
      return await run();
    } catch (error) {
      throw translated(error, path);
    }
  };
  try {
    await guarded(async () => {
      await thread.ready;
      await migrate(kysely, "sqlite");
    });
  } catch (error) {
    await thread.close();
    throw error;
  }
  return {
    kind: "sqlite",
    read: (run) => guarded(() => run(kysely)),
    write: (run) => guarded(() => kysely.transaction().execute((trx) => run(trx, false))),
    close: () => thread.close(),
  };
}

function locate(library: string): string {
  try {
    return createRequire(import.meta.url).resolve(library);
  } catch {
    throw new StoreError(
      `A store in SQLite needs the library ${library}, which is not installed: \`npm install ${library}\` beside Pierhead ` +
        "(with a C++ compiler where no ready-made one fits), or give a postgresql:// URL as `store`.",
      "setup",
    );
  }
}

/** Codes, keys and what people did are in there: it is its owner's only. */
function prepareFile(path: string): void {
  if (!isAbsolute(path)) {
    throw new StoreError(
      `The store's file must be an absolute path, as in sqlite:/var/db/pierhead/portal.db; ${path} is not.`,
      "setup",
    );
  }
  const folder = dirname(path);
  let stats: Stats;
  try {
    stats = statSync(folder);
  } catch {
    throw new StoreError(
      `The store's folder ${folder} does not exist: make it, owned by the user the portal runs as.`,
      "setup",
    );
  }
  if (!stats.isDirectory())
    throw new StoreError(`${folder}, which should hold the store's file, is not a folder.`, "setup");
  if ((stats.mode & 0o002) !== 0) {
    throw new StoreError(
      `Everybody may write in ${folder}: somebody else could put another store there. Choose a folder of the portal's own, or \`chmod o-w ${folder}\`.`,
      "setup",
    );
  }
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      const { mode } = fstatSync(file);
      if (!fstatSync(file).isFile()) throw new StoreError(`The store ${path} is not a plain file.`, "setup");
      if ((mode & 0o077) !== 0) fchmodSync(file, 0o600);
    } finally {
      closeSync(file);
    }
    // SQLite gives these the mode of the file when it makes them; they may be left from before.
    for (const beside of ["-wal", "-shm"]) {
      if (statSync(path + beside, { throwIfNoEntry: false }) !== undefined) chmodSync(path + beside, 0o600);
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOSPC") throw new StoreError(`There is no room for the store's file ${path}.`, "full");
    const why = code === "ELOOP" ? "it is a symbolic link" : code;
    throw new StoreError(`The store's file ${path} cannot be written: ${why}.`, "setup");
  }
}

/** An error of the thread: SQLite's own when `code` is not empty. */
class SqliteFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

function translated(error: unknown, path: string): unknown {
  if (!(error instanceof SqliteFailure)) return error;
  const { code, message } = error;
  if (code.startsWith("SQLITE_FULL") || code === "SQLITE_IOERR_SHMSIZE") {
    return new StoreError(`The disk that holds ${path} is full.`, "full");
  }
  if (code.startsWith("SQLITE_CONSTRAINT"))
    return new StoreError(`It conflicts with what is stored: ${message}.`, "conflict");
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new StoreError(
      `${path} has been locked by another process for more than ${PATIENCE / 1000} seconds.`,
      "unreachable",
    );
  }
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    return new StoreError(
      `${path} is no SQLite database, or a damaged one: move it away, or restore a backup.`,
      "setup",
    );
  }
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN")) {
    return new StoreError(`${path} cannot be written: ${message}.`, "setup");
  }
  if (code.startsWith("ERR_DLOPEN") || code === "MODULE_NOT_FOUND" || message.includes("bindings file")) {
    return new StoreError(
      `The library for SQLite does not fit this Node.js: \`npm rebuild better-sqlite3\` beside Pierhead. (${message.split("\n")[0]})`,
      "setup",
    );
  }
  return new StoreError(`${path}: ${message}${code === "" ? "" : ` (${code})`}`, "broken");
}

type Result = Extract<Answer, { readonly rows: unknown }>;

interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

class SqliteThread {
  /** Fails when the database cannot be opened. */
  readonly ready: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting> = new Map();
  readonly #gone: Promise<void>;
  #last = 0;
  #dead: SqliteFailure | null = null;

  constructor(start: WorkerStart) {
    this.#worker = new Worker(`(${serve.toString()})(require);`, { eval: true, workerData: start });
    this.#worker.on("message", (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ("rows" in answer) waiting?.resolve(answer);
      else waiting?.reject(new SqliteFailure(answer.code, answer.message));
    });
    this.#worker.on("error", (error) => this.#die(`the thread of the store failed: ${error.message}`));
    this.#gone = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#die("the store is closed");
        resolve();
      });
    });
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    this.ready.catch(() => {});
  }

  ask(sql: string, parameters: readonly unknown[]): Promise<Result> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, sql, parameters });
    });
  }

  async close(): Promise<void> {
    this.#post("close");
    await this.#gone;
  }

  #post(question: Question): void {
    this.#worker.postMessage(question);
  }

  #die(why: string): void {
    this.#dead ??= new SqliteFailure("", why);
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }
}

function objectOf<Row>(names: readonly string[], values: readonly unknown[]): Row {
  const row: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) row[name] = values[index];
  return row as Row;
}

/** Its transactions are immediate: two that read first and write then would refuse each other. */
class SqliteThreadDriver implements Driver {
  readonly #thread: SqliteThread;
  readonly #connection: DatabaseConnection;
  #turn: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(thread: SqliteThread) {
    this.#thread = thread;
    this.#connection = {
      async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
        const { names, rows, changes } = await thread.ask(sql, parameters);
        return { rows: rows.map((values) => objectOf<Row>(names, values)), numAffectedRows: BigInt(changes) };
      },
      streamQuery(): never {
        throw new Error("results are read page by page");
      },
    };
  }

  async init(): Promise<void> {
    await this.#thread.ready;
  }

  /** There is one connection; who asked first has it first. */
  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    let release = (): void => {};
    this.#turn = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async destroy(): Promise<void> {}
}

/** Kysely holds SQLite's DDL for not transactional; it is, and that keeps two starting processes apart. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function dialectOf(thread: SqliteThread): Dialect {
  return {
    createDriver: () => new SqliteThreadDriver(thread),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalSqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}
