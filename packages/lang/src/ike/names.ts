/** Numbers of IKE by name (IANA: ipsec-registry, isakmp-registry, ikev2-parameters). */

export const PAYLOAD1 = {
  association: 1,
  keyExchange: 4,
  identity: 5,
  hash: 8,
  nonce: 10,
  notify: 11,
  vendorId: 13,
  /** RFC 3947 5.1. */
  natDetection: 20,
} as const;

export const PAYLOAD2 = {
  association: 33,
  keyExchange: 34,
  nonce: 40,
  notify: 41,
  vendorId: 43,
  encrypted: 46,
  fragment: 53,
} as const;

export const EXCHANGE = { mainMode: 2, aggressive: 4, informational1: 5, ikeSaInit: 34, informational2: 37 } as const;

export const PROTOCOL_IKE = 1;

/** RFC 2407 4.6.2.1. */
export const IDENTITY = { ipv4: 1, fqdn: 2, userFqdn: 3, ipv6: 5, keyId: 11 } as const;

export const NOTIFY2 = {
  invalidMajorVersion: 5,
  invalidSyntax: 7,
  noProposalChosen: 14,
  invalidKeyExchange: 17,
  natDetectionSource: 16_388,
  natDetectionDestination: 16_389,
  cookie: 16_390,
  redirect: 16_407,
} as const;

export const NOTIFY1 = { noProposalChosen: 14 } as const;

/** Error notifications, in both versions below 16384 (RFC 2408 3.14.1, RFC 7296 3.10.1). */
const ERRORS1: Readonly<Record<number, string>> = {
  1: "INVALID-PAYLOAD-TYPE",
  2: "DOI-NOT-SUPPORTED",
  3: "SITUATION-NOT-SUPPORTED",
  4: "INVALID-COOKIE",
  5: "INVALID-MAJOR-VERSION",
  6: "INVALID-MINOR-VERSION",
  7: "INVALID-EXCHANGE-TYPE",
  8: "INVALID-FLAGS",
  9: "INVALID-MESSAGE-ID",
  10: "INVALID-PROTOCOL-ID",
  11: "INVALID-SPI",
  12: "INVALID-TRANSFORM-ID",
  13: "ATTRIBUTES-NOT-SUPPORTED",
  14: "NO-PROPOSAL-CHOSEN",
  15: "BAD-PROPOSAL-SYNTAX",
  16: "PAYLOAD-MALFORMED",
  17: "INVALID-KEY-INFORMATION",
  18: "INVALID-ID-INFORMATION",
  19: "INVALID-CERT-ENCODING",
  20: "INVALID-CERTIFICATE",
  23: "INVALID-HASH-INFORMATION",
  24: "AUTHENTICATION-FAILED",
  25: "INVALID-SIGNATURE",
  29: "UNSUPPORTED-EXCHANGE-TYPE",
  30: "UNEQUAL-PAYLOAD-LENGTHS",
};

const ERRORS2: Readonly<Record<number, string>> = {
  1: "UNSUPPORTED_CRITICAL_PAYLOAD",
  4: "INVALID_IKE_SPI",
  5: "INVALID_MAJOR_VERSION",
  7: "INVALID_SYNTAX",
  9: "INVALID_MESSAGE_ID",
  11: "INVALID_SPI",
  14: "NO_PROPOSAL_CHOSEN",
  17: "INVALID_KE_PAYLOAD",
  24: "AUTHENTICATION_FAILED",
  35: "NO_ADDITIONAL_SAS",
  43: "TEMPORARY_FAILURE",
};

/** Name of a notification that is an error; its number where there is no name. */
export function notificationName(major: number, notification: number): string {
  return (major === 1 ? ERRORS1 : ERRORS2)[notification] ?? `notification ${notification}`;
}

/** Groups have the same numbers in both versions. */
export const GROUPS: ReadonlyMap<number, string> = new Map([
  [1, "MODP_768"],
  [2, "MODP_1024"],
  [5, "MODP_1536"],
  [14, "MODP_2048"],
  [15, "MODP_3072"],
  [16, "MODP_4096"],
  [17, "MODP_6144"],
  [18, "MODP_8192"],
  [19, "ECP_256"],
  [20, "ECP_384"],
  [21, "ECP_521"],
  [22, "MODP_1024_160"],
  [23, "MODP_2048_224"],
  [24, "MODP_2048_256"],
  [25, "ECP_192"],
  [26, "ECP_224"],
  [27, "BRAINPOOL_P224R1"],
  [28, "BRAINPOOL_P256R1"],
  [29, "BRAINPOOL_P384R1"],
  [30, "BRAINPOOL_P512R1"],
  [31, "CURVE25519"],
  [32, "CURVE448"],
  [35, "ML_KEM_512"],
  [36, "ML_KEM_768"],
  [37, "ML_KEM_1024"],
]);

export function groupNumber(name: string): number | null {
  return numberOf(GROUPS, name);
}

export function numberOf(map: ReadonlyMap<number, string>, name: string): number | null {
  for (const [number, known] of map) if (known === name) return number;
  return null;
}
