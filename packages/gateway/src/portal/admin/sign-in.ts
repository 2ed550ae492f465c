/** Who is at the admin page: tokens in memory, and patience that runs out for wrong passwords. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Role } from "../../store/store.ts";

export interface AdminSession {
  readonly name: string;
  readonly role: Role;
  /** Goes into every form that changes something. */
  readonly csrf: string;
  readonly since: number;
  lastSeen: number;
}

/** Milliseconds. */
const IDLE = 30 * 60_000;
const LONGEST = 12 * 3_600_000;
/** At most so many people and programs at a time; the one idle longest goes. */
const MOST = 1000;

export class AdminSessions {
  /** By the token's hash, so that a dump of memory or a log of keys opens nothing. */
  readonly #sessions = new Map<string, AdminSession>();

  /** Returns the token for the cookie or the API. */
  open(name: string, role: Role, now: number): { token: string; session: AdminSession } {
    const token = randomBytes(32).toString("base64url");
    const session = { name, role, csrf: randomBytes(24).toString("base64url"), since: now, lastSeen: now };
    if (this.#sessions.size >= MOST) {
      const [first] = this.#sessions.keys();
      if (first !== undefined) this.#sessions.delete(first);
    }
    this.#sessions.set(hash(token), session);
    return { token, session };
  }

  get(token: string, now: number): AdminSession | null {
    const key = hash(token);
    const session = this.#sessions.get(key);
    if (session === undefined) return null;
    this.#sessions.delete(key);
    if (now - session.lastSeen > IDLE || now - session.since > LONGEST) return null;
    session.lastSeen = now;
    // Last in the order of insertion is who was here last.
    this.#sessions.set(key, session);
    return session;
  }

  close(token: string): void {
    this.#sessions.delete(hash(token));
  }

  /** After a change of password or role, or when somebody is removed. */
  closeAll(name: string): void {
    for (const [key, session] of this.#sessions) if (session.name === name) this.#sessions.delete(key);
  }
}

/** Compares without telling by time where two texts differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest()];
  return timingSafeEqual(left, right);
}

function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Wrong tries by key (a name, an address): from the fourth on each doubles the wait, up to five minutes. */
export class Patience {
  readonly #tries = new Map<string, { count: number; until: number }>();
  readonly #most: number;

  constructor(most = 10_000) {
    this.#most = most;
  }

  /** Seconds to wait; 0 when the next try may come now. */
  wait(keys: readonly string[], now: number): number {
    return Math.max(0, ...keys.map((key) => Math.ceil(((this.#tries.get(key)?.until ?? 0) - now) / 1000)));
  }

  wrong(keys: readonly string[], now: number): void {
    for (const key of keys) {
      const count = (this.#tries.get(key)?.count ?? 0) + 1;
      const pause = count < 4 ? 0 : Math.min(300_000, 1000 * 2 ** (count - 3));
      this.#tries.delete(key);
      this.#tries.set(key, { count, until: now + pause });
    }
    while (this.#tries.size > this.#most) {
      const [oldest] = this.#tries.keys();
      if (oldest === undefined) break;
      this.#tries.delete(oldest);
    }
  }

  right(keys: readonly string[]): void {
    for (const key of keys) this.#tries.delete(key);
  }
}
