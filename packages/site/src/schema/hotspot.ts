/** The `hotspot` section of a host: a captive portal for one of its LANs, in portal.yaml's own words. */
import { parseAddress } from "@pierhead/core";
import { type PortalOptions, parseDuration, portalOptions } from "@pierhead/lang/portal-conf";
import * as z from "zod";
import * as value from "./values.ts";

export interface HotspotDescription extends PortalOptions {
  /** LAN that the guests are in. */
  guests: string;
  /** Guests may not talk to each other through the gateway; true when absent. */
  isolate?: boolean | undefined;
  /** Line to the internet; the host's only one when absent. */
  uplink?: string | undefined;
  /** Guests' IPv4 addresses are hidden behind the gateway's; true when absent. */
  nat?: boolean | undefined;
  /** IPv4 addresses that guests get: `10.99.0.50-10.99.3.250`; all that are free when absent. */
  pool?: string | undefined;
  /** How long a guest keeps an address: `1h`, or seconds. */
  lease?: string | number | undefined;
}

/** First and last address of a pool; null when it is written otherwise. */
export function parsePool(text: string): readonly [string, string] | null {
  const [from = "", to = "", ...more] = text.split("-").map((part) => part.trim());
  return more.length === 0 && parseAddress(from)?.family === 4 && parseAddress(to)?.family === 4 ? [from, to] : null;
}

const POOL = "two IPv4 addresses are wanted, like 10.99.0.50-10.99.3.250";
const LEASE = "a duration from 2 minutes to a week is wanted, like 1h or 30m; a number is seconds";

const lease = z
  .union([z.string(), z.number()])
  .refine((given) => (parseDuration(given) ?? 0) >= 120 && (parseDuration(given) ?? 0) <= 604_800, { error: LEASE });

export const hotspotSchema: z.ZodType<HotspotDescription> = z
  .strictObject({
    guests: value.word.describe("LAN that the guests are in"),
    isolate: z.boolean().optional().describe("Guests may not talk to each other through the gateway: true"),
    uplink: value.word.optional().describe("Line to the internet; the host's only one without it"),
    nat: z.boolean().optional().describe("Guests' IPv4 addresses are hidden behind the gateway's: true"),
    pool: z
      .string({ error: POOL })
      .refine((text) => parsePool(text) !== null, { error: POOL })
      .optional()
      .describe("IPv4 addresses that guests get: all that are free without it"),
    lease: lease.optional().describe("How long a guest keeps an address: 1h"),
    ...portalOptions,
  })
  .describe("A captive portal for one LAN: `pierhead portal` and what it needs around it");
