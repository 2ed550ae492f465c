/** The redirect to the page at somebody else's server, as CoovaChilli builds it (bstring_buildurl, redir_md_param). */
import { uamUrlChecksum } from "../../radius/uam.ts";
import { uamEncode } from "./query.ts";

/** `res`; a failure says why. */
export type UamResult = "notyet" | "success" | "already" | "logoff" | "failed" | FailedUam;
export type FailedUam = "failed&reason=reject" | "failed&reason=timeout" | "failed&reason=other";

export interface UamRedirect {
  readonly server: string;
  readonly secret: string | null;
  readonly result: UamResult;
  readonly address: string;
  readonly port: number;
  readonly challenge: string | null;
  /** Only `/status` of somebody who is in: Unix seconds and seconds. */
  readonly times?: {
    readonly start: number;
    readonly elapsed: number;
    readonly timeout: number | null;
  } | null;
  /** MAC of the gateway, `02-00-00-00-00-FE`. */
  readonly called: string;
  readonly user?: string | null;
  readonly timeLeft?: number | null;
  readonly mac: string | null;
  readonly clientAddress: string;
  readonly reply?: string | null;
  readonly ssid?: string | null;
  readonly nasId: string;
  readonly vlan?: string | null;
  readonly language?: string | null;
  readonly sessionId?: string | null;
  readonly userUrl: string | null;
}

/** CoovaChilli's order, which `md` depends on. */
export function uamUrl(redirect: UamRedirect): string {
  const parts = [
    `res=${redirect.result}`,
    `uamip=${redirect.address}`,
    `uamport=${redirect.port}`,
    pair("challenge", redirect.challenge),
    pair("starttime", redirect.times?.start),
    pair("sessiontime", redirect.times?.elapsed),
    pair("sessiontimeout", redirect.times?.timeout),
    pair("called", redirect.called),
    pair("uid", redirect.user),
    pair("timeleft", redirect.timeLeft || null),
    pair("mac", redirect.mac === null ? null : upperMac(redirect.mac)),
    `ip=${redirect.clientAddress}`,
    pair("reply", redirect.reply),
    pair("ssid", redirect.ssid),
    pair("nasid", redirect.nasId),
    pair("vlan", redirect.vlan),
    pair("lang", redirect.language),
    pair("sessionid", redirect.sessionId),
    pair("userurl", redirect.userUrl),
  ].filter((part) => part !== null);
  const url = `${redirect.server}${redirect.server.includes("?") ? "&" : "?"}${parts.join("&")}`;
  if (redirect.secret === null || redirect.secret === "") return url;
  return `${url}&md=${uamUrlChecksum(url, redirect.secret)}`;
}

function pair(name: string, value: string | number | null | undefined): string | null {
  return value === null || value === undefined || value === "" ? null : `${name}=${uamEncode(String(value))}`;
}

export function upperMac(mac: string): string {
  return mac.toUpperCase().replace(/:/g, "-");
}
