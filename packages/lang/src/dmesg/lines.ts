import type { Source, Span } from "@pierhead/core";

/** One line of a log, ready for a grammar: prefixes, control characters and common indentation are gone. */
export interface LogLine {
  /** Line number in the source, from 1. */
  readonly number: number;
  readonly text: string;
  /** The line as it is in the source, without its line end. */
  readonly span: Span;
  /** It starts with blanks: a continuation of the line before. */
  readonly indented: boolean;
}

/** Longest part of a line that is looked at. The longest line a kernel prints (CPU features) is below 1,000. */
export const MAXIMUM_LINE = 2_000;
/** Longest text that is looked at: the end of it, where the last boot is. */
export const MAXIMUM_TEXT: number = 32 * 1024 * 1024;

/**
 * Calls `visit` for every line from `start` on that is not blank.
 *
 * @param indentation characters to take off the front of every line (a log pasted into another text)
 */
export function eachLine(
  source: Source,
  start: number,
  firstNumber: number,
  indentation: string,
  visit: (line: LogLine) => void,
): void {
  const text = source.text;
  let number = firstNumber;
  let at = start;
  while (at < text.length) {
    let end = text.indexOf("\n", at);
    const next = end === -1 ? text.length : end + 1;
    if (end === -1) end = text.length;
    if (end > at && text.charCodeAt(end - 1) === 13) end--;
    let cleaned = clean(text, at, end);
    if (indentation !== "" && cleaned.startsWith(indentation)) cleaned = cleaned.slice(indentation.length);
    cleaned = stripPrefixes(cleaned);
    const body = cleaned.trim();
    if (body !== "") {
      const first = cleaned.charCodeAt(0);
      visit({ number, text: body, span: { start: at, end }, indented: first === 32 || first === 9 });
    }
    at = next;
    number++;
  }
}

const ESCAPE = 27;
const BYTE_ORDER_MARK = 0xfeff;

/** Takes out terminal escapes and control characters, lets backspaces delete, and cuts at MAXIMUM_LINE. */
function clean(text: string, start: number, end: number): string {
  const stop = Math.min(end, start + MAXIMUM_LINE);
  let plain = true;
  for (let i = start; i < stop; i++) {
    const code = text.charCodeAt(i);
    if ((code < 32 && code !== 9) || (code >= 127 && code < 160) || code === BYTE_ORDER_MARK) {
      plain = false;
      break;
    }
  }
  if (plain) return text.slice(start, stop);
  const kept: string[] = [];
  for (let i = start; i < stop; i++) {
    const code = text.charCodeAt(i);
    if (code === 8 || code === 127) kept.pop();
    else if (code === ESCAPE) i = endOfEscape(text, i, stop);
    else if (code === 9 || (code >= 32 && !(code >= 128 && code < 160) && code !== BYTE_ORDER_MARK))
      kept.push(text.charAt(i));
  }
  return kept.join("");
}

/** Last character of an ECMA-48 sequence that starts at `at`: `ESC [ parameters final`. */
function endOfEscape(text: string, at: number, stop: number): number {
  if (text.charCodeAt(at + 1) !== 91) return Math.min(at + 1, stop);
  let i = at + 2;
  while (i < stop) {
    const code = text.charCodeAt(i);
    if (code >= 64 && code <= 126) return i;
    i++;
  }
  return stop;
}

// What loggers put before a kernel's own words, by first character. Every pattern is anchored and bounded.
const QUOTED = /^(?:> ?){1,8}/;
/** dmesg -r, syslog(3). */
const PRIORITY = /^<\d{1,3}>/;
/** printk and NetBSD kernel times, msgbuf times: `[    0.000000]`, `[   1.0000000]`, `[12]`, `[2025-11-24 08:16:05]`. */
const TIME = /^\[[ \d.:/-]{1,30}\] ?/;
/** printk's caller: `[    T0]`. */
const CALLER = /^\[ {0,8}[TC]\d{1,7}\] ?/;
/** dmesg -T. */
const DATE = /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}\] ?/;
/** dmesg -x. */
const FACILITY = /^(?:kern|user|daemon|syslog) {0,4}:(?:emerg|alert|crit|err|warn|notice|info|debug) {0,4}: ?/;
/** syslogd: `Nov 24 08:16:05 host /bsd: `; Junos and FreeBSD: `/kernel: ` or `kernel: `. */
const SYSLOG =
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? {1,2}(?:[^\s:]{1,255} {1,2})?\/?(?:kernel|bsd|netbsd)(?:\[\d{1,9}\])?: ?/;
/** `2025-11-24T08:16:05.123456+00:00 host kernel: `. */
const ISO_SYSLOG = /^\d{4}-\d\d-\d\d[T ][\d:.+Z-]{8,32} (?:[^\s:]{1,255} )?\/?(?:kernel|bsd|netbsd)(?:\[\d{1,9}\])?: ?/;
/** A console logger's time before the kernel's own: `2023-01-13T04:30:56 [    2.711498] `. */
const ISO_TIME = /^\d{4}-\d\d-\d\d[T ][\d:.+Z-]{8,32} (?=\[)/;
/** OpenWrt's logread: `Tue Jun 23 22:31:24 2020 kern.info kernel: `. */
const LOGREAD = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4} [a-z]{3,8}\.[a-z]{3,8} kernel: /;
/** journalctl -o short-monotonic: `host kernel: `. */
const JOURNAL = /^(?:[\w.-]{1,255} )?kernel: /;

/** Takes the prefixes off; a line may carry several (syslog's and the kernel's own). */
export function stripPrefixes(text: string): string {
  let rest = text;
  for (let round = 0; round < 8; round++) {
    const length = prefixLength(rest);
    if (length === 0) break;
    rest = rest.slice(length);
  }
  return rest;
}

function prefixLength(text: string): number {
  const first = text.charCodeAt(0);
  let match: RegExpExecArray | null = null;
  if (first === 91) match = TIME.exec(text) ?? CALLER.exec(text) ?? DATE.exec(text);
  else if (first === 60) match = PRIORITY.exec(text);
  else if (first === 62) match = QUOTED.exec(text);
  else if (first >= 65 && first <= 90)
    match = text.charCodeAt(3) === 32 ? (SYSLOG.exec(text) ?? LOGREAD.exec(text)) : null;
  else if (first >= 48 && first <= 57)
    match = text.charCodeAt(4) === 45 ? (ISO_SYSLOG.exec(text) ?? ISO_TIME.exec(text)) : null;
  else if (first >= 100 && first <= 117) match = FACILITY.exec(text);
  if (match === null && text.includes("kernel: ")) match = JOURNAL.exec(text);
  return match === null ? 0 : match[0].length;
}
