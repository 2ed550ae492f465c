/** Which algorithms a profile names: the first of a list that the head-end takes, read from the files it is built of. */
import { type HeadEnd, negotiateIkev2 } from "@pierhead/engine/vpn";
import type { IkedPolicy } from "@pierhead/lang/iked";
import type { IkeConnection, IkePeer, Phase1Proposal } from "@pierhead/lang/ipsec";

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

/** The policy of iked.conf that road warriors come by; null when there is none. */
export function clientPolicy({ iked }: HeadEnd): IkedPolicy | null {
  return iked?.policies.findLast((one) => !one.active && one.peer.address === null) ?? null;
}

/** Suites that a policy takes, best first, of those `name` has words for. */
export function ikeSuites<T>(policy: IkedPolicy, name: (suite: Suite) => T | null): T[] {
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
    return negotiateIkev2(policy, [offer]).chosen === null ? [] : [words];
  });
}

/** The same for what carries the packets. Without a group where it may be so: the first SA has none anyway. */
export function espSuites<T>(policy: IkedPolicy, name: (suite: Suite) => T | null): T[] {
  const proposals = policy.proposals.filter((one) => one.protocol === "esp");
  return ESP_SUITES.flatMap((suite) => {
    const words = name(suite);
    const taken = proposals.some(({ transforms }) => {
      const of = (type: string): string[] =>
        transforms.filter((one) => one.type === type).map(({ id, bits }) => (bits > 0 ? `${id}_${bits}` : id));
      const integrity = of("integrity").filter((one) => one !== "NONE");
      const groups = of("group");
      const esn = of("esn");
      return (
        of("encryption").includes(suite.encryption) &&
        (suite.integrity === null ? integrity.length === 0 : integrity.includes(suite.integrity)) &&
        (suite.group === "" ? groups.length === 0 || groups.includes("NONE") : groups.includes(suite.group)) &&
        // No client of the catalogue insists on long sequence numbers.
        (esn.length === 0 || esn.includes("NONE"))
      );
    });
    return words !== null && taken ? [words] : [];
  });
}

/** The rules of ipsec.conf that L2TP clients come by; null when there are none. */
export function clientPeer({ peers }: HeadEnd): { readonly peer: IkePeer; readonly connection: IkeConnection } | null {
  const peer = peers.find((one) => one.peer === null && one.preSharedKey !== null);
  const connection = peer?.connections[0];
  return peer === undefined || connection === undefined ? null : { peer, connection };
}

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

/** A proposal of isakmpd in strongSwan's words; null when strongSwan has none for it. */
export function ikev1Words({ encryption, keyLength, hash, group }: Phase1Proposal): string | null {
  const cipher = strongswanCipher(encryption, keyLength?.maximum ?? null);
  const check = HASHES[hash];
  return cipher === null || check === undefined ? null : `${cipher}-${check}-${group.toLowerCase().replace("_", "")}`;
}

export function ikev1EspWords({ proposal }: IkeConnection): string | null {
  const cipher = strongswanCipher(proposal.encryption ?? "", proposal.keyLength?.maximum ?? null);
  const check = HASHES[proposal.authentication ?? ""];
  if (cipher === null || check === undefined) return null;
  return [cipher, check, proposal.group?.toLowerCase().replace("_", "") ?? ""].filter((one) => one !== "").join("-");
}

function strongswanCipher(encryption: string, bits: number | null): string | null {
  if (encryption === "3DES") return "3des";
  return encryption === "AES" && bits !== null ? `aes${bits}` : null;
}
