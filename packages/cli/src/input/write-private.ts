/** Writing what only its owner may read: folders 0700, files 0600, each complete or not there. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../failure.ts";
import { readFailure } from "./read.ts";

export interface PrivateFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly executable?: boolean;
}

/** Refuses to go on when one of the files is there already. */
export function refuseExisting(folder: string, paths: readonly string[]): void {
  const there = paths.map((path) => join(folder, path)).find((path) => existsSync(path));
  if (there === undefined) return;
  throw new UsageError(`${there}: it is there already, nothing was written`, "--force replaces it");
}

/** @param replace files that are there are replaced; otherwise nothing is written when one is */
export function writePrivate(folder: string, files: readonly PrivateFile[], replace: boolean): void {
  if (!replace) {
    refuseExisting(
      folder,
      files.map((one) => one.path),
    );
  }
  for (const { path, content, executable } of files) {
    const place = join(folder, path);
    const next = `${place}.new-${randomBytes(4).toString("hex")}`;
    try {
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      writeFileSync(next, content, { mode: 0o600, flag: "wx" });
      if (executable === true) chmodSync(next, 0o700);
      renameSync(next, place);
    } catch (error) {
      rmSync(next, { force: true });
      throw readFailure(place, error);
    }
  }
}
