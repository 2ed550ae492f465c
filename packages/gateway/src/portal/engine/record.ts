/** Accounting records of a session (RFC 2866). */
import type { AccountingRecord, Station } from "../../radius/types.ts";
import type { StoredSession } from "../../store/store.ts";

/** Start, Interim-Update or Stop as the session stands at `at` (Unix milliseconds). */
export function recordOf(
  session: StoredSession,
  kind: "Start" | "Interim-Update" | "Stop",
  at: number,
): AccountingRecord {
  const { user, classes, inputOctets, outputOctets, inputPackets, outputPackets } = session;
  return {
    kind,
    user,
    station: stationOf(session),
    classes,
    at,
    sessionTime: Math.max(0, Math.round((at - session.started) / 1000)),
    inputOctets,
    outputOctets,
    inputPackets,
    outputPackets,
    cause: kind === "Stop" ? (session.cause ?? "NAS-Error") : null,
  };
}

export function stationOf(session: Pick<StoredSession, "mac" | "addresses" | "id" | "number">): Station {
  return { mac: session.mac, addresses: session.addresses, sessionId: session.id, number: session.number };
}

/** Accounting-On or -Off: about the NAS, no session (RFC 2866, 5.1). */
export function nasRecord(kind: "Accounting-On" | "Accounting-Off", id: string, at: number): AccountingRecord {
  return {
    kind,
    user: "",
    station: { mac: "", addresses: [], sessionId: id, number: 0 },
    classes: [],
    at,
    sessionTime: 0,
    inputOctets: 0n,
    outputOctets: 0n,
    inputPackets: 0n,
    outputPackets: 0n,
    cause: kind === "Accounting-Off" ? "Admin-Reboot" : null,
  };
}
