import type { Source } from "@pierhead/core";
import type { LogFamily } from "./facts.ts";
import { eachLine, type LogLine } from "./lines.ts";

/** The part of a log that an inventory is made of: its last boot. */
export interface Boot {
  /** Offset of its first line. */
  readonly start: number;
  /** Line number of its first line, from 1. */
  readonly number: number;
  /** Null when nothing looks like a boot log. */
  readonly grammar: LogFamily | null;
  /** Boots in the whole log; 0 when the beginning of the only one is missing. */
  readonly count: number;
  /** Blanks that stand before every line. */
  readonly indentation: string;
}

/** Lines that systems print just before the line with their version. */
const PREAMBLE: RegExp = new RegExp(
  [
    "^---<<BOOT>>---",
    "^Copyright \\(c\\) (?:19|20)\\d\\d",
    "^The Regents of the University of California",
    "^\\(c\\) \\d{4} The NetBSD Foundation",
    "^FreeBSD is a registered trademark",
    "^\\[ using \\d+ bytes of bsd ELF symbol table \\]",
    "^Booting Linux on physical CPU",
    "^NetBSD\\/\\S{1,20} \\(.{1,40}\\) booting",
    "^platform_early_bootinit: ",
    "^\\w{2,16}_set_re_type: ",
    "^[GK]DB: ",
  ].join("|"),
);

/** How far from its preamble a version line may be, in lines that are not blank. */
const NEAR = 14;

const BUILDER = /^[^\s@]{1,80}@[^\s:]{1,255}:\//;
const FIRMWARE = /^(?:[A-Z]{2,5}-)?U-Boot (?:SPL )?v?\d{1,4}\.\d/;

/** What a line that begins a kernel's messages says about who is talking; null for any other line. */
function kernelFamily(text: string): LogFamily | null {
  switch (text.charCodeAt(0)) {
    case 79: // O
      return /^OpenBSD \d{1,2}\.\d\S{0,20} \([^)]{1,80}\)/.test(text) ? "openbsd" : null;
    case 78: // N
      return /^NetBSD \d{1,2}\.\d\S{0,20} \([^)]{1,80}\)/.test(text) ? "netbsd" : null;
    case 70: // F
      if (/^FreeBSD JNPR-\d/.test(text)) return "junos";
      return /^FreeBSD \d{1,2}\.\d{1,2}\S{0,20}-[A-Z]/.test(text) ? "freebsd" : null;
    case 74: // J
      return /^JUNOS \d\S{1,40}(?: #\d|$)/.test(text) ? "junos" : null;
    case 76: // L
      return /^Linux version \d{1,2}\.\d\S{0,80} \(/.test(text) ? "linux" : null;
    default:
      return null;
  }
}

interface Mark {
  readonly start: number;
  readonly number: number;
  readonly indentation: string;
  grammar: LogFamily;
  kernel: boolean;
}

/**
 * Finds the last boot. A version line counts when the system's copyright stands before it or the builder's address
 * after it: the same words appear in motd(5) and in `uname -v`, where nothing boots.
 */
export function findLastBoot(source: Source, from: number, fromNumber: number): Boot {
  let count = 0;
  let last: Mark | null = null;
  let loose: Mark | null = null;
  let waiting: Mark | null = null;
  let preamble: LogLine | null = null;
  let preambleAge = NEAR + 1;
  let firstStage = false;

  const accept = (mark: Mark): void => {
    if (last !== null && !last.kernel) {
      // The boot loader's words and the kernel's are one boot.
      last.kernel = true;
      last.grammar = mark.grammar;
      return;
    }
    count++;
    last = mark;
  };

  eachLine(source, from, fromNumber, "", (line) => {
    if (waiting !== null) {
      if (BUILDER.test(line.text)) accept(waiting);
      waiting = null;
    }
    preambleAge++;
    if (PREAMBLE.test(line.text)) {
      if (preambleAge > NEAR) preamble = line;
      preambleAge = 0;
      return;
    }
    if (FIRMWARE.test(line.text)) {
      const second = firstStage && last !== null && !last.kernel;
      firstStage = line.text.includes("U-Boot SPL");
      if (second) return;
      count++;
      last = { ...place(source, line), grammar: "u-boot", kernel: false };
      return;
    }
    const family = kernelFamily(line.text);
    if (family === null) return;
    const near = preambleAge <= NEAR && preamble !== null;
    const first = near ? (preamble as LogLine) : line;
    const mark: Mark = { ...place(source, first), grammar: family, kernel: true };
    preambleAge = NEAR + 1;
    if (near || family === "linux") accept(mark);
    else {
      waiting = mark;
      loose ??= mark;
    }
  });
  const found = (last ?? loose) as Mark | null;
  if (found !== null) {
    return {
      start: found.start,
      number: found.number,
      grammar: found.grammar,
      count: Math.max(count, 1),
      indentation: found.indentation,
    };
  }
  return { start: from, number: fromNumber, grammar: grammarByShape(source, from), count: 0, indentation: "" };
}

function place(source: Source, line: LogLine): { start: number; number: number; indentation: string } {
  const raw = source.text.slice(line.span.start, Math.min(line.span.end, line.span.start + 64));
  return { start: line.span.start, number: line.number, indentation: /^[ \t]*/.exec(raw)?.[0] ?? "" };
}

/** Lines to look at before giving up on a log without a beginning. */
const SHAPE_LINES = 5_000;

/**
 * Which grammar a log without a version line is written in: the message buffer is a ring, and the beginning may be
 * overwritten. Counts lines of forms that only one system prints; a tie or fewer than two such lines decide nothing.
 */
function grammarByShape(source: Source, from: number): LogFamily | null {
  const hits = { openbsd: 0, netbsd: 0, freebsd: 0, linux: 0, "u-boot": 0 };
  let lines = 0;
  eachLine(source, from, 1, "", ({ text, span }) => {
    if (lines++ > SHAPE_LINES) return;
    if (/^[a-z]{2,12}\d{1,3} at [a-z]{2,12}\d{1,3}\b/.test(text)) {
      if (/" rev 0x[0-9a-f]{2}|: apic \d|: \d{1,4} targets/.test(text)) hits.openbsd++;
      else if (text.includes("(rev. 0x") || text.includes("(rev 0x")) hits.netbsd++;
    } else if (/^[a-z_0-9]{1,24}\d: <[^>]{1,200}>.{0,600} on [a-z_]{1,24}\d/.test(text)) hits.freebsd++;
    else if (/^(?:DRAM|Flash|NAND|Net): /.test(text)) hits["u-boot"]++;
    else if (/^\[ {0,8}\d{1,8}\.\d{6}\]/.test(source.text.slice(span.start, span.start + 24))) hits.linux++;
  });
  let best: LogFamily | null = null;
  let bestHits = 1;
  for (const [family, count] of Object.entries(hits) as [LogFamily, number][]) {
    if (count > bestHits) {
      best = family;
      bestHits = count;
    } else if (count === bestHits) best = null;
  }
  return best;
}
