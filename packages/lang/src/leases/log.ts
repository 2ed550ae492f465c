import { type Diagnostic, diagnostic, type Severity, type Source, type Span } from "@pierhead/core";
import type { ClientNote, Evidence, Grant, LogClient } from "./evidence.ts";
import { dhclientReader } from "./log-dhclient.ts";
import { dhcp6cReader } from "./log-dhcp6c.ts";
import { dhcpcdReader } from "./log-dhcpcd.ts";
import { type LogLine, logLines } from "./log-line.ts";
import { networkdReader } from "./log-networkd.ts";
import { odhcp6cReader } from "./log-odhcp6c.ts";

const PROGRAM = /(?:^|\/)(dhcpcd|dhclient|dhcp6c|systemd-networkd|odhcp6c)\b/;

/** What a client's reader makes of its lines. */
export interface LogReader {
  /** Whether the line was understood; null when the program speaks of something else than DHCP. */
  read(line: LogLine, into: LogFacts): boolean | null;
  /** After the last line. */
  finish(into: LogFacts): void;
}

/** What was found so far. */
export interface LogFacts {
  readonly grants: Grant[];
  note(line: LogLine, note: Partial<ClientNote> & Pick<ClientNote, "event" | "family" | "client">): void;
  complain(line: LogLine, code: string, severity: Severity, message: string): void;
}

/**
 * Reads the lines that dhcpcd, dhclient, dhcp6c, systemd-networkd and odhcp6c write to syslog or to a terminal. Lines that are not understood
 * are counted, not guessed at; lines of other programs are passed over.
 *
 * @returns null when no line was understood
 */
export function readLog(source: Source, modified: number | null): Evidence | null {
  const said = new Map<string, { code: string; severity: Severity; message: string; place: Span; times: number }>();
  const notes: ClientNote[] = [];
  const unknownLines: number[] = [];
  const facts: LogFacts = {
    grants: [],
    note: (line, note) => {
      notes.push({
        time: line.time,
        interface: null,
        renewIn: null,
        rebindIn: null,
        expireIn: null,
        span: { start: line.start, end: line.end },
        ...note,
      });
    },
    // Clients say the same at every renewal: it is listed where it was said first, and counted.
    complain: (line, code, severity, message) => {
      const key = `${code} ${message}`;
      const times = (said.get(key)?.times ?? 0) + 1;
      const place = said.get(key)?.place ?? { start: line.start, end: line.end };
      said.set(key, { code, severity, message, place, times });
    },
  };
  const readers: Readonly<Record<LogClient, LogReader>> = {
    dhcpcd: dhcpcdReader(),
    dhclient: dhclientReader(),
    dhcp6c: dhcp6cReader(),
    "systemd-networkd": networkdReader(),
    odhcp6c: odhcp6cReader(),
  };
  let number = 0;
  let understood = 0;
  let counted = 0;
  let lineStart = 0;
  for (const line of logLines(source.text, modified)) {
    number += countLines(source.text, lineStart, line.start);
    lineStart = line.start;
    const name = line.program === null ? null : (PROGRAM.exec(line.program)?.[1] ?? "other");
    if (name === "other") continue;
    const tried = name === null ? Object.values(readers) : [readers[name as LogClient]];
    const results = tried.map((reader) => reader.read(line, facts));
    if (results.includes(true)) understood++;
    else if (name !== null && results.includes(null)) continue;
    else unknownLines.push(number + 1);
    counted++;
  }
  if (understood === 0) return null;
  for (const reader of Object.values(readers)) reader.finish(facts);
  return {
    kind: "log",
    source,
    messages: [],
    grants: facts.grants,
    notes,
    units: counted,
    unknownLines,
    diagnostics: [...said.values()].map(({ code, severity, message, place, times }): Diagnostic => {
      const again = times === 1 ? "" : ` The log says so ${times} times.`;
      return diagnostic(code, severity, `${message}${again}`, source, place);
    }),
  };
}

function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
