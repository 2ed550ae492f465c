/** Public values for key exchange payloads. The private halves are thrown away: a probe derives no keys. */
import { createECDH, generateKeyPairSync, getDiffieHellman } from "node:crypto";

/** Octets of a public value (RFC 2409 6, RFC 3526) and Node's name of the group. */
const MODP: Readonly<Record<string, readonly [name: string, octets: number]>> = {
  MODP_768: ["modp1", 96],
  MODP_1024: ["modp2", 128],
  MODP_1536: ["modp5", 192],
  MODP_2048: ["modp14", 256],
  MODP_3072: ["modp15", 384],
  MODP_4096: ["modp16", 512],
  MODP_6144: ["modp17", 768],
  MODP_8192: ["modp18", 1024],
};

const CURVES: Readonly<Record<string, string>> = {
  ECP_192: "prime192v1",
  ECP_224: "secp224r1",
  ECP_256: "prime256v1",
  ECP_384: "secp384r1",
  ECP_521: "secp521r1",
  BRAINPOOL_P224R1: "brainpoolP224r1",
  BRAINPOOL_P256R1: "brainpoolP256r1",
  BRAINPOOL_P384R1: "brainpoolP384r1",
  BRAINPOOL_P512R1: "brainpoolP512r1",
};

const EDWARDS: Readonly<Record<string, "x25519" | "x448">> = { CURVE25519: "x25519", CURVE448: "x448" };

/** Groups that can be asked for: those a public value can be made for. */
export const KNOWN_GROUPS: readonly string[] = [...Object.keys(MODP), ...Object.keys(CURVES), ...Object.keys(EDWARDS)];

/** One public value for each group of a run, so that asking often costs little here. */
export class PublicValues {
  readonly #made: Map<string, Uint8Array> = new Map();

  /** Null for a group no value can be made for. */
  of(group: string): Uint8Array | null {
    let value = this.#made.get(group) ?? null;
    if (value === null) {
      value = make(group);
      if (value !== null) this.#made.set(group, value);
    }
    return value;
  }
}

function make(group: string): Uint8Array | null {
  const modp = MODP[group];
  if (modp !== undefined) {
    const exchange = getDiffieHellman(modp[0]);
    exchange.generateKeys();
    const value = exchange.getPublicKey();
    // RFC 7296 3.4: zeros in front up to the length of the modulus.
    const padded = new Uint8Array(modp[1]);
    padded.set(value, modp[1] - value.length);
    return padded;
  }
  const curve = CURVES[group];
  if (curve !== undefined) {
    const exchange = createECDH(curve);
    // RFC 5903 7: x and y, without the octet that says "uncompressed".
    return Uint8Array.from(exchange.generateKeys().subarray(1));
  }
  const edwards = EDWARDS[group];
  if (edwards === undefined) return null;
  const { publicKey } = edwards === "x25519" ? generateKeyPairSync("x25519") : generateKeyPairSync("x448");
  return Uint8Array.from(Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"));
}
