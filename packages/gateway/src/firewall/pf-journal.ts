/** Which session has which addresses: pf's tables hold addresses only, so it is written beside, before pf is told. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { FirewallError, type Opening } from "./driver.ts";

export interface Carried {
  readonly inputOctets: string;
  readonly outputOctets: string;
  readonly inputPackets: string;
  readonly outputPackets: string;
}

export interface Noted {
  readonly number: number;
  readonly mac: string;
  readonly addresses: readonly string[];
  /** Of addresses it had before. */
  readonly carried: Carried;
}

/** What was written last; nothing when there is no file. @throws FirewallError when it cannot be read */
export async function readJournal(path: string): Promise<Noted[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new FirewallError(`cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as Noted[];
  } catch {
    throw new FirewallError(`${path} is damaged: remove it, and every guest signs in anew`);
  }
}

export async function writeJournal(path: string, sessions: Iterable<Noted>): Promise<void> {
  try {
    await writeFile(`${path}.new`, JSON.stringify([...sessions]), { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new FirewallError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

export function noted(opening: Opening, carried: Carried): Noted {
  return { number: opening.number, mac: opening.mac, addresses: opening.addresses, carried };
}
