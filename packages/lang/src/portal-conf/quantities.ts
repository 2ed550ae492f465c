/** Durations, volumes and rates as people write them. Decimal prefixes are decimal; `MiB` is the binary one. */

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

const PREFIX: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const BINARY: Readonly<Record<string, number>> = { ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40 };

/** Seconds of `90`, `30m`, `1h30m`, `2 days`; null when it is no duration. */
export function parseDuration(given: string | number): number | null {
  if (typeof given === "number") return whole(given);
  const text = given.trim().toLowerCase();
  if (/^\d+$/.test(text)) return whole(Number(text));
  if (!/^(?:\d+(?:\.\d+)?\s*[a-z]+\s*)+$/.test(text)) return null;
  let seconds = 0;
  for (const [, digits = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const size = SECONDS[unit] ?? SECONDS[LONG_UNITS[unit.replace(/s$/, "")] ?? ""];
    if (size === undefined) return null;
    seconds += Number(digits) * size;
  }
  return whole(seconds);
}

const LONG_UNITS: Readonly<Record<string, string>> = {
  sec: "s",
  second: "s",
  min: "m",
  minute: "m",
  hour: "h",
  day: "d",
  week: "w",
};

/** Octets of `500MB`, `2 GiB`, `1000000`; null when it is no volume. */
export function parseVolume(given: string | number): number | null {
  if (typeof given === "number") return whole(given);
  const found = /^(\d+(?:\.\d+)?)\s*(?:([kmgt]?)b?|([kmgt]i)b?)$/i.exec(given.trim());
  if (found === null) return null;
  const [, digits = "", decimal, binary] = found;
  const size = binary === undefined ? PREFIX[(decimal ?? "").toLowerCase()] : BINARY[binary.toLowerCase()];
  return size === undefined ? null : whole(Number(digits) * size);
}

/** Bits per second of `10Mbit`, `512 kbit/s`, `2.5Mbps`, `1000000`; null when it is no rate. */
export function parseRate(given: string | number): number | null {
  if (typeof given === "number") return whole(given);
  const found = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:bit(?:s|\/s)?|bps)?$/i.exec(given.trim());
  if (found === null) return null;
  const [, digits = "", prefix = ""] = found;
  // `10MB` would be octets to some and bits to others.
  return whole(Number(digits) * (PREFIX[prefix.toLowerCase()] as number));
}

function whole(value: number): number | null {
  return Number.isSafeInteger(Math.round(value)) && value >= 0 ? Math.round(value) : null;
}
