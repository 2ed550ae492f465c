/** Small pictures of numbers in text. */

const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** One character for each value, as high as it is against the highest; nothing is a blank. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(...values, 0);
  return values
    .map((value) => (value <= 0 ? " " : (LEVELS[Math.min(7, Math.floor((value / highest) * 8))] as string)))
    .join("");
}

/** A bar as long as `share` (from 0 to 1) of `width` columns, padded to that width. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * width * 8);
  const text = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] as string);
  return text.padEnd(width);
}

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** A number in at most four figures with its prefix: 1234567 is `1.23 M`. */
export function short(value: number): string {
  let step = 0;
  let rest = value;
  while (Math.abs(rest) >= 999.5 && step < PREFIXES.length - 1) {
    rest /= 1000;
    step++;
  }
  const figures =
    step === 0 ? (Number.isInteger(rest) ? 0 : 1) : Math.abs(rest) < 9.995 ? 2 : Math.abs(rest) < 99.95 ? 1 : 0;
  return `${rest.toFixed(figures)} ${PREFIXES[step]}`;
}
