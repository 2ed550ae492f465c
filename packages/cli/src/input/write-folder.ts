/** A folder of private files, there whole or not at all. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../failure.ts";
import { readFailure } from "./read.ts";

/**
 * Puts the files beside, then in place by one rename. What was made before, and nothing else, is replaced.
 *
 * @param mark name of a file that every such folder has
 * @throws UsageError when there is somebody else's work in the folder, or it cannot be written
 */
export function writeFolder(folder: string, files: ReadonlyMap<string, Uint8Array | string>, mark: string): void {
  const names = existsSync(folder) ? listed(folder) : [];
  if (names.length > 0 && !names.includes(mark)) {
    throw new UsageError(
      `${folder}: there are files in it that were not made here`,
      "name a folder that is empty, missing, or was made before",
    );
  }
  const staging = `${folder.replace(/[\\/]+$/, "")}.new-${randomBytes(4).toString("hex")}`;
  const old = `${staging}.old`;
  try {
    mkdirSync(dirname(staging), { recursive: true });
    mkdirSync(staging, { mode: 0o700 });
    for (const [name, content] of files) writeFileSync(join(staging, name), content, { mode: 0o600 });
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(staging, folder);
  } catch (error) {
    if (!existsSync(folder) && existsSync(old)) renameSync(old, folder);
    rmSync(staging, { recursive: true, force: true });
    throw readFailure(folder, error);
  }
  rmSync(old, { recursive: true, force: true });
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw readFailure(folder, error);
  }
}
