/**
 * A command line of route(8): `add`, `change`, `delete`, `get`, `flush`, `show`. Follows newroute() and getaddr() of
 * route.c; where the systems read the same words differently, the system decides.
 */
import {
  Address,
  type Diagnostic,
  diagnostic,
  type Family,
  parseAddress,
  type Source,
  type Span,
  type System,
} from "@pierhead/core";
import { classfulLength, nearest, parseInetAton, parseNetmask, type Word } from "../text/index.ts";
import type { RouteCommand, RouteDestination } from "./types.ts";

export interface RouteResult {
  /** Null when the command would stop with an error before it changes anything. */
  readonly command: RouteCommand | null;
  readonly diagnostics: readonly Diagnostic[];
}

const ACTIONS: ReadonlySet<string> = new Set(["add", "change", "delete", "get", "flush", "show", "monitor", "exec"]);

/** Modifiers without an argument. */
const PLAIN: ReadonlySet<string> = new Set([
  "4",
  "6",
  "link",
  "inet",
  "inet6",
  "iface",
  "interface",
  "nostatic",
  "static",
  "llinfo",
  "lock",
  "lockrest",
  "host",
  "net",
  "reject",
  "blackhole",
  "proto1",
  "proto2",
  "cloning",
  "cloned",
  "nocloned",
  "mpath",
  "bfd",
  "nobfd",
  "proxy",
  "xresolve",
  "sticky",
  "nostick",
  "connected",
  "local",
  "jumbo",
  "nojumbo",
  "mpls",
  "push",
  "pop",
  "swap",
  "sa",
  "iso",
  "x25",
  "xns",
  "osi",
  "noblackhole",
  "noreject",
]);

/** Modifiers with one argument. */
const VALUED: ReadonlySet<string> = new Set([
  "ifa",
  "ifp",
  "gateway",
  "dst",
  "label",
  "netmask",
  "prefixlen",
  "mtu",
  "hopcount",
  "expire",
  "recvpipe",
  "sendpipe",
  "ssthresh",
  "rtt",
  "rttvar",
  "priority",
  "fib",
  "genmask",
  "weight",
  "mplslabel",
  "in",
  "out",
  "tag",
]);

/**
 * Reads the words after `route`.
 *
 * @param words without the command name itself
 */
export function parseRoute(source: Source, words: readonly Word[], system: System, span: Span): RouteResult {
  return new RouteReader(source, words, system, span).run();
}

class RouteReader {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #source: Source;
  readonly #words: readonly Word[];
  readonly #system: System;
  readonly #span: Span;
  #at = 0;
  #family: Family | null = null;
  #link = false;
  #interfaceRoute = false;
  #destination: Word | null = null;
  #gateway: Word | null = null;
  #mask: Word | null = null;
  #prefix: Word | null = null;
  #host = false;
  #net = false;
  #interface: string | null = null;
  #sourceAddress: Address | null = null;
  #label: string | null = null;
  #priority: number | null = null;
  #mtu: number | null = null;
  #table = 0;
  readonly #flags = new Set<string>();

  constructor(source: Source, words: readonly Word[], system: System, span: Span) {
    this.#source = source;
    this.#words = words;
    this.#system = system;
    this.#span = span;
  }

  run(): RouteResult {
    this.#options();
    const verb = this.#words[this.#at++];
    if (verb === undefined) return this.#end(null);
    const action = verb.text === "del" ? "delete" : verb.text;
    if (!ACTIONS.has(action)) {
      if (action !== "sourceaddr" && action !== "nameserver") {
        const meant = nearest(action, ACTIONS);
        this.#say(
          "route/unknown-command",
          "error",
          `route has no command \`${verb.text}\`${meant === null ? "" : `; did you mean \`${meant}\`?`}`,
          verb.span,
        );
        return this.#end(null);
      }
      return this.#end(this.#command("other"));
    }
    if (!this.#modifiers()) return this.#end(null);
    if (action === "flush" || action === "show" || action === "monitor" || action === "exec") {
      return this.#end(this.#command(action === "flush" || action === "show" ? action : "other"));
    }
    if (this.#destination === null) {
      this.#say("route/missing-destination", "error", `\`route ${action}\` needs a destination.`, this.#span);
      return this.#end(null);
    }
    const command = this.#command(action as RouteCommand["action"]);
    if (action === "add" && command.gateway === null && command.interface === null && this.#gateway === null) {
      this.#say("route/missing-gateway", "error", "`route add` needs a gateway after the destination.", this.#span);
      return this.#end(null);
    }
    return this.#end(command);
  }

  /** Options before the command: `-nqtv`, OpenBSD `-T table`. */
  #options(): void {
    for (; this.#at < this.#words.length; this.#at++) {
      const text = (this.#words[this.#at] as Word).text;
      if (!text.startsWith("-") || text.length < 2) return;
      if (text.endsWith("T") && this.#system.family === "openbsd") {
        const value = this.#words[++this.#at];
        this.#table = Number(value?.text ?? 0) || 0;
      } else if (text.startsWith("-T") && this.#system.family === "openbsd") this.#table = Number(text.slice(2)) || 0;
      if (text === "-f") this.#flags.add("flush-first");
    }
  }

  #modifiers(): boolean {
    while (this.#at < this.#words.length) {
      const word = this.#words[this.#at++] as Word;
      if (!word.text.startsWith("-")) {
        if (!this.#positional(word)) return false;
        continue;
      }
      const name = word.text.slice(1);
      if (name === "cloning" && !this.#hasCloning()) {
        if (this.#system.family !== "netbsd") {
          this.#noCloning(word);
          return false;
        }
        this.#oldCloning(word);
      }
      if (PLAIN.has(name)) this.#plain(name);
      else if (VALUED.has(name)) {
        const value = this.#words[this.#at++];
        if (value === undefined) {
          this.#say("route/missing-argument", "error", `\`-${name}\` needs an argument after it.`, word.span);
          return false;
        }
        this.#valued(name, value, word);
      } else {
        const meant = nearest(name, [...PLAIN, ...VALUED]);
        this.#say(
          "route/unknown-modifier",
          "error",
          `route does not know \`-${name}\`${meant === null ? "" : `; did you mean \`-${meant}\`?`}`,
          word.span,
        );
        return false;
      }
    }
    return true;
  }

  /** FreeBSD: the word is gone, and route stops at it. */
  #noCloning(word: Word): void {
    const span = { start: word.span.start, end: this.#words[this.#at]?.span.start ?? word.span.end };
    const message =
      "route of FreeBSD has no `-cloning` and refuses the command: leave it out, a route to an interface needs nothing more.";
    const fix = { title: "leave out `-cloning`", edits: [{ source: this.#source, span, text: "" }] };
    this.#diagnostics.push(diagnostic("route/cloning-gone", "error", message, this.#source, word.span, { fix }));
  }

  /** NetBSD from 8: the flag has another meaning and name, and the old word is taken for it (tests/net/route/t_route.sh). */
  #oldCloning(word: Word): void {
    const message =
      "From NetBSD 8 on no route is cloned; route takes the old word for `-connected`, which says that neighbours are on the link.";
    const edits = [{ source: this.#source, span: word.span, text: "-connected" }];
    const fix = { title: "write `-connected`", edits };
    this.#diagnostics.push(diagnostic("route/cloning-gone", "warning", message, this.#source, word.span, { fix }));
  }

  /** Cloning routes went with the separation of neighbour caches: FreeBSD 8, NetBSD 8. */
  #hasCloning(): boolean {
    return this.#system.family === "openbsd" || (this.#system.family === "netbsd" && this.#system.major < 8);
  }

  #positional(word: Word): boolean {
    if (this.#destination === null) this.#destination = word;
    else if (this.#gateway === null) this.#gateway = word;
    else if (this.#system.family !== "openbsd" && this.#mask === null) this.#mask = word;
    else {
      this.#say("route/too-many-words", "error", `\`${word.text}\` is one word too many for route.`, word.span);
      return false;
    }
    return true;
  }

  #plain(name: string): void {
    if (name === "inet" || name === "4") this.#family = 4;
    else if (name === "inet6" || name === "6") this.#family = 6;
    else if (name === "link") this.#link = true;
    else if (name === "iface" || name === "interface") this.#interfaceRoute = true;
    else if (name === "host") this.#host = true;
    else if (name === "net") this.#net = true;
    else this.#flags.add(name);
  }

  #valued(name: string, value: Word, word: Word): void {
    if (name === "netmask") {
      if (this.#destination === null && this.#system.family === "openbsd") {
        this.#say("route/netmask-first", "error", "`-netmask` must come after the destination.", word.span);
      }
      this.#mask = value;
      this.#net = true;
    } else if (name === "prefixlen") this.#prefix = value;
    else if (name === "gateway") this.#gateway = value;
    else if (name === "dst") this.#destination = value;
    else if (name === "ifp") this.#interface = value.text;
    else if (name === "ifa") this.#sourceAddress = readAddress(value.text);
    else if (name === "label") this.#label = value.text;
    else if (name === "priority") this.#priority = PRIORITIES.get(value.text) ?? (Number(value.text) || null);
    else if (name === "mtu") this.#mtu = Number(value.text) || null;
    else if (name === "fib") this.#table = Number(value.text.split(/[,-]/)[0]) || 0;
  }

  #command(action: RouteCommand["action"]): RouteCommand {
    const destination = this.#readDestination();
    const family =
      this.#family ?? destination?.address?.family ?? (this.#gateway?.text.includes(":") && !this.#link ? 6 : 4);
    let gateway: Address | null = null;
    let onInterface = this.#interface;
    const word = this.#gateway;
    if (word !== null) {
      gateway = readAddress(word.text);
      // -iface and -link: the gateway is an interface, or (OpenBSD) one of its addresses.
      if (gateway === null && (this.#link || this.#interfaceRoute)) onInterface = word.text;
      else if (gateway === null && /[A-Za-z]/.test(word.text)) {
        this.#say(
          "route/host-name",
          "note",
          `\`${word.text}\` is looked up as a host name when the command runs; write the address.`,
          word.span,
        );
      } else if (gateway === null) {
        this.#say("route/bad-address", "error", `\`${word.text}\` is not an address.`, word.span);
      }
      // A link-local next hop names its link (RFC 4007, 11): `fe80::1%vio0`.
      const scope = word.text.indexOf("%");
      if (onInterface === null && gateway?.family === 6 && gateway.isLinkLocal() && scope !== -1) {
        onInterface = word.text.slice(scope + 1);
      }
      if (gateway !== null && destination?.address != null && destination.address.family !== gateway.family) {
        // OpenBSD from 7.x and FreeBSD from 13 take an IPv6 gateway for IPv4 destinations (RFC 5549, RFC 8950).
        if (gateway.family === 4) {
          this.#say(
            "route/wrong-family",
            "error",
            `The destination is IPv6, the gateway ${gateway} is IPv4.`,
            word.span,
          );
        }
      }
    }
    return {
      action,
      family,
      destination,
      gateway,
      gatewayWritten: word?.text ?? null,
      gatewaySpan: word?.span ?? null,
      interface: onInterface,
      interfaceRoute: this.#interfaceRoute || (this.#link && gateway === null),
      sourceAddress: this.#sourceAddress,
      label: this.#label,
      priority: this.#priority,
      mtu: this.#mtu,
      table: this.#table,
      reject: this.#flags.has("reject"),
      blackhole: this.#flags.has("blackhole"),
      cloning: this.#flags.has("cloning"),
      multipath: this.#flags.has("mpath"),
      span: this.#span,
    };
  }

  #readDestination(): RouteDestination | null {
    const word = this.#destination;
    if (word === null) return null;
    if (word.text === "default") {
      const family = this.#family ?? (this.#gateway?.text.includes(":") ? 6 : 4);
      return { address: new Address(family, 0), length: 0, written: word.text, span: word.span };
    }
    const slash = word.text.indexOf("/");
    const host = slash === -1 ? word.text : word.text.slice(0, slash);
    const six = host.includes(":");
    const address = six ? readAddress(host) : readNetwork(host);
    if (address === null) {
      if (/[A-Za-z]/.test(host) && !six) {
        this.#say(
          "route/host-name",
          "note",
          `\`${host}\` is looked up as a host name when the command runs; write the address.`,
          word.span,
        );
      } else {
        this.#say("route/bad-address", "error", `\`${word.text}\` is not an address.`, word.span);
      }
      return { address: null, length: 32, written: word.text, span: word.span };
    }
    const length = this.#length(word, address, host, slash);
    if (!address.masked(length).equals(address)) {
      this.#say(
        "route/host-bits",
        "warning",
        `${address}/${length} has bits set after the prefix; the network is ${address.masked(length)}/${length}.`,
        word.span,
      );
    }
    return { address: address.masked(length), length, written: word.text, span: word.span };
  }

  #length(word: Word, address: Address, host: string, slash: number): number {
    const limit = address.bits;
    if (this.#mask !== null) {
      const length = address.family === 4 ? parseNetmask(this.#mask.text) : null;
      if (length !== null && length >= 0) return length;
      this.#say("route/bad-netmask", "error", `\`${this.#mask.text}\` is not a netmask.`, this.#mask.span);
      return limit;
    }
    const digits = this.#prefix?.text ?? (slash === -1 ? null : word.text.slice(slash + 1));
    if (digits !== null) {
      if (/^\d{1,3}$/.test(digits) && Number(digits) <= limit) return Number(digits);
      const span = this.#prefix?.span ?? word.span;
      this.#say("route/bad-prefix-length", "error", `\`${digits}\` is not a prefix length: 0 to ${limit}.`, span);
      return limit;
    }
    if (address.isUnspecified() && !this.#host) return 0;
    if (address.family === 6 || this.#host) return limit;
    // inet_net_pton: the class, widened to the octets written; a full quad is a host unless `-net` says otherwise.
    const octets = host.split(".").length;
    if (octets < 4) return Math.max(classfulLength(address), octets * 8);
    return this.#net && this.#system.family !== "openbsd" ? naturalLength(address) : 32;
  }

  #end(command: RouteCommand | null): RouteResult {
    return { command, diagnostics: this.#diagnostics };
  }

  #say(code: string, severity: Diagnostic["severity"], message: string, span: Span): void {
    this.#diagnostics.push(diagnostic(code, severity, message, this.#source, span));
  }
}

/** OpenBSD route(8), `-priority`: names stand for `RTP_*`. */
const PRIORITIES: ReadonlyMap<string, number> = new Map([
  ["local", 1],
  ["connected", 4],
  ["static", 8],
  ["ospf", 32],
  ["rip", 40],
  ["bgp", 48],
]);

function readAddress(text: string): Address | null {
  if (!text.includes(":")) return parseInetAton(text);
  const scope = text.indexOf("%");
  return parseAddress(scope === -1 ? text : text.slice(0, scope));
}

/** A network may be cut short: `10.1` is 10.1.0.0 to inet_net_pton(3), unlike inet_aton(3). */
function readNetwork(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length > 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return parseInetAton(text);
  }
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + Number(parts[i] ?? 0);
  return new Address(4, value);
}

/** Class of a network, or a host when bits after it are set: the old rule of `-net` without a mask. */
function naturalLength(address: Address): number {
  const length = classfulLength(address);
  return address.masked(length).equals(address) ? length : 32;
}
