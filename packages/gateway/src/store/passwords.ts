/** Passwords as scrypt (RFC 7914) hashes with their parameters: `scrypt$15$8$1$salt$hash`, base64url. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { StoreError } from "./store.ts";

/** 32 MiB and some 80 ms of a processor. */
const COST = 15;
const BLOCK = 8;
const PARALLEL = 1;
const SALT = 16;
const HASH = 32;
/** At once: each takes a thread of libuv's four, which files and names need too. */
const AT_ONCE = 2;
/** Waiting; more than that is an attack, and waiting longer helps nobody. */
const WAITING = 200;
/** Stands for the password of names that there are not: checking it takes as long. */
const NOBODY = `scrypt$${COST}$${BLOCK}$${PARALLEL}$${"A".repeat(22)}$${"A".repeat(43)}`;

export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT);
    const hash = await this.#derive(password, salt, HASH, COST, BLOCK, PARALLEL);
    return `scrypt$${COST}$${BLOCK}$${PARALLEL}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
  }

  /** @param stored null when there is no such name, or none may sign in by it: false, after the same time */
  async matches(password: string, stored: string | null): Promise<boolean> {
    const [kind, cost, block, parallel, salt, hash] = (stored ?? NOBODY).split("$");
    if (kind !== "scrypt" || salt === undefined || hash === undefined) {
      throw new StoreError("A stored password is of a kind this version does not know.", "broken");
    }
    const expected = Buffer.from(hash, "base64url");
    const derived = await this.#derive(
      password,
      Buffer.from(salt, "base64url"),
      expected.length,
      Number(cost),
      Number(block),
      Number(parallel),
    );
    return timingSafeEqual(derived, expected) && stored !== null;
  }

  async #derive(
    password: string,
    salt: Buffer,
    length: number,
    cost: number,
    block: number,
    parallel: number,
  ): Promise<Buffer> {
    if (this.#waiting.length >= WAITING) {
      throw new StoreError("Too many passwords are being checked at the moment: try again soon.", "crowded");
    }
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      const options: ScryptOptions = { N: 2 ** cost, r: block, p: parallel, maxmem: 256 * block * 2 ** cost };
      // The same password typed on another system may be made of other code points (RFC 8265, 4.2).
      const octets = Buffer.from(password.normalize("NFC"), "utf8");
      return await new Promise((resolve, reject) => {
        scrypt(octets, salt, length, options, (error, derived) => (error === null ? resolve(derived) : reject(error)));
      });
    } finally {
      // The next one takes this one's place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
