/** What RADIUS protects itself with: MD5 and HMAC-MD5 over packets and a shared secret. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { CODE, HEADER_LENGTH } from "@pierhead/lang/radius-wire";

export const AUTHENTICATOR_LENGTH = 16;
export const MESSAGE_AUTHENTICATOR = 80;

export function md5(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Compares without telling by the time it takes where they differ. */
export function sameSecretBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The value of User-Password (RFC 2865, 5.2). @param password at most 128 octets */
export function hidePassword(password: Uint8Array, secret: Uint8Array, authenticator: Uint8Array): Uint8Array {
  const hidden = new Uint8Array(Math.max(16, Math.ceil(password.length / 16) * 16));
  hidden.set(password);
  let before = authenticator;
  for (let at = 0; at < hidden.length; at += 16) {
    const pad = md5(secret, before);
    for (let i = 0; i < 16; i++) hidden[at + i] = (hidden[at + i] as number) ^ (pad[i] as number);
    before = hidden.subarray(at, at + 16);
  }
  return hidden;
}

/** Fills the Message-Authenticator of a packet whose authenticator field is already what it is reckoned with. */
function fillMessageAuthenticator(bytes: Uint8Array, secret: Uint8Array): void {
  const at = messageAuthenticatorAt(bytes);
  if (at === null) return;
  bytes.set(createHmac("md5", secret).update(bytes).digest(), at);
}

/** Where the value of the Message-Authenticator begins; null when there is none of 16 octets. The packet is sound. */
function messageAuthenticatorAt(bytes: Uint8Array): number | null {
  for (let at = HEADER_LENGTH; at + 2 <= bytes.length; at += bytes[at + 1] as number) {
    if (bytes[at] === MESSAGE_AUTHENTICATOR && bytes[at + 1] === 18) return at + 2;
    if ((bytes[at + 1] as number) < 2) return null;
  }
  return null;
}

/** Signs an Access-Request whose authenticator is random already (RFC 3579, 3.2). */
export function signAccessRequest(bytes: Uint8Array, secret: Uint8Array): void {
  fillMessageAuthenticator(bytes, secret);
}

/** Signs an Accounting-, CoA- or Disconnect-Request (RFC 2866, 3; RFC 5176, 3.4), whose authenticator is zero until now. */
export function signRequest(bytes: Uint8Array, secret: Uint8Array): void {
  fillMessageAuthenticator(bytes, secret);
  bytes.set(md5(bytes, secret), 4);
}

/** Signs an answer to the request with that authenticator (RFC 2865, 3; RFC 5176, 3.4). */
export function signAnswer(bytes: Uint8Array, request: Uint8Array, secret: Uint8Array): void {
  bytes.set(request, 4);
  fillMessageAuthenticator(bytes, secret);
  bytes.set(md5(bytes, secret), 4);
}

export type Verdict = "good" | "authenticator" | "message-authenticator";

/**
 * Checks an answer against the request's authenticator. An answer to an Access-Request needs a Message-Authenticator
 * where `demand` says so: without one anybody on the way can make an Accept of a Reject (CVE-2024-3596).
 *
 * @param bytes the packet and nothing after it, sound
 */
export function checkAnswer(bytes: Uint8Array, request: Uint8Array, secret: Uint8Array, demand: boolean): Verdict {
  const expected = md5(bytes.subarray(0, 4), request, bytes.subarray(HEADER_LENGTH), secret);
  if (!sameSecretBytes(expected, bytes.subarray(4, HEADER_LENGTH))) return "authenticator";
  return checkMessageAuthenticator(bytes, request, secret, demand && bytes[0] !== CODE.accountingResponse);
}

/** Checks a CoA- or Disconnect-Request (RFC 5176, 2.3 and 3.4). */
export function checkRequest(bytes: Uint8Array, secret: Uint8Array): Verdict {
  const zero = new Uint8Array(AUTHENTICATOR_LENGTH);
  const expected = md5(bytes.subarray(0, 4), zero, bytes.subarray(HEADER_LENGTH), secret);
  if (!sameSecretBytes(expected, bytes.subarray(4, HEADER_LENGTH))) return "authenticator";
  return checkMessageAuthenticator(bytes, zero, secret, false);
}

function checkMessageAuthenticator(
  bytes: Uint8Array,
  authenticator: Uint8Array,
  secret: Uint8Array,
  demand: boolean,
): Verdict {
  const at = messageAuthenticatorAt(bytes);
  if (at === null) return demand || hasAttribute(bytes, MESSAGE_AUTHENTICATOR) ? "message-authenticator" : "good";
  const copy = Uint8Array.from(bytes);
  copy.set(authenticator, 4);
  copy.fill(0, at, at + 16);
  const expected = createHmac("md5", secret).update(copy).digest();
  return sameSecretBytes(expected, bytes.subarray(at, at + 16)) ? "good" : "message-authenticator";
}

/** One of a wrong length is there and checks nothing. */
function hasAttribute(bytes: Uint8Array, type: number): boolean {
  for (let at = HEADER_LENGTH; at + 2 <= bytes.length; at += Math.max(2, bytes[at + 1] as number)) {
    if (bytes[at] === type) return true;
  }
  return false;
}
