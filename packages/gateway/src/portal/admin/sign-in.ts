/** Who is at the admin page: tokens in memory; what their owners may do is the store's to say, each time. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Role, Standing, Store } from "../../store/store.ts";

export interface AdminSession {
  readonly name: string;
  readonly role: Role;
  /** Goes into every form that changes something. */
  readonly csrf: string;
  readonly since: number;
  readonly lastSeen: number;
}

/** Milliseconds. */
const IDLE = 30 * 60_000;
const LONGEST = 12 * 3_600_000;
/** At most so many people and programs at a time; the one idle longest goes. */
const MOST = 1000;

export class AdminSessions {
  /** By the token's hash, so that a dump of memory or a log of keys opens nothing. */
  readonly #sessions = new Map<string, AdminSession & { readonly stamp: string }>();
  readonly #store: Pick<Store, "standing">;

  constructor(store: Pick<Store, "standing">) {
    this.#store = store;
  }

  /**
   * Returns the token for the cookie or the API.
   * @param standing as it was before the password was checked
   */
  open(name: string, { role, stamp }: Standing, now: number): { token: string; session: AdminSession } {
    const token = randomBytes(32).toString("base64url");
    const session = { name, role, stamp, csrf: randomBytes(24).toString("base64url"), since: now, lastSeen: now };
    if (this.#sessions.size >= MOST) {
      const [first] = this.#sessions.keys();
      if (first !== undefined) this.#sessions.delete(first);
    }
    this.#sessions.set(hash(token), session);
    return { token, session };
  }

  /**
   * Null for who was removed or has another password, wherever that was done: here, at the command line, on another gateway.
   * @throws StoreError: nobody is let in unasked
   */
  async get(token: string, now: number): Promise<AdminSession | null> {
    const key = hash(token);
    const known = this.#sessions.get(key);
    if (known === undefined) return null;
    const old = now - known.lastSeen > IDLE || now - known.since > LONGEST;
    const standing = old ? null : await this.#store.standing(known.name);
    // Signed out meanwhile.
    if (!this.#sessions.delete(key)) return null;
    if (standing === null || standing.stamp !== known.stamp) return null;
    const session = { ...known, role: standing.role, lastSeen: now };
    // Last in the order of insertion is who was here last.
    this.#sessions.set(key, session);
    return session;
  }

  close(token: string): void {
    this.#sessions.delete(hash(token));
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
