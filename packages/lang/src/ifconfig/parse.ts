/**
 * Arguments of ifconfig(8) after the interface name, as they stand in hostname.if(5), in rc.conf(5) and in commands.
 * Follows main() of ifconfig.c: an optional family, `create`, then keywords with their arguments; a word that is no
 * keyword is the address, a second one the destination.
 */
import { type Address, type Diagnostic, diagnostic, type Family, type Source, type System } from "@pierhead/core";
import { classfulLength, nearest, parseInetAton, parseLooseAddress, parseNetmask, type Word } from "../text/index.ts";
import { bridgeRuleProblem } from "./bridge-rule.ts";
import { type Arity, ifconfigKeywords, SECRET_KEYWORDS } from "./keywords.ts";
import type { AddressSetting, IfconfigSettings, InterfaceChange } from "./types.ts";

/** Settings with everything there was to say about them. */
export interface IfconfigResult {
  readonly settings: IfconfigSettings;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the arguments of one `ifconfig INTERFACE` command. */
export function parseIfconfig(source: Source, words: readonly Word[], system: System): IfconfigResult {
  const reader = new Reader(source, words, system);
  reader.run();
  return { settings: reader.settings(), diagnostics: reader.diagnostics };
}

class Reader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #source: Source;
  readonly #words: readonly Word[];
  readonly #system: System;
  readonly #keywords: ReadonlyMap<string, Arity>;
  readonly #changes: InterfaceChange[] = [];
  #family: Family | null = null;
  #create = false;
  #destroy = false;
  #alias = 0;
  #address: Word | null = null;
  #peer: Word | null = null;
  #mask: Word | null = null;
  #prefix: Word | null = null;
  #broadcast: Word | null = null;
  #anycast = false;
  #eui64 = false;
  /** A keyword with a secret came before: words after it may be part of the secret. */
  #secret = false;

  constructor(source: Source, words: readonly Word[], system: System) {
    this.#source = source;
    this.#words = words;
    this.#system = system;
    this.#keywords = ifconfigKeywords(system.family);
  }

  run(): void {
    const words = this.#words;
    let i = 0;
    const first = words[0]?.text;
    if (first === "inet" || first === "inet6") {
      this.#family = first === "inet" ? 4 : 6;
      i++;
    } else if (first === "link" || first === "ether" || first === "lladdr") {
      // FreeBSD and NetBSD: `ether ADDRESS` sets the link-layer address; OpenBSD has `lladdr` as a keyword.
      if (this.#system.family !== "openbsd" || first === "lladdr") {
        const value = words[1];
        if (value === undefined) this.#missing(words[0] as Word, 1);
        else this.#mac(value);
        i = 2;
      }
    }
    while (i < words.length) {
      const word = words[i] as Word;
      if (word.text === "rule" && this.#system.family === "openbsd") {
        this.#bridgeRule(word, words.slice(i + 1));
        return;
      }
      const arity = this.#keywords.get(word.text);
      if (arity === undefined) {
        // ifconfig gives up at the first word that is neither keyword nor address: what follows is never looked at.
        if (!this.#plain(word)) return;
        i++;
        continue;
      }
      let count = arity === "?" ? 0 : arity;
      if (arity === "?") {
        const next = words[i + 1];
        count = next === undefined || this.#keywords.has(next.text) ? 0 : 1;
      }
      const rest = words.slice(i + 1, i + 1 + count);
      if (rest.length < count) {
        this.#missing(word, count);
        return;
      }
      this.#keyword(word, rest);
      i += 1 + count;
    }
  }

  #bridgeRule(rule: Word, words: readonly Word[]): void {
    const problem = bridgeRuleProblem(words);
    if (problem !== null) this.#say("ifconfig/bridge-rule", "error", problem.message, words[problem.at] ?? rule);
  }

  settings(): IfconfigSettings {
    const address = this.#addressSetting();
    return {
      create: this.#create,
      destroy: this.#destroy,
      family: this.#family,
      address,
      changes: this.#changes,
      fails: this.diagnostics.some((one) => one.severity === "error"),
    };
  }

  /** A word that is no keyword: the address, then the far end; anything after is refused. */
  #plain(word: Word): boolean {
    // `pass secret alias 192.0.2.4/32`: an address is no rest of a key.
    if (this.#address === null && (!this.#secret || parseLooseAddress(word.text.replace(/\/\d+$/, "")) !== null)) {
      this.#address = word;
      return true;
    }
    if (this.#peer === null && this.#address !== null && !this.#secret) {
      this.#peer = word;
      if (parseLooseAddress(word.text) !== null || looksLikeHost(word.text)) return true;
    }
    if (this.#secret) {
      this.#say(
        "ifconfig/unknown-word",
        "error",
        "This word belongs to no keyword; a key with blanks in it must stand in double quotes.",
        word,
      );
      return false;
    }
    const meant = nearest(word.text, this.#keywords.keys());
    this.#say(
      "ifconfig/unknown-word",
      "error",
      meant === null
        ? `ifconfig does not know \`${word.text}\`; it takes the word as an address and stops.`
        : `ifconfig does not know \`${word.text}\`; did you mean \`${meant}\`?`,
      word,
      meant === null
        ? null
        : { title: `write \`${meant}\``, edits: [{ source: this.#source, span: word.span, text: meant }] },
    );
    return false;
  }

  #keyword(word: Word, values: readonly Word[]): void {
    if (SECRET_KEYWORDS.has(word.text)) this.#secret = true;
    const first = values[0];
    const span = first === undefined ? word.span : { start: word.span.start, end: last(values, word).span.end };
    switch (word.text) {
      case "up":
      case "down":
        this.#changes.push({ kind: word.text, span });
        return;
      case "create":
      case "plumb":
        this.#create = true;
        return;
      case "destroy":
      case "unplumb":
        this.#destroy = true;
        return;
      case "alias":
        this.#alias = 1;
        return;
      case "add":
        // FreeBSD: another word for `alias`; OpenBSD: a member of a bridge.
        if (this.#system.family === "openbsd" && first !== undefined) this.#member(word, first, true);
        else this.#alias = 1;
        return;
      case "-alias":
      case "delete":
      case "remove":
        this.#alias = -1;
        return;
      case "netmask":
        this.#mask = first as Word;
        return;
      case "prefixlen":
        this.#prefix = first as Word;
        return;
      case "broadcast":
        this.#broadcast = first as Word;
        return;
      case "anycast":
        this.#anycast = true;
        return;
      case "eui64":
        this.#eui64 = true;
        return;
      case "mtu": {
        const mtu = this.#number(first as Word, 0, 0x7fffffff, "an MTU");
        if (mtu === null) return;
        if (mtu < 576 && mtu > 0) {
          this.#say(
            "ifconfig/small-mtu",
            "warning",
            `An MTU of ${mtu} octets is smaller than any IP network may have (576, or 1280 for IPv6).`,
            first as Word,
          );
        }
        this.#changes.push({ kind: "mtu", mtu, span });
        return;
      }
      case "group":
      case "-group":
        this.#group(first as Word, word.text === "group", span);
        return;
      case "description":
      case "descr":
        this.#changes.push({ kind: "description", text: (first as Word).text, span });
        return;
      case "-description":
      case "-descr":
        this.#changes.push({ kind: "description", text: null, span });
        return;
      case "autoconf":
      case "-autoconf":
        this.#changes.push({ kind: "autoconf", family: this.#family ?? 6, on: word.text === "autoconf", span });
        return;
      case "accept_rtadv":
      case "-accept_rtadv":
        this.#changes.push({ kind: "autoconf", family: 6, on: word.text === "accept_rtadv", span });
        return;
      case "lladdr":
        this.#mac(first as Word);
        return;
      case "rdomain":
      case "fib": {
        const number = this.#number(first as Word, 0, 65535, "a routing table");
        if (number !== null) this.#changes.push({ kind: "routing-domain", number, span });
        return;
      }
      case "-rdomain":
        this.#changes.push({ kind: "routing-domain", number: 0, span });
        return;
      case "parent":
      case "vlandev":
      case "vlanif":
      case "carpdev":
      case "pppoedev":
      case "syncdev":
      case "syncif":
      case "wlandev":
      case "vxlandev":
        this.#changes.push({ kind: "parent", interface: (first as Word).text, keyword: word.text, span });
        return;
      case "-parent":
      case "-vlandev":
      case "-vlanif":
      case "-carpdev":
        this.#changes.push({ kind: "parent", interface: null, keyword: word.text, span });
        return;
      case "vlan": {
        const id = this.#number(first as Word, 0, 4095, "a VLAN tag");
        if (id !== null) this.#changes.push({ kind: "vlan", id, span });
        return;
      }
      case "vnetid": {
        // Also the key of gre and vxlan (24 or 32 bits) and the word `any`.
        if ((first as Word).text === "any") break;
        const id = this.#number(first as Word, 0, 0xffffffff, "a virtual network number");
        if (id !== null) this.#changes.push({ kind: "vlan", id, span });
        return;
      }
      case "trunkport":
      case "laggport":
      case "agrport":
      case "addm":
        this.#member(word, first as Word, true);
        return;
      case "del":
      case "-trunkport":
      case "-laggport":
      case "-agrport":
      case "deletem":
        this.#member(word, first as Word, false);
        return;
      case "patch":
        this.#changes.push({ kind: "patch", interface: (first as Word).text, span });
        return;
      case "tunnel":
        this.#changes.push({ kind: "tunnel", local: (first as Word).text, remote: (values[1] as Word).text, span });
        return;
      case "name":
        this.#changes.push({ kind: "name", name: (first as Word).text, span });
        return;
      case "-inet":
      case "-inet6":
        this.#changes.push({ kind: "remove-family", family: word.text === "-inet" ? 4 : 6, span });
        return;
    }
    this.#changes.push({ kind: "other", keyword: word.text, arguments: values, span });
  }

  #member(keyword: Word, port: Word, add: boolean): void {
    const span = { start: keyword.span.start, end: port.span.end };
    this.#changes.push({ kind: "member", interface: port.text, add, keyword: keyword.text, span });
  }

  /** setifgroup(): a name that ends in a digit would look like an interface; 15 octets at most. */
  #group(word: Word, add: boolean, span: InterfaceChange["span"]): void {
    const name = word.text;
    if (name.length > 15 || (this.#system.family !== "netbsd" && /\d$/.test(name)) || name === "") {
      this.#say(
        "ifconfig/bad-group",
        "error",
        `\`${name}\` cannot be a group: a group name has at most 15 letters and does not end in a digit.`,
        word,
      );
      return;
    }
    this.#changes.push({ kind: "group", group: name, add, span });
  }

  #mac(word: Word): void {
    if (word.text === "random") {
      this.#changes.push({ kind: "mac", mac: null, span: word.span });
      return;
    }
    const mac = readMac(word.text);
    if (mac === null) {
      this.#say(
        "ifconfig/bad-link-address",
        "error",
        `\`${word.text}\` is not a link-layer address: six hexadecimal octets with colons, such as 00:00:5e:00:53:af.`,
        word,
      );
      return;
    }
    if (Number.parseInt(mac.slice(0, 2), 16) & 1) {
      this.#say("ifconfig/bad-link-address", "error", `\`${mac}\` is a multicast address; no card can have it.`, word);
    }
    this.#changes.push({ kind: "mac", mac, span: word.span });
  }

  #addressSetting(): AddressSetting | null {
    const word = this.#address;
    if (word === null) return null;
    const family: Family = this.#family ?? 4;
    const slash = word.text.indexOf("/");
    const host = slash === -1 ? word.text : word.text.slice(0, slash);
    const parsed = this.#readAddress(host, family, word);
    let length: number | null = null;
    if (slash !== -1) {
      const digits = word.text.slice(slash + 1);
      const limit = family === 4 ? 32 : 128;
      if (/^\d{1,3}$/.test(digits) && Number(digits) <= limit) length = Number(digits);
      else
        this.#say(
          "ifconfig/bad-prefix-length",
          "error",
          `\`/${digits}\` is not a prefix length: 0 to ${limit} is possible.`,
          word,
        );
    }
    if (this.#prefix !== null) length = this.#number(this.#prefix, 0, family === 4 ? 32 : 128, "a prefix length");
    if (this.#mask !== null) length = this.#netmask(this.#mask, family) ?? length;
    const lengthGiven = length !== null;
    const broadcast = this.#broadcast === null ? null : this.#readAddress(this.#broadcast.text, 4, this.#broadcast);
    const peer = this.#peer === null ? null : this.#readAddress(this.#peer.text, family, this.#peer);
    if (length === null) length = this.#defaultLength(parsed, family, word);
    if (parsed !== null && !this.#eui64) this.#checkHost(parsed, length, word, peer !== null);
    if (parsed !== null && broadcast !== null) this.#checkBroadcast(parsed, length, broadcast);
    return {
      action: this.#alias > 0 ? "add" : this.#alias < 0 ? "remove" : "replace",
      family,
      address: this.#eui64 ? null : parsed,
      written: word.text,
      length,
      lengthGiven,
      broadcast,
      peer,
      anycast: this.#anycast,
      span: word.span,
    };
  }

  /** Null for a host name too, which only the machine itself can look up. */
  #readAddress(text: string, family: Family, word: Word): Address | null {
    const address = parseLooseAddress(text);
    if (address !== null && address.family === family) return address;
    if (address !== null) {
      this.#say(
        "ifconfig/wrong-family",
        "error",
        `\`${text}\` is an IPv${address.family} address after \`${family === 4 ? "inet" : "inet6"}\`.`,
        word,
      );
      return null;
    }
    if (looksLikeHost(text)) {
      this.#say(
        "ifconfig/host-name",
        "note",
        `\`${text}\` is looked up as a host name when the interface starts; write the address.`,
        word,
      );
    } else {
      this.#say("ifconfig/bad-address", "error", `\`${text}\` is not an IPv${family} address.`, word);
    }
    return null;
  }

  #netmask(word: Word, family: Family): number | null {
    if (family === 6) {
      const prefix = parseLooseAddress(word.text);
      if (prefix?.family === 6) {
        let length = 0;
        while (length < 128 && (prefix.word(length >> 5) >>> (31 - (length & 31))) & 1) length++;
        return length;
      }
    }
    const length = parseNetmask(word.text);
    if (length !== null && length >= 0) return length;
    if (/^\d{1,2}$/.test(word.text) && Number(word.text) <= 32) {
      const dotted = dottedMask(Number(word.text));
      this.#say(
        "ifconfig/bad-netmask",
        "error",
        `\`${word.text}\` is read as the mask ${parseInetAton(word.text)}, not as a length; write ${dotted}.`,
        word,
        {
          title: `write ${dotted}`,
          edits: [{ source: this.#source, span: word.span, text: dotted }],
        },
      );
      return Number(word.text);
    }
    this.#say(
      "ifconfig/bad-netmask",
      "error",
      length === -1
        ? `The ones of the mask \`${word.text}\` are not contiguous.`
        : `\`${word.text}\` stands where the netmask belongs, and is none: write it as 255.255.255.0 or 0xffffff00.`,
      word,
    );
    return null;
  }

  #defaultLength(address: Address | null, family: Family, word: Word): number {
    if (family === 6) return this.#peer === null ? 64 : 128;
    if (address === null) return 32;
    const length = classfulLength(address);
    if (
      this.#mask === null &&
      this.#prefix === null &&
      this.#alias >= 0 &&
      !address.isLoopback() &&
      this.#peer === null
    ) {
      this.#say(
        "ifconfig/no-netmask",
        "warning",
        `${address} has no netmask; the class of the address makes it /${length}. Write the mask.`,
        word,
      );
    }
    return length;
  }

  /** An address that is its network's own or its broadcast address works nowhere, or badly. */
  #checkHost(address: Address, length: number, word: Word, pointToPoint: boolean): void {
    if (this.#alias < 0 || pointToPoint) return;
    if (address.isMulticast() || (address.family === 4 && address.w0 === 0xffffffff)) {
      this.#say("ifconfig/bad-address", "error", `${address} is not the address of a host.`, word);
      return;
    }
    if (address.family !== 4 || length > 30 || length === 0) return;
    const network = address.masked(length);
    if (address.equals(network) || address.equals(address.filled(length))) {
      this.#say(
        "ifconfig/network-as-address",
        "warning",
        `${address} is the ${address.equals(network) ? "network" : "broadcast"} address of ${network}/${length}; hosts have the addresses between.`,
        word,
      );
    }
  }

  #checkBroadcast(address: Address, length: number, broadcast: Address): void {
    const word = this.#broadcast as Word;
    if (broadcast.equals(address.filled(length)) || length >= 31 || broadcast.w0 === 0xffffffff) return;
    this.#say(
      "ifconfig/odd-broadcast",
      "warning",
      `The broadcast address of ${address.masked(length)}/${length} is ${address.filled(length)}, not ${broadcast}.`,
      word,
      {
        title: `write ${address.filled(length)}`,
        edits: [{ source: this.#source, span: word.span, text: `${address.filled(length)}` }],
      },
    );
  }

  #number(word: Word, low: number, high: number, what: string): number | null {
    const value = /^\d{1,10}$/.test(word.text) ? Number(word.text) : Number.NaN;
    if (value >= low && value <= high) return value;
    this.#say(
      "ifconfig/bad-number",
      "error",
      `\`${word.text}\` is not ${what}: a number from ${low} to ${high} is expected.`,
      word,
    );
    return null;
  }

  #missing(word: Word, count: number): void {
    this.#say(
      "ifconfig/missing-argument",
      "error",
      count === 1
        ? `\`${word.text}\` needs an argument after it; ifconfig stops here and does nothing.`
        : `\`${word.text}\` needs ${count} arguments after it; ifconfig stops here and does nothing.`,
      word,
    );
  }

  #say(
    code: string,
    severity: Diagnostic["severity"],
    message: string,
    word: Word,
    fix: Diagnostic["fix"] = null,
  ): void {
    this.diagnostics.push(diagnostic(code, severity, message, this.#source, word.span, { fix }));
  }
}

function last(values: readonly Word[], fallback: Word): Word {
  return values[values.length - 1] ?? fallback;
}

/** A name a resolver could know; a word such as `0.0.0` or `1.2.3.4.5` is a spoilt address instead. */
function looksLikeHost(text: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text) && /[A-Za-z]/.test(text) && text.length < 256;
}

function dottedMask(length: number): string {
  const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return `${mask >>> 24}.${(mask >>> 16) & 255}.${(mask >>> 8) & 255}.${mask & 255}`;
}

/** A link-layer address in the form the systems print; null when it is none. */
export function readMac(text: string): string | null {
  const octets = text.split(":");
  if (octets.length !== 6 || !octets.every((octet) => /^[0-9a-fA-F]{1,2}$/.test(octet))) return null;
  return octets.map((octet) => octet.toLowerCase().padStart(2, "0")).join(":");
}

/** Text of an argument for a message: secrets are left out. */
export function shownArgument(keyword: string, value: string): string {
  return SECRET_KEYWORDS.has(keyword) ? "…" : value;
}
