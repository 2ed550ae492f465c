import { MESSAGE6, messageName6 } from "@pierhead/lang/dhcpv6";
import type { Transaction } from "./client6.ts";
import { duration, type Findings } from "./complaint.ts";

/** A question this near to the end of the capture may have been answered after it. */
const PATIENCE_SECONDS = 3;

/** Says when a question has no answer, and what comes of it. */
export function unanswered(transaction: Transaction, end: number | null, into: Findings): void {
  if (transaction.answers > 0) return;
  const { type, times, first, last } = transaction;
  if (type === MESSAGE6.release || type === MESSAGE6.decline) return;
  if (end !== null && last.time !== null && end - last.time < PATIENCE_SECONDS && times < 3) return;
  const name = messageName6(type);
  const lasted = first.time === null || last.time === null ? null : last.time - first.time;
  const often = times === 1 ? "once" : `${times} times${lasted === null ? "" : ` over ${duration(lasted)}`}`;
  into.add(
    "lease/unanswered",
    SEVERITY[type] ?? "warning",
    `${name} was sent ${often} and has no answer${SO[type] ?? ""}.`,
    first.span,
  );
}

const SEVERITY: Readonly<Record<number, "error" | "warning">> = {
  [MESSAGE6.solicit]: "error",
  [MESSAGE6.request]: "error",
  [MESSAGE6.rebind]: "error",
};

const SO: Readonly<Record<number, string>> = {
  [MESSAGE6.solicit]: ": no server is there, or its answers are filtered (UDP 547 to 546, from a link-local address)",
  [MESSAGE6.request]: ": the server that advertised did not reply",
  [MESSAGE6.renew]:
    ": the server that granted the lease is away, or a filter stands between; at T2 the client asks every server",
  [MESSAGE6.rebind]: ": no server extends the lease, and it ends with its valid lifetime",
  [MESSAGE6.confirm]: ": the client goes on with its addresses (RFC 8415 18.2.3)",
};
