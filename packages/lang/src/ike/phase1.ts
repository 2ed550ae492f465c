/** Transforms of IKEv1's phase 1 with isakmpd.conf(5)'s names (RFC 2409 appendix A). */
import { attributeOf, shortAttribute, type WireProposal, type WireTransform } from "./association.ts";
import { GROUPS, numberOf, PROTOCOL_IKE } from "./names.ts";

export interface Phase1Transform {
  /** `AES`, `3DES`; `7?` and the like for numbers nobody named. */
  readonly encryption: string;
  /** Bits; null for a cipher that has one length only. */
  readonly keyLength: number | null;
  readonly hash: string;
  readonly group: string;
}

export const AUTHENTICATION1 = { preSharedKey: 1, rsaSignature: 3 } as const;

const ENCRYPTION: ReadonlyMap<number, string> = new Map([
  [1, "DES"],
  [2, "IDEA"],
  [3, "BLOWFISH"],
  [4, "RC5"],
  [5, "3DES"],
  [6, "CAST"],
  [7, "AES"],
  [8, "CAMELLIA"],
]);

const HASH: ReadonlyMap<number, string> = new Map([
  [1, "MD5"],
  [2, "SHA"],
  [3, "TIGER"],
  [4, "SHA2_256"],
  [5, "SHA2_384"],
  [6, "SHA2_512"],
]);

const ATTRIBUTE = {
  encryption: 1,
  hash: 2,
  authentication: 3,
  group: 4,
  lifeType: 11,
  lifeDuration: 12,
  keyLength: 14,
};
const KEY_IKE = 1;
/** Eight hours, in seconds: what Windows and racoon ask for. */
const LIFE = 28_800;

/** The one proposal of phase 1, transforms in the order of preference. */
export function phase1Proposal(
  transforms: readonly Phase1Transform[],
  authentication: number = AUTHENTICATION1.preSharedKey,
): WireProposal {
  return {
    number: 1,
    protocol: PROTOCOL_IKE,
    spi: new Uint8Array(0),
    transforms: transforms.map((one, index) => ({
      number: index + 1,
      type: 0,
      id: KEY_IKE,
      attributes: [
        shortAttribute(ATTRIBUTE.encryption, named(ENCRYPTION, one.encryption)),
        ...(one.keyLength === null ? [] : [shortAttribute(ATTRIBUTE.keyLength, one.keyLength)]),
        shortAttribute(ATTRIBUTE.hash, named(HASH, one.hash)),
        shortAttribute(ATTRIBUTE.authentication, authentication),
        shortAttribute(ATTRIBUTE.group, named(GROUPS, one.group)),
        shortAttribute(ATTRIBUTE.lifeType, 1),
        shortAttribute(ATTRIBUTE.lifeDuration, LIFE),
      ],
    })),
  };
}

function named(map: ReadonlyMap<number, string>, name: string): number {
  const found = numberOf(map, name);
  if (found === null) throw new RangeError(`IKEv1 has no number for ${name}`);
  return found;
}

/** What a responder chose, or what a list has; null when an attribute that must be there is not. */
export function readPhase1(transform: WireTransform): (Phase1Transform & { readonly authentication: number }) | null {
  const encryption = attributeOf(transform, ATTRIBUTE.encryption);
  const hash = attributeOf(transform, ATTRIBUTE.hash);
  const authentication = attributeOf(transform, ATTRIBUTE.authentication);
  // RFC 2409 appendix A: the default group is 1.
  const group = attributeOf(transform, ATTRIBUTE.group) ?? 1;
  if (encryption === null || hash === null || authentication === null) return null;
  return {
    encryption: ENCRYPTION.get(encryption) ?? `${encryption}?`,
    keyLength: attributeOf(transform, ATTRIBUTE.keyLength),
    hash: HASH.get(hash) ?? `${hash}?`,
    group: GROUPS.get(group) ?? `${group}?`,
    authentication,
  };
}

export function sameTransform(a: Phase1Transform, b: Phase1Transform): boolean {
  return a.encryption === b.encryption && a.keyLength === b.keyLength && a.hash === b.hash && a.group === b.group;
}
