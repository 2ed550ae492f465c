import { diagnostic, Source } from "@pierhead/core";
import { readCaptureEvidence } from "./capture.ts";
import { readDhclientLeases } from "./dhclient.ts";
import { readDhcpcdLease } from "./dhcpcd.ts";
import type { Evidence } from "./evidence.ts";
import { readNetworkdLease, readOpenBsdLease } from "./key-value.ts";
import { readLog } from "./log.ts";

/** Longer files are read to here; captures are not cut. */
const MOST_TEXT = 32 * 1024 * 1024;

export interface ReadEvidenceOptions {
  /** Modification time of the file, seconds since 1970: when dhcpcd and networkd got their leases, and a log's year. */
  readonly modified?: number;
}

/** Recognises a file by its content and reads it: a capture, a client's lease file, or a client's log. */
export function readEvidence(name: string, bytes: Uint8Array, options: ReadEvidenceOptions = {}): Evidence {
  const modified = options.modified ?? null;
  const capture = readCaptureEvidence(name, bytes) ?? readDhcpcdLease(name, bytes, modified);
  if (capture !== null) return capture;
  const text = bytes.subarray(0, MOST_TEXT).includes(0) ? null : asText(bytes.subarray(0, MOST_TEXT));
  const source = new Source(name, text ?? "");
  const read =
    text === null
      ? null
      : (readDhclientLeases(source) ??
        readNetworkdLease(source, modified) ??
        readOpenBsdLease(source) ??
        readLog(source, modified));
  if (read !== null) {
    if (bytes.length <= MOST_TEXT) return read;
    const cut = diagnostic(
      "lease/too-large",
      "warning",
      `The file has ${bytes.length} octets; only the first ${MOST_TEXT} were read.`,
      source,
      { start: 0, end: 0 },
    );
    return { ...read, diagnostics: [...read.diagnostics, cut] };
  }
  const message =
    bytes.length === 0
      ? "The file is empty."
      : "This is no capture (pcap, pcapng), no lease file of a DHCP client we know, and no log of one.";
  return {
    kind: "log",
    source,
    messages: [],
    grants: [],
    notes: [],
    units: 0,
    unknownLines: [],
    diagnostics: [
      diagnostic(
        "lease/not-recognised",
        "error",
        `${message} Give a file that \`tcpdump -w\` wrote, a lease file, or a client's lines of the system log.`,
        source,
        { start: 0, end: 0 },
      ),
    ],
  };
}

/** One character for each octet: names and messages of these files are ASCII, and no octet is lost. */
function asText(bytes: Uint8Array): string {
  let text = "";
  // In pieces that fit an argument list.
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return text;
}
