/** Limits out of the attributes of an answer or a CoA. */
import type { AttributeName, AttributeSet } from "@pierhead/lang/radius-wire";
import type { RadiusLimits } from "./types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** RFC 2869, 5.16: the interval must not be shorter; CoovaChilli takes its default then, and so do we. */
const LEAST_INTERIM = 60;

/** Attributes limits are read from. */
export const LIMIT_ATTRIBUTES: readonly AttributeName[] = [
  "Session-Timeout",
  "Idle-Timeout",
  "Acct-Interim-Interval",
  "WISPr-Bandwidth-Max-Up",
  "WISPr-Bandwidth-Max-Down",
  "WISPr-Session-Terminate-Time",
  "ChilliSpot-Max-Input-Octets",
  "ChilliSpot-Max-Output-Octets",
  "ChilliSpot-Max-Total-Octets",
  "ChilliSpot-Bandwidth-Max-Up",
  "ChilliSpot-Bandwidth-Max-Down",
  "ChilliSpot-Max-Input-Gigawords",
  "ChilliSpot-Max-Output-Gigawords",
  "ChilliSpot-Max-Total-Gigawords",
];

/**
 * Reads the limits. A zero says nothing, as in CoovaChilli; ChilliSpot's bandwidth (kbit/s) goes before WISPr's (bit/s).
 *
 * @param swapOctets the back end takes input for what goes to the client, in its limits as in its accounting
 */
export function readLimits(set: AttributeSet, swapOctets: boolean): RadiusLimits {
  const limits: Mutable<RadiusLimits> = {};
  const put = (name: keyof RadiusLimits, value: number | undefined): void => {
    if (value !== undefined && value > 0) limits[name] = value;
  };
  put("session", set.integer("Session-Timeout"));
  put("idle", set.integer("Idle-Timeout"));
  const interim = set.integer("Acct-Interim-Interval");
  if (interim !== undefined && interim >= LEAST_INTERIM) limits.interim = interim;
  put("rateUp", set.integer("WISPr-Bandwidth-Max-Up"));
  put("rateDown", set.integer("WISPr-Bandwidth-Max-Down"));
  put("rateUp", times(set.integer("ChilliSpot-Bandwidth-Max-Up"), 1000));
  put("rateDown", times(set.integer("ChilliSpot-Bandwidth-Max-Down"), 1000));
  const input = volume(set, "ChilliSpot-Max-Input-Octets", "ChilliSpot-Max-Input-Gigawords");
  const output = volume(set, "ChilliSpot-Max-Output-Octets", "ChilliSpot-Max-Output-Gigawords");
  put("octetsInput", swapOctets ? output : input);
  put("octetsOutput", swapOctets ? input : output);
  put("octetsTotal", volume(set, "ChilliSpot-Max-Total-Octets", "ChilliSpot-Max-Total-Gigawords"));
  const until = set.text("WISPr-Session-Terminate-Time");
  if (until !== undefined) put("until", readWisprTime(until) ?? undefined);
  return limits;
}

/** Limit attributes that are there with a value that can not be one. */
export function badLimits(set: AttributeSet): AttributeName[] {
  return LIMIT_ATTRIBUTES.filter((name) => {
    if (!set.has(name)) return false;
    if (name === "WISPr-Session-Terminate-Time") return readWisprTime(set.text(name) ?? "") === null;
    const value = set.integer(name);
    return value === undefined || (name === "Acct-Interim-Interval" && value < LEAST_INTERIM);
  });
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

/** Octets and how often 2^32 of them, held at what a number tells apart. */
function volume(set: AttributeSet, octets: AttributeName, gigawords: AttributeName): number | undefined {
  const low = set.integer(octets);
  const high = set.integer(gigawords);
  if (low === undefined && high === undefined) return undefined;
  return Math.min((low ?? 0) + (high ?? 0) * 2 ** 32, Number.MAX_SAFE_INTEGER);
}

/**
 * WISPr-Session-Terminate-Time: `2026-11-24T18:00:00+01:00`, the colon and the zone may be missing; without zone it is
 * local time (as in CoovaChilli's config_radius_session).
 *
 * @returns Unix milliseconds; null when it is no time
 */
export function readWisprTime(text: string): number | null {
  const match = /^(\d{4})-(\d\d?)-(\d\d?)T(\d\d?):(\d\d):(\d\d)\s*(?:(Z)|([+-])(\d\d):?(\d\d))?\0?$/.exec(text.trim());
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return null;
  if (match[7] === undefined && match[8] === undefined) {
    return new Date(year, month - 1, day, hour, minute, second).getTime();
  }
  const east = match[7] === "Z" ? 0 : (match[8] === "-" ? -1 : 1) * (Number(match[9]) * 60 + Number(match[10]));
  return Date.UTC(year, month - 1, day, hour, minute - east, second);
}
