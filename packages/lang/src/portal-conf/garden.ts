/** One entry of the walled garden: `[tcp:|udp:]WHAT[:PORT]`, close to CoovaChilli's `uamallowed`. */
import { parsePrefix } from "@pierhead/core";
import type { GardenEntry } from "./config.ts";

const NAME = /^(?:\*\.|\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i;

/** @returns the entry, or what is wrong with it */
export function parseGarden(text: string): GardenEntry | string {
  const found = /^(?:(tcp|udp):)?(?:\[([0-9a-f:.]+(?:\/\d+)?)\]|([^[\]]*?))(?::(\d+))?$/i.exec(bracketed(text.trim()));
  if (found === null) return WANTED;
  const protocol = (found[1]?.toLowerCase() ?? null) as "tcp" | "udp" | null;
  const what = (found[2] ?? found[3] ?? "").toLowerCase();
  const port = found[4] === undefined ? null : Number(found[4]);
  if (port !== null && (port < 1 || port > 65_535)) return "a port is a number from 1 to 65535";
  const prefix = parsePrefix(what);
  if (prefix !== null) {
    if (prefix.length === 0) return "this lets everybody out to everywhere";
    const network = `${prefix.address.masked(prefix.length).toString()}/${prefix.length}`;
    return { kind: "network", prefix: network, protocol, port };
  }
  if (!NAME.test(what) || what.length > 253 || /^[\d.]+$/.test(what)) return WANTED;
  if (
    !what
      .replace(/\.$/, "")
      .replace(/^(\*\.|\.)/, "")
      .includes(".")
  )
    return "a name with a dot is wanted, like example.org";
  if (protocol === "udp") return "names are opened for TCP only";
  const below = what.startsWith("*.") || what.startsWith(".");
  return { kind: "name", name: what.replace(/^(\*\.|\.)/, "").replace(/\.$/, ""), below, port };
}

/**
 * A line of dnsmasq.conf (dnsmasq(8), --nftset) that opens a name and those below it as dnsmasq answers; the sets are the
 * portal's, and dnsmasq adds addresses to them, not ports.
 */
export function nftsetLine(name: string): string {
  const sets = [4, 6].map((family) => `${family}#inet#pierhead_portal#garden${family}_names`);
  return `nftset=/${name}/${sets.join(",")}`;
}

/** An IPv6 address that stands without brackets has no port. */
function bracketed(text: string): string {
  const found = /^(?:(tcp|udp):)?((?:[0-9a-f]*:){2,}[0-9a-f:.]*(?:\/\d+)?)$/i.exec(text);
  return found === null ? text : `${found[1] === undefined ? "" : `${found[1]}:`}[${found[2]}]`;
}

const WANTED =
  "an entry is a network like 192.0.2.0/24, a name like example.org or *.example.org, with `:443` and `tcp:` where wanted";
