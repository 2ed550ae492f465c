/**
 * A PostgreSQL of the test's own: new data folder, Unix socket in it, no TCP port, fsync on. It runs as an unprivileged user,
 * since it refuses root.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PASSWORD = "it's p@ss/w%rd";

export interface Postgres {
  /** Holds the socket, which works across network namespaces. */
  readonly folder: string;
  readonly password: string;
  /** A new, empty database. @returns its URL, of a user who needs the password */
  createDatabase(name: string): Promise<string>;
  /** SQL by psql as the owner. */
  sql(database: string, text: string): string;
  start(): Promise<void>;
  /** `fast` ends connections and writes everything down; `crash` ends at once, and what was committed must come from the log. */
  stop(how: "fast" | "crash"): Promise<void>;
  /** Ends the server and removes its folder. */
  close(): Promise<void>;
}

/** Why there can be no server here; null when there can. */
export function postgresIsMissing(): string | null {
  if (process.platform === "win32") return "needs Unix sockets";
  return binaries() === null ? "needs PostgreSQL (Debian: postgresql)" : null;
}

/** Debian keeps the server's programs out of PATH, a folder for each version. */
function binaries(): string | null {
  try {
    const versions = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
    if (versions[0] !== undefined) return join("/usr/lib/postgresql", versions[0], "bin");
  } catch {
    // Elsewhere they are in PATH.
  }
  for (const folder of (process.env.PATH ?? "").split(":")) {
    try {
      const files = readdirSync(folder);
      if (files.includes("initdb") && files.includes("postgres")) return folder;
    } catch {
      // Not everything in PATH exists.
    }
  }
  return null;
}

function unprivileged(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ["postgres", "nobody"]) {
    const fields = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((line) => line.startsWith(`${name}:`))
      ?.split(":");
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return { uid: 65534, gid: 65534 };
}

export async function startPostgres(): Promise<Postgres> {
  const programs = binaries();
  if (programs === null) throw new Error("PostgreSQL is not installed");
  const who = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), `pg-${process.pid}-`));
  const data = join(folder, "data");
  const options = { ...(who ?? {}), cwd: folder, env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" } };
  let server: ChildProcess | null = null;

  const sql = (database: string, text: string): string =>
    execFileSync(
      join(programs, "psql"),
      ["-h", folder, "-U", "owner", "-d", database, "-qtAX", "-v", "ON_ERROR_STOP=1"],
      {
        ...options,
        input: text,
        encoding: "utf8",
        stdio: ["pipe", "pipe", "pipe"],
      },
    );

  const stop = async (how: "fast" | "crash"): Promise<void> => {
    const running = server;
    server = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, "exit");
    running.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
    await ended;
  };

  const start = async (): Promise<void> => {
    const log = openSync(join(folder, "log"), "a");
    const started = spawn(join(programs, "postgres"), ["-D", data, "-k", folder, "-c", "listen_addresses="], {
      ...options,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    server = started;
    for (let tries = 0; ; tries++) {
      try {
        sql("postgres", "select 1");
        return;
      } catch (error) {
        const gone = started.exitCode !== null || started.signalCode !== null;
        if (gone || tries > 300) throw new Error(`${String(error)}\n${readFileSync(join(folder, "log"), "utf8")}`);
        await sleep(50);
      }
    }
  };

  // A test that is killed must not leave a server behind.
  const atExit = (): void => {
    server?.kill("SIGQUIT");
  };
  process.once("exit", atExit);

  const close = async (): Promise<void> => {
    await stop("fast");
    process.off("exit", atExit);
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    mkdirSync(data, { mode: 0o700 });
    if (who !== null) for (const path of [folder, data]) chownSync(path, who.uid, who.gid);
    execFileSync(
      join(programs, "initdb"),
      ["-D", data, "-U", "owner", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
      { ...options, stdio: "pipe" },
    );
    writeFileSync(join(data, "pg_hba.conf"), "local all owner trust\nlocal all all scram-sha-256\n");
    await start();
    sql("postgres", `create role portal login password '${PASSWORD.replaceAll("'", "''")}'`);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    folder,
    password: PASSWORD,
    async createDatabase(name) {
      sql("postgres", `create database "${name}" owner portal`);
      return `postgresql://portal:${encodeURIComponent(PASSWORD)}@/${name}?host=${encodeURIComponent(folder)}`;
    },
    sql,
    start,
    stop,
    close,
  };
}
