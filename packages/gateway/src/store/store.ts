/** What a portal must not forget: the interface of the store, whatever the database. Times are Unix milliseconds. */
import type { AccountingRecord, TerminateCause } from "../radius/types.ts";

export interface SessionLimitsNow {
  /** When it ends at the latest. */
  readonly until: number | null;
  /** Seconds without traffic. */
  readonly idle: number | null;
  readonly octetsInput: bigint | null;
  readonly octetsOutput: bigint | null;
  readonly octetsTotal: bigint | null;
  readonly rateUp: number | null;
  readonly rateDown: number | null;
  /** Seconds between Interim-Updates. */
  readonly interim: number | null;
}

/** `open` before the kernel is told, `closing` before it is told to close, `closed` when the last counters are known. */
export type SessionState = "open" | "closing" | "closed";

export interface StoredSession {
  /** Acct-Session-Id. */
  readonly id: string;
  readonly gateway: string;
  /** The kernel's number for it on that gateway; free again when closed. */
  readonly number: number;
  readonly mac: string;
  readonly addresses: readonly string[];
  /** User-Name; "" for people who only agreed to the terms. */
  readonly user: string;
  readonly method: "click" | "voucher" | "password" | "mac" | "email" | "operator";
  /** Id of the voucher it uses. */
  readonly voucher: string | null;
  /** Its accounting goes to RADIUS. */
  readonly radius: boolean;
  readonly classes: readonly Uint8Array[];
  readonly state: SessionState;
  readonly started: number;
  readonly ended: number | null;
  readonly cause: TerminateCause | null;
  readonly limits: SessionLimitsNow;
  /** Of the whole session. */
  readonly inputOctets: bigint;
  readonly outputOctets: bigint;
  readonly inputPackets: bigint;
  readonly outputPackets: bigint;
  /** What the kernel's counters showed when those were reckoned; they start anew after a reboot. */
  readonly kernel: {
    readonly inputOctets: bigint;
    readonly outputOctets: bigint;
    readonly inputPackets: bigint;
    readonly outputPackets: bigint;
  };
  /** Last traffic. */
  readonly active: number;
  /** Last Interim-Update, or the Start. */
  readonly reported: number;
}

export interface Voucher {
  readonly id: string;
  /** How it is shown: `7K4M-Q2XP`; unique, without letters that look alike. */
  readonly code: string;
  readonly batch: string;
  readonly created: number;
  /** Not valid after; null: for ever. */
  readonly expires: number | null;
  /** Seconds from the first use; null: without limit. */
  readonly duration: number | null;
  /** Octets over all its sessions. */
  readonly octets: bigint | null;
  /** Devices that may use it, one after the other or together. */
  readonly devices: number;
  readonly rateUp: number | null;
  readonly rateDown: number | null;
  readonly note: string;
  readonly firstUse: number | null;
  readonly usedOctets: bigint;
  /** MACs that used it. */
  readonly usedBy: readonly string[];
  readonly revoked: boolean;
}

export type VoucherVerdict =
  | {
      readonly kind: "good";
      readonly voucher: Voucher;
      readonly until: number | null;
      readonly octetsLeft: bigint | null;
    }
  | { readonly kind: "bad"; readonly why: "unknown" | "expired" | "used-up" | "too-many-devices" | "revoked" };

export interface VoucherOrder {
  readonly count: number;
  readonly batch: string;
  readonly expires: number | null;
  readonly duration: number | null;
  readonly octets: bigint | null;
  readonly devices: number;
  readonly rateUp: number | null;
  readonly rateDown: number | null;
  readonly note: string;
}

export type Role = "viewer" | "operator" | "admin";

/** A guest who signs in by name against our own store. */
export interface LocalUser {
  readonly name: string;
  readonly disabled: boolean;
  readonly limits: Partial<SessionLimitsNow>;
  /** In at the same time, on all gateways together. */
  readonly devices: number;
  readonly note: string;
  readonly created: number;
}

/** Name and time of creation stay. */
export type ChangedUser = Omit<LocalUser, "name" | "created">;

export interface Administrator {
  readonly name: string;
  readonly role: Role;
  readonly created: number;
  readonly lastSeen: number | null;
}

/** What an administrator who has signed in may do now. */
export interface Standing {
  readonly role: Role;
  /** Another one with every password. */
  readonly stamp: string;
}

export interface AuditEntry {
  readonly at: number;
  readonly gateway: string;
  /** Administrator, `command line`, or `radius 192.0.2.1`. */
  readonly who: string;
  /** `kick`, `voucher-create`, `login-failed`, … */
  readonly what: string;
  readonly detail: string;
}

/** When it is recorded: what passed since the last one. When it is read: what passed in the minute or hour that began `at`. */
export interface TrafficPoint {
  readonly at: number;
  /** The most at one time. */
  readonly sessions: number;
  /** Since the point before. */
  readonly inputOctets: bigint;
  readonly outputOctets: bigint;
}

export interface PendingAccounting {
  /** Rises with time. */
  readonly sequence: number;
  readonly session: string;
  readonly record: AccountingRecord;
}

export interface SessionQuery {
  readonly gateway?: string;
  /** Of all others. */
  readonly notGateway?: string;
  readonly states?: readonly SessionState[];
  readonly user?: string;
  readonly mac?: string;
  readonly method?: StoredSession["method"];
  readonly voucher?: string;
  /** Started in this span. */
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly offset?: number;
}

/**
 * `full` disk, database `unreachable` or busy for too long, `conflict` with what is stored, `setup` that a person has to
 * change, `crowded` when more passwords are to be checked than there is time for, `broken` for everything else.
 */
export type StoreTrouble = "full" | "unreachable" | "conflict" | "setup" | "crowded" | "broken";

/**
 * The store could not do it: disk full, server gone. Nothing of the call was done, but for one case nobody can tell: the
 * server went away while it confirmed, and did not come back in time. Every call may be made again.
 */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
  readonly trouble: StoreTrouble;

  constructor(message: string, trouble: StoreTrouble = "broken") {
    super(message);
    this.trouble = trouble;
  }
}

export interface Store {
  /**
   * Writes the session and, when there is one, its Start in one transaction; the voucher is claimed in the same, as of the
   * session's `started`, and a place among the devices of a local user (by password or MAC, and not by RADIUS), of which only
   * `too-many-devices` is said. Nothing is written when the verdict is bad. Again with a session that is there already: no
   * harm.
   * @throws StoreError `conflict`: id or number belongs to another session
   */
  openSession(session: StoredSession, start: AccountingRecord | null): Promise<VoucherVerdict | null>;
  /**
   * Counters, activity, limits, addresses of many sessions, with the Interim-Updates that are due. A session and its
   * Interim-Update are written together; all sessions are not, for a sign-in shall not wait for 10,000 of them. When it
   * fails some may be written, and doing it again is right. What a voucher's sessions used more than stored so far counts
   * against it. Nothing for what is closed.
   */
  updateSessions(
    sessions: readonly StoredSession[],
    interims: readonly { session: string; record: AccountingRecord }[],
  ): Promise<void>;
  /** open → closing; nothing for those that are not open. Returns the ids that changed. */
  beginClose(closings: readonly { id: string; cause: TerminateCause; at: number }[]): Promise<readonly string[]>;
  /** closing → closed with the last counters and the Stop, in one transaction; nothing for what is closed: one Stop for ever. */
  endClose(endings: readonly { session: StoredSession; stop: AccountingRecord | null }[]): Promise<void>;
  /** Newest first. */
  sessions(query: SessionQuery): Promise<readonly StoredSession[]>;
  session(id: string): Promise<StoredSession | null>;
  /** Oldest first, a page at a time: what a CSV of a million rows is made of. */
  exportSessions(query: SessionQuery): AsyncIterable<StoredSession>;

  /** Oldest first; a newer Interim-Update takes the place of an older unsent one of the same session. */
  pendingAccounting(gateway: string, limit: number): Promise<readonly PendingAccounting[]>;
  queueAccounting(gateway: string, session: string, record: AccountingRecord): Promise<void>;
  acknowledgeAccounting(sequences: readonly number[]): Promise<void>;

  createVouchers(order: VoucherOrder, now: number): Promise<readonly Voucher[]>;
  vouchers(query: { batch?: string; code?: string; limit?: number; offset?: number }): Promise<readonly Voucher[]>;
  /** What a sign-in with it would get; claims nothing. Codes are read without regard to case, spaces and dashes. */
  checkVoucher(code: string, mac: string, now: number): Promise<VoucherVerdict>;
  revokeVouchers(ids: readonly string[]): Promise<number>;
  /** Those of the ids that are revoked. */
  revokedAmong(ids: readonly string[]): Promise<readonly string[]>;

  /** Without a password nobody signs in by the name. False, and nothing was done, when there is one of the name. */
  addUser(user: LocalUser, password: string | null): Promise<boolean>;
  /**
   * Makes of the user, as they are now, what `change` says, which may be asked twice. A password of null leaves the one there
   * is. False when there is none of the name.
   */
  changeUser(name: string, change: (user: LocalUser) => ChangedUser, password: string | null): Promise<boolean>;
  users(): Promise<readonly LocalUser[]>;
  deleteUser(name: string): Promise<boolean>;
  /** Null when name or password is wrong or the user is disabled; takes the same time either way. */
  checkUser(name: string, password: string): Promise<LocalUser | null>;

  putAdministrator(administrator: { name: string; role: Role }, password: string | null): Promise<void>;
  administrators(): Promise<readonly Administrator[]>;
  deleteAdministrator(name: string): Promise<boolean>;
  checkAdministrator(name: string, password: string, now: number): Promise<Administrator | null>;
  /** Null when nobody can sign in by that name any more. */
  standing(administrator: string): Promise<Standing | null>;

  audit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  auditLog(query: { from?: number; to?: number; limit?: number; offset?: number }): Promise<readonly AuditEntry[]>;
  recordTraffic(gateway: string, point: TrafficPoint): Promise<void>;
  /** By minutes for spans of the last two days, else by hours; of all gateways together when it is null. */
  traffic(gateway: string | null, from: number, to: number): Promise<readonly TrafficPoint[]>;

  /** Small values by name: what the page looks like, keys of sessions of the admin page. */
  setting(name: string): Promise<string | null>;
  putSetting(name: string, value: string): Promise<void>;

  close(): Promise<void>;
}

/** What reports and housekeeping ask besides. */
export interface StoreReports {
  countSessions(query: SessionQuery): Promise<number>;
  /** Oldest first, page by page: a million rows take no more memory than a thousand. */
  exportSessions(query: SessionQuery): AsyncIterable<StoredSession>;
  /** Records that wait to be sent. */
  countPending(gateway: string): Promise<number>;
  /**
   * Forgets people: closed sessions that ended before, and which devices used vouchers that were of no use any more by then.
   * Writes into the audit log what it did. @returns how many sessions and vouchers
   */
  purge(order: {
    readonly before: number;
    readonly gateway: string;
    readonly who: string;
  }): Promise<{ readonly sessions: number; readonly vouchers: number }>;
}
