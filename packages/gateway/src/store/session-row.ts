/** A session as a row, and back. */
import type { AccountingRecord } from "../radius/types.ts";
import { type ColumnType, clean, hex } from "./database/relation.ts";
import type { SessionRow } from "./database/schema.ts";
import type { SessionLimitsNow, StoredSession } from "./store.ts";

export const SESSION_COLUMNS: Readonly<Record<keyof SessionRow, ColumnType>> = {
  id: "text",
  gateway: "text",
  number: "bigint",
  mac: "text",
  addresses: "text",
  username: "text",
  method: "text",
  voucher: "text",
  radius: "bigint",
  classes: "blob",
  state: "text",
  started: "bigint",
  ended: "bigint",
  cause: "text",
  limits: "text",
  input_octets: "bigint",
  output_octets: "bigint",
  input_packets: "bigint",
  output_packets: "bigint",
  kernel_input_octets: "bigint",
  kernel_output_octets: "bigint",
  kernel_input_packets: "bigint",
  kernel_output_packets: "bigint",
  active: "bigint",
  reported: "bigint",
};

/** What may change while a session lives. */
export const CHANGING_COLUMNS: readonly ChangingColumn[] = [
  "addresses",
  "limits",
  "input_octets",
  "output_octets",
  "input_packets",
  "output_packets",
  "kernel_input_octets",
  "kernel_output_octets",
  "kernel_input_packets",
  "kernel_output_packets",
  "active",
  "reported",
];
export type ChangingColumn = Exclude<
  keyof SessionRow,
  | "id"
  | "gateway"
  | "number"
  | "mac"
  | "username"
  | "method"
  | "voucher"
  | "radius"
  | "classes"
  | "state"
  | "started"
  | "ended"
  | "cause"
>;

/** A row as {@link relation} takes it. */
export type WrittenSession = Readonly<Record<keyof SessionRow, string | bigint | null>>;

export function whole(value: number): bigint {
  return BigInt(Math.round(value));
}

export function wholeOrNull(value: number | null): bigint | null {
  return value === null ? null : whole(value);
}

export function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

export function writtenSession(session: StoredSession): WrittenSession {
  const { kernel } = session;
  return {
    id: clean(session.id),
    gateway: clean(session.gateway),
    number: whole(session.number),
    mac: clean(session.mac),
    addresses: JSON.stringify(session.addresses.map(clean)),
    username: clean(session.user),
    method: session.method,
    voucher: session.voucher === null ? null : clean(session.voucher),
    radius: session.radius ? 1n : 0n,
    classes: hex(packed(session.classes)),
    state: session.state,
    started: whole(session.started),
    ended: wholeOrNull(session.ended),
    cause: session.cause,
    limits: writtenLimits(session.limits),
    input_octets: session.inputOctets,
    output_octets: session.outputOctets,
    input_packets: session.inputPackets,
    output_packets: session.outputPackets,
    kernel_input_octets: kernel.inputOctets,
    kernel_output_octets: kernel.outputOctets,
    kernel_input_packets: kernel.inputPackets,
    kernel_output_packets: kernel.outputPackets,
    active: whole(session.active),
    reported: whole(session.reported),
  };
}

export function readSession(row: SessionRow): StoredSession {
  return {
    id: row.id,
    gateway: row.gateway,
    number: Number(row.number),
    mac: row.mac,
    addresses: JSON.parse(row.addresses) as readonly string[],
    user: row.username,
    method: row.method,
    voucher: row.voucher,
    radius: row.radius !== 0n,
    classes: unpacked(row.classes),
    state: row.state,
    started: Number(row.started),
    ended: numberOrNull(row.ended),
    cause: row.cause,
    limits: readLimits(row.limits) as SessionLimitsNow,
    inputOctets: row.input_octets,
    outputOctets: row.output_octets,
    inputPackets: row.input_packets,
    outputPackets: row.output_packets,
    kernel: {
      inputOctets: row.kernel_input_octets,
      outputOctets: row.kernel_output_octets,
      inputPackets: row.kernel_input_packets,
      outputPackets: row.kernel_output_packets,
    },
    active: Number(row.active),
    reported: Number(row.reported),
  };
}

const BIG_LIMITS: ReadonlySet<string> = new Set(["octetsInput", "octetsOutput", "octetsTotal"]);

export function writtenLimits(limits: Partial<SessionLimitsNow>): string {
  return JSON.stringify(limits, (_, value) => (typeof value === "bigint" ? String(value) : value));
}

export function readLimits(text: string): Partial<SessionLimitsNow> {
  return JSON.parse(text, (name, value) => (BIG_LIMITS.has(name) && value !== null ? BigInt(value) : value));
}

const BIG_COUNTERS: ReadonlySet<string> = new Set(["inputOctets", "outputOctets", "inputPackets", "outputPackets"]);

export function writtenRecord(record: AccountingRecord): string {
  const { classes, ...rest } = record;
  return JSON.stringify({ ...rest, classes: classes.map((value) => Buffer.from(value).toString("hex")) }, (_, value) =>
    typeof value === "bigint" ? String(value) : typeof value === "string" ? clean(value) : value,
  );
}

export function readRecord(text: string): AccountingRecord {
  const record = JSON.parse(text, (name, value) => (BIG_COUNTERS.has(name) ? BigInt(value) : value)) as Omit<
    AccountingRecord,
    "classes"
  > & { readonly classes: readonly string[] };
  return { ...record, classes: record.classes.map((value) => new Uint8Array(Buffer.from(value, "hex"))) };
}

/** Each behind its length in two octets. */
function packed(classes: readonly Uint8Array[]): Uint8Array {
  const octets = Buffer.alloc(classes.reduce((sum, value) => sum + 2 + value.length, 0));
  let at = 0;
  for (const value of classes) {
    at = octets.writeUInt16BE(value.length, at);
    octets.set(value, at);
    at += value.length;
  }
  return octets;
}

function unpacked(octets: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const classes: Uint8Array[] = [];
  for (let at = 0; at + 2 <= octets.length; ) {
    const length = view.getUint16(at);
    classes.push(octets.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  // A Buffer's slice would be a window on the row.
  return classes.map((value) => new Uint8Array(value));
}
