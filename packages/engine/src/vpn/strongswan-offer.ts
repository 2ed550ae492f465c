/** What clients offer against proposals of swanctl.conf (`proposal_select()`: the head-end's order counts). */
import { Source } from "@pierhead/core";
import { chooseProposal, type Proposal, parseProposal, type Transform } from "@pierhead/lang/swanctl";
import type { EspChoice, EspOffer } from "./esp-offer.ts";
import type { Ikev1Transform } from "./ikev1-offer.ts";
import type { Ikev2Offer } from "./ikev2-offer.ts";

const NOWHERE = { source: new Source("", ""), span: { start: 0, end: 0 } };

const HASHES: Readonly<Record<Ikev1Transform["hash"], string>> = {
  MD5: "md5",
  SHA: "sha1",
  SHA2_256: "sha256",
  SHA2_384: "sha384",
  SHA2_512: "sha512",
};

/** `aes256-sha256-modp2048`. */
export function ikev1Words({ encryption, keyLength, hash, group }: Ikev1Transform): string {
  const cipher = encryption === "3DES" ? "3des" : `aes${keyLength ?? 128}`;
  return `${cipher}-${HASHES[hash]}-${group.toLowerCase().replace("_", "")}`;
}

/** The strongest of each kind that a client has, as a proposal. */
export function ikev2Words({ encryption, integrity, prf, groups }: Ikev2Offer): string {
  const [cipher = "AES_CBC_256"] = encryption;
  const aead = integrity.length === 0;
  const first =
    cipher === "3DES" ? "3des" : cipher.replace(/^AES_CBC_(\d+)$/, "aes$1").replace(/^AES_GCM_16_(\d+)$/, "aes$1gcm16");
  const sum = (aead ? prf : integrity).find((one) => one.startsWith("HMAC_SHA2_256")) ?? (aead ? prf : integrity)[0];
  const hash = /SHA2_(\d+)/.exec(sum ?? "")?.[1] ?? "1";
  const group = (groups[0] ?? "MODP_2048").toLowerCase().replace("_", "");
  return `${first}-${aead ? "prf" : ""}sha${hash}-${group}`;
}

/** Whether a proposal, as written, lets a client with these offers in. */
export function ikev2Fits(words: string, offers: readonly Ikev2Offer[]): boolean {
  const proposal = parseProposal(words, "ike", NOWHERE);
  return !("problem" in proposal) && chooseProposal([proposal], offers.map(ofIkev2)) !== null;
}

export type StrongswanOutcome =
  | { readonly chosen: readonly Transform[] }
  | { readonly chosen: null; readonly missing: readonly string[] };

/** Phase 1 of IKEv1. */
export function negotiateStrongswanIkev1(
  proposals: readonly Proposal[],
  offer: readonly Ikev1Transform[],
): StrongswanOutcome {
  return negotiate(
    proposals,
    offer.flatMap((one) => {
      const proposal = parseProposal(ikev1Words(one), "ike", NOWHERE);
      return "problem" in proposal ? [] : [proposal];
    }),
  );
}

export function negotiateStrongswanIkev2(
  proposals: readonly Proposal[],
  offers: readonly Ikev2Offer[],
): StrongswanOutcome {
  return negotiate(proposals, offers.map(ofIkev2));
}

export type StrongswanEspOutcome =
  | { readonly chosen: EspChoice }
  | { readonly chosen: null; readonly missing: readonly string[] };

/**
 * Phase 2, of a child's `esp_proposals`.
 *
 * @param groupCounts as in quick mode and in rekeying; IKEv2's first SA is made with the IKE SA's group
 */
export function negotiateStrongswanEsp(
  proposals: readonly Proposal[],
  offers: readonly EspOffer[],
  groupCounts: boolean,
): StrongswanEspOutcome {
  const groupless = ({ transforms, ...rest }: Proposal): Proposal => ({
    ...rest,
    transforms: transforms.filter((one) => groupCounts || one.type !== "group"),
  });
  const theirs = offers.flatMap((one) => {
    const proposal = parseProposal(espWords(one), "esp", NOWHERE);
    return "problem" in proposal ? [] : [groupless(proposal)];
  });
  const outcome = negotiate(proposals.map(groupless), theirs);
  if (outcome.chosen === null) return outcome;
  const { encryption, integrity } = proposalNames(outcome.chosen);
  return { chosen: { encryption, integrity: integrity === "" ? null : integrity } };
}

/** `aes256-aes128-sha1-modp1024`. */
export function espWords({ encryption, integrity, group }: EspOffer): string {
  const ciphers = encryption.map((one) => {
    const [, family = one, bits = ""] = /^(AES_CBC|CAMELLIA_CBC|AES_CTR|AES_GCM_\d+)_(\d+)$/.exec(one) ?? [];
    if (family === "AES_CBC") return `aes${bits}`;
    if (family === "AES_CTR") return `aes${bits}ctr`;
    if (family === "CAMELLIA_CBC") return `camellia${bits}`;
    if (family.startsWith("AES_GCM_")) return `aes${bits}gcm${family.slice(8)}`;
    return one.startsWith("CHACHA20") ? "chacha20poly1305" : one.toLowerCase();
  });
  const sums = integrity.map((one) => SUMS[one] ?? one.toLowerCase());
  return [...ciphers, ...sums, ...(group === null ? [] : [group.toLowerCase().replace("_", "")])].join("-");
}

const SUMS: Readonly<Record<string, string>> = {
  HMAC_MD5_96: "md5",
  HMAC_SHA1_96: "sha1",
  HMAC_SHA2_256_128: "sha256",
  HMAC_SHA2_384_192: "sha384",
  HMAC_SHA2_512_256: "sha512",
  AES_XCBC_96: "aesxcbc",
  AES_CMAC_96: "aescmac",
};

function negotiate(ours: readonly Proposal[], theirs: readonly Proposal[]): StrongswanOutcome {
  const chosen = chooseProposal(ours, theirs);
  return chosen === null ? { chosen, missing: nearest(ours, theirs) } : { chosen };
}

/** What the pair that fits best has not in common. */
function nearest(ours: readonly Proposal[], theirs: readonly Proposal[]): string[] {
  let best: string[] | null = null;
  for (const mine of ours) {
    for (const other of theirs) {
      const missing = ["encryption", "integrity", "prf", "group"].filter((type) => {
        const a = names(mine.transforms, type);
        const b = names(other.transforms, type);
        return a.length + b.length > 0 && !a.some((name) => b.includes(name));
      });
      if (missing.length > 0 && (best === null || missing.length < best.length)) best = missing;
    }
  }
  return best ?? ["proposal"];
}

/** What was agreed on, by name; "" where a kind is not needed. */
export interface ProposalNames {
  readonly encryption: string;
  readonly integrity: string;
  readonly prf: string;
  readonly group: string;
}

export function proposalNames(chosen: readonly Transform[]): ProposalNames {
  const one = (type: string): string => names(chosen, type)[0] ?? "";
  return { encryption: one("encryption"), integrity: one("integrity"), prf: one("prf"), group: one("group") };
}

/** Transforms of one kind, with the key length where there is one. */
function names(transforms: readonly Transform[], type: string): string[] {
  return transforms.filter((one) => one.type === type).map(({ id, bits }) => (bits > 0 ? `${id}_${bits}` : id));
}

function ofIkev2({ encryption, integrity, prf, groups }: Ikev2Offer): Proposal {
  const of = (type: Transform["type"], all: readonly string[]): Transform[] =>
    all.map((name) => {
      const sized = type === "encryption" ? /^(.*[A-Z].*?)_(128|192|256)$/.exec(name) : null;
      const id = sized?.[1] ?? name;
      return { type, word: "", id, bits: Number(sized?.[2] ?? 0), round: 0 };
    });
  return {
    protocol: "ike",
    transforms: [
      ...of("encryption", encryption),
      ...of("integrity", integrity),
      ...of("prf", prf),
      ...of("group", groups),
    ],
    isDefault: false,
    origin: NOWHERE,
  };
}
