/** Reads the arguments of Linux's ip(8), as iproute2 does: objects, commands and options may be cut short. */
import {
  Address,
  type Diagnostic,
  diagnostic,
  type Family,
  parseAddress,
  type Source,
  type Span,
} from "@pierhead/core";
import { parseInetAton, parseNetmask, type Word } from "../text/index.ts";
import type { IpCommand, IpRouteCommand } from "./types.ts";

export interface IpReading {
  /** Null when ip refuses the words: nothing is done. */
  readonly command: IpCommand | null;
  readonly diagnostics: readonly Diagnostic[];
}

const OBJECTS: readonly string[] = [
  "address",
  "addrlabel",
  "route",
  "link",
  "neighbour",
  "rule",
  "tunnel",
  "maddress",
  "mroute",
  "monitor",
  "netns",
  "token",
  "xfrm",
];

/**
 * Reads `ip ARGUMENTS`.
 *
 * @param words what follows `ip`
 * @param span of the whole command
 */
export function parseIp(source: Source, words: readonly Word[], span: Span): IpReading {
  const reader = new IpReader(source, words, span);
  const command = reader.read();
  return { command: reader.failed ? null : command, diagnostics: reader.diagnostics };
}

/** The first of the words that the text is, or is short for. */
function matched(text: string, candidates: readonly string[]): string | null {
  if (candidates.includes(text)) return text;
  return text === "" ? null : (candidates.find((one) => one.startsWith(text)) ?? null);
}

class IpReader {
  readonly diagnostics: Diagnostic[] = [];
  failed = false;
  readonly #source: Source;
  readonly #words: readonly Word[];
  readonly #span: Span;
  #at = 0;
  #family: Family | null = null;

  constructor(source: Source, words: readonly Word[], span: Span) {
    this.#source = source;
    this.#words = words;
    this.#span = span;
  }

  read(): IpCommand {
    for (let word = this.#peek(); word?.text.startsWith("-") === true; word = this.#peek()) {
      this.#at++;
      const option = word.text.replace(/^--/, "-");
      if (option === "-4") this.#family = 4;
      else if (option === "-6") this.#family = 6;
      else if (option === "-f" || option === "-family") {
        const family = this.#next()?.text;
        this.#family = family === "inet6" ? 6 : family === "inet" ? 4 : this.#family;
      } else if (/^-(n|netns|b|batch|rc|rcvbuf|l|loops)$/.test(option)) this.#next();
    }
    const written = this.#next();
    if (written === null) return this.#other(false);
    const object = matched(written.text, OBJECTS);
    if (object === null) {
      this.#fail("ip-command/unknown-object", `ip knows no object "${shown(written.text)}".`, written.span);
      return this.#other(false);
    }
    const action = this.#next()?.text ?? "show";
    switch (object) {
      case "address":
        return this.#address(matched(action, ["add", "change", "replace", "delete", "show", "list", "flush"]));
      case "route":
        return this.#route(
          matched(action, ["add", "append", "change", "delete", "flush", "get", "list", "prepend", "replace", "show"]),
        );
      case "link":
        return this.#link(matched(action, ["add", "change", "delete", "list", "replace", "set", "show"]));
      case "neighbour":
        return this.#neighbour(matched(action, ["add", "change", "replace", "delete", "show", "list", "flush"]));
      default:
        return this.#other(!/^(s|sh|show|l|ls|lst|list|g|get|exec|monitor)/.test(action));
    }
  }

  #address(action: string | null): IpCommand {
    if (action === null) return this.#unknownAction();
    if (action === "show" || action === "list") return this.#other(false);
    let own: { address: Address; length: number } | null = null;
    let peer: { address: Address; length: number } | null = null;
    let broadcast: Address | "computed" | null = null;
    let device: string | null = null;
    let metric = 0;
    let prefixRoute = true;
    for (let word = this.#next(); word !== null; word = this.#next()) {
      switch (word.text) {
        case "dev":
          device = this.#name();
          break;
        case "peer":
        case "remote":
          peer = this.#prefix(this.#next());
          break;
        case "broadcast":
        case "brd": {
          const value = this.#next();
          if (value?.text === "+") broadcast = "computed";
          else if (value?.text !== "-") broadcast = this.#addressWord(value);
          break;
        }
        case "metric":
        case "priority":
        case "preference":
          metric = this.#number(this.#next()) ?? 0;
          break;
        case "anycast":
        case "scope":
        case "label":
        case "valid_lft":
        case "preferred_lft":
        case "proto":
          this.#next();
          break;
        case "noprefixroute":
          prefixRoute = false;
          break;
        case "nodad":
        case "home":
        case "mngtmpaddr":
        case "autojoin":
        case "optimistic":
        case "to":
        case "up":
        case "permanent":
        case "dynamic":
          break;
        case "local":
          own = this.#prefix(this.#next());
          break;
        default:
          own = this.#prefix(word);
      }
      if (this.failed) break;
    }
    const verb = action === "flush" ? "flush" : action === "delete" ? "delete" : action === "add" ? "add" : "replace";
    if (!this.failed && verb !== "flush" && (own === null || device === null)) {
      const missing = own === null ? "an address" : "`dev NAME`";
      this.#fail("ip-command/incomplete", `\`ip address ${verb}\` needs ${missing}.`, this.#span);
    }
    return {
      object: "address",
      action: verb,
      family: own?.address.family ?? this.#family,
      address: own?.address ?? null,
      length: peer?.length ?? own?.length ?? 0,
      peer: peer?.address ?? null,
      broadcast,
      device,
      metric,
      prefixRoute,
      span: this.#span,
    };
  }

  #route(action: string | null): IpCommand {
    if (action === null) return this.#unknownAction();
    if (action === "show" || action === "list" || action === "get") return this.#other(false);
    const found: { -readonly [K in keyof IpRouteCommand]?: IpRouteCommand[K] } = {};
    let destination: { address: Address; length: number } | null = null;
    let isDefault = false;
    let written = "default";
    for (let word = this.#next(); word !== null; word = this.#next()) {
      const place = word;
      switch (word.text) {
        case "via": {
          let value = this.#next();
          if (value?.text === "inet" || value?.text === "inet6") value = this.#next();
          found.gateway = this.#addressWord(value);
          found.gatewaySpan = value?.span ?? null;
          break;
        }
        case "dev":
        case "oif":
          found.device = this.#name();
          break;
        case "onlink":
        case "pervasive":
          found.onLink = word.text === "onlink";
          break;
        case "metric":
        case "priority":
        case "preference":
          found.metric = this.#number(this.#next());
          break;
        case "src":
          found.source = this.#addressWord(this.#next());
          break;
        case "scope":
          found.scope = this.#next()?.text ?? null;
          break;
        case "table": {
          const name = this.#next()?.text ?? "";
          const known = { main: 254, default: 253, local: 255 }[name] ?? (/^\d{1,10}$/.test(name) ? Number(name) : -1);
          found.table = known === 254 ? null : known;
          break;
        }
        case "mtu": {
          let value = this.#next();
          if (value?.text === "lock") value = this.#next();
          found.mtu = this.#number(value);
          break;
        }
        case "unicast":
        case "blackhole":
        case "unreachable":
        case "prohibit":
        case "throw":
        case "local":
        case "broadcast":
        case "anycast":
        case "multicast":
        case "nat":
          found.type = word.text;
          break;
        case "nexthop":
        case "nhid":
        case "encap":
          found.multipath = true;
          this.#at = this.#words.length;
          break;
        case "proto":
        case "protocol":
        case "tos":
        case "dsfield":
        case "from":
        case "advmss":
        case "hoplimit":
        case "initcwnd":
        case "initrwnd":
        case "window":
        case "rtt":
        case "rttvar":
        case "reordering":
        case "ssthresh":
        case "realms":
        case "pref":
        case "expires":
        case "congctl":
        case "features":
        case "quickack":
        case "rto_min":
        case "fastopen_no_cookie":
          if (this.#next()?.text === "lock") this.#next();
          break;
        case "to":
          break;
        default:
          written = place.text;
          if (/^(default|any|all)$/.test(place.text)) isDefault = true;
          else {
            destination = this.#prefix(place);
            if (destination !== null) isDefault = false;
          }
      }
      if (this.failed) break;
    }
    const family =
      destination?.address.family ?? this.#family ?? (found.gateway as Address | null | undefined)?.family ?? 4;
    if (!this.failed && action !== "flush" && destination === null && !isDefault) {
      this.#fail("ip-command/incomplete", `\`ip route ${action}\` needs a destination.`, this.#span);
    }
    return {
      object: "route",
      action: action as IpRouteCommand["action"],
      family,
      destination: (destination?.address ?? new Address(family, 0)).masked(destination?.length ?? 0),
      length: destination?.length ?? 0,
      written,
      gateway: null,
      gatewaySpan: null,
      device: null,
      onLink: false,
      metric: null,
      source: null,
      table: null,
      scope: null,
      type: "unicast",
      mtu: null,
      multipath: false,
      ...found,
      span: this.#span,
    };
  }

  #link(action: string | null): IpCommand {
    if (action === null) return this.#unknownAction();
    if (action === "show" || action === "list") return this.#other(false);
    let device: string | null = null;
    let up: boolean | null = null;
    let mtu: number | null = null;
    let mac: string | null = null;
    let newName: string | null = null;
    let master: string | null = null;
    let type: string | null = null;
    let parent: string | null = null;
    for (let word = this.#next(); word !== null; word = this.#next()) {
      switch (word.text) {
        case "dev":
          device = this.#name();
          break;
        case "name":
          if (action === "add") device = this.#name();
          else newName = this.#name();
          break;
        case "up":
        case "down":
          up = word.text === "up";
          break;
        case "mtu":
          mtu = this.#number(this.#next());
          break;
        case "address": {
          const value = this.#next();
          if (value === null) break;
          if (/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(value.text)) {
            mac = value.text
              .split(":")
              .map((octet) => octet.padStart(2, "0").toLowerCase())
              .join(":");
          } else {
            const text = `"${shown(value.text)}" is no link-layer address.`;
            this.#fail("ip-command/bad-mac", text, value.span);
          }
          break;
        }
        case "master":
          master = this.#name();
          break;
        case "nomaster":
          master = "";
          break;
        case "link":
          parent = this.#name();
          break;
        case "type":
          type = this.#next()?.text ?? null;
          this.#at = this.#words.length;
          break;
        case "alias":
        case "group":
        case "txqueuelen":
        case "txqlen":
        case "qlen":
        case "numtxqueues":
        case "numrxqueues":
        case "netns":
        case "index":
        case "broadcast":
        case "arp":
        case "multicast":
        case "allmulticast":
        case "promisc":
        case "dynamic":
        case "addrgenmode":
        case "broadcast-address":
          this.#next();
          break;
        default:
          device ??= word.text;
      }
      if (this.failed) break;
    }
    const verb = action === "add" ? "add" : action === "delete" ? "delete" : "set";
    return { object: "link", action: verb, device, up, mtu, mac, newName, master, type, parent, span: this.#span };
  }

  #neighbour(action: string | null): IpCommand {
    if (action === null) return this.#unknownAction();
    if (action === "show" || action === "list" || action === "flush") return this.#other(action === "flush");
    let address: Address | null = null;
    let mac: string | null = null;
    let device: string | null = null;
    for (let word = this.#next(); word !== null; word = this.#next()) {
      if (word.text === "dev") device = this.#name();
      else if (word.text === "lladdr") mac = this.#next()?.text.toLowerCase() ?? null;
      else if (word.text === "nud") this.#next();
      else if (!/^(to|proxy|router|extern_learn)$/.test(word.text)) address = this.#addressWord(word);
      if (this.failed) break;
    }
    return {
      object: "neighbour",
      action: action === "delete" ? "delete" : "add",
      address,
      mac,
      device,
      span: this.#span,
    };
  }

  #other(changes: boolean): IpCommand {
    return { object: "other", changes, span: this.#span };
  }

  #unknownAction(): IpCommand {
    const word = this.#words[this.#at - 1];
    this.#fail(
      "ip-command/unknown-action",
      `ip knows no command "${shown(word?.text ?? "")}" for this.`,
      word?.span ?? this.#span,
    );
    return this.#other(false);
  }

  #name(): string | null {
    const word = this.#next();
    if (word === null) this.#fail("ip-command/incomplete", "The name of an interface is missing here.", this.#span);
    // `eth0:1` is eth0 for the kernel (dev_ioctl).
    return word?.text.split(":")[0] ?? null;
  }

  #number(word: Word | null): number | null {
    if (word !== null && /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(word.text)) return Number(word.text);
    const text = word === null ? "A number is missing here." : `"${shown(word.text)}" is no number.`;
    this.#fail("ip-command/bad-number", text, word?.span ?? this.#span);
    return null;
  }

  #addressWord(word: Word | null): Address | null {
    const address = word === null ? null : parseAddress(word.text);
    if (address !== null && (this.#family === null || address.family === this.#family || this.#family === 4)) {
      return address;
    }
    const text =
      word === null ? "An address is missing here." : `"${shown(word.text)}" is no address${this.#familyText()}.`;
    this.#fail("ip-command/bad-address", text, word?.span ?? this.#span);
    return null;
  }

  #familyText(): string {
    return this.#family === null ? "" : ` for IPv${this.#family}`;
  }

  /** `address/length`, or with a netmask behind the slash; short IPv4 forms such as `10/8` count from the left. */
  #prefix(word: Word | null): { address: Address; length: number } | null {
    if (word !== null) {
      const slash = word.text.indexOf("/");
      const head = slash === -1 ? word.text : word.text.slice(0, slash);
      const tail = slash === -1 ? null : word.text.slice(slash + 1);
      const address = head.includes(":") ? parseAddress(head) : parseShortIpv4(head);
      if (address !== null && (this.#family === null || this.#family === address.family)) {
        const length = tail === null ? address.bits : /^\d{1,3}$/.test(tail) ? Number(tail) : parseNetmask(tail);
        if (length !== null && length >= 0 && length <= address.bits) return { address, length };
      }
    }
    const text =
      word === null ? "An address is missing here." : `"${shown(word.text)}" is no address${this.#familyText()}.`;
    this.#fail("ip-command/bad-address", text, word?.span ?? this.#span);
    return null;
  }

  #peek(): Word | null {
    return this.#words[this.#at] ?? null;
  }

  #next(): Word | null {
    return this.#words[this.#at++] ?? null;
  }

  #fail(code: string, message: string, span: Span): void {
    if (this.failed) return;
    this.failed = true;
    this.diagnostics.push(diagnostic(code, "error", message, this.#source, span));
  }
}

/** get_addr_ipv4() of iproute2: missing octets at the end are 0. */
function parseShortIpv4(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length > 4 || parts.some((part) => !/^\d{1,3}$/.test(part))) return null;
  while (parts.length < 4) parts.push("0");
  return parts.every((part) => Number(part) <= 255) ? parseInetAton(parts.map(Number).join(".")) : null;
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
