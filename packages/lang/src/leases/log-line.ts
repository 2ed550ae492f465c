/** A line of a log taken apart. */
export interface LogLine {
  /** Seconds since 1970; null when the line has no time. */
  readonly time: number | null;
  /** Name of the program in a syslog line; null when the line has none. */
  readonly program: string | null;
  readonly text: string;
  /** Offsets of the whole line in the source. */
  readonly start: number;
  readonly end: number;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Longer lines are no log lines; only their beginning is looked at. */
const LONGEST_LINE = 4_096;

const n = (text: string | undefined): number => Number(text ?? 0);

function at(year: number, month: number, rest: readonly (string | undefined)[]): number | null {
  if (month < 0) return null;
  const [day, hour, minute, second] = rest;
  return Date.UTC(year, month, n(day), n(hour), n(minute), n(second)) / 1000;
}

/** How a line can begin, and the time it tells. */
const STAMPS: readonly {
  readonly pattern: RegExp;
  readonly time: (match: RegExpExecArray, modified: number | null) => number | null;
  /** The program that writes its times like this, where only one does. */
  readonly program?: string;
}[] = [
  {
    // syslog: `Nov 24 12:00:01 `
    pattern: /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? /,
    time: (match, modified) => withoutYear(MONTHS.indexOf(match[1] as string), match.slice(2, 6), modified),
  },
  {
    // RFC 3339, with or without a zone
    pattern: /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)? /,
    time: (match) => {
      const whole = at(n(match[1]), n(match[2]) - 1, match.slice(3, 7)) ?? 0;
      return whole + Number(`0.${match[7] ?? 0}`) - zoneSeconds(match[8]);
    },
  },
  {
    // dhcp6c -f: `Nov/24/2026 12:00:01: `
    pattern: /^([A-Z][a-z]{2})\/(\d\d)\/(\d{4}) (\d\d):(\d\d):(\d\d): /,
    time: (match) => at(n(match[3]), MONTHS.indexOf(match[1] as string), [match[2], ...match.slice(4, 7)]),
    program: "dhcp6c",
  },
  {
    // OpenWrt's logread: `Tue Nov 24 12:00:01 2026 daemon.notice `
    pattern: /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) [a-z0-9]+\.[a-z]+ /,
    time: (match) => at(n(match[6]), MONTHS.indexOf(match[1] as string), match.slice(2, 6)),
  },
  {
    // journalctl -o short-unix: `1732449600.123 `
    pattern: /^(\d{9,11})(?:\.(\d{1,9}))? /,
    time: (match) => n(match[1]) + Number(`0.${match[2] ?? 0}`),
  },
];

/**
 * Takes the lines of a log apart. A time without a zone is taken as it is written (as if it were UTC); one without a
 * year is of the year that puts it at or before `modified`.
 */
export function* logLines(text: string, modified: number | null): Generator<LogLine> {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    const line = text.slice(start, Math.min(end, start + LONGEST_LINE)).replace(/\r$/, "");
    if (line.trim() !== "") yield takeApart(line, start, end, modified);
    start = end + 1;
  }
}

function takeApart(line: string, start: number, end: number, modified: number | null): LogLine {
  let time: number | null = null;
  let rest = line;
  for (const stamp of STAMPS) {
    const match = stamp.pattern.exec(line);
    if (match === null) continue;
    time = stamp.time(match, modified);
    rest = line.slice(match[0].length);
    if (stamp.program !== undefined) return { time, program: stamp.program, text: rest, start, end };
    break;
  }
  // `host program[123]: text`, `program[123]: text`, `[123]: text` (dhcpcd's own log file).
  const tag = /^(?:(?!\S*:)\S{1,255} )?([A-Za-z][\w./-]{0,63}|)\[\d{1,10}\]: {0,2}/.exec(rest);
  if (tag !== null) return { time, program: tag[1] || null, text: rest.slice(tag[0].length), start, end };
  const bare = /^(?:(?!\S*:)\S{1,255} )?(dhcpcd|dhclient|dhcp6c|systemd-networkd|odhcp6c): /.exec(rest);
  if (bare !== null) return { time, program: bare[1] as string, text: rest.slice(bare[0].length), start, end };
  return { time, program: null, text: rest, start, end };
}

function withoutYear(month: number, rest: readonly string[], modified: number | null): number | null {
  if (modified === null || !(Math.abs(modified) < 8e12)) return null;
  const year = new Date(modified * 1000).getUTCFullYear();
  const time = at(year, month, rest);
  // A day for the zone in which the line was written.
  return time === null || time <= modified + 86_400 ? time : at(year - 1, month, rest);
}

function zoneSeconds(zone: string | undefined): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? "");
  if (match === null) return 0;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60);
}
