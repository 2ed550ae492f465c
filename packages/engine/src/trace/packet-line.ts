/** `trace --packet`: one packet in one line. */
import { Source, type Span, type System } from "@pierhead/core";
import { icmpTypeByName } from "@pierhead/lang/names";
import { isMap, parseDocument, Scalar } from "yaml";
import {
  PACKET_KEYS,
  type PacketSpec,
  packetSpecOf,
  parseFlags,
  protocolOf,
  readPacketSpec,
} from "../scenario/packet-spec.ts";
import { type Entry, Reader, type YamlNode } from "../scenario/reader.ts";

/** What is wrong with a packet line, and the right form. */
export interface PacketLineError {
  /** One sentence. */
  readonly message: string;
  /** Lines that show how it is written. */
  readonly form: readonly string[];
}

export type PacketLine =
  | { readonly spec: PacketSpec; readonly error: null }
  | { readonly spec: null; readonly error: PacketLineError };

/** Shown with every error. */
export const PACKET_FORM: readonly string[] = [
  "in INTERFACE PROTOCOL FROM[:PORT] > TO[:PORT] [FLAGS] [KEY=VALUE …]",
  "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S",
  "in vr1 icmp 192.168.1.10 > 93.184.216.34 echoreq ttl=1",
  "in em0 udp [2001:db8::10]:4000 > [2001:db8:1::53]:domain",
  "out tcp 198.51.100.199:40000 > 93.184.216.34:80 S      (sent by the machine itself)",
  "{ in: vr1, proto: tcp, from: 192.168.1.10:40000, to: 93.184.216.34:443, flags: S }",
];

interface Word {
  readonly text: string;
  readonly span: Span;
}

/** Reads `in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S`, `key=value` words, or the mapping of a scenario step. */
export function parsePacketLine(text: string, system: System): PacketLine {
  const source = new Source("--packet", text);
  const reader = new Reader(source);
  const spec = text.trim().startsWith("{") ? fromYaml(reader, system) : fromWords(reader, system);
  if (typeof spec === "string") return failed(spec);
  const wrong = reader.diagnostics[0];
  if (spec === null || wrong !== undefined) return failed(wrong?.message ?? "This is not a packet.");
  if (spec.in !== null && spec.out !== null) return failed("A packet comes `in` or goes `out`, not both.");
  if (spec.to === null) return failed("The packet has no destination.");
  return { spec, error: null };
}

function failed(message: string): PacketLine {
  return { spec: null, error: { message, form: PACKET_FORM } };
}

function fromYaml(reader: Reader, system: System): PacketSpec | string | null {
  const document = parseDocument(reader.source.text, { prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) return `The mapping cannot be read: ${error.message.split("\n")[0]}`;
  if (!isMap(document.contents)) return "This is not a mapping of keys to values.";
  const whole = { start: 0, end: reader.source.text.length };
  return readPacketSpec(reader, system, document.contents as YamlNode, whole, "a packet");
}

function fromWords(reader: Reader, system: System): PacketSpec | string | null {
  const words = split(reader.source.text);
  if (words.length === 0) return "There is no packet.";
  const fields = new Map<string, Entry>();
  const arrow = words.findIndex((word) => word.text === ">" || word.text === "->" || word.text === "to");
  const plain: Word[] = [];
  for (const [index, word] of words.entries()) {
    if (index === arrow) continue;
    const equals = word.text.indexOf("=");
    if (equals > 0) {
      const key = word.text.slice(0, equals);
      if (!PACKET_KEYS.includes(key))
        return `\`${key}\` is nothing that a packet has; there are ${PACKET_KEYS.join(", ")}.`;
      set(fields, key, word.text.slice(equals + 1), word.span);
    } else plain.push(word);
  }
  const problem = place(fields, plain, arrow === -1 ? null : (words[arrow] as Word), system);
  if (problem !== null) return problem;
  if (!fields.has("in") && !fields.has("out")) {
    return "Say where the packet comes from: `in INTERFACE`, or `out` when the machine itself sends it.";
  }
  return packetSpecOf(reader, system, fields, { start: 0, end: reader.source.text.length });
}

/** Puts words without a key where they belong. @returns what is wrong, or null */
function place(fields: Map<string, Entry>, words: readonly Word[], arrow: Word | null, system: System): string | null {
  let i = 0;
  const direction = words[i]?.text;
  if (direction === "in" || direction === "out") {
    i++;
    const name = words[i];
    // `out` may stand alone: the routing table chooses the interface.
    if (name !== undefined && protocolOf(system, name.text) === null && !looksLikeAddress(name.text)) {
      set(fields, direction, name.text, name.span);
      i++;
    } else if (direction === "in") return "`in` needs the interface the packet arrives on.";
    else set(fields, "out", "", words[i - 1]?.span ?? { start: 0, end: 0 });
  }
  const protocol = words[i];
  if (protocol !== undefined && !fields.has("proto") && protocolOf(system, protocol.text) !== null) {
    if (!looksLikeAddress(protocol.text)) {
      set(fields, "proto", protocol.text, protocol.span);
      i++;
    }
  }
  const from = words[i];
  if (arrow !== null) {
    const to = words[i + 1];
    if (from === undefined || from.span.start > arrow.span.start) return "There is no source address before `>`.";
    if (to === undefined || to.span.start < arrow.span.start) {
      return to === undefined ? "There is no destination after `>`." : `\`${to.text}\` is not expected before \`>\`.`;
    }
    set(fields, "from", from.text, from.span);
    set(fields, "to", to.text, to.span);
    i += 2;
  } else if (from !== undefined && !fields.has("to")) {
    return `\`${from.text}\` is not understood: source and destination are written FROM > TO.`;
  }
  for (const word of words.slice(i)) {
    const key = keyOf(fields, word.text, system);
    if (key === null) return `\`${word.text}\` is not understood here.`;
    set(fields, key, key === "df" ? "true" : word.text, word.span);
  }
  return null;
}

/** What a word after the addresses is: TCP flags, an ICMP type, `df`. */
function keyOf(fields: ReadonlyMap<string, Entry>, text: string, system: System): string | null {
  if (text === "df") return "df";
  const protocol = String((fields.get("proto")?.value as { value?: unknown } | undefined)?.value ?? "");
  if (protocol.startsWith("icmp") || protocol === "ipv6-icmp") {
    if (fields.has("type")) return fields.has("code") ? null : "code";
    return "type";
  }
  if (!fields.has("flags") && parseFlags(text) !== null) return "flags";
  const icmp = icmpTypeByName(system, 4, text) ?? icmpTypeByName(system, 6, text);
  return icmp === null ? null : "type";
}

function looksLikeAddress(text: string): boolean {
  return /^[0-9a-fA-F.:[\]$]+$/.test(text) && /[.:]/.test(text);
}

function set(fields: Map<string, Entry>, key: string, text: string, span: Span): void {
  const value = key === "df" ? new Scalar(text !== "false") : new Scalar(text);
  value.range = [span.start, span.end, span.end];
  fields.set(key, { key, keySpan: span, value: value as YamlNode, span });
}

function split(text: string): Word[] {
  const words: Word[] = [];
  const pattern = /->|>|[^\s>]+/g;
  for (const match of text.matchAll(pattern)) {
    words.push({ text: match[0], span: { start: match.index, end: match.index + match[0].length } });
  }
  return words;
}
