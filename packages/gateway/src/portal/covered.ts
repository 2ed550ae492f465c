/** A voucher's code is the user name of its sessions, and whoever reads it can use it. */

import type { StoredSession } from "../store/store.ts";
import { coveredCode, readCode } from "../store/voucher-code.ts";

/** The session for people who may not use its voucher, and its user for logs. */
export function coveredSession(session: StoredSession): StoredSession {
  return session.method === "voucher" ? { ...session, user: coveredCode(session.user) } : session;
}

/** A name that somebody gave: covered when it is written as codes are. */
export function coveredName(name: string): string {
  return readCode(name) === name ? coveredCode(name) : name;
}
