/** Sessions and accounting records to put into a store. */
import type { AccountingRecord } from "@pierhead/gateway/radius";
import type { StoredSession } from "@pierhead/gateway/store";

export const NOW = 1_800_000_000_000;

export function macOf(number: number): string {
  const hex = number.toString(16).padStart(10, "0");
  return `02:${hex.match(/../g)?.join(":")}`;
}

export function sessionOf(number: number, more: Partial<StoredSession> = {}): StoredSession {
  return {
    id: `s${number}`,
    gateway: "pier",
    number,
    mac: macOf(number),
    addresses: [`10.0.${number >> 8}.${number & 255}`, `2001:db8::${number.toString(16)}`],
    user: `guest-${number}`,
    method: "password",
    voucher: null,
    radius: true,
    classes: [],
    state: "open",
    started: NOW,
    ended: null,
    cause: null,
    limits: {
      until: NOW + 3_600_000,
      idle: 600,
      octetsInput: null,
      octetsOutput: null,
      octetsTotal: 10n ** 15n,
      rateUp: null,
      rateDown: 8_000_000,
      interim: 60,
    },
    inputOctets: 0n,
    outputOctets: 0n,
    inputPackets: 0n,
    outputPackets: 0n,
    kernel: { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n },
    active: NOW,
    reported: NOW,
    ...more,
  };
}

/** The same session after it has moved some more. */
export function movedOn(session: StoredSession, octets: bigint, at: number): StoredSession {
  const inputOctets = session.inputOctets + octets;
  const outputOctets = session.outputOctets + octets * 9n;
  return {
    ...session,
    inputOctets,
    outputOctets,
    inputPackets: session.inputPackets + 10n,
    outputPackets: session.outputPackets + 10n,
    kernel: { ...session.kernel, inputOctets, outputOctets },
    active: at,
    reported: at,
  };
}

export function recordOf(session: StoredSession, kind: AccountingRecord["kind"], at: number = NOW): AccountingRecord {
  const { user, mac, addresses, id, number, classes, started, cause } = session;
  const { inputOctets, outputOctets, inputPackets, outputPackets } = session;
  return {
    kind,
    user,
    station: { mac, addresses, sessionId: id, number },
    classes,
    at,
    sessionTime: Math.round((at - started) / 1000),
    inputOctets,
    outputOctets,
    inputPackets,
    outputPackets,
    cause: kind === "Stop" ? cause : null,
  };
}
