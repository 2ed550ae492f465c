import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { KNOWN_SYSTEMS, parseSystem, Source, type System } from "@pierhead/core";
import { UsageError } from "../failure.ts";

/** Files larger than this are not configuration; reading one is a mistake worth a message. */
const LARGEST_FILE = 64 * 1024 * 1024;
/** A folder with more files than this is not the configuration of one host. */
const MOST_FILES = 20_000;

/** Reads one file as UTF-8 text, or standard input for `-`. */
export function readSource(path: string): Source {
  if (path === "-") return new Source("stdin", readFileSync(0, "utf8"));
  let size: number;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new UsageError(`${path}: is a directory, a file is wanted`);
    size = stat.size;
  } catch (error) {
    throw readFailure(path, error);
  }
  if (size > LARGEST_FILE) throw new UsageError(`${path}: ${size} bytes is too large for a configuration file`);
  try {
    return new Source(path, readFileSync(path, "utf8"));
  } catch (error) {
    throw readFailure(path, error);
  }
}

/** One clear line for an unreadable path. */
export function readFailure(path: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return new UsageError(`${path}: there is no such file or directory`);
  if (code === "EACCES" || code === "EPERM") return new UsageError(`${path}: permission denied`);
  return new UsageError(`${path}: cannot be read (${code ?? String(error)})`);
}

/** Paths of all files below a folder, relative to it with `/`, sorted; links are not followed out of it. */
export function listTree(folder: string): string[] {
  const files: string[] = [];
  const pending = [folder];
  while (pending.length > 0) {
    const current = pending.pop() as string;
    let entries: import("node:fs").Dirent[];
    try {
      entries = readdirSync(current, { withFileTypes: true });
    } catch (error) {
      throw readFailure(current, error);
    }
    for (const entry of entries) {
      if (entry.name === ".git" || entry.name === "node_modules") continue;
      const path = join(current, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile() || (entry.isSymbolicLink() && isFile(path)))
        files.push(relative(folder, path).split(sep).join("/"));
      if (files.length > MOST_FILES)
        throw new UsageError(`${folder}: more than ${MOST_FILES} files; name the folder of one host's configuration`);
    }
  }
  return files.sort();
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The system named by `--system`; an unknown one lists those we know. */
export function systemOption(name: string): System {
  const system = parseSystem(name);
  if (system === null) {
    throw new UsageError(`unknown system "${name}"`, `systems are written like: ${KNOWN_SYSTEMS.join(", ")}`);
  }
  return system;
}
