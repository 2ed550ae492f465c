/** What a client offers for ESP, in words. */
import { type EspOffer, espText } from "@pierhead/engine/vpn";

/** The first of what a proposal has: `AES_CBC_256 HMAC_SHA1_96`. */
export function espOfferText({ encryption: [encryption = ""], integrity }: EspOffer): string {
  return espText({ encryption, integrity: integrity[0] ?? null });
}

/** As iked.conf(5) has it behind `childsa`: `enc aes-256 auth hmac-sha1`. */
export function espOfferWords({ encryption: [cipher = ""], integrity: [sum] }: EspOffer): string {
  const [, bits = ""] = /_(\d+)$/.exec(cipher) ?? [];
  const enc = cipher.startsWith("AES_GCM_16_")
    ? `aes-${bits}-gcm`
    : cipher.startsWith("AES_CBC_")
      ? `aes-${bits}`
      : cipher.startsWith("CHACHA20")
        ? "chacha20-poly1305"
        : cipher.toLowerCase();
  return sum === undefined ? `enc ${enc}` : `enc ${enc} auth ${SUMS[sum] ?? sum.toLowerCase()}`;
}

const SUMS: Readonly<Record<string, string>> = {
  HMAC_MD5_96: "hmac-md5",
  HMAC_SHA1_96: "hmac-sha1",
  HMAC_SHA2_256_128: "hmac-sha2-256",
  HMAC_SHA2_384_192: "hmac-sha2-384",
  HMAC_SHA2_512_256: "hmac-sha2-512",
};
