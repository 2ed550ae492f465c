/** What platforms would be asked with, and what the answers of a running head-end mean for each of them. */
import {
  type Ikev1Transform,
  type Ikev2Choice,
  type Ikev2Offer,
  transformText,
  weaknessOfTransform,
} from "@pierhead/engine/vpn";
import type { ClientPlatform, Ikev2Client, L2tpClient, NoClient } from "./catalogue.ts";
import { type Compatibility, undecided } from "./compat.ts";

/** One list of proposals, and who sends it: platforms that offer the same are asked for once. */
export interface PlatformOffer {
  readonly version: 1 | 2;
  readonly platforms: readonly ClientPlatform[];
  /** Version 1. */
  readonly transforms: readonly Ikev1Transform[];
  /** Version 2. */
  readonly suites: readonly Ikev2Offer[];
}

export function offersOf(platforms: readonly ClientPlatform[]): PlatformOffer[] {
  const found = new Map<string, { offer: Omit<PlatformOffer, "platforms">; platforms: ClientPlatform[] }>();
  const add = (platform: ClientPlatform, offer: Omit<PlatformOffer, "platforms">): void => {
    const key = JSON.stringify(offer);
    const known = found.get(key);
    if (known === undefined) found.set(key, { offer, platforms: [platform] });
    else known.platforms.push(platform);
  };
  for (const platform of platforms) {
    const { l2tp, ikev2 } = platform;
    if (!("missing" in l2tp)) add(platform, { version: 1, transforms: l2tp.phase1, suites: [] });
    if (!("missing" in ikev2)) add(platform, { version: 2, transforms: [], suites: ikev2.offers });
  }
  return [...found.values()].map(({ offer, platforms: who }) => ({ ...offer, platforms: who }));
}

/** What a head-end said to an offer. */
export type OfferOutcome =
  | { readonly kind: "phase1"; readonly transform: Ikev1Transform }
  | { readonly kind: "suite"; readonly suite: Ikev2Choice }
  | { readonly kind: "refused"; readonly text: string }
  /** Nothing was learned: why. */
  | { readonly kind: "unanswered"; readonly text: string };

export interface AskedOffer {
  readonly offer: PlatformOffer;
  readonly outcome: OfferOutcome;
}

/**
 * The words of `compat` for what was measured: how far a platform gets without a key or certificate, which is through
 * phase 1, or IKE_SA_INIT. A protocol that takes nobody's offer while the other takes somebody's is not offered there.
 */
export function probedCompatibility(
  platforms: readonly ClientPlatform[],
  asked: readonly AskedOffer[],
): Compatibility[] {
  const takes = (version: 1 | 2): boolean =>
    asked.some(({ offer, outcome }) => offer.version === version && isTaken(outcome));
  const answers = (version: 1 | 2): boolean =>
    asked.some(({ offer, outcome }) => offer.version === version && outcome.kind !== "unanswered");
  const counts = (version: 1 | 2): boolean => takes(version) || (answers(version) && !takes(version === 1 ? 2 : 1));
  return platforms.flatMap((platform) => [
    ...(counts(1) ? [verdict(platform, "l2tp-ipsec", platform.l2tp, asked)] : []),
    ...(counts(2) ? [verdict(platform, "ikev2", platform.ikev2, asked)] : []),
  ]);
}

function isTaken({ kind }: OfferOutcome): boolean {
  return kind === "phase1" || kind === "suite";
}

function verdict(
  platform: ClientPlatform,
  protocol: Compatibility["protocol"],
  client: L2tpClient | Ikev2Client | NoClient,
  asked: readonly AskedOffer[],
): Compatibility {
  const base = undecided(platform, protocol);
  if ("missing" in client) return { ...base, verdict: client.missing, reason: client.note };
  const { evidence, sources, note } = client;
  const known = { ...base, evidence, sources, note };
  const version = protocol === "ikev2" ? 2 : 1;
  const outcome = asked.find(({ offer }) => offer.version === version && offer.platforms.includes(platform))?.outcome;
  switch (outcome?.kind) {
    case "phase1": {
      const { transform } = outcome;
      return {
        ...known,
        verdict: "connects",
        proposal: transformText(transform),
        reason: weaknessOfTransform(transform),
      };
    }
    case "suite":
      return {
        ...known,
        verdict: "connects",
        proposal: suiteText(outcome.suite),
        reason: weaknessOfSuite(outcome.suite),
      };
    case "refused":
      return { ...known, verdict: "fails", reason: `${outcome.text}; it offers ${offerText(client)}` };
    case "unanswered":
      return { ...known, verdict: "unknown", reason: outcome.text };
    case undefined:
      return { ...known, verdict: "unknown", reason: "its offer was not asked with" };
  }
}

function offerText(client: L2tpClient | Ikev2Client): string {
  if ("phase1" in client) return client.phase1.map(transformText).join(", ");
  return client.offers
    .map(({ encryption, integrity, prf, groups }) =>
      [encryption, integrity, prf, groups]
        .filter((names) => names.length > 0)
        .map((names) => names.join("/"))
        .join(" "),
    )
    .join(", ");
}

export function suiteText({ encryption, integrity, prf, group }: Ikev2Choice): string {
  return [encryption, integrity, prf, group].filter((one) => one !== null).join(" ");
}

/** What is wrong with one choice of IKEv2; "" when nothing (RFC 8247 2.1 to 2.4). */
export function weaknessOfSuite({ encryption, integrity, prf, group }: Ikev2Choice): string {
  const costs: string[] = [];
  if (/^(DES|NULL)(_|$)/.test(encryption)) costs.push("no encryption worth the name");
  if (group === "MODP_768" || group === "MODP_1024" || group === "MODP_1024_160") {
    costs.push(`a ${group === "MODP_768" ? 768 : 1024}-bit group, which a state can break`);
  }
  if (group === "MODP_1536") costs.push("a 1536-bit group, too short by today's measure");
  if (/^(3DES|BLOWFISH)/.test(encryption)) costs.push(`${encryption.split("_")[0]} with its short blocks`);
  if (/MD5/.test(`${prf} ${integrity ?? ""}`)) costs.push("MD5");
  return costs.join(" and ");
}
