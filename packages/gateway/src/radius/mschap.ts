/** MS-CHAPv2 (RFC 2759) as RADIUS carries it (RFC 2548, 2.3). */
import { createCipheriv, createHash } from "node:crypto";
import md4 from "js-md4";

const MAGIC_1 = Buffer.from("Magic server to client signing constant");
const MAGIC_2 = Buffer.from("Pad to make it do more than one iteration");

/** NtPasswordHash (RFC 2759, 8.3). */
export function ntPasswordHash(password: string): Uint8Array {
  return Uint8Array.from(md4.array(Buffer.from(password, "utf16le")));
}

/** ChallengeHash (RFC 2759, 8.2): 8 octets. */
export function challengeHash(peer: Uint8Array, authenticator: Uint8Array, user: string): Uint8Array {
  return createHash("sha1").update(peer).update(authenticator).update(user, "utf8").digest().subarray(0, 8);
}

/** GenerateNTResponse (RFC 2759, 8.1): 24 octets. */
export function ntResponse(
  authenticator: Uint8Array,
  peer: Uint8Array,
  user: string,
  passwordHash: Uint8Array,
): Uint8Array {
  const challenge = challengeHash(peer, authenticator, user);
  const key = new Uint8Array(21);
  key.set(passwordHash);
  return Buffer.concat([0, 7, 14].map((at) => des(key.subarray(at, at + 7), challenge)));
}

/** GenerateAuthenticatorResponse (RFC 2759, 8.7): what a server that knows the password says, `S=` and 40 digits. */
export function authenticatorResponse(
  passwordHash: Uint8Array,
  response: Uint8Array,
  peer: Uint8Array,
  authenticator: Uint8Array,
  user: string,
): string {
  const hashHash = Uint8Array.from(md4.array(passwordHash));
  const first = createHash("sha1").update(hashHash).update(response).update(MAGIC_1).digest();
  const challenge = challengeHash(peer, authenticator, user);
  const second = createHash("sha1").update(first).update(challenge).update(MAGIC_2).digest();
  return `S=${second.toString("hex").toUpperCase()}`;
}

/** MS-CHAP2-Response (RFC 2548, 2.3.2): identifier, flags, peer's challenge, 8 octets of zero, response. */
export function chap2Response(identifier: number, peer: Uint8Array, response: Uint8Array): Uint8Array {
  const value = new Uint8Array(50);
  value[0] = identifier;
  value.set(peer, 2);
  value.set(response, 26);
  return value;
}

/** DES with a key of 56 bits. Single DES is gone from OpenSSL 3; thrice the same key is the same. */
function des(key: Uint8Array, block: Uint8Array): Buffer {
  const expanded = new Uint8Array(8);
  let bits = 0n;
  for (const octet of key) bits = (bits << 8n) | BigInt(octet);
  for (let i = 7; i >= 0; i--) {
    // Seven bits of the key in each octet; the lowest is parity, which nothing looks at.
    expanded[i] = Number(bits & 127n) << 1;
    bits >>= 7n;
  }
  const cipher = createCipheriv("des-ede3", Buffer.concat([expanded, expanded, expanded]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}
