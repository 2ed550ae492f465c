/** The operator's picture: one file, named in the configuration, read again when it changes. */
import { type FileHandle, open } from "node:fs/promises";
import { extname } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
};

/** Octets. */
export const LARGEST_LOGO: number = 512 * 1_024;

export interface Picture {
  readonly type: string;
  readonly data: Buffer<ArrayBuffer>;
}

/**
 * @returns the picture, or why there is none, in a sentence for the operator. Nothing a guest sends takes part in the path.
 */
export async function readLogo(path: string): Promise<Picture | string> {
  const type = TYPES[extname(path).toLowerCase()];
  if (type === undefined) return `logo ${path}: not a picture this page can show (svg, png, jpg, gif, webp)`;
  let file: FileHandle | null = null;
  try {
    file = await open(path, "r");
    const facts = await file.stat();
    if (!facts.isFile()) return `logo ${path}: not a regular file`;
    if (facts.size > LARGEST_LOGO) return `logo ${path}: ${facts.size} octets, more than ${LARGEST_LOGO}`;
    return { type, data: await file.readFile() };
  } catch (error) {
    return `logo ${path}: ${(error as NodeJS.ErrnoException).code ?? "cannot be read"}`;
  } finally {
    await file?.close();
  }
}

/** Keeps the picture for a while, so that a page load is not a file read. */
export class Logo {
  readonly #path: string | null;
  readonly #now: () => number;
  #read: { at: number; picture: Picture | string } | null = null;

  constructor(path: string | null, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  async picture(): Promise<Picture | null> {
    if (this.#path === null) return null;
    if (this.#read === null || Math.abs(this.#now() - this.#read.at) > 10_000)
      this.#read = { at: this.#now(), picture: await readLogo(this.#path) };
    return typeof this.#read.picture === "string" ? null : this.#read.picture;
  }

  trouble(): string | null {
    return this.#read !== null && typeof this.#read.picture === "string" ? this.#read.picture : null;
  }
}
