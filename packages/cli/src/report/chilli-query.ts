/**
 * Sessions as `chilli_query list` prints them (CoovaChilli, chilli_print and chilli_getinfo), for scripts that read it:
 *
 * MAC IP state session-id authenticated user time/limit idle/limit input/limit output/limit total-limit swapoctets up down url
 *
 * Octets are as RFC 2866 has them, from the client in and to the client out, so swapoctets is 1: CoovaChilli's name for that.
 * Numbers without limit are 0.
 */
import type { ShownSession } from "./portal.ts";

export function chilliLine(session: ShownSession, now: number): string {
  const { limits } = session;
  return [
    session.mac.replaceAll(":", "-").toUpperCase(),
    ipOf(session),
    "pass",
    session.id,
    "1",
    word(session.user),
    `${seconds(now - session.started)}/${timeout(session)}`,
    `${seconds(now - session.active)}/${limits.idle ?? 0}`,
    `${session.inputOctets}/${limits.octetsInput ?? 0}`,
    `${session.outputOctets}/${limits.octetsOutput ?? 0}`,
    String(limits.octetsTotal ?? 0),
    "1",
    bucket(limits.rateUp),
    bucket(limits.rateDown),
    "-",
  ].join(" ");
}

/** `chilli_query -json list`. */
export function chilliJson(sessions: readonly ShownSession[], now: number): string {
  return JSON.stringify({
    sessions: sessions.map((session) => ({
      nasPort: session.number,
      clientState: 1,
      ipAddress: ipOf(session),
      macAddress: session.mac.replaceAll(":", "-").toUpperCase(),
      dhcpState: "pass",
      session: {
        sessionId: session.id,
        userName: session.user,
        startTime: Math.floor(session.started / 1000),
        sessionTimeout: timeout(session),
        terminateTime: session.limits.until === null ? 0 : Math.floor(session.limits.until / 1000),
        idleTimeout: session.limits.idle ?? 0,
        ...limit("maxInputOctets", session.limits.octetsInput),
        ...limit("maxOutputOctets", session.limits.octetsOutput),
        ...limit("maxTotalOctets", session.limits.octetsTotal),
      },
      accounting: {
        sessionTime: seconds(now - session.started),
        idleTime: seconds(now - session.active),
        inputOctets: session.inputOctets % 2 ** 32,
        outputOctets: session.outputOctets % 2 ** 32,
        inputGigawords: Math.floor(session.inputOctets / 2 ** 32),
        outputGigawords: Math.floor(session.outputOctets / 2 ** 32),
        viewPoint: "nas",
      },
    })),
  });
}

function ipOf(session: ShownSession): string {
  return session.addresses.find((address) => !address.includes(":")) ?? "0.0.0.0";
}

function timeout(session: ShownSession): number {
  return session.limits.until === null ? 0 : seconds(session.limits.until - session.started);
}

/** Of the bucket only the rate is known; the kernel keeps the rest. */
function bucket(rate: number | null): string {
  return rate === null ? "0/0" : `0%/${rate}`;
}

function limit(name: string, octets: number | null): Record<string, number> {
  return octets === null ? {} : { [name]: octets };
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.floor(milliseconds / 1000));
}

/** Columns are told apart by blanks. */
function word(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being looked for
  return text === "" ? "-" : text.replace(/[\x00-\x20\x7f-\x9f]/g, "_");
}
