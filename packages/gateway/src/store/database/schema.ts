/** The tables, as both databases have them. Integers are bigint, times Unix milliseconds, truth 0 or 1. */
import type { Generated, Insertable, Kysely, Transaction } from "kysely";
import type { TerminateCause } from "../../radius/types.ts";
import type { Role, SessionState, StoredSession } from "../store.ts";

export interface SessionTable {
  id: string;
  gateway: string;
  number: bigint;
  mac: string;
  /** JSON list. */
  addresses: string;
  username: string;
  method: StoredSession["method"];
  voucher: string | null;
  radius: bigint;
  /** Each behind its length in two octets. */
  classes: Uint8Array;
  state: SessionState;
  started: bigint;
  ended: bigint | null;
  cause: TerminateCause | null;
  /** JSON. */
  limits: string;
  input_octets: bigint;
  output_octets: bigint;
  input_packets: bigint;
  output_packets: bigint;
  kernel_input_octets: bigint;
  kernel_output_octets: bigint;
  kernel_input_packets: bigint;
  kernel_output_packets: bigint;
  active: bigint;
  reported: bigint;
}

export interface AccountingTable {
  /** Never given twice, so that an acknowledgement cannot mean a newer record. */
  sequence: Generated<bigint>;
  gateway: string;
  session: string;
  kind: string;
  /** JSON: stored and sent again as it was. */
  record: string;
}

export interface VoucherTable {
  id: string;
  code: string;
  batch: string;
  created: bigint;
  /** Order within what was created together. */
  position: bigint;
  expires: bigint | null;
  duration: bigint | null;
  octets: bigint | null;
  devices: bigint;
  rate_up: bigint | null;
  rate_down: bigint | null;
  note: string;
  first_use: bigint | null;
  used_octets: bigint;
  revoked: bigint;
}

export interface VoucherDeviceTable {
  voucher: string;
  mac: string;
  at: bigint;
}

export interface UserTable {
  name: string;
  disabled: bigint;
  /** JSON. */
  limits: string;
  devices: bigint;
  note: string;
  created: bigint;
  password: string | null;
}

export interface AdministratorTable {
  name: string;
  role: Role;
  created: bigint;
  last_seen: bigint | null;
  password: string | null;
}

export interface AuditTable {
  id: Generated<bigint>;
  at: bigint;
  gateway: string;
  who: string;
  what: string;
  detail: string;
}

export interface TrafficTable {
  gateway: string;
  /** Milliseconds a point stands for. */
  span: bigint;
  at: bigint;
  sessions: bigint;
  input_octets: bigint;
  output_octets: bigint;
}

export interface SettingTable {
  name: string;
  value: string;
}

export interface Tables {
  sessions: SessionTable;
  accounting: AccountingTable;
  vouchers: VoucherTable;
  voucher_devices: VoucherDeviceTable;
  users: UserTable;
  administrators: AdministratorTable;
  audit: AuditTable;
  traffic: TrafficTable;
  settings: SettingTable;
}

export type SessionRow = SessionTable;
export type VoucherRow = VoucherTable;
export type NewAudit = Insertable<AuditTable>;

export type DatabaseKind = "sqlite" | "postgresql";

/** One database, however it is reached. What it throws is a StoreError, but for mistakes of our own. */
export interface Database {
  readonly kind: DatabaseKind;
  read<Result>(run: (db: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** One transaction. `again` when it is run anew and the last try may have been committed. */
  write<Result>(run: (trx: Transaction<Tables>, again: boolean) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}
