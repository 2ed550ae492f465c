/**
 * A host and its guests: a guest's link-layer address belongs on its virtual card and nowhere else, each card has its
 * own, and the switch it is plugged into has to be there.
 */
import { type Diagnostic, diagnostic, type RelatedPlace } from "@pierhead/core";
import { loadVmConf } from "@pierhead/lang/vm-conf";
import type { MachineBuild } from "../build/index.ts";
import { type VirtualCard, virtualCards } from "./virtual-cards.ts";

/** What the files of one host say of its guests. */
export function checkGuests(build: MachineBuild): Diagnostic[] {
  const cards = virtualCards(build.tree);
  return [...checkCards(cards), ...checkOwnCards(build, cards), ...checkSwitches(build), ...checkOwnGateway(build)];
}

/** Linux takes the host's own address as a gateway, and then looks for the whole world on the link. */
function checkOwnGateway(build: MachineBuild): Diagnostic[] {
  return build.machine.routes.list(0).flatMap((route) => {
    if (route.direct !== true || route.length !== 0) return [];
    const place = build.defaultRoutes.get(route.family) ?? null;
    const text = `${route.gateway} is an address of this machine. The kernel takes it, and then asks for every address of the world on ${route.interface}, where nobody answers: name the provider's gateway.`;
    return [
      diagnostic("machine/own-gateway", "warning", text, place?.source ?? null, place?.span ?? { start: 0, end: 0 }),
    ];
  });
}

/** Two guests with one link-layer address. vm.conf says that of its own cards itself. */
function checkCards(cards: readonly VirtualCard[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Map<string, VirtualCard>();
  for (const card of cards) {
    const before = seen.get(card.mac);
    if (before === undefined) seen.set(card.mac, card);
    else if (before.source !== card.source) found.push(sameMac(card, before));
  }
  return found;
}

/** The finding about two cards with one link-layer address. */
export function sameMac(card: VirtualCard, before: VirtualCard): Diagnostic {
  const text = `${card.mac} is the card of ${before.guest ?? "another guest"} as well: each gets the other's frames, or none.`;
  return diagnostic("guests/same-mac", "error", text, card.source, card.span, {
    related: [{ source: before.source, span: before.span, message: "the other card" }],
  });
}

/** The host itself has a guest's link-layer address: frames for the guest end at the host. */
function checkOwnCards(build: MachineBuild, cards: readonly VirtualCard[]): Diagnostic[] {
  return build.macs.flatMap((own) => {
    const card = cards.find((one) => one.mac === own.mac);
    if (card === undefined) return [];
    const related: RelatedPlace[] = [{ source: card.source, span: card.span, message: "the guest's card" }];
    const text = `${own.mac} is the card of ${card.guest ?? "a guest"}; with it on ${own.interface} of the host, frames for the guest end here. It belongs on the virtual card alone.`;
    return [diagnostic("guests/mac-on-host", "error", text, own.place.source, own.place.span, { related })];
  });
}

/** vmd gives up when the interface of a switch is not there (IMSG_VMDOP_PRIV_IFEXISTS in priv.c). */
function checkSwitches(build: MachineBuild): Diagnostic[] {
  if (build.system.family !== "openbsd" || build.assumed) return [];
  return build.tree.of("vm-conf").flatMap((file) =>
    loadVmConf(file.source).switches.flatMap((one) => {
      if (one.interface === null || !one.enabled || build.machine.interface(one.interface) !== null) return [];
      const { source, span } = one.origin;
      const name = one.interface;
      const text = `There is no ${name}, and vmd does not start without it: write /etc/hostname.${name}, with \`add\` and the card that leads outside.`;
      const at = source.text.indexOf(name, span.start);
      const place = at === -1 || at >= span.end ? span : { start: at, end: at + name.length };
      return [diagnostic("guests/no-switch-interface", "error", text, source, place)];
    }),
  );
}
