import type { AltqScheduler } from "../rule.ts";

/** A bandwidth as written: bits per second, or a percentage. */
export interface AltqBandwidth {
  readonly absolute: number;
  readonly percent: number;
}

/** A service curve as written. */
export interface AltqCurve {
  readonly m1: AltqBandwidth;
  /** Milliseconds; 0 when the curve has one slope. */
  readonly d: number;
  readonly m2: AltqBandwidth;
}

/** Flags of all schedulers, in the order they print. */
export const ALTQ_FLAGS = [
  "red",
  "ecn",
  "rio",
  "codel",
  "cleardscp",
  "flowvalve",
  "borrow",
  "wrr",
  "efficient",
  "root",
  "default",
] as const;

export type AltqFlag = (typeof ALTQ_FLAGS)[number];

/** Two slopes in bits per second, and the milliseconds of the first. */
export interface AltqSlopes {
  m1: number;
  d: number;
  m2: number;
}

/** `struct pf_altq`: an interface's scheduler when `queue` is empty, else one queue on one interface. */
export interface AltqRecord {
  interface: string;
  scheduler: AltqScheduler | null;
  queue: string;
  parent: string;
  interfaceBandwidth: number;
  bandwidth: number;
  priority: number;
  limit: number;
  tbrSize: number;
  flags: ReadonlySet<AltqFlag>;
  realtime: AltqSlopes;
  linkshare: AltqSlopes;
  upperlimit: AltqSlopes;
  target: number;
  interval: number;
}

/** What the statement said, for the percentages in it; null prints rates only, as `pfctl -sq` does. */
export interface AltqWritten {
  readonly bandwidth: AltqBandwidth;
  readonly realtime: AltqCurve | null;
  readonly linkshare: AltqCurve | null;
  readonly upperlimit: AltqCurve | null;
}

export const ALTQ_DEFAULT_PRIORITY = 1;
export const ALTQ_DEFAULT_LIMIT = 50;

/** `print_altq` of an interface: `altq on em0 cbq bandwidth 10Mb tbrsize 1824 `, with a trailing space. */
export function formatAltq(altq: AltqRecord, written: AltqWritten | null): string {
  let text = `altq on ${altq.interface} `;
  const options = formatOptions(altq, written);
  text += options === "" && altq.scheduler !== null ? `${altq.scheduler} ` : options;
  text += formatBandwidth(altq.interfaceBandwidth, written);
  if (altq.limit !== ALTQ_DEFAULT_LIMIT) text += `qlimit ${altq.limit} `;
  return `${text}tbrsize ${altq.tbrSize} `;
}

/** `print_queue`: `queue std on em0 bandwidth 10% priority 2 cbq( default ) `, with a trailing space. */
export function formatAltqQueue(altq: AltqRecord, written: AltqWritten | null, withInterface: boolean): string {
  let text = `queue ${altq.queue} `;
  if (withInterface) text += `on ${altq.interface} `;
  if (altq.scheduler === "cbq" || altq.scheduler === "hfsc" || altq.scheduler === "fairq") {
    text += formatBandwidth(altq.bandwidth, written);
  }
  if (altq.priority !== ALTQ_DEFAULT_PRIORITY) text += `priority ${altq.priority} `;
  if (altq.limit !== ALTQ_DEFAULT_LIMIT) text += `qlimit ${altq.limit} `;
  return altq.scheduler === "codel" ? text : text + formatOptions(altq, written);
}

// A percentage prints as it was written, and 100% not at all.
function formatBandwidth(rate: number, written: AltqWritten | null): string {
  const percent = written?.bandwidth.percent ?? 0;
  if (percent === 0) return `bandwidth ${formatRate(rate)} `;
  return percent < 100 ? `bandwidth ${percent}% ` : "";
}

function formatOptions(altq: AltqRecord, written: AltqWritten | null): string {
  if (altq.scheduler === null) return "";
  if (altq.scheduler === "codel") return formatCodel(altq);
  let inside = "";
  for (const flag of ALTQ_FLAGS) if (altq.flags.has(flag)) inside += ` ${flag}`;
  if (altq.scheduler === "hfsc" && altq.realtime.m2 !== 0) {
    inside += formatCurve("realtime", altq.realtime, written?.realtime ?? null);
  }
  if (altq.scheduler === "hfsc" || altq.scheduler === "fairq") {
    // A link share that only repeats the bandwidth is not worth a word.
    const share = altq.linkshare;
    if (share.m2 !== 0 && (share.m2 !== altq.bandwidth || share.d !== 0)) {
      inside += formatCurve("linkshare", share, written?.linkshare ?? null);
    }
  }
  if (altq.scheduler === "hfsc" && altq.upperlimit.m2 !== 0) {
    inside += formatCurve("upperlimit", altq.upperlimit, written?.upperlimit ?? null);
  }
  return inside === "" ? "" : `${altq.scheduler}(${inside} ) `;
}

// There is no space before `ecn`, alone among the options.
function formatCodel(altq: AltqRecord): string {
  let inside = "";
  if (altq.target !== 0) inside += ` target ${altq.target}`;
  if (altq.interval !== 0) inside += ` interval ${altq.interval}`;
  if (altq.flags.has("ecn")) inside += "ecn";
  return inside === "" ? "" : `codel(${inside} ) `;
}

function formatCurve(name: string, slopes: AltqSlopes, written: AltqCurve | null): string {
  const m2 = (written?.m2.percent ?? 0) > 0 ? `${written?.m2.percent}%` : formatRate(slopes.m2 % 0x100000000);
  if (slopes.d === 0) return ` ${name} ${m2}`;
  const m1 = (written?.m1.percent ?? 0) > 0 ? `${written?.m1.percent}%` : formatRate(slopes.m1 % 0x100000000);
  return ` ${name}(${m1} ${slopes.d} ${m2})`;
}

const UNITS = " KMG";

/** `rate2str`: `10Mb`, `1.50Mb`, `500 b`. */
export function formatRate(rate: number): string {
  let value = rate;
  let unit = 0;
  while (value >= 1000 && unit <= 3) {
    value /= 1000;
    unit++;
  }
  const hundredths = Math.trunc(value * 100) % 100;
  const text = hundredths !== 0 ? twoDigits(value) : `${Math.trunc(value)}`;
  // Terabits count past the last unit: the string ends there.
  return unit > 3 ? text : `${text}${UNITS[unit]}b`;
}

// C's `%.2f` rounds an exact half to even; only odd eighths are exact halves of a hundredth.
function twoDigits(value: number): string {
  const eighths = value * 8;
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return value.toFixed(2);
  const hundredths = Math.floor(value * 100);
  const even = hundredths % 2 === 0 ? hundredths : hundredths + 1;
  return `${Math.floor(even / 100)}.${`${even % 100}`.padStart(2, "0")}`;
}
