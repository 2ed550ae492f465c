/**
 * Voucher codes: eight letters and digits, 40 bits from the system's random source, in Crockford's alphabet (no I, L, O, U), as
 * in `7K4M-Q2XP`.
 */
import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 8;

export function newCode(): string {
  // 32 signs: five bits of an octet each, and none is likelier than another.
  const signs = Array.from(randomBytes(LENGTH), (octet) => ALPHABET[octet & 31]).join("");
  return grouped(signs);
}

/** How a code that somebody typed is stored; null when no code looks like it. Letters left out of the alphabet are what they look like. */
export function readCode(typed: string): string | null {
  if (typed.length > 64) return null;
  const signs = typed
    .toUpperCase()
    .replace(/[\s\p{Dash}_.]/gu, "")
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
  if (signs.length !== LENGTH || ![...signs].every((sign) => ALPHABET.includes(sign))) return null;
  return grouped(signs);
}

/** For people who may look and not use it, and for logs: `7K••-••••`. Six signs are more than anybody tries at a portal. */
export function coveredCode(code: string): string {
  return code.slice(0, 2) + code.slice(2).replace(/[^-]/g, "•");
}

function grouped(signs: string): string {
  return `${signs.slice(0, 4)}-${signs.slice(4)}`;
}
