/** What turns a bare machine into a host of a site: who asks for it, and what comes out. */
import type { Host } from "../model/site.ts";

export interface ApplianceInput {
  readonly site: string;
  readonly host: Host;
  /** Every file of the host as it is written, secrets and all. */
  readonly files: readonly PlacedFile[];
  /** Public keys of those who may log in as root, a line each. */
  readonly sshKeys: readonly string[];
  /** As crypt(3) writes it; null: nobody logs in with a password. */
  readonly passwordHash: string | null;
  /** Disk that is taken whole: `sd0`, `ada0`, `/dev/sda`; null: the installer's usual one. */
  readonly disk: string | null;
  /** Where the folder is served over HTTP, without a slash at its end; null: it travels on the medium. */
  readonly url: string | null;
  /** The program itself, as npm installs it. */
  readonly pierhead: Uint8Array;
  /** Linux: Node.js as nodejs.org packs it; null: it is fetched when the machine starts first. */
  readonly node: Uint8Array | null;
}

export interface PlacedFile {
  /** On the host, absolute. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

/** What is packed for the machine, before it is compressed. */
export interface Payload {
  /** As the system's installer wants it called. */
  readonly name: string;
  readonly tar: Uint8Array;
}

/** A file beside the payload. All of them may hold something that is nobody's business. */
export interface MediaFile {
  readonly name: string;
  readonly text: string;
}

/** Where the machine keeps what it was made from, until it is made. */
export const STORE = "/var/pierhead";

/** The system in two words, as its files and installers differ. */
export type ApplianceSystem = "openbsd" | "freebsd" | "debian";

export function systemOf(host: Host): ApplianceSystem {
  const { family } = host.system;
  if (family === "openbsd" || family === "freebsd") return family;
  return "debian";
}

/** One word for sh(1), whatever is in it. */
export function quoted(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
