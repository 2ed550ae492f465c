/**
 * CoovaChilli's JSON interface: its members, their order and their types (redir_json_reply, session_json_fmt). Login pages
 * read octets from the client's side (`viewPoint`): input is what the device received.
 */
import type { StoredSession } from "../../store/store.ts";
import { upperMac } from "./redirect.ts";

export interface UamJson {
  readonly in: boolean;
  readonly nasId: string;
  /** Reply-Message, as it came. */
  readonly message: string | null;
  readonly challenge: string | null;
  readonly location: string | null;
  readonly redirect: {
    readonly originalUrl: string;
    readonly redirectionUrl: string;
    readonly logoutUrl: string;
    readonly address: string;
    readonly mac: string;
  } | null;
  readonly session: { readonly of: StoredSession | null; readonly now: number; readonly fresh: boolean } | null;
}

export function uamJson(state: UamJson): Record<string, unknown> {
  return {
    version: "1.0",
    clientState: state.in ? 1 : 0,
    nasid: state.nasId,
    ...(state.message === null ? {} : { message: state.message }),
    ...(state.challenge === null ? {} : { challenge: state.challenge }),
    ...(state.location === null ? {} : { location: { name: state.location } }),
    ...(state.redirect === null
      ? {}
      : {
          redir: {
            originalURL: state.redirect.originalUrl,
            redirectionURL: state.redirect.redirectionUrl,
            logoutURL: state.redirect.logoutUrl,
            ipAddress: state.redirect.address,
            macAddress: upperMac(state.redirect.mac),
          },
        }),
    ...(state.session === null ? {} : sessionMembers(state.session)),
  };
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.floor(milliseconds / 1_000));
}

function sessionMembers(state: { of: StoredSession | null; now: number; fresh: boolean }): Record<string, unknown> {
  const { of: session, now, fresh } = state;
  const limits = session?.limits;
  const still = session === null || fresh;
  const [input, output] = still ? [0n, 0n] : [session.outputOctets, session.inputOctets];
  return {
    session: {
      sessionId: session?.id ?? "",
      userName: session?.user ?? "",
      startTime: session === null ? 0 : Math.floor(session.started / 1_000),
      sessionTimeout: session === null || limits?.until == null ? 0 : seconds(limits.until - session.started),
      terminateTime: 0,
      idleTimeout: limits?.idle ?? 0,
      ...octetLimit("maxInputOctets", limits?.octetsOutput),
      ...octetLimit("maxOutputOctets", limits?.octetsInput),
      ...octetLimit("maxTotalOctets", limits?.octetsTotal),
    },
    accounting: {
      sessionTime: still ? 0 : seconds(now - session.started),
      idleTime: still ? 0 : seconds(now - session.active),
      inputOctets: Number(input & 0xffffffffn),
      outputOctets: Number(output & 0xffffffffn),
      inputGigawords: Number(input >> 32n),
      outputGigawords: Number(output >> 32n),
      viewPoint: "client",
    },
  };
}

function octetLimit(name: string, limit: bigint | null | undefined): Record<string, number> {
  return limit === null || limit === undefined ? {} : { [name]: Number(limit) };
}

/** JSON, or a call of the page's function with it. Null when `callback` is not the name of a function. */
export function uamBody(
  value: Record<string, unknown>,
  callback: string | undefined,
): { type: string; text: string } | null {
  // U+2028 and U+2029 end a line in old JavaScript; `<` could begin a tag where a browser guesses at types.
  const text = JSON.stringify(value).replace(
    /[<\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (callback === undefined || callback === "") return { type: "application/json; charset=utf-8", text };
  if (callback.length > 128 || !/^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/.test(callback)) return null;
  return { type: "text/javascript; charset=utf-8", text: `${callback}(${text})` };
}
