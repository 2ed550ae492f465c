/** Transforms of IKEv2 by IANA's names, key lengths behind them: `AES_CBC_256` (RFC 7296 3.3.2). */
import { attributeOf, shortAttribute, type WireProposal, type WireTransform } from "./association.ts";
import { GROUPS, numberOf, PROTOCOL_IKE } from "./names.ts";

export type TransformKind = "encryption" | "prf" | "integrity" | "group";

/** One proposal: what of each kind may be combined with what of the others. */
export interface Ikev2Suites {
  readonly encryption: readonly string[];
  /** Empty for ciphers that authenticate themselves. */
  readonly integrity: readonly string[];
  readonly prf: readonly string[];
  readonly groups: readonly string[];
}

/** One of each kind. */
export interface Ikev2Chosen {
  readonly encryption: string;
  readonly integrity: string | null;
  readonly prf: string;
  readonly group: string;
}

const TYPES: ReadonlyMap<number, TransformKind> = new Map([
  [1, "encryption"],
  [2, "prf"],
  [3, "integrity"],
  [4, "group"],
]);

const ENCRYPTION: ReadonlyMap<number, string> = new Map([
  [2, "DES"],
  [3, "3DES"],
  [7, "BLOWFISH"],
  [11, "NULL"],
  [12, "AES_CBC"],
  [13, "AES_CTR"],
  [14, "AES_CCM_8"],
  [15, "AES_CCM_12"],
  [16, "AES_CCM_16"],
  [18, "AES_GCM_8"],
  [19, "AES_GCM_12"],
  [20, "AES_GCM_16"],
  [23, "CAMELLIA_CBC"],
  [24, "CAMELLIA_CTR"],
  [25, "CAMELLIA_CCM_8"],
  [26, "CAMELLIA_CCM_12"],
  [27, "CAMELLIA_CCM_16"],
  [28, "CHACHA20_POLY1305"],
]);

const PRF: ReadonlyMap<number, string> = new Map([
  [1, "HMAC_MD5"],
  [2, "HMAC_SHA1"],
  [4, "AES128_XCBC"],
  [5, "HMAC_SHA2_256"],
  [6, "HMAC_SHA2_384"],
  [7, "HMAC_SHA2_512"],
  [8, "AES128_CMAC"],
]);

const INTEGRITY: ReadonlyMap<number, string> = new Map([
  [0, "NONE"],
  [1, "HMAC_MD5_96"],
  [2, "HMAC_SHA1_96"],
  [5, "AES_XCBC_96"],
  [6, "HMAC_MD5_128"],
  [7, "HMAC_SHA1_160"],
  [8, "AES_CMAC_96"],
  [12, "HMAC_SHA2_256_128"],
  [13, "HMAC_SHA2_384_192"],
  [14, "HMAC_SHA2_512_256"],
]);

const NAMES: Readonly<Record<TransformKind, ReadonlyMap<number, string>>> = {
  encryption: ENCRYPTION,
  prf: PRF,
  integrity: INTEGRITY,
  group: GROUPS,
};

const KEY_LENGTH = 14;

/** @param number of the proposal, from 1 */
export function suitesProposal(suites: Ikev2Suites, number: number): WireProposal {
  const lists: readonly (readonly [TransformKind, readonly string[]])[] = [
    ["encryption", suites.encryption],
    ["prf", suites.prf],
    ["integrity", suites.integrity],
    ["group", suites.groups],
  ];
  const transforms = lists.flatMap(([kind, names]) => names.map((name) => wireTransform(kind, name)));
  return { number, protocol: PROTOCOL_IKE, spi: new Uint8Array(0), transforms };
}

function wireTransform(kind: TransformKind, name: string): WireTransform {
  const type = [...TYPES].find(([, known]) => known === kind)?.[0] as number;
  const whole = numberOf(NAMES[kind], name);
  if (whole !== null) return { number: 0, type, id: whole, attributes: [] };
  const split = /^(.*)_(\d+)$/.exec(name);
  const id = split === null ? null : numberOf(NAMES[kind], split[1] as string);
  if (split === null || id === null) throw new RangeError(`IKEv2 has no number for ${name}`);
  // RFC 7634 2.1: the key of ChaCha20-Poly1305 has one length, and no attribute says it.
  if (split[1] === "CHACHA20_POLY1305") return { number: 0, type, id, attributes: [] };
  return { number: 0, type, id, attributes: [shortAttribute(KEY_LENGTH, Number(split[2]))] };
}

/** What a responder chose: one of each kind; null when something that must be there is not. */
export function readChosen(proposal: WireProposal): Ikev2Chosen | null {
  const found: Partial<Record<TransformKind, string>> = {};
  for (const transform of proposal.transforms) {
    const kind = TYPES.get(transform.type);
    if (kind === undefined) continue;
    if (found[kind] !== undefined) return null;
    const name = NAMES[kind].get(transform.id) ?? `${transform.id}?`;
    const bits = attributeOf(transform, KEY_LENGTH);
    found[kind] = bits === null ? name : `${name}_${bits}`;
  }
  const { encryption, prf, group, integrity } = found;
  if (encryption === undefined || prf === undefined || group === undefined) return null;
  return { encryption, prf, group, integrity: integrity === undefined || integrity === "NONE" ? null : integrity };
}

/** Whether one of the proposals has all of it: a responder may choose nothing else (RFC 7296 2.7). */
export function isOffered(suites: readonly Ikev2Suites[], chosen: Ikev2Chosen): boolean {
  const name = (one: string): string => one.replace(/^CHACHA20_POLY1305_\d+$/, "CHACHA20_POLY1305");
  return suites.some(
    ({ encryption, integrity, prf, groups }) =>
      encryption.some((one) => name(one) === chosen.encryption) &&
      (chosen.integrity === null ? integrity.length === 0 : integrity.includes(chosen.integrity)) &&
      prf.includes(chosen.prf) &&
      groups.includes(chosen.group),
  );
}
