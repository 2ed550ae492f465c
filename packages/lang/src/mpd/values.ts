import { type Address, type Prefix, parseAddress } from "@pierhead/core";

/** An IPv4 address; pools and PPP of mpd know no other kind. */
export function parseIp(text: string): Address | null {
  const address = parseAddress(text);
  return address?.family === 4 ? address : null;
}

/** `ParseRange()`: an address, with a width from 0 to 32 or alone, which is the same as 32. */
export function parseRange(text: string): Prefix | null {
  const match = /^([0-9.]+)(?:\/(\d{1,2}))?$/.exec(text);
  const address = match === null ? null : parseIp(match[1] as string);
  if (match === null || address === null) return null;
  const length = match[2] === undefined ? 32 : Number(match[2]);
  return length > 32 ? null : { address, length };
}
