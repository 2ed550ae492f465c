/** Several hosts at once: what is wrong only when one looks at all of them. */
import { type Address, compareDiagnostics, type Diagnostic, diagnostic, type RelatedPlace } from "@pierhead/core";
import type { MachineBuild } from "../build/index.ts";
import { sameMac } from "./guests.ts";
import { type VirtualCard, virtualCards } from "./virtual-cards.ts";

/** A host as the user named it. */
export interface NamedBuild {
  readonly name: string;
  readonly build: MachineBuild;
}

/** Checks hosts against each other: addresses, and link-layer addresses of guests. */
export function checkTogether(hosts: readonly NamedBuild[]): Diagnostic[] {
  const cards = hosts.map((host) => virtualCards(host.build.tree));
  return [...checkAddresses(hosts), ...checkCards(cards), ...checkMacs(hosts, cards)].sort(compareDiagnostics);
}

interface Owner {
  readonly host: NamedBuild;
  readonly interface: string;
}

/** One address on two machines. */
function checkAddresses(hosts: readonly NamedBuild[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  const owners = new Map<string, Owner>();
  for (const host of hosts) {
    for (const one of host.build.machine.interfaces()) {
      if (one.kind === "loopback" || /^(carp|pflog|enc)/.test(one.name)) continue;
      if (host.build.interfaces.get(one.name)?.addresses !== "known") continue;
      for (const { address } of one.addresses) {
        if (address.isLinkLocal() || address.isUnspecified()) continue;
        const key = `${address}`;
        const before = owners.get(key);
        if (before === undefined) owners.set(key, { host, interface: one.name });
        else if (before.host !== host) found.push(sameAddress(address, { host, interface: one.name }, before));
      }
    }
  }
  return found;
}

function sameAddress(address: Address, here: Owner, there: Owner): Diagnostic {
  const place = placeOf(here, address);
  const other = placeOf(there, address);
  const text = `${address} is on ${there.interface} of ${there.host.name} as well: whoever answers first has it, and the provider lets one of them through at most.`;
  // Private networks may stand in two places that never meet.
  return diagnostic(
    "guests/same-address",
    isPrivate(address) ? "warning" : "error",
    text,
    place?.source ?? null,
    place?.span ?? NOWHERE,
    {
      related: other === null ? [] : [{ ...other, message: "the other one" }],
    },
  );
}

const NOWHERE = { start: 0, end: 0 };

/** The address where it is written; else the interface. */
function placeOf({ host, interface: name }: Owner, address: Address): RelatedPlace | null {
  const evidence = host.build.interfaces.get(name)?.evidence ?? [];
  for (const { source } of evidence) {
    const at = source.text.indexOf(`${address}`);
    if (at !== -1) return { source, span: { start: at, end: at + `${address}`.length }, message: "" };
  }
  return evidence[0] ?? null;
}

function isPrivate(address: Address): boolean {
  if (address.family === 6) return address.w0 >>> 25 === 0x7e;
  return address.w0 >>> 24 === 10 || address.w0 >>> 20 === 0xac1 || address.w0 >>> 16 === 0xc0a8;
}

/** Cards of guests on different hosts. */
function checkCards(hosts: readonly (readonly VirtualCard[])[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Map<string, { readonly card: VirtualCard; readonly host: number }>();
  hosts.forEach((cards, host) => {
    for (const card of cards) {
      const before = seen.get(card.mac);
      if (before === undefined) seen.set(card.mac, { card, host });
      else if (before.host !== host) found.push(sameMac(card, before.card));
    }
  });
  return found;
}

/** A guest that gives its card another address than its host does, or a machine with the card of a guest that is not it. */
function checkMacs(hosts: readonly NamedBuild[], cards: readonly (readonly VirtualCard[])[]): Diagnostic[] {
  const all = cards.flat();
  return hosts.flatMap((host, index) => {
    const last = host.name.replace(/\/+$/, "").split("/").pop() ?? host.name;
    const mine = all.filter((card) => card.guest === last);
    return host.build.macs.flatMap((own) => {
      const related = (card: VirtualCard): RelatedPlace[] => [
        { source: card.source, span: card.span, message: "the virtual card" },
      ];
      if (mine.length > 0) {
        if (mine.some((card) => card.mac === own.mac)) return [];
        const card = mine[0] as VirtualCard;
        const text = `The host gives this guest the card ${card.mac}; with ${own.mac} on ${own.interface} its frames are dropped, by the provider if not by the host. Leave the line out.`;
        return [
          diagnostic("guests/other-mac", "error", text, own.place.source, own.place.span, { related: related(card) }),
        ];
      }
      const card = all.find((one) => one.mac === own.mac);
      // On the host of the guest itself this was said.
      if (card === undefined || cards[index]?.includes(card) === true) return [];
      const text = `${own.mac} is the card of ${card.guest ?? "a guest"}, and ${last} has it on ${own.interface} as well.`;
      return [
        diagnostic("guests/mac-on-host", "error", text, own.place.source, own.place.span, { related: related(card) }),
      ];
    });
  });
}
