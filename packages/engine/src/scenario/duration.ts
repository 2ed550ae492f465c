/** Units of time spans, in seconds. */
const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86400 };

/**
 * Reads `30s`, `5m`, `1h30m`, `250ms`, or a number of seconds.
 *
 * @returns seconds, or null when it is no time span
 */
export function parseDuration(text: string): number | null {
  const bare = text.trim();
  if (/^\d+(?:\.\d+)?$/.test(bare)) return Number(bare);
  let rest = bare;
  let seconds = 0;
  while (rest !== "") {
    const match = /^(\d+(?:\.\d+)?)\s*(ms|min|[smhd])\s*/.exec(rest);
    if (match === null) return null;
    seconds += Number(match[1]) * (UNITS[match[2] as string] as number);
    rest = rest.slice(match[0].length);
  }
  return bare === "" ? null : seconds;
}
