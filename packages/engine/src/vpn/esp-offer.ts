/** Phase 2: what a client offers for ESP against `childsa` of iked.conf (`proposals_match` in iked's policy.c). */
import type { IkedPolicy, IkedProposal } from "@pierhead/lang/iked";

/** One proposal of a client, transforms by IANA's names as in `Ikev2Offer`. */
export interface EspOffer {
  readonly encryption: readonly string[];
  /** Empty for ciphers that authenticate themselves. */
  readonly integrity: readonly string[];
  /** Group of perfect forward secrecy in quick mode; null: it asks for none. The first SA of IKEv2 has none anyway. */
  readonly group: string | null;
}

export interface EspChoice {
  readonly encryption: string;
  readonly integrity: string | null;
}

export type EspOutcome =
  | { readonly chosen: EspChoice }
  | {
      readonly chosen: null;
      readonly missing: "encryption" | "integrity" | "group" | "sequence numbers";
      readonly wants: readonly string[];
      readonly offers: readonly string[];
    };

/** The first SA of a policy, which is made with the IKE SA: no group counts, and no client insists on long sequence numbers. */
export function negotiateIkedEsp(policy: IkedPolicy, offers: readonly EspOffer[]): EspOutcome {
  const proposals = policy.proposals.filter((one) => one.protocol === "esp");
  let nearest: EspOutcome | null = null;
  for (const proposal of proposals) {
    for (const offer of offers) {
      const outcome = match(proposal, offer);
      if (outcome.chosen !== null) return outcome;
      if (nearest === null || (nearest.chosen === null && nearest.missing === "encryption")) nearest = outcome;
    }
  }
  return nearest ?? { chosen: null, missing: "encryption", wants: [], offers: offers.flatMap((one) => one.encryption) };
}

function match(proposal: IkedProposal, { encryption, integrity }: EspOffer): EspOutcome {
  const ciphers = names(proposal, "encryption");
  const cipher = ciphers.find((one) => encryption.includes(one));
  if (cipher === undefined) return { chosen: null, missing: "encryption", wants: ciphers, offers: encryption };
  const sums = names(proposal, "integrity");
  const sum = sums.find((one) => integrity.includes(one)) ?? null;
  if (integrity.length > 0 && sum === null) {
    return { chosen: null, missing: "integrity", wants: sums, offers: integrity };
  }
  const numbers = proposal.transforms.filter((one) => one.type === "esn");
  if (numbers.length > 0 && !numbers.some((one) => one.id === "NONE")) {
    return { chosen: null, missing: "sequence numbers", wants: ["esn"], offers: ["noesn"] };
  }
  return { chosen: { encryption: cipher, integrity: sum } };
}

function names(proposal: IkedProposal, type: string): string[] {
  return proposal.transforms
    .filter((one) => one.type === type && one.id !== "NONE")
    .map((one) => (one.bits > 0 ? `${one.id}_${one.bits}` : one.id));
}

export function espText({ encryption, integrity }: EspChoice): string {
  return integrity === null ? encryption : `${encryption} ${integrity}`;
}
