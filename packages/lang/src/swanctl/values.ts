/** Values of swanctl.conf(5), as charon reads them (vici_config.c); each gives null where charon refuses the text. */
import { type Address, parseAddress, type System } from "@pierhead/core";
import { protocolByName, serviceByName } from "../names/index.ts";

/** What a key takes. Arrays are the words that may stand there, whatever their case. */
export type ValueKind =
  | "text"
  | "boolean"
  | "number"
  | "time"
  | "bytes"
  | "binary"
  | "mark"
  | "set-mark"
  | "interface-id"
  | "padding"
  | "action"
  | "authentication"
  | "address"
  | "selector"
  | "ike-proposal"
  | "esp-proposal"
  | "ah-proposal"
  | readonly string[];

const TRUE: readonly string[] = ["yes", "true", "enabled", "1"];
const FALSE: readonly string[] = ["no", "false", "disabled", "0"];

export function parseBoolean(text: string): boolean | null {
  const word = text.toLowerCase();
  return TRUE.includes(word) ? true : FALSE.includes(word) ? false : null;
}

// strtoul(3) with base 0; no digits at all are 0.
const NUMBER = /^\s*(?:[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))?/;

/** The number at the start of a text, and what follows it. */
function leadingNumber(text: string): { readonly value: number; readonly rest: string } {
  const match = (NUMBER.exec(text) as RegExpExecArray)[0];
  const digits = match.trim().replace(/^[+-]/, "");
  if (digits === "") return { value: 0, rest: text };
  const octal = /^0[0-7]+$/.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  return { value: match.trim().startsWith("-") ? -value : value, rest: text.slice(match.length) };
}

export function parseNumber(text: string): number | null {
  const { value, rest } = leadingNumber(text);
  return rest === "" ? value : null;
}

/** Seconds: a number with s, m, h or d behind it, or nothing. */
export function parseTime(text: string): number | null {
  const { value, rest } = leadingNumber(text);
  const unit = rest.replace(/^ +/, "").toLowerCase();
  const factor =
    unit === "" || unit === "s" ? 1 : unit === "m" ? 60 : unit === "h" ? 3600 : unit === "d" ? 86_400 : null;
  return factor === null ? null : value * factor;
}

/** Octets: a number with k, m or g behind it, or nothing. */
export function parseBytes(text: string): number | null {
  const { value, rest } = leadingNumber(text);
  const unit = rest.replace(/^ +/, "").toLowerCase();
  const factor = unit === "" ? 1 : unit === "k" ? 1024 : unit === "m" ? 1024 ** 2 : unit === "g" ? 1024 ** 3 : null;
  return factor === null ? null : value * factor;
}

/** `value/mask`; `%unique`, `%unique-dir` or `%same` in the place of the value. */
export function isMark(text: string, special: "unique" | "same"): boolean {
  const rest = special === "unique" ? /^%unique(?:-dir)?/i.exec(text) : /^%same/i.exec(text);
  const behind = rest === null ? leadingNumber(text).rest : text.slice(rest[0].length);
  if (behind === "") return true;
  return behind.startsWith("/") && leadingNumber(behind.slice(1)).rest === "";
}

export function isInterfaceId(text: string): boolean {
  return /^%unique(?:-dir)?$/i.test(text) || leadingNumber(text).rest === "";
}

const ACTIONS: ReadonlyMap<string, readonly ("start" | "trap")[]> = new Map([
  ["start", ["start"]],
  ["restart", ["start"]],
  ["route", ["trap"]],
  ["trap", ["trap"]],
  ["none", []],
  ["clear", []],
]);

/** `trap|start` and the single words. */
export function parseAction(text: string): readonly ("start" | "trap")[] | null {
  const known = ACTIONS.get(text.toLowerCase());
  if (known !== undefined) return known;
  const found: ("start" | "trap")[] = [];
  for (const part of text.split("|")) {
    const word = part.trim().toLowerCase();
    if (word === "start" || word === "trap") found.push(word);
    else if (word !== "none" && word !== "") return null;
  }
  return found;
}

export type AuthenticationMethod = "pubkey" | "psk" | "xauth" | "eap";

export interface AuthenticationChoice {
  readonly method: AuthenticationMethod;
  /** The EAP method or the XAuth backend, in lower case; empty where any will do. */
  readonly detail: string;
}

export function parseAuthentication(text: string): AuthenticationChoice | null {
  if (/^(ike:|pubkey|rsa|ecdsa)/.test(text)) return { method: "pubkey", detail: text };
  const lower = text.toLowerCase();
  if (lower === "psk") return { method: "psk", detail: "" };
  const dash = lower.indexOf("-");
  if (lower.startsWith("xauth")) return { method: "xauth", detail: dash === -1 ? "" : lower.slice(dash + 1) };
  if (!lower.startsWith("eap")) return null;
  const methods = (lower.split(":", 1)[0] as string).split("-").filter((part) => part !== "" && part !== "eap");
  return { method: "eap", detail: methods[0] ?? "" };
}

/** EAP methods that charon knows by name; a number means one of another vendor. */
export const EAP_METHODS: readonly string[] =
  "identity md5 otp gtc tls ttls sim aka peap mschapv2 tnc pt dynamic radius".split(" ");

/** An address; `name` where it has to be looked up, `any` for all of a family. */
export type HostValue =
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "any"; readonly family: 4 | 6 | null }
  | { readonly kind: "name"; readonly name: string };

/** host_create_from_string(): an address, one of the words for all addresses, or else a name for the resolver. */
export function parseHost(text: string): HostValue | null {
  if (text === "%any" || text === "%any4" || text === "0.0.0.0") return { kind: "any", family: 4 };
  if (text === "%any6" || text === "::") return { kind: "any", family: 6 };
  const address = parseAddress(text);
  if (address !== null) return { kind: "address", address };
  // What looks like an address and is none, nobody has in the DNS.
  if (!/^[A-Za-z0-9_.-]+$/.test(text) || /^[0-9.]+$/.test(text)) return null;
  return { kind: "name", name: text };
}

/** Which packets a CHILD_SA takes. */
export interface TrafficSelector {
  /** Null: the address that the peer has or is given. */
  readonly network: { readonly first: Address; readonly last: Address } | { readonly name: string } | null;
  /** 0: any. */
  readonly protocol: number;
  readonly firstPort: number;
  readonly lastPort: number;
  /** The prefix is longer than the address; charon takes the whole address for it. */
  readonly longPrefix: boolean;
}

/** `network[protocol/port]`, as `10.0.0.0/8[tcp/80]` or `dynamic[udp/1701]`. */
export function parseSelector(text: string, system: System): TrafficSelector | null {
  const open = text.indexOf("[");
  const base = open === -1 ? text : text.slice(0, open);
  let protocol = 0;
  let ports: readonly [number, number] = [0, 65_535];
  if (open !== -1) {
    const close = text.lastIndexOf("]");
    if (close < open) return null;
    const inside = text.slice(open + 1, close);
    const slash = inside.indexOf("/");
    const found = parseProtocol(slash === -1 ? inside : inside.slice(0, slash), system);
    const range = slash === -1 ? ports : parsePorts(inside.slice(slash + 1), system);
    if (found === null || range === null) return null;
    protocol = found;
    ports = range;
  }
  const network = parseNetwork(base);
  if (network === null) return null;
  return { ...network, protocol, firstPort: ports[0], lastPort: ports[1] };
}

function parseProtocol(text: string, system: System): number | null {
  if (text === "any") return 0;
  const known = protocolByName(system, text);
  if (known !== null) return known;
  const number = parseNumber(text);
  return number !== null && number >= 0 && number <= 255 ? number : null;
}

function parsePorts(text: string, system: System): readonly [number, number] | null {
  if (text === "opaque") return [65_535, 0];
  if (text === "" || text === "any") return [0, 65_535];
  const service = serviceByName(system, text, "tcp") ?? serviceByName(system, text, "udp");
  if (service !== null) return [service, service];
  const dash = text.indexOf("-", 1);
  const first = parseNumber(dash === -1 ? text : text.slice(0, dash));
  const last = dash === -1 ? first : parseNumber(text.slice(dash + 1));
  if (first === null || last === null || first < 0 || last < 0 || first > 65_535 || last > 65_535) return null;
  return [first, last];
}

function parseNetwork(text: string): Pick<TrafficSelector, "network" | "longPrefix"> | null {
  if (text === "dynamic") return { network: null, longPrefix: false };
  // A dash makes it a range, and nothing else any more.
  if (text.includes("-")) {
    const range = parseRange(text);
    return range === null ? null : { network: range, longPrefix: false };
  }
  const slash = text.indexOf("/");
  const host = parseHost(slash === -1 ? text : text.slice(0, slash));
  if (host === null) return null;
  if (host.kind === "name") return { network: { name: host.name }, longPrefix: false };
  const address = host.kind === "address" ? host.address : parseAddress(host.family === 6 ? "::" : "0.0.0.0");
  if (address === null) return null;
  const written = slash === -1 ? address.bits : Number.parseInt(text.slice(slash + 1), 10);
  const length = Number.isNaN(written) || written < 0 ? 0 : Math.min(written, address.bits);
  return {
    network: { first: address.masked(length), last: address.filled(length) },
    longPrefix: Number.isNaN(written) || written !== length,
  };
}

/** `first-last` of one family. */
export function parseRange(text: string): { readonly first: Address; readonly last: Address } | null {
  const dash = text.indexOf("-");
  if (dash === -1) return null;
  const first = parseAddress(text.slice(0, dash).trimEnd());
  const last = parseAddress(text.slice(dash + 1).trimStart());
  return first === null || last === null || first.family !== last.family ? null : { first, last };
}

/** The items of a list: split at commas, blanks around them dropped, empty ones left out. */
export function listItems(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.replace(/^ +| +$/g, ""))
    .filter((item) => item !== "");
}
