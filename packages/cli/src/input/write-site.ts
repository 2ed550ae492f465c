/** Writing what was built: everything into a new folder beside, then one rename. A tree is there whole, or not at all. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BuiltSite } from "@pierhead/site/build";
import { withSecrets } from "@pierhead/site/verify";
import { UsageError } from "../failure.ts";
import { readFailure } from "./read.ts";

/** At the top of what is built: tells hosts and modes, and that the folder is ours to replace. */
export const MANIFEST = "manifest.json";

export interface StagedSite {
  /** Text of a file as it was read back from disk. */
  textOf(machine: string, path: string): string;
  /** Puts secrets into the files that hold them. */
  fillSecrets(read: (reference: string) => string | null): void;
  /** Puts the folder in its place. */
  commit(): void;
  /** Takes the new folder away; nothing has changed. */
  discard(): void;
}

export function manifestOf(built: BuiltSite): object {
  return {
    pierhead: 1,
    site: built.name,
    machines: built.machines.map((machine) => ({
      name: machine.name,
      kind: machine.kind,
      system: machine.system.name,
      files: machine.files.map(({ path, mode, owner, group }) => ({
        path,
        mode: mode.toString(8).padStart(4, "0"),
        owner,
        group,
      })),
      secrets: machine.secrets,
    })),
  };
}

/** Writes the files beside `folder`. */
export function stageSite(built: BuiltSite, folder: string): StagedSite {
  refuseStrangers(folder);
  const staging = `${folder.replace(/[\\/]+$/, "")}.new-${randomBytes(4).toString("hex")}`;
  const discard = (): void => rmSync(staging, { recursive: true, force: true });
  try {
    mkdirSync(dirname(staging), { recursive: true });
    mkdirSync(staging);
    for (const machine of built.machines) {
      mkdirSync(join(staging, machine.name), { recursive: true });
      for (const file of machine.files) {
        const path = join(staging, machine.name, file.path);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, file.text, { mode: file.mode });
      }
    }
    writeFileSync(join(staging, MANIFEST), `${JSON.stringify(manifestOf(built), null, 2)}\n`);
  } catch (error) {
    discard();
    throw readFailure(folder, error);
  }
  return {
    textOf: (machine, path) => readFileSync(join(staging, machine, path), "utf8"),
    fillSecrets: (read) => {
      for (const machine of built.machines) {
        for (const file of machine.files) {
          if (file.secrets.length === 0) continue;
          const path = join(staging, machine.name, file.path);
          writeFileSync(path, withSecrets(file, read), { mode: 0o600 });
        }
      }
    },
    commit: () => {
      const old = `${staging}.old`;
      const replaces = existsSync(folder);
      try {
        if (replaces) renameSync(folder, old);
        renameSync(staging, folder);
      } catch (error) {
        if (replaces && !existsSync(folder) && existsSync(old)) renameSync(old, folder);
        discard();
        throw readFailure(folder, error);
      }
      rmSync(old, { recursive: true, force: true });
    },
    discard,
  };
}

/** A folder with anything else in it is somebody's work: it is not replaced. */
function refuseStrangers(folder: string): void {
  if (!existsSync(folder)) return;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw readFailure(folder, error);
  }
  if (names.length === 0 || names.includes(MANIFEST)) return;
  throw new UsageError(
    `${folder}: there are files in it that pierhead did not build`,
    "name a folder that is empty, missing, or was built before",
  );
}
