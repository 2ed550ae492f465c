/**
 * Why forms carry a token and no cookie is needed: a guest is known by the device the request comes from, so any page the
 * device has open could post a form here and sign it in (as somebody else) or out. A form of ours carries an HMAC over the
 * device's MAC and an expiry, which another site can neither read nor make; captive browsers, which often refuse cookies,
 * need nothing for it. A token of one device is worth nothing to another.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Seconds a page may stay open before its form is stale. */
const FORM_LIFE = 2 * 3_600;

export class Seals {
  readonly #key: Uint8Array;
  readonly #now: () => number;

  /** @param key 32 octets; forms survive a restart when it does */
  constructor(now: () => number, key: Uint8Array = randomBytes(32)) {
    this.#key = key;
    this.#now = now;
  }

  #mac(kind: string, device: string, text: string): string {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([kind, device, text]))
      .digest("base64url")
      .slice(0, 27);
  }

  #same(a: string, b: string): boolean {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length === right.length && timingSafeEqual(left, right);
  }

  formToken(device: string): string {
    const until = Math.floor(this.#now() / 1_000 + FORM_LIFE).toString(36);
    return `${until}.${this.#mac("form", device, until)}`;
  }

  isFormToken(device: string, token: string | null): boolean {
    const parts = /^([0-9a-z]{1,9})\.([\w-]{27})$/.exec(token ?? "");
    if (parts === null) return false;
    const [, until, mac] = parts as unknown as [string, string, string];
    return this.#same(mac, this.#mac("form", device, until)) && Number.parseInt(until, 36) * 1_000 > this.#now();
  }

  /** Text this device brings back to us unchanged or not at all. */
  seal(kind: string, device: string, text: string): string {
    return `${this.#mac(kind, device, text)}.${text}`;
  }

  unseal(kind: string, device: string, sealed: string | null): string | null {
    const parts = /^([\w-]{27})\.(.*)$/s.exec(sealed ?? "");
    if (parts === null) return null;
    const [, mac, text] = parts as unknown as [string, string, string];
    return this.#same(mac, this.#mac(kind, device, text)) ? text : null;
  }
}
