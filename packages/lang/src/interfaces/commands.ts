/** What ifup does for a stanza: the commands of ifupdown's inet.defn and inet6.defn with the options filled in. */
import {
  type Address,
  type Diagnostic,
  diagnostic,
  parseAddress,
  type Severity,
  type Source,
  type Span,
} from "@pierhead/core";
import { classfulLength, parseInetAton, parseNetmask, type Word } from "../text/index.ts";
import { METHODS } from "./options.ts";
import type { InterfaceOption, InterfaceStanza } from "./tree.ts";

/** A stanza with what it inherits, and the file it stands in. */
export interface ResolvedStanza {
  readonly source: Source;
  readonly stanza: InterfaceStanza;
  readonly family: string;
  readonly method: string;
  /** Inherited ones first. */
  readonly options: readonly { readonly source: Source; readonly option: InterfaceOption }[];
}

/** One step of ifup, in order. Steps after one that fails are not done. */
export type IfupStep =
  /** `ip …` of ifup's own; the words stand at the options they come from. */
  | { readonly kind: "ip"; readonly words: readonly Word[]; readonly source: Source; readonly span: Span }
  /** A line for the shell: `pre-up`, `up`. */
  | { readonly kind: "shell"; readonly text: string; readonly source: Source; readonly span: Span }
  /** A client that asks a server for the address. */
  | { readonly kind: "dynamic"; readonly family: 4 | 6; readonly source: Source; readonly span: Span }
  /** The shell cannot run what comes here; ifup stops. */
  | { readonly kind: "fails"; readonly text: string; readonly source: Source; readonly span: Span }
  /** `ppp` and other methods that are not followed here. */
  | { readonly kind: "other"; readonly text: string; readonly source: Source; readonly span: Span };

export interface IfupPlan {
  readonly steps: readonly IfupStep[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Steps of bringing up an interface by one stanza. */
export function planStanza(resolved: ResolvedStanza, name: string): IfupPlan {
  return new Planner(resolved, name).plan();
}

/** Values that ip does not take. */
const STOPS: ReadonlySet<string> = new Set([
  "interfaces/missing-option",
  "interfaces/bad-address",
  "interfaces/bad-netmask",
  "interfaces/bad-number",
  "interfaces/bad-mac",
]);

class Planner {
  readonly #resolved: ResolvedStanza;
  readonly #name: string;
  readonly #steps: IfupStep[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(resolved: ResolvedStanza, name: string) {
    this.#resolved = resolved;
    this.#name = name;
  }

  plan(): IfupPlan {
    const { family, method, stanza, source } = this.#resolved;
    this.#commands(["pre-up"]);
    if (method === "static" && family === "inet") this.#static4();
    else if (method === "static" && family === "inet6") this.#static6();
    else if (method === "loopback") this.#ip(stanza.span, ["link", "set", "dev", this.#name, "up"]);
    else if (method === "manual" || (method === "auto" && family === "inet6")) this.#manual();
    else if (method === "dhcp") {
      this.#manual();
      this.#steps.push({ kind: "dynamic", family: family === "inet6" ? 6 : 4, source, span: stanza.name.span });
    } else if (METHODS[family] !== undefined) {
      const text = `${family} ${method}`;
      this.#steps.push({ kind: "other", text, source, span: stanza.span });
    }
    this.#commands(["up", "post-up"]);
    return { steps: this.#steps, diagnostics: this.#diagnostics };
  }

  #commands(names: readonly string[]): void {
    for (const { source, option } of this.#resolved.options) {
      if (!names.includes(option.name)) continue;
      this.#steps.push({ kind: "shell", text: option.value, source, span: option.valueSpan });
    }
  }

  /** The value of an option: of several the first decides, and that is said. */
  #value(name: string): { text: string; source: Source; span: Span } | null {
    const found = this.#resolved.options.filter(({ option }) => option.name === name);
    const first = found[0];
    if (first === undefined) return null;
    const second = found[1];
    if (second !== undefined) {
      const text = `${name} is given before in this stanza; ifup joins the two, and that is no single value. Remove one, or write a second \`iface\` stanza.`;
      this.#say("interfaces/option-twice", "error", text, second.source, second.option.nameSpan);
    }
    return { text: first.option.value, source: first.source, span: first.option.valueSpan };
  }

  #static4(): void {
    const { stanza, source } = this.#resolved;
    const written = this.#value("address");
    if (written === null) {
      const text = "A static stanza needs an `address`; ifup stops here.";
      this.#say("interfaces/missing-option", "error", text, source, stanza.name.span);
      return;
    }
    const slash = written.text.indexOf("/");
    const address = parseInetAton(slash === -1 ? written.text : written.text.slice(0, slash));
    if (address === null) {
      this.#say(
        "interfaces/bad-address",
        "error",
        `"${shown(written.text)}" is no IPv4 address.`,
        written.source,
        written.span,
      );
      return;
    }
    const length = this.#length4(written, slash, address);
    if (length === null) return;
    const words = ["address", "add", { text: `${address}/${length}`, span: written.span }] as (string | Word)[];
    const broadcast = this.#value("broadcast");
    words.push("broadcast", broadcast === null || broadcast.text === "+" ? "+" : word(broadcast));
    const peer = this.#value("pointopoint");
    if (peer !== null && this.#address(peer, 4) !== null) words.push("peer", word(peer));
    const scope = this.#value("scope");
    if (scope !== null) words.push("scope", word(scope));
    this.#ip(written.span, [...words, "dev", this.#name]);
    this.#link(true);
    this.#gateway(4, []);
  }

  /** compute_v4_mask(): `netmask` wins over the length behind the address; without both the old class decides. */
  #length4(written: { text: string; source: Source; span: Span }, slash: number, address: Address): number | null {
    const mask = this.#value("netmask");
    if (mask !== null) {
      const length = /^\d{1,2}$/.test(mask.text) ? Number(mask.text) : parseNetmask(mask.text);
      if (length !== null && length >= 0 && length <= 32) {
        if (slash !== -1 && Number(written.text.slice(slash + 1)) !== length) {
          const text = `The netmask (/${length}) counts, not the length behind the address.`;
          this.#say("interfaces/two-lengths", "warning", text, mask.source, mask.span);
        }
        return length;
      }
      const text = `"${shown(mask.text)}" is no netmask; write 255.255.255.255 or a length up to 32.`;
      this.#say("interfaces/bad-netmask", "error", text, mask.source, mask.span);
      return null;
    }
    if (slash !== -1) {
      const tail = written.text.slice(slash + 1);
      const length = /^\d{1,2}$/.test(tail) ? Number(tail) : parseNetmask(tail);
      if (length !== null && length >= 0 && length <= 32) return length;
      const text = `"/${shown(tail)}" is no length of an IPv4 network: ifup then uses /0, the whole Internet.`;
      this.#diagnostics.push(diagnostic("interfaces/bad-netmask", "error", text, written.source, written.span));
      return 0;
    }
    const length = classfulLength(address);
    this.#say(
      "interfaces/no-netmask",
      "warning",
      `Without a netmask ifup takes that of the address's old class, /${length}: write the length behind the address.`,
      written.source,
      written.span,
    );
    return length;
  }

  #static6(): void {
    const { stanza, source } = this.#resolved;
    const written = this.#value("address");
    if (written === null) {
      const text = "A static stanza needs an `address`; ifup stops here.";
      this.#say("interfaces/missing-option", "error", text, source, stanza.name.span);
      return;
    }
    const slash = written.text.indexOf("/");
    const address = parseAddress(slash === -1 ? written.text : written.text.slice(0, slash));
    const mask = this.#value("netmask");
    const tail = mask !== null ? mask.text : slash === -1 ? "128" : written.text.slice(slash + 1);
    if (address === null || address.family === 4) {
      this.#say(
        "interfaces/bad-address",
        "error",
        `"${shown(written.text)}" is no IPv6 address.`,
        written.source,
        written.span,
      );
      return;
    }
    if (!/^\d{1,3}$/.test(tail) || Number(tail) > 128) {
      const place = mask ?? written;
      this.#say(
        "interfaces/bad-netmask",
        "error",
        `"${shown(tail)}" is no length of an IPv6 network.`,
        place.source,
        place.span,
      );
      return;
    }
    if (mask === null && slash === -1) {
      const text = "Without a netmask this is a single address (/128): write the length behind the address.";
      this.#say("interfaces/no-netmask", "warning", text, written.source, written.span);
    }
    this.#link(false);
    const attempts = this.#value("dad-attempts");
    const nodad = attempts?.text === "0" ? ["nodad"] : [];
    const prefix = { text: `${address}/${Number(tail)}`, span: written.span };
    this.#ip(written.span, ["-6", "address", "add", prefix, "dev", this.#name, ...nodad]);
    this.#gateway(6, ["-6"]);
  }

  #manual(): void {
    this.#link(true);
  }

  /** `ip link set dev NAME [mtu N] [address MAC] up`. */
  #link(withMtu: boolean): void {
    const words: (string | Word)[] = ["link", "set", "dev", this.#name];
    const mtu = this.#value("mtu");
    if (mtu !== null) {
      if (!/^\d{1,5}$/.test(mtu.text)) {
        this.#say("interfaces/bad-number", "error", `"${shown(mtu.text)}" is no MTU.`, mtu.source, mtu.span);
      } else if (withMtu) words.push("mtu", word(mtu));
    }
    const hardware = this.#value("hwaddress");
    if (hardware !== null) {
      const mac = hardware.text.replace(/^ether\s+/, "");
      if (/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(mac)) {
        words.push("address", { text: mac, span: hardware.span });
      } else if (mac !== "random") {
        const text = `"${shown(mac)}" is no link-layer address: six groups of two hexadecimal digits.`;
        this.#say("interfaces/bad-mac", "error", text, hardware.source, hardware.span);
      }
    }
    this.#ip(hardware?.span ?? mtu?.span ?? this.#resolved.stanza.name.span, [...words, "up"]);
  }

  #gateway(family: 4 | 6, modifiers: readonly string[]): void {
    const gateway = this.#value("gateway");
    if (gateway === null) return;
    // What follows a comment sign is lost to the shell: the device and `onlink` with it.
    const [text, comment] = gateway.text.split(/\s+#/, 2);
    if (this.#address({ ...gateway, text: text as string }, family) === null) return;
    const metric = this.#value("metric");
    // A second gateway begins a line of its own in the shell, and takes the rest of the command with it.
    const second = this.#resolved.options.filter(({ option }) => option.name === "gateway")[1];
    const cut = comment !== undefined || second !== undefined;
    const tail = cut ? [] : ["dev", this.#name, "onlink"];
    const action = family === 6 ? "replace" : "add";
    this.#ip(gateway.span, [
      ...modifiers,
      "route",
      action,
      "default",
      "via",
      { text: text as string, span: gateway.span },
      ...(metric === null || cut ? [] : ["metric", word(metric)]),
      ...tail,
    ]);
    if (second === undefined) return;
    const { valueSpan: span, value: lost } = second.option;
    this.#steps.push({ kind: "fails", text: lost, source: second.source, span });
  }

  #address(value: { text: string; source: Source; span: Span }, family: 4 | 6): Address | null {
    const address = parseAddress(value.text);
    if (address !== null && address.family === family) return address;
    const text = `"${shown(value.text)}" is no IPv${family} address.`;
    this.#say("interfaces/bad-address", "error", text, value.source, value.span);
    return null;
  }

  #ip(span: Span, words: readonly (string | Word)[]): void {
    const source = this.#resolved.source;
    const placed = words.map((one) => (typeof one === "string" ? { text: one, span } : one));
    this.#steps.push({ kind: "ip", words: placed, source, span });
  }

  #say(code: string, severity: Severity, message: string, source: Source, span: Span): void {
    // ip refuses the command that the value would stand in, and ifup stops there.
    if (STOPS.has(code)) this.#steps.push({ kind: "fails", text: message, source, span });
    this.#diagnostics.push(diagnostic(code, severity, message, source, span));
  }
}

function word(value: { readonly text: string; readonly span: Span }): Word {
  return { text: value.text, span: value.span };
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
