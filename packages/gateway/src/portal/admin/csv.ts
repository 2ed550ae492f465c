/** Accounting as CSV (RFC 4180): one line per session, for spreadsheets and billing. */
import type { Context } from "hono";
import { stream } from "hono/streaming";
import type { StoredSession } from "../../store/store.ts";
import type { AdminVariables } from "./context.ts";
import { seenBy } from "./seen.ts";

const COLUMNS: readonly (readonly [string, (session: StoredSession) => string])[] = [
  ["session", ({ id }) => id],
  ["gateway", ({ gateway }) => gateway],
  ["user", ({ user }) => user],
  ["method", ({ method }) => method],
  ["mac", ({ mac }) => mac],
  ["addresses", ({ addresses }) => addresses.join(" ")],
  ["started", ({ started }) => new Date(started).toISOString()],
  ["ended", ({ ended }) => (ended === null ? "" : new Date(ended).toISOString())],
  ["seconds", ({ started, ended, active }) => String(Math.round(((ended ?? active) - started) / 1000))],
  ["octets from client", ({ inputOctets }) => String(inputOctets)],
  ["octets to client", ({ outputOctets }) => String(outputOctets)],
  ["packets from client", ({ inputPackets }) => String(inputPackets)],
  ["packets to client", ({ outputPackets }) => String(outputPackets)],
  ["ended by", ({ cause }) => cause ?? ""],
];

/** A file for a browser or a program, sent as the store gives it. */
export function accountingCsv(call: Context<AdminVariables>, sessions: AsyncIterable<StoredSession>): Response {
  const user = call.req.query("user");
  call.header("Content-Type", "text/csv; charset=utf-8");
  call.header("Content-Disposition", 'attachment; filename="accounting.csv"');
  return stream(
    call,
    async (out) => {
      await out.write(csvHead());
      for await (const session of sessions) {
        if (out.aborted) return;
        for (const shown of seenBy(call.get("session"), [session], user)) await out.write(csvLine(shown));
      }
    },
    // The status has gone out: only the file itself can still say that it is not all.
    async (_error, out) => {
      await out.write("not complete: the store could not go on\r\n");
    },
  );
}

export function csvHead(): string {
  return `${COLUMNS.map(([name]) => name).join(",")}\r\n`;
}

export function csvLine(session: StoredSession): string {
  return `${COLUMNS.map(([, of]) => cell(of(session))).join(",")}\r\n`;
}

/** Spreadsheets run what starts with these as a formula; user names are whatever people typed. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
