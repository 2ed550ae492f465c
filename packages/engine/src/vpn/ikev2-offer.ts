/** IKEv2: what a client offers against a policy of iked.conf (RFC 7296 3.3). */
import type { IkedPolicy, IkedProposal } from "@pierhead/lang/iked";

/** One proposal of a client, transforms by IANA's names as `lang/iked` has them, `AES_CBC_256` with its length. */
export interface Ikev2Offer {
  readonly encryption: readonly string[];
  /** Empty for ciphers that authenticate themselves. */
  readonly integrity: readonly string[];
  readonly prf: readonly string[];
  readonly groups: readonly string[];
}

export interface Ikev2Choice {
  readonly encryption: string;
  readonly integrity: string | null;
  readonly prf: string;
  readonly group: string;
}

export type Ikev2Outcome =
  | { readonly chosen: Ikev2Choice }
  | {
      readonly chosen: null;
      readonly missing: "encryption" | "integrity" | "prf" | "group";
      readonly wants: readonly string[];
      readonly offers: readonly string[];
    };

const TYPES = ["encryption", "integrity", "prf", "group"] as const;

/** Whether some proposal of the policy and some offer have a transform of each type in common, and which. */
export function negotiateIkev2(policy: IkedPolicy, offers: readonly Ikev2Offer[]): Ikev2Outcome {
  let nearest: Ikev2Outcome | null = null;
  let most = -1;
  for (const proposal of policy.proposals) {
    if (proposal.protocol !== "ike") continue;
    for (const offer of offers) {
      const found: Partial<Record<(typeof TYPES)[number], string>> = {};
      let missing: (typeof TYPES)[number] | null = null;
      let common = 0;
      for (const type of TYPES) {
        const offered = type === "group" ? offer.groups : offer[type];
        const wanted = names(proposal, type);
        if (type === "integrity" && offered.length === 0 && wanted.length === 0) continue;
        const both = wanted.find((name) => offered.includes(name));
        if (both === undefined) missing ??= type;
        else {
          found[type] = both;
          common++;
        }
      }
      if (missing === null) {
        const { encryption = "", integrity = null, prf = "", group = "" } = found;
        return { chosen: { encryption, integrity, prf, group } };
      }
      if (common > most) {
        most = common;
        nearest = {
          chosen: null,
          missing,
          wants: names(proposal, missing),
          offers: missing === "group" ? offer.groups : offer[missing],
        };
      }
    }
  }
  return nearest ?? { chosen: null, missing: "encryption", wants: [], offers: offers.flatMap((one) => one.encryption) };
}

function names(proposal: IkedProposal, type: (typeof TYPES)[number]): string[] {
  return proposal.transforms
    .filter((one) => one.type === type && one.id !== "NONE")
    .map((one) => (one.bits > 0 ? `${one.id}_${one.bits}` : one.id));
}
