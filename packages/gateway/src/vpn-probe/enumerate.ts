/**
 * Which transforms a head-end takes, asked one by one. IKEv2 answers without opening anything when the key exchange is
 * of a group it does not take (INVALID_KE_PAYLOAD names the group it wants), and that is how it is asked here; IKEv1
 * knows nothing of the kind, and each transform it takes leaves one negotiation half open.
 */
import { type Ikev2Suites, type Phase1Transform, sameTransform } from "@pierhead/lang/ike";
import type { Asker } from "./asker.ts";
import { mainMode } from "./ikev1.ts";
import { saInit } from "./ikev2.ts";
import { KNOWN_GROUPS, type PublicValues } from "./keys.ts";
import type { AcceptedSuites, Answer } from "./types.ts";

const CIPHERS1: readonly (readonly [string, number | null])[] = [
  ["AES", 256],
  ["AES", 192],
  ["AES", 128],
  ["CAMELLIA", 256],
  ["CAMELLIA", 128],
  ["3DES", null],
  ["DES", null],
];
const HASHES1 = ["SHA2_512", "SHA2_384", "SHA2_256", "SHA", "MD5"];

/** All transforms IKEv1 takes with a pre-shared key: a list for each group, and what was chosen is left out next time. */
export async function enumerateIkev1(asker: Asker): Promise<Phase1Transform[]> {
  const found: Phase1Transform[] = [];
  for (const group of KNOWN_GROUPS) {
    let left = CIPHERS1.flatMap(([encryption, keyLength]) =>
      HASHES1.map((hash): Phase1Transform => ({ encryption, keyLength, hash, group })),
    );
    while (left.length > 0) {
      asker.report(`IKEv1 ${group}: ${found.length} transforms taken so far`);
      const answer = await asker.ask(1, async (endpoint) => (await mainMode(endpoint, left)).answer);
      if (answer?.kind !== "chosen" || answer.chosen.version !== 1) break;
      const { transform } = answer.chosen;
      const rest = left.filter((one) => !sameTransform(one, transform));
      // Something that was not offered: asking on would not end.
      if (rest.length === left.length) break;
      found.push(transform);
      left = rest;
    }
    if (asker.cut() !== null) break;
  }
  return found;
}

const SIZES = [256, 192, 128];
const PLAIN = [
  ...SIZES.flatMap((bits) => [`AES_CBC_${bits}`, `AES_CTR_${bits}`, `CAMELLIA_CBC_${bits}`]),
  "3DES",
  "DES",
  "BLOWFISH_128",
];
const COMBINED = [
  ...SIZES.flatMap((bits) => [16, 12, 8].flatMap((icv) => [`AES_GCM_${icv}_${bits}`, `AES_CCM_${icv}_${bits}`])),
  "CHACHA20_POLY1305",
];
const INTEGRITY = [
  "HMAC_SHA2_512_256",
  "HMAC_SHA2_384_192",
  "HMAC_SHA2_256_128",
  "HMAC_SHA1_96",
  "HMAC_MD5_96",
  "AES_XCBC_96",
  "AES_CMAC_96",
];
const PRF = ["HMAC_SHA2_512", "HMAC_SHA2_384", "HMAC_SHA2_256", "HMAC_SHA1", "HMAC_MD5", "AES128_XCBC", "AES128_CMAC"];

/** Values by kind; `encryption` of one sort, as a proposal cannot mix them (RFC 7296 3.3). */
interface Box {
  readonly encryption: readonly string[];
  readonly integrity: readonly string[];
  readonly prf: readonly string[];
  readonly groups: readonly string[];
}

const KINDS = ["encryption", "integrity", "prf", "groups"] as const;
/** Boxes that are looked for. */
const MOST_BOXES = 12;

export async function enumerateIkev2(asker: Asker, values: PublicValues): Promise<AcceptedSuites[]> {
  const all: readonly Box[] = [
    { encryption: PLAIN, integrity: INTEGRITY, prf: PRF, groups: KNOWN_GROUPS },
    { encryption: COMBINED, integrity: [], prf: PRF, groups: KNOWN_GROUPS },
  ];
  const unused = await groupNotTaken(asker, all, values);
  const boxes: Box[] = [];
  for (const whole of all) {
    const found: Box[] = [];
    while (found.length < MOST_BOXES) {
      const base = await outside(asker, whole, found, unused, values);
      if (base === null) break;
      found.push(await boxAround(asker, whole, base, unused, values));
      asker.report(`IKEv2: ${boxes.length + found.length} sets of transforms found`);
    }
    boxes.push(...found);
  }
  return boxes;
}

/** A group that no proposal takes: a key exchange of it opens nothing. Null when every group is taken. */
async function groupNotTaken(asker: Asker, all: readonly Box[], values: PublicValues): Promise<string | null> {
  let left = [...KNOWN_GROUPS];
  while (left.length > 0) {
    const [group] = left as [string];
    const suites = all.map((one) => ({ ...one, groups: left }));
    const answer = await asker.ask(2, (endpoint) => saInit(endpoint, suites, values, { group, follow: false }));
    // It takes others of the list, but not that one first: it is either not taken, or taken less gladly.
    const next = answer === null ? null : takenGroup(answer);
    if (next === null) return group;
    if (!left.includes(next)) return null;
    left = left.filter((one) => one !== next);
  }
  return null;
}

function takenGroup(answer: Answer): string | null {
  if (answer.kind === "other-group") return answer.group;
  return answer.kind === "chosen" && answer.chosen.version === 2 ? answer.chosen.suite.group : null;
}

type Base = {
  readonly encryption: string;
  readonly integrity: string | null;
  readonly prf: string;
  readonly group: string;
};

/** A combination that is taken and that no box has yet, found by leaving out what boxes have, kind by kind. */
async function outside(
  asker: Asker,
  whole: Box,
  found: readonly Box[],
  unused: string | null,
  values: PublicValues,
): Promise<Base | null> {
  const tries: Box[] =
    found.length === 0
      ? [whole]
      : KINDS.filter((kind) => whole[kind].length > 0).map((kind) => ({
          ...whole,
          [kind]: whole[kind].filter((one) => !found.some((box) => box[kind].includes(one))),
        }));
  for (const box of tries) {
    if (KINDS.some((kind) => whole[kind].length > 0 && box[kind].length === 0)) continue;
    if (!(await takes(asker, box, unused, values))) continue;
    const answer = await asker.ask(2, (endpoint) => saInit(endpoint, [box], values, { follow: true }));
    if (answer?.kind === "chosen" && answer.chosen.version === 2) return answer.chosen.suite;
  }
  return null;
}

/** Each value in place of the base's own, the others as they are. */
async function boxAround(
  asker: Asker,
  whole: Box,
  base: Base,
  unused: string | null,
  values: PublicValues,
): Promise<Box> {
  const own: Box = {
    encryption: [base.encryption],
    integrity: base.integrity === null ? [] : [base.integrity],
    prf: [base.prf],
    groups: [base.group],
  };
  const box: Record<(typeof KINDS)[number], string[]> = { encryption: [], integrity: [], prf: [], groups: [] };
  for (const kind of KINDS) {
    if (own[kind].length === 0) continue;
    for (const value of whole[kind]) {
      if (own[kind].includes(value) || (await takes(asker, { ...own, [kind]: [value] }, unused, values))) {
        box[kind].push(value);
      }
    }
  }
  return box;
}

async function takes(asker: Asker, suites: Ikev2Suites, unused: string | null, values: PublicValues): Promise<boolean> {
  const [group = ""] = suites.groups;
  // The key exchange is of a group in the offer, as RFC 7296 1.2 wants it, and of one that is not taken.
  const asked =
    unused === null || suites.groups.includes(unused) ? suites : { ...suites, groups: [...suites.groups, unused] };
  const answer = await asker.ask(2, (endpoint) =>
    saInit(endpoint, [asked], values, { group: unused ?? group, follow: false }),
  );
  return answer !== null && takenGroup(answer) !== null;
}
