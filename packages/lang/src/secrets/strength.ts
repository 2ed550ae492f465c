import type { Secret } from "@pierhead/core";

/** What is wrong with a key or password: everybody knows it, or it is quickly tried out. */
export type SecretWeakness = "well-known" | "short" | "repetitive";

// Words of manuals, articles and examples, and the heads of every list of stolen passwords; in lower case.
const WELL_KNOWN: ReadonlySet<string> = new Set(
  (
    "password passw0rd password1 password123 password456 passphrase pass pass123 secret secret1 secretkey mysecret " +
    "mekmitasdigoat mypass mypassword mypsk psk presharedkey pre-shared-key sharedsecret shared-secret sharedkey test " +
    "test123 testing testing123 example changeme change-me changeit replace-me default admin admin123 administrator " +
    "root toor guest user letmein welcome welcome1 qwerty qwerty123 qwertz asdfgh abc123 abcdef iloveyou monkey dragon " +
    "123 1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 111111 000000 hogehoge foobar foo bar " +
    "openbsd ipsec vpn l2tp isakmp cisco openswan strongswan radius insecure verysecret topsecret s3cret s3cr3t"
  ).split(" "),
);

/** Characters below which a key shared by machines can be tried out offline. */
export const SHORT_KEY = 16;
/** The same for passwords that people type. */
export const SHORT_PASSWORD = 8;

/** Judges a secret without telling it. */
export function weaknessOf(secret: Secret, shortest: number): SecretWeakness | null {
  const text = secret.reveal();
  const lower = text.toLowerCase();
  if (WELL_KNOWN.has(lower) || lower.includes("replace-me") || lower.includes("changeme")) return "well-known";
  if (text.length < shortest) return "short";
  return new Set(text).size <= 3 ? "repetitive" : null;
}
