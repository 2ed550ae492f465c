/**
 * What configuration files give away about the machine they are for when no file declares its interfaces: a rule
 * `in on vr1 from 192.168.1.0/24` tells what network is behind vr1, `(vr0 198.51.100.100)` who is next to it,
 * `ping -S 198.51.100.199` an address of the machine. Words are looked at, wherever they stand: in rules, in rules
 * that a command pipes into pfctl, in arguments of ping and route.
 */
import {
  type Address,
  formatPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  type Source,
  type Span,
} from "@pierhead/core";

export interface EvidencePlace {
  readonly source: Source;
  readonly span: Span;
}

export type Evidence =
  /** There is an interface of this name. */
  | { readonly kind: "interface"; readonly interface: string; readonly place: EvidencePlace }
  /** This address is on a link of the machine; null: of some interface. */
  | {
      readonly kind: "neighbour";
      readonly interface: string | null;
      readonly address: Address;
      readonly place: EvidencePlace;
    }
  /** The machine has this address; `neighbour` answers when it is asked from there. */
  | {
      readonly kind: "own-address";
      readonly interface: string | null;
      readonly address: Address;
      readonly neighbour: Address | null;
      readonly place: EvidencePlace;
    }
  /** Packets from (or to) this network come in (or go out) by the interface. */
  | { readonly kind: "network"; readonly interface: string; readonly prefix: Prefix; readonly place: EvidencePlace }
  | { readonly kind: "default-gateway"; readonly address: Address; readonly place: EvidencePlace }
  /** Addresses are translated on the way out by this interface: the outside is behind it. */
  | { readonly kind: "outside"; readonly interface: string; readonly place: EvidencePlace };

/** A word with its place; words between separators. */
export interface EvidenceWord {
  readonly text: string;
  readonly span: Span;
}

/** Where the character at an offset of a text stands in its source. */
export type Locate = (start: number, end: number) => Span;

const SEPARATOR = /[\s"'`(){},;|<>!=\\]/;

/** Cuts a text at blanks, quotes and punctuation; parentheses and statement ends stay as words. */
export function evidenceWords(text: string, locate: Locate, comments: boolean): EvidenceWord[] {
  const words: EvidenceWord[] = [];
  let i = 0;
  while (i < text.length) {
    const character = text[i] as string;
    if (comments && character === "#") {
      while (i < text.length && text[i] !== "\n") i++;
      continue;
    }
    if (character === "\\" && (text[i + 1] === "\n" || text[i + 1] === "\r")) {
      i += text[i + 1] === "\r" && text[i + 2] === "\n" ? 3 : 2;
      continue;
    }
    if (SEPARATOR.test(character)) {
      if ("(){}\n|;!".includes(character)) words.push({ text: character, span: locate(i, i + 1) });
      i++;
      continue;
    }
    const start = i;
    while (i < text.length && !SEPARATOR.test(text[i] as string)) i++;
    words.push({ text: text.slice(start, i), span: locate(start, i) });
  }
  return words;
}

/** Replaces `$name` by the words of the macro; names nobody defined stay as they are. */
export function expandWords(words: readonly EvidenceWord[], macros: ReadonlyMap<string, string>): EvidenceWord[] {
  const out: EvidenceWord[] = [];
  for (const word of words) {
    const reference = /^\$([A-Za-z_]\w*)(.*)$/.exec(word.text);
    if (reference === null) {
      out.push(word);
      continue;
    }
    const value = macroValue(reference[1] as string, macros, 0);
    if (value === null) out.push(word);
    else for (const part of evidenceWords(value + (reference[2] ?? ""), () => word.span, false)) out.push(part);
  }
  return out;
}

function macroValue(name: string, macros: ReadonlyMap<string, string>, depth: number): string | null {
  const value = macros.get(name);
  if (value === undefined || depth > 8 || value.length > 20_000) return null;
  return value.replace(/\$([A-Za-z_]\w*)/g, (whole, inner: string) => macroValue(inner, macros, depth + 1) ?? whole);
}

/** `name = value` lines of a file, quotes taken off. */
export function macroDefinitions(text: string): Map<string, string> {
  const macros = new Map<string, string>();
  const joined = text.replace(/\\\r?\n/g, " ");
  for (const line of joined.split("\n")) {
    const match = /^\s*([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(line);
    if (match === null) continue;
    const value = (match[2] as string).replace(/^(["'])(.*?)\1.*$/, "$2");
    macros.set(match[1] as string, value);
  }
  return macros;
}

/** Whether a word can be the name of an interface: letters, then digits. */
export function isInterface(word: string): boolean {
  return /^[a-z][a-z0-9]{0,12}\d$/.test(word) && !/^(inet6|ipv[46]|icmp6|port\d+|sha\d+|md5|utf8)$/.test(word);
}

/** Reads the evidence out of words. */
export function readEvidence(source: Source, words: readonly EvidenceWord[]): Evidence[] {
  return new EvidenceReader(source, words).run();
}

class EvidenceReader {
  readonly #source: Source;
  readonly #words: readonly EvidenceWord[];
  readonly #found: Evidence[] = [];
  /** Interfaces after `on` in the present statement. */
  #on: string[] = [];
  #direction: "in" | "out" | null = null;

  constructor(source: Source, words: readonly EvidenceWord[]) {
    this.#source = source;
    this.#words = words;
  }

  run(): Evidence[] {
    for (let i = 0; i < this.#words.length; i++) i = this.#at(i);
    return this.#found;
  }

  #text(i: number): string {
    return this.#words[i]?.text ?? "";
  }

  /** Looks at one word. @returns index of the last word taken */
  #at(i: number): number {
    const text = this.#text(i);
    switch (text) {
      case "\n":
      case ";":
      case "|":
        this.#on = [];
        this.#direction = null;
        return i;
      case "in":
      case "out":
        this.#direction = text;
        return i;
      case "on":
      case "received-on":
      case "for":
        return this.#afterOn(i);
      case "(":
        return this.#parenthesis(i);
      case "from":
      case "to":
        this.#endpoint(i);
        return i;
      case "nat-to":
      case "->":
        this.#translation(i);
        return i;
      case "ping":
      case "/sbin/ping":
      case "ping6":
        return this.#ping(i);
      case "route":
      case "/sbin/route":
        this.#route(i);
        return i;
      case "ifconfig":
      case "/sbin/ifconfig":
        if (isInterface(this.#text(i + 1))) this.#interface(this.#text(i + 1), i + 1);
        return i;
    }
    const link = /^([a-z][a-z0-9]*\d)\.link\./.exec(text);
    if (link !== null) this.#interface(link[1] as string, i);
    const at = /^([0-9a-fA-F.:]+)@([a-z][a-z0-9]*\d)$/.exec(text);
    if (at !== null) {
      const address = parseAddress(at[1] as string);
      this.#interface(at[2] as string, i);
      if (address !== null)
        this.#push({ kind: "neighbour", interface: at[2] as string, address, place: this.#place(i) });
    }
    const network = /^([a-z][a-z0-9]*\d):(network|broadcast|peer|0)/.exec(text);
    if (network !== null && isInterface(network[1] as string)) this.#interface(network[1] as string, i);
    return i;
  }

  #afterOn(i: number): number {
    const names: string[] = [];
    let negated = false;
    let j = i + 1;
    if (this.#text(j) === "!") {
      negated = true;
      j++;
    }
    if (this.#text(j) === "{") {
      for (j++; j < this.#words.length && this.#text(j) !== "}"; j++) {
        if (!isInterface(this.#text(j))) continue;
        names.push(this.#text(j));
        this.#interface(this.#text(j), j);
      }
    } else if (isInterface(this.#text(j))) {
      names.push(this.#text(j));
      this.#interface(this.#text(j), j);
    } else return i;
    if (this.#text(i) === "on" && !negated) this.#on = names;
    return j;
  }

  /** `(vr0 198.51.100.100)` of route-to, or `(vr0)`, the addresses of an interface. */
  #parenthesis(i: number): number {
    const name = (this.#text(i + 1).split(":")[0] as string).replace(/\/\d+$/, "");
    if (!isInterface(name)) return i;
    this.#interface(name, i + 1);
    const address = parseAddress(this.#text(i + 2));
    if (address !== null && this.#text(i + 3) === ")") {
      this.#push({ kind: "neighbour", interface: name, address, place: this.#place(i + 2) });
    }
    return i + 1;
  }

  #endpoint(i: number): void {
    const word = this.#text(i);
    const next = this.#text(i + 1);
    if (isInterface(next)) {
      this.#interface(next, i + 1);
      return;
    }
    const on = this.#on[0];
    if (on === undefined || this.#on.length > 1) return;
    if (!(word === "from" ? this.#direction === "in" : this.#direction === "out")) return;
    const prefix = parsePrefix(next);
    if (prefix === null || prefix.length === 0 || prefix.length > (prefix.address.family === 4 ? 30 : 126)) return;
    this.#push({ kind: "network", interface: on, prefix, place: this.#place(i + 1) });
  }

  #translation(i: number): void {
    for (const name of this.#on) this.#push({ kind: "outside", interface: name, place: this.#place(i) });
    const address = parseAddress(this.#text(i + 1));
    const on = this.#on[0];
    if (address === null || on === undefined || this.#on.length > 1) return;
    this.#push({ kind: "own-address", interface: on, address, neighbour: null, place: this.#place(i + 1) });
  }

  #ping(i: number): number {
    let from: { address: Address; at: number } | null = null;
    let last: { address: Address; at: number } | null = null;
    let j = i + 1;
    for (; j < this.#words.length; j++) {
      const text = this.#text(j);
      if (text === "\n" || text === ";" || text === "|" || text.startsWith("/dev/")) break;
      if (text === "-S" || text === "-I") {
        const address = parseAddress(this.#text(j + 1));
        if (address !== null) from = { address, at: j + 1 };
        j++;
        continue;
      }
      const address = parseAddress(text);
      if (address !== null) last = { address, at: j };
    }
    if (from !== null) {
      this.#push({
        kind: "own-address",
        interface: null,
        address: from.address,
        neighbour: last?.address ?? null,
        place: this.#place(from.at),
      });
    }
    return j - 1;
  }

  #route(i: number): void {
    let adds = false;
    for (let j = i + 1; j < this.#words.length && j < i + 12; j++) {
      const text = this.#text(j);
      if (text === "\n" || text === ";" || text === "|") return;
      if (text === "add" || text === "change") adds = true;
      if (text !== "default" || !adds) continue;
      for (let k = j + 1; k < j + 5; k++) {
        const address = parseAddress(this.#text(k));
        if (address === null) continue;
        this.#push({ kind: "default-gateway", address, place: this.#place(k) });
        return;
      }
      return;
    }
  }

  #interface(name: string, at: number): void {
    this.#push({ kind: "interface", interface: name, place: this.#place(at) });
  }

  #place(i: number): EvidencePlace {
    return { source: this.#source, span: (this.#words[i] as EvidenceWord).span };
  }

  #push(evidence: Evidence): void {
    this.#found.push(evidence);
  }
}

/** A short text of what a piece of evidence says, for reports. */
export function describeEvidence(evidence: Evidence): string {
  switch (evidence.kind) {
    case "interface":
      return `${evidence.interface} is named here`;
    case "neighbour":
      return evidence.interface === null
        ? `${evidence.address} is next to this machine`
        : `${evidence.address} is reached by ${evidence.interface}`;
    case "own-address":
      return `${evidence.address} is an address of this machine`;
    case "network":
      return `${formatPrefix(evidence.prefix)} is behind ${evidence.interface}`;
    case "default-gateway":
      return `${evidence.address} is a default gateway`;
    case "outside":
      return `addresses are translated on ${evidence.interface}`;
  }
}
