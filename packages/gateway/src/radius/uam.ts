/**
 * The arithmetic of CoovaChilli's UAM: what a login page does to a password with the challenge it was given, undone. The
 * page's server and we may share a secret (`uamsecret`), which goes into the challenge.
 */

import { md5, sameSecretBytes } from "./digest.ts";
import { ntPasswordHash, ntResponse } from "./mschap.ts";
import type { Credentials } from "./types.ts";

/** Octets of a challenge and of a CHAP response. */
export const CHALLENGE_LENGTH = 16;
/** The most octets of a password (RFC 2865, 5.2); CoovaChilli's RADIUS_PWSIZE. */
const MOST_PASSWORD = 128;

/** The challenge responses are reckoned with: MD5 of the one that was sent and the secret, or that one itself. */
export function uamChallenge(sent: Uint8Array, secret: string | null): Uint8Array {
  return secret === null || secret === "" ? sent : md5(sent, Buffer.from(secret));
}

/** CHAP (RFC 1994, 4.1): 16 octets. */
export function chapResponse(identifier: number, password: string, challenge: Uint8Array): Uint8Array {
  return md5(Uint8Array.of(identifier), Buffer.from(password), challenge);
}

/** Whether a CHAP response is that of the password. */
export function chapMatches(credentials: Extract<Credentials, { kind: "chap" }>, password: string): boolean {
  const { identifier, challenge, response } = credentials;
  return sameSecretBytes(chapResponse(identifier, password, challenge), response);
}

/** Whether an NT-Response is that of the password; both challenges are the one there is. */
export function ntResponseMatches(
  credentials: Extract<Credentials, { kind: "mschapv2" }>,
  user: string,
  password: string,
): boolean {
  const { challenge, response } = credentials;
  return sameSecretBytes(ntResponse(challenge, challenge, user, ntPasswordHash(password)), response);
}

/** A password XORed with the challenge, octet by octet and from its start again every 16: hides and shows alike. */
export function uamXor(octets: Uint8Array, challenge: Uint8Array): Uint8Array {
  return octets.map((octet, index) => octet ^ (challenge[index % CHALLENGE_LENGTH] as number));
}

/** Octets in hexadecimal; null when it is none, empty, of odd length, or of more than `most` octets. */
export function readHex(text: string, most: number): Uint8Array | null {
  if (text.length === 0 || text.length % 2 === 1 || text.length > most * 2 || !/^[0-9a-f]+$/i.test(text)) return null;
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** What `/logon` may be given: `ntresponse`, `response` with `ident`, or `password`. */
export interface UamParameters {
  readonly ntresponse?: string | undefined;
  readonly response?: string | undefined;
  readonly ident?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * Credentials out of a logon (redir.c, REDIR_LOGIN), the first that is there in CoovaChilli's order.
 *
 * @param challenge that of {@link uamChallenge}; null takes the password as it is (CoovaChilli's `nochallenge`)
 * @returns null when there are none or they are malformed
 */
export function uamCredentials(parameters: UamParameters, challenge: Uint8Array | null): Credentials | null {
  const { ntresponse, response, ident, password } = parameters;
  if (ntresponse !== undefined) {
    const octets = readHex(ntresponse, 24);
    return octets?.length === 24 && challenge !== null ? { kind: "mschapv2", response: octets, challenge } : null;
  }
  if (response !== undefined) {
    const octets = readHex(response, CHALLENGE_LENGTH);
    const identifier = ident === undefined || ident === "" ? 0 : Number(ident);
    if (octets?.length !== CHALLENGE_LENGTH || challenge === null) return null;
    if (!Number.isInteger(identifier) || identifier < 0 || identifier > 255) return null;
    return { kind: "chap", identifier, response: octets, challenge };
  }
  if (password === undefined) return null;
  if (challenge === null) {
    return Buffer.byteLength(password) <= MOST_PASSWORD ? { kind: "password", password } : null;
  }
  const octets = readHex(password, MOST_PASSWORD);
  if (octets === null) return null;
  const clear = uamXor(octets, challenge);
  // Pages fill up with NUL before they XOR; a C string ends there.
  const end = clear.indexOf(0);
  return { kind: "password", password: Buffer.from(end === -1 ? clear : clear.subarray(0, end)).toString("utf8") };
}

/** The parameter `md` of a redirect: MD5 of the URL up to it and the secret (redir_md_param). */
export function uamUrlChecksum(url: string, secret: string): string {
  return md5(Buffer.from(url), Buffer.from(secret)).toString("hex").toUpperCase();
}
