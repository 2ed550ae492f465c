/** IPv6 of lines and guests: what a method needs and what it cannot use, what the provider asks for, what is written around it. */
import { formatPrefix, isAtLeast, type System } from "@pierhead/core";
import { PROVIDERS } from "../providers/index.ts";
import type { ProviderName } from "../schema/index.ts";
import type { CheckContext } from "./check-context.ts";
import type { Guest, Host, Inet6, Lan } from "./site.ts";

interface Owner {
  readonly system: System;
  readonly provider: ProviderName;
  /** Null for a guest, which has none. */
  readonly lans: readonly Lan[] | null;
}

export function checkHostInet6(host: Host, context: CheckContext): void {
  const lines = host.uplinks.filter((line) => line.inet6 !== null);
  for (const line of lines) checkInet6(line.inet6 as Inet6, host, context);
  const second = lines[1];
  if (second !== undefined) {
    const message = `${lines[0]?.name} and ${second.name} both have IPv6, and no rules are built that send each network by its own line: packets with an address of one may leave by the other, where they are dropped.`;
    context.say("site/inet6-two-ways", "warning", message, second.inet6?.path ?? second.path, lines[0]?.inet6?.path);
  }
}

export function checkGuestInet6(guest: Guest, host: Host, context: CheckContext): void {
  const filtered = host.system.family === "openbsd" && host.hypervisor?.bridge.startsWith("veb") === false;
  if (filtered && guest.inet6?.method === "slaac" && guest.inet6.prefix === null) {
    const message = `The rules of ${host.name} let a guest send from its own addresses only: write the \`prefix\` that routers announce here.`;
    context.say("site/inet6-incomplete", "error", message, guest.inet6.path);
  }
  if (guest.inet6 !== null) checkInet6(guest.inet6, { ...guest, lans: null }, context);
}

function checkInet6(one: Inet6, owner: Owner, context: CheckContext): void {
  const before = context.diagnostics.length;
  if (one.method === "static") checkStatic(one, context);
  else if (one.method === "slaac") refuse(one, ["address", "duid", "lans"], "with `slaac`", context);
  else checkDelegation(one, owner, context);
  if (context.diagnostics.length === before) checkProvider(one, owner, context);
}

function checkStatic(one: Inet6, context: CheckContext): void {
  refuse(one, ["duid", "lans"], "with a `static` address", context);
  if (one.address === null || one.gateway === null) {
    const what = one.address === null ? "an `address`" : "a `gateway`";
    const message = `IPv6 by hand needs ${what}; or say \`method: slaac\` or \`dhcpv6-pd\`.`;
    context.say("site/inet6-incomplete", "error", message, one.path);
  } else if (one.gateway.equals(one.address.address)) {
    const message = "The gateway is the machine's own address.";
    context.say("site/gateway-is-own-address", "error", message, [...one.path, "gateway"], [...one.path, "address"]);
  }
}

type Key = "address" | "gateway" | "duid" | "prefix" | "lans";

function refuse(one: Inet6, keys: readonly Key[], when: string, context: CheckContext): void {
  for (const key of keys) {
    const value = one[key];
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    context.sayKey("site/inet6-contradiction", `\`${key}\` decides nothing ${when}.`, [...one.path, key]);
  }
}

function checkDelegation(one: Inet6, owner: Owner, context: CheckContext): void {
  const { address, prefix, lans, path } = one;
  if (prefix === null && lans.length === 0) {
    const message =
      "What is the delegation for? Write the `prefix`, where it is always the same one, or the `lans` that get a part of it.";
    context.say("site/inet6-incomplete", "error", message, path);
  }
  if (owner.lans === null && lans.length > 0) {
    context.sayKey("site/inet6-contradiction", "A guest has no LANs.", [...path, "lans"]);
    return;
  }
  if (owner.system.family !== "openbsd" && owner.system.family !== "freebsd" && lans.length > 0) {
    context.sayKey("site/not-built", `Gateways are built for OpenBSD and FreeBSD, not ${owner.system.name}.`, [
      ...path,
      "lans",
    ]);
  }
  const numbers = new Map<number, readonly (string | number)[]>();
  for (const lan of lans) {
    if (owner.lans?.some((each) => each.name === lan.name) === false) {
      context.sayKey("site/unknown-reference", `There is no LAN \`${lan.name}\` on this host.`, lan.path);
    }
    const taken = numbers.get(lan.number);
    if (taken !== undefined) {
      context.say("site/inet6-contradiction", "error", `Two LANs have the network ${lan.number}.`, lan.path, taken);
    }
    numbers.set(lan.number, lan.path);
    const room = prefix === null ? 16 : 64 - prefix.length;
    if (room < 0 || lan.number >= 2 ** Math.min(room, 30)) {
      const what = prefix === null ? "a delegation" : formatPrefix(prefix);
      context.say("site/inet6-contradiction", "error", `${what} has no network ${lan.number} of length 64.`, lan.path);
    }
  }
  if (address !== null && prefix !== null && !address.address.isIn(prefix.address, prefix.length)) {
    const message = `${formatPrefix(address)} is no part of ${formatPrefix(prefix)}, which is what is routed here.`;
    context.say("site/inet6-not-routed", "warning", message, [...path, "address"], [...path, "prefix"]);
  }
  if (one.duid !== null) checkDuid(one, one.duid, context);
}

/** RFC 8415 11: LLT has hardware type, time and address, EN an enterprise number, LL hardware type and address, UUID 16 octets. */
const DUID_TYPES: Readonly<Record<number, { readonly name: string; readonly fits: (octets: number) => boolean }>> = {
  1: { name: "link-layer address with time", fits: (octets) => octets > 8 },
  2: { name: "enterprise number", fits: (octets) => octets > 6 },
  3: { name: "link-layer address", fits: (octets) => octets > 4 },
  4: { name: "UUID", fits: (octets) => octets === 18 },
};

function checkDuid(one: Inet6, duid: string, context: CheckContext): void {
  const octets = duid.split(":").map((octet) => Number.parseInt(octet, 16));
  const type = DUID_TYPES[((octets[0] ?? 0) << 8) | (octets[1] ?? 0)];
  const path = [...one.path, "duid"];
  if (type === undefined) {
    const message =
      "A DUID begins with its type, 00:01 to 00:04 (RFC 8415, 11.1); this one has another. Is it the whole of it?";
    context.say("site/duid-shape", "warning", message, path);
  } else if (!type.fits(octets.length)) {
    const message = `This is the type ${type.name}, and ${octets.length} octets are too few or too many for that (RFC 8415, 11).`;
    context.say("site/duid-shape", "warning", message, path);
  }
}

function checkProvider(one: Inet6, owner: Owner, context: CheckContext): void {
  const provider = PROVIDERS[owner.provider];
  const wanted = provider.inet6;
  if (one.method === "dhcpv6-pd") {
    if (wanted.method === "static") {
      const message = `${provider.title}: ${provider.facts.inet6.text}. Nobody will answer.`;
      context.say("site/inet6-rule", "warning", message, [...one.path, "method"]);
      return;
    }
    if (wanted.duidFromConsole && one.duid === null) {
      const message = `${provider.title}: ${provider.facts.duid.text}. Write it as \`duid\`.`;
      context.say("site/inet6-rule", "warning", message, one.path);
    }
    if (wanted.brokenTimers) {
      const held =
        one.prefix === null
          ? "what comes of it is lost with the lease"
          : "addresses of the `prefix` are set by hand and stay";
      const message = `${provider.title} was reported to send lease timers that do not follow the RFC, so that clients lose the delegation; whether it still does, \`pierhead lease check\` tells from a capture. ${held[0]?.toUpperCase()}${held.slice(1)}.`;
      context.say("site/dhcpv6-timers", "warning", message, [...one.path, "method"]);
    }
    if (needsPackage(one, owner.system)) {
      const message = `The delegation is asked for by dhcpcd, which is a package on ${owner.system.name}.`;
      context.say("site/package-needed", "note", message, [...one.path, "method"]);
    }
  } else if (one.method === "static" && wanted.method === "dhcpv6-pd") {
    const message = `${provider.title}: ${provider.facts.inet6.text}.`;
    context.say("site/inet6-rule", "note", message, one.path);
  }
}

/** OpenBSD's own dhcp6leased(8), from 7.6, makes up its DUID; NetBSD has dhcpcd; systemd-networkd asks itself. */
function needsPackage(one: Inet6, system: System): boolean {
  if (system.family === "openbsd") return one.duid !== null || !isAtLeast(system, "openbsd", 7, 6);
  return system.family === "freebsd";
}
