/** Reads the keys of one section by its table, and says what charon refuses. */
import { type Severity, Source, type System } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { nearest } from "../text/index.ts";
import type { Placed } from "./configuration.ts";
import type { Option } from "./options.ts";
import { type Protocol, parseProposal } from "./proposals.ts";
import type { SectionView, Setting } from "./settings.ts";
import {
  isInterfaceId,
  isMark,
  listItems,
  parseAction,
  parseAuthentication,
  parseBoolean,
  parseBytes,
  parseHost,
  parseNumber,
  parseSelector,
  parseTime,
  type ValueKind,
} from "./values.ts";

export type Say = (code: string, severity: Severity, message: string, origin: Origin) => void;

/** Why charon discards what it was given: the first reason counts. */
export class Problem {
  text: string | null = null;

  set(text: string): void {
    this.text ??= text;
  }
}

/** What charon answers to names that are not printable ASCII. */
export const UNREADABLE = "parsing request failed";

export function isPrintable(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** What is told about a value that does not fit. */
const EXPECTED: Readonly<Record<Exclude<ValueKind, readonly string[]>, string>> = {
  text: "printable ASCII characters",
  boolean: "yes or no",
  number: "a number",
  time: "a time as 3600, 60m, 4h or 1d",
  bytes: "a size as 500m or 1g",
  binary: "six binary digits",
  mark: "a mark as 42/0xffffffff or %unique",
  "set-mark": "a mark as 42/0xffffffff or %same",
  "interface-id": "a number or %unique",
  padding: "a number of octets or mtu",
  action: "none, trap, start or trap|start",
  authentication: "pubkey, psk, eap, eap-METHOD or xauth",
  address: "an address, as 0.0.0.0 or ::",
  selector: "a network as 10.0.0.0/8[tcp/80], or dynamic",
  "ike-proposal": "a proposal as aes256-sha256-modp2048",
  "esp-proposal": "a proposal as aes256-sha256",
  "ah-proposal": "a proposal as sha256",
};

/** Rooms that charon copies values into, less the NUL; what is longer it cuts off. */
const ROOM: Partial<Record<Exclude<ValueKind, readonly string[]>, number>> = {
  number: 15,
  time: 15,
  binary: 15,
  padding: 15,
  bytes: 31,
  mark: 31,
  "set-mark": 31,
  "interface-id": 31,
  authentication: 63,
  address: 63,
  selector: 511,
};

/** Checks every key of a section against its table. */
export function checkKeys(
  view: SectionView,
  table: ReadonlyMap<string, Option>,
  where: { readonly what: string; readonly discarded: string; readonly system: System },
  problem: Problem,
  say: Say,
): void {
  for (const setting of view.settings()) {
    const { key, keyOrigin } = setting;
    const option = table.get(key);
    if (option === undefined) {
      const meant = nearest(key, table.keys());
      const hint = meant === null ? "" : ` Did you mean ${meant}?`;
      const text = `${where.what} have no key "${shorten(key)}", and charon discards the ${where.discarded}.${hint}`;
      say("swanctl/unknown-option", "error", text, keyOrigin);
      problem.set(isPrintable(key) ? `unknown option: ${key}, ${where.discarded} discarded` : UNREADABLE);
      continue;
    }
    checkValue(setting, option, where, problem, say);
  }
}

function checkValue(
  setting: Setting,
  option: Option,
  where: { readonly discarded: string; readonly system: System },
  problem: Problem,
  say: Say,
): void {
  const value = setting.value as string;
  const { key, valueOrigin } = setting;
  if (setting.swallowed !== null) {
    const text = `Everything up to the end of the line is the value of ${key}; begin a new line before the next key, or quote the value.`;
    say("swanctl/value-swallows", "warning", text, setting.swallowed);
  }
  for (const { value: item, origin } of option.list ? placedItems(setting) : [{ value, origin: valueOrigin }]) {
    if (fits(item, option.value, where.system)) continue;
    problem.set(`invalid value for: ${key}, ${where.discarded} discarded`);
    const kind = option.value;
    if (kind === "ike-proposal" || kind === "esp-proposal" || kind === "ah-proposal") {
      const read = parseProposal(item, protocolOf(kind), origin);
      const reason = "problem" in read ? read.problem : "The proposal is not printable ASCII";
      say("swanctl/proposal", "error", `${reason}; charon discards the ${where.discarded}.`, origin);
      continue;
    }
    const expected = typeof kind === "string" ? EXPECTED[kind] : oneOf(kind);
    const text = `"${shorten(item)}" is no value for ${key}, and charon discards the ${where.discarded}; write ${expected}.`;
    say("swanctl/invalid-value", "error", text, origin);
  }
}

export function protocolOf(kind: "ike-proposal" | "esp-proposal" | "ah-proposal"): Protocol {
  return kind === "ike-proposal" ? "ike" : kind === "esp-proposal" ? "esp" : "ah";
}

function oneOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`;
}

function fits(item: string, kind: ValueKind, system: System): boolean {
  if (!isPrintable(item)) return false;
  if (typeof kind !== "string") return kind.includes(item.toLowerCase());
  const room = ROOM[kind];
  const text = room === undefined ? item : item.slice(0, room);
  switch (kind) {
    case "text":
      return true;
    case "boolean":
      return parseBoolean(text) !== null;
    case "number":
      return parseNumber(text) !== null;
    case "time":
      return parseTime(text) !== null;
    case "bytes":
      return parseBytes(text) !== null;
    case "binary":
      return /^\s*[+-]?[01]*$/.test(text);
    case "mark":
      return isMark(text, "unique");
    case "set-mark":
      return isMark(text, "same");
    case "interface-id":
      return isInterfaceId(text);
    case "padding":
      return text === "mtu" || parseNumber(text) !== null;
    case "action":
      return parseAction(text) !== null;
    case "authentication":
      return parseAuthentication(text) !== null;
    case "address":
      return parseHost(text) !== null;
    case "selector":
      return parseSelector(text, system) !== null;
    default:
      return text.toLowerCase() === "default" || !("problem" in parseProposal(text, protocolOf(kind), NOWHERE));
  }
}

const NOWHERE: Origin = { source: new Source("", ""), span: { start: 0, end: 0 } };

/** The items of a list with their places, as far as the value was written without quotes and escapes. */
export function placedItems(setting: Setting): readonly Placed<string>[] {
  const { value, valueOrigin } = setting;
  if (value === null) return [];
  const { source, span } = valueOrigin;
  const written = source.text.slice(span.start, span.end);
  let from = 0;
  return listItems(value).map((item) => {
    const at = written.indexOf(item, from);
    if (at === -1) return { value: item, origin: valueOrigin };
    from = at + item.length;
    return { value: item, origin: { source, span: { start: span.start + at, end: span.start + from } } };
  });
}

export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Typed access to keys that have been checked; what charon refused counts as not given. */
export class Keys {
  readonly #view: SectionView;

  constructor(view: SectionView) {
    this.#view = view;
  }

  text(key: string): Placed<string> | null {
    const setting = this.#view.get(key);
    return setting === null ? null : { value: setting.value as string, origin: setting.valueOrigin };
  }

  word(key: string, fallback: string): string {
    return this.text(key)?.value.toLowerCase() ?? fallback;
  }

  items(key: string): readonly Placed<string>[] {
    const setting = this.#view.get(key);
    return setting === null ? [] : placedItems(setting);
  }

  boolean(key: string, fallback: boolean): boolean {
    const setting = this.text(key);
    return setting === null ? fallback : (parseBoolean(setting.value) ?? fallback);
  }

  number(key: string, fallback: number): number {
    const setting = this.text(key);
    return setting === null ? fallback : (parseNumber(setting.value) ?? fallback);
  }

  time(key: string): number | null {
    const setting = this.text(key);
    return setting === null ? null : parseTime(setting.value);
  }

  /** Places of all keys. */
  places(): ReadonlyMap<string, Origin> {
    return new Map(this.#view.settings().map(({ key, keyOrigin }) => [key, keyOrigin]));
  }
}
