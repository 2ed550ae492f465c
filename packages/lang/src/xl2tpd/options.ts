/** The keywords of xl2tpd.conf(5) and where they may stand (xl2tpd's file.c). */

export type Context = "global" | "lns" | "lac";

export type OptionKind = "boolean" | "number" | "text" | "address" | "range" | "peer" | "random";

export interface Keyword {
  readonly contexts: readonly Context[];
  readonly kind: OptionKind;
  /** Smallest number that is taken, and what xl2tpd says to others. */
  readonly least: number | null;
  readonly complaint: string;
  /** More than one line adds up. */
  readonly repeats: boolean;
}

const GLOBAL: readonly Context[] = ["global"];
const LNS: readonly Context[] = ["lns"];
const LAC: readonly Context[] = ["lac"];
const BOTH: readonly Context[] = ["lns", "lac"];

type Extra = { readonly least?: number; readonly complaint?: string; readonly repeats?: boolean };

function keyword(contexts: readonly Context[], kind: OptionKind, extra: Extra = {}): Keyword {
  const { least = null, complaint = "", repeats = false } = extra;
  return { contexts, kind, least, complaint, repeats };
}

const POSITIVE_SPEED: Extra = { least: 1, complaint: "bps must be greater than zero" };

export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([
  ["listen-addr", keyword(GLOBAL, "address")],
  ["port", keyword(GLOBAL, "number")],
  ["saref refinfo", keyword(GLOBAL, "number")],
  ["rand source", keyword(GLOBAL, "random")],
  ["auth file", keyword(GLOBAL, "text")],
  ["access control", keyword(GLOBAL, "boolean")],
  ["force userspace", keyword(GLOBAL, "boolean")],
  ["debug avp", keyword(GLOBAL, "boolean")],
  ["debug network", keyword(GLOBAL, "boolean")],
  ["debug packet", keyword(GLOBAL, "boolean")],
  ["debug tunnel", keyword(GLOBAL, "boolean")],
  ["debug state", keyword(GLOBAL, "boolean")],
  ["ipsec saref", keyword(GLOBAL, "boolean")],
  ["max retries", keyword(GLOBAL, "number")],
  ["cap backoff", keyword(GLOBAL, "number")],
  ["exclusive", keyword(LNS, "boolean")],
  ["ip range", keyword(LNS, "range", { repeats: true })],
  ["no ip range", keyword(LNS, "range", { repeats: true })],
  ["lac", keyword(LNS, "range", { repeats: true })],
  ["no lac", keyword(LNS, "range", { repeats: true })],
  ["assign ip", keyword(LNS, "boolean")],
  ["local ip range", keyword(LNS, "range", { repeats: true })],
  ["unix authentication", keyword(LNS, "boolean")],
  ["unix auth", keyword(LNS, "boolean")],
  ["autodial", keyword(LAC, "boolean")],
  ["redial", keyword(LAC, "boolean")],
  ["redial timeout", keyword(LAC, "number", { least: 1, complaint: "rtimeout value must be at least 1" })],
  ["max redials", keyword(LAC, "number", { least: 1, complaint: "rmax value must be at least 1" })],
  ["lns", keyword(LAC, "peer", { repeats: true })],
  ["remote ip", keyword(LAC, "address")],
  ["defaultroute", keyword(LAC, "boolean")],
  ["local ip", keyword(BOTH, "address")],
  ["length bit", keyword(BOTH, "boolean")],
  ["hidden bit", keyword(BOTH, "boolean")],
  ["require pap", keyword(BOTH, "boolean")],
  ["require chap", keyword(BOTH, "boolean")],
  ["require authentication", keyword(BOTH, "boolean")],
  ["require auth", keyword(BOTH, "boolean")],
  ["refuse pap", keyword(BOTH, "boolean")],
  ["refuse chap", keyword(BOTH, "boolean")],
  ["refuse authentication", keyword(BOTH, "boolean")],
  ["refuse auth", keyword(BOTH, "boolean")],
  ["name", keyword(BOTH, "text")],
  ["hostname", keyword(BOTH, "text")],
  ["ppp debug", keyword(BOTH, "boolean")],
  ["pass peer", keyword(BOTH, "boolean")],
  ["pppoptfile", keyword(BOTH, "text")],
  ["call rws", keyword(BOTH, "number", { least: -1, complaint: "receive window size must be at least -1" })],
  [
    "tunnel rws",
    keyword(BOTH, "number", { least: 1, complaint: "receive window size for tunnels must be at least 1" }),
  ],
  ["flow bit", keyword(BOTH, "boolean")],
  ["challenge", keyword(BOTH, "boolean")],
  ["tx bps", keyword(BOTH, "number", POSITIVE_SPEED)],
  ["rx bps", keyword(BOTH, "number", POSITIVE_SPEED)],
  ["bps", keyword(BOTH, "number", POSITIVE_SPEED)],
]);
