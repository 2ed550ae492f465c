/** Which algorithms a profile names: the first of a list that the head-end takes, read from the files it is built of. */
import {
  type HeadEnd,
  type Ikev2Offer,
  negotiateIkev2,
  negotiateStrongswanEsp,
  negotiateStrongswanIkev2,
  servesRoadWarriors,
} from "@pierhead/engine/vpn";
import type { IkedPolicy } from "@pierhead/lang/iked";
import type { Proposal } from "@pierhead/lang/swanctl";
import { takesL2tp } from "../clients/compat-freebsd.ts";

/** Transforms of IKEv2, by IANA's names with the length of the key. */
export interface Suite {
  readonly encryption: string;
  /** Null for ciphers that authenticate themselves. */
  readonly integrity: string | null;
  /** "" for ESP. */
  readonly prf: string;
  /** "" for ESP without perfect forward secrecy. */
  readonly group: string;
}

/** Best first: what all of a platform's releases have before what only new ones have. */
const CIPHERS: readonly (readonly [string, string | null])[] = [
  ["AES_CBC_256", "HMAC_SHA2_256_128"],
  ["AES_GCM_16_256", null],
  ["AES_CBC_256", "HMAC_SHA2_384_192"],
  ["AES_CBC_256", "HMAC_SHA2_512_256"],
  ["AES_CBC_128", "HMAC_SHA2_256_128"],
  ["AES_GCM_16_128", null],
  ["AES_CBC_128", "HMAC_SHA2_384_192"],
  ["AES_CBC_128", "HMAC_SHA2_512_256"],
  ["AES_CBC_256", "HMAC_SHA1_96"],
  ["AES_CBC_128", "HMAC_SHA1_96"],
];
const GROUPS = ["ECP_256", "MODP_2048", "ECP_384", "MODP_3072", "MODP_4096", "CURVE25519", "MODP_1536", "MODP_1024"];
const PRFS: Readonly<Record<string, string>> = {
  HMAC_SHA2_256_128: "HMAC_SHA2_256",
  HMAC_SHA2_384_192: "HMAC_SHA2_384",
  HMAC_SHA2_512_256: "HMAC_SHA2_512",
  HMAC_SHA1_96: "HMAC_SHA1",
};

const IKE_SUITES: readonly Suite[] = GROUPS.flatMap((group) =>
  CIPHERS.map(([encryption, integrity]) => ({
    encryption,
    integrity,
    prf: integrity === null ? "HMAC_SHA2_256" : (PRFS[integrity] ?? ""),
    group,
  })),
);

const ESP_SUITES: readonly Suite[] = ["", ...GROUPS].flatMap((group) =>
  CIPHERS.map(([encryption, integrity]) => ({ encryption, integrity, prf: "", group })),
);

/** What the IKEv2 of a head-end takes from road warriors, whichever daemon it is. */
export interface ClientPolicy {
  /** Its name in sentences. */
  readonly daemon: string;
  takesIke(offer: Ikev2Offer): boolean;
  takesEsp(suite: Suite): boolean;
}

export const NO_POLICY = "the head-end has no IKEv2 for clients of any address";

export function clientPolicy({ iked, strongswan }: HeadEnd): ClientPolicy | null {
  if (strongswan !== null) {
    const connection = strongswan.connections.find(servesRoadWarriors);
    const child = connection?.children.find((one) => one.mode === "tunnel");
    if (connection === undefined || child === undefined) return null;
    return {
      daemon: "strongSwan",
      takesIke: (offer) => negotiateStrongswanIkev2(connection.proposals, [offer]).chosen !== null,
      takesEsp: ({ encryption, integrity, group }) => {
        const sums = integrity === null ? [] : [integrity];
        const offer = { encryption: [encryption], integrity: sums, group: group === "" ? null : group };
        return negotiateStrongswanEsp(child.proposals, [offer], true).chosen !== null;
      },
    };
  }
  const policy = iked?.policies.findLast((one) => !one.active && one.peer.address === null);
  if (policy === undefined) return null;
  return {
    daemon: "iked",
    takesIke: (offer) => negotiateIkev2(policy, [offer]).chosen !== null,
    takesEsp: (suite) => ikedTakesEsp(policy, suite),
  };
}

function ikedTakesEsp({ proposals }: IkedPolicy, suite: Suite): boolean {
  return proposals.some(({ protocol, transforms }) => {
    const of = (type: string): string[] =>
      transforms.filter((one) => one.type === type).map(({ id, bits }) => (bits > 0 ? `${id}_${bits}` : id));
    const integrity = of("integrity").filter((one) => one !== "NONE");
    const groups = of("group");
    const esn = of("esn");
    return (
      protocol === "esp" &&
      of("encryption").includes(suite.encryption) &&
      (suite.integrity === null ? integrity.length === 0 : integrity.includes(suite.integrity)) &&
      (suite.group === "" ? groups.length === 0 || groups.includes("NONE") : groups.includes(suite.group)) &&
      // No client of the catalogue insists on long sequence numbers.
      (esn.length === 0 || esn.includes("NONE"))
    );
  });
}

/** Suites that a policy takes, best first, of those `name` has words for. */
export function ikeSuites<T>(policy: ClientPolicy, name: (suite: Suite) => T | null): T[] {
  return IKE_SUITES.flatMap((suite) => {
    const words = name(suite);
    if (words === null) return [];
    const { encryption, integrity, prf, group } = suite;
    const offer = {
      encryption: [encryption],
      integrity: integrity === null ? [] : [integrity],
      prf: [prf],
      groups: [group],
    };
    return policy.takesIke(offer) ? [words] : [];
  });
}

/** The same for what carries the packets. Without a group where it may be so: the first SA has none anyway. */
export function espSuites<T>(policy: ClientPolicy, name: (suite: Suite) => T | null): T[] {
  return ESP_SUITES.flatMap((suite) => {
    const words = name(suite);
    return words !== null && policy.takesEsp(suite) ? [words] : [];
  });
}

/** Algorithms of one phase of IKEv1, by isakmpd.conf(5)'s names. */
export interface Ikev1Suite {
  readonly encryption: string;
  /** Null for a cipher that has one length only. */
  readonly bits: number | null;
  readonly hash: string;
  /** "" for quick mode without perfect forward secrecy. */
  readonly group: string;
}

/** What a head-end takes from L2TP clients that have its key, whichever daemon it is. */
export interface L2tpPolicy {
  readonly daemon: string;
  readonly mainMode: readonly Ikev1Suite[];
  readonly quickMode: Ikev1Suite | null;
}

export function l2tpPolicy({ peers, strongswan }: HeadEnd): L2tpPolicy | null {
  if (strongswan !== null) {
    const connection = strongswan.connections.find((one) => takesL2tp(one) && one.remote[0]?.method === "psk");
    if (connection === undefined) return null;
    const child = connection.children.find((one) => one.mode === "transport");
    const [quickMode = null] = child?.proposals.flatMap(ikev1Suites) ?? [];
    return { daemon: "strongSwan", mainMode: connection.proposals.flatMap(ikev1Suites), quickMode };
  }
  const peer = peers.find((one) => one.peer === null && one.preSharedKey !== null);
  const proposal = peer?.connections[0]?.proposal;
  if (peer === undefined || proposal === undefined) return null;
  return {
    daemon: "isakmpd",
    mainMode: peer.proposals.map(({ encryption, keyLength, hash, group }) => ({
      encryption,
      bits: keyLength?.maximum ?? null,
      hash,
      group,
    })),
    quickMode: {
      encryption: proposal.encryption ?? "",
      bits: proposal.keyLength?.maximum ?? null,
      hash: proposal.authentication ?? "",
      group: proposal.group ?? "",
    },
  };
}

/** Every combination that a proposal of swanctl.conf has. */
function ikev1Suites({ transforms }: Proposal): Ikev1Suite[] {
  const of = (type: string) => transforms.filter((one) => one.type === type && one.id !== "NONE");
  const groups = of("group").map((one) => one.id);
  return of("encryption").flatMap(({ id, bits }) =>
    of("integrity").flatMap((sum) =>
      (groups.length === 0 ? [""] : groups).map((group) => ({
        encryption: id === "AES_CBC" ? "AES" : id,
        bits: bits > 0 ? bits : null,
        hash: SUMS[sum.id] ?? sum.id,
        group,
      })),
    ),
  );
}

const SUMS: Readonly<Record<string, string>> = {
  HMAC_MD5_96: "MD5",
  HMAC_SHA1_96: "SHA",
  HMAC_SHA2_256_128: "SHA2_256",
  HMAC_SHA2_384_192: "SHA2_384",
  HMAC_SHA2_512_256: "SHA2_512",
};

const STRONGSWAN: Readonly<Record<string, string>> = {
  AES_CBC_256: "aes256",
  AES_CBC_128: "aes128",
  AES_GCM_16_256: "aes256gcm16",
  AES_GCM_16_128: "aes128gcm16",
  HMAC_SHA2_256_128: "sha256",
  HMAC_SHA2_384_192: "sha384",
  HMAC_SHA2_512_256: "sha512",
  HMAC_SHA1_96: "sha1",
  HMAC_SHA2_256: "prfsha256",
};

/** `aes256-sha256-ecp256`, `aes256gcm16-prfsha256-ecp256`: swanctl.conf(5), proposals. */
export function strongswanWords({ encryption, integrity, prf, group }: Suite): string {
  const check = integrity === null ? (STRONGSWAN[prf] ?? "") : (STRONGSWAN[integrity] ?? "");
  const exchange = group === "CURVE25519" ? "curve25519" : group.toLowerCase().replace("_", "");
  return [STRONGSWAN[encryption] ?? encryption.toLowerCase(), check, exchange].filter((one) => one !== "").join("-");
}

const HASHES: Readonly<Record<string, string>> = {
  MD5: "md5",
  SHA: "sha1",
  SHA2_256: "sha256",
  SHA2_384: "sha384",
  SHA2_512: "sha512",
};

/** In strongSwan's words; null when it has none for it. */
export function ikev1Words({ encryption, bits, hash, group }: Ikev1Suite): string | null {
  const cipher = strongswanCipher(encryption, bits);
  const check = HASHES[hash];
  if (cipher === null || check === undefined) return null;
  return [cipher, check, group.toLowerCase().replace("_", "")].filter((one) => one !== "").join("-");
}

function strongswanCipher(encryption: string, bits: number | null): string | null {
  if (encryption === "3DES") return "3des";
  return encryption === "AES" && bits !== null ? `aes${bits}` : null;
}
