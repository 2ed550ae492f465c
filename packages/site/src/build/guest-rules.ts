/** Rules for guests on a bridge that hands every IP packet to pf, on the card and on the guest's tap. */
import { formatPrefix } from "@pierhead/core";
import type { Guest, Host, Inet6 } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";
import type { FileWriter } from "./file.ts";
import type { PfWriter, RuleWords } from "./pf-rule.ts";
import { isShared } from "./wire.ts";

/**
 * Guests whose packets pf sees on the bridge: always on bridge(4) of OpenBSD, where `net.link.bridge.pfil_member` says so
 * on FreeBSD. veb(4) asks it for nothing unless told to (link1), and vm-bhyve names the taps itself.
 */
export function filteredGuests(host: Host, guests: readonly Guest[]): readonly Guest[] {
  const { hypervisor, system } = host;
  if (hypervisor === null || hypervisor.bridge.startsWith("veb")) return [];
  if (system.family === "freebsd") return hypervisor.kind === "bhyve" && isShared(host) ? guests : [];
  return system.family === "openbsd" ? guests : [];
}

/**
 * Each guest may use its own address, and only that; what else it lets in is for its own rules. Without state, since
 * the same packet passes two interfaces and a state of one would match on the other.
 */
export function guestRules(out: FileWriter, pf: PfWriter, host: Host, all: readonly Guest[]): void {
  const guests = filteredGuests(host, all);
  const { hypervisor } = host;
  if (hypervisor === null || guests.length === 0) return;
  const rules = new GuestRules(out, pf, hypervisor.interface);
  out
    .blank()
    .line("# guests: each with its own address only, on the card and on its tap; the rest is for their own rules");
  guests.forEach((guest, index) => {
    const from = [[...guest.path, "address"], guest.path];
    const tap = `tap${index}`;
    rules.own(tap, "inet", `${guest.address.address}`, from, guest.name);
    if (guest.inet6 !== null) rules.inet6(tap, guest, guest.inet6);
  });
  rules.finish();
}

type Words = Omit<RuleWords, "action" | "quick" | "on" | "more"> & { readonly with?: string };

class GuestRules {
  readonly #out: FileWriter;
  readonly #pf: PfWriter;
  readonly #card: string;
  /** What the card needs for several guests alike. */
  readonly #shared = new Map<string, SitePath[]>();

  constructor(out: FileWriter, pf: PfWriter, card: string) {
    this.#out = out;
    this.#pf = pf;
    this.#card = card;
  }

  /** From and to an address or network of one guest, on both sides of the bridge. */
  own(tap: string, family: "inet" | "inet6", own: string, from: readonly SitePath[], name = ""): void {
    const comment = name === "" ? "" : `\t# ${name}`;
    this.#out.line(this.#rule(tap, { direction: "in", family, from: own }) + comment, ...from);
    this.#out.line(this.#rule(this.#card, { direction: "out", family, from: own }), ...from);
    this.#out.line(this.#rule(this.#card, { direction: "in", family, to: own }), ...from);
    this.#out.line(this.#rule(tap, { direction: "out", family, to: own }), ...from);
  }

  inet6(tap: string, guest: Guest, six: Inet6): void {
    const from = [six.address === null ? six.path : [...six.path, "address"], guest.path];
    for (const own of inet6Networks(six)) this.own(tap, "inet6", own, from);
    // Neighbours are found from and to link-local addresses and groups, and before an address is one's own (RFC 4861, 4862).
    const neighbours = { protocol: "icmp6", with: "icmp6-type { neighbrsol, neighbradv } " };
    this.#both(tap, neighbours, neighbours, from);
    if (six.method === "static") return;
    // Routers announce themselves on the wire; a guest never does.
    const router = six.gateway?.isLinkLocal() === true ? `${six.gateway}` : "fe80::/10";
    this.#outward(tap, { protocol: "icmp6", from: "fe80::/10", with: "icmp6-type routersol " }, from);
    this.#inward(tap, { protocol: "icmp6", from: router, with: "icmp6-type routeradv " }, from);
    if (six.method !== "dhcpv6-pd") return;
    // RFC 8415, 7.2: from port 546 of the client to port 547 of servers, and back.
    this.#outward(tap, { protocol: "udp", from: "fe80::/10 port 546", to: "ff02::1:2", toPort: "547" }, from);
    this.#inward(tap, { protocol: "udp", from: "fe80::/10 port 547", to: "fe80::/10", toPort: "546" }, from);
  }

  /** The rules of the card that several guests share, once. */
  finish(): void {
    for (const [rule, from] of this.#shared) this.#out.line(rule, ...from);
  }

  #outward(tap: string, words: Words, from: readonly SitePath[]): void {
    this.#both(tap, { direction: "in", ...words }, { direction: "out", ...words }, from);
  }

  #inward(tap: string, words: Words, from: readonly SitePath[]): void {
    this.#both(tap, { direction: "out", ...words }, { direction: "in", ...words }, from);
  }

  #both(tap: string, onTap: Words, onCard: Words, from: readonly SitePath[]): void {
    this.#out.line(this.#rule(tap, { family: "inet6", ...onTap }), ...from);
    const rule = this.#rule(this.#card, { family: "inet6", ...onCard });
    this.#shared.set(rule, [...(this.#shared.get(rule) ?? []), ...from]);
  }

  #rule(on: string, words: Words): string {
    const { with: more = "", ...rest } = words;
    return this.#pf.rule({ action: "pass", quick: true, on, ...rest, more: `${more}no state` });
  }
}

/** What a guest may send from: its address, and what is delegated to it or announced on its wire. */
function inet6Networks(six: Inet6): string[] {
  const { address, prefix } = six;
  const own = address === null ? [] : [`${address.address}`];
  if (prefix === null) return own;
  return address?.address.isIn(prefix.address, prefix.length) === true
    ? [formatPrefix(prefix)]
    : [...own, formatPrefix(prefix)];
}
