/** The operator's certificate: read, judged, and read again when the files change. Never one for somebody else's name. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";

const DAY = 86_400_000;
/** Days before the end from when on the operator is warned. */
export const WARN_DAYS: number = 14;

export interface KeyPair {
  /** PEM: our certificate first, then those that lead to the CA. */
  readonly chain: string;
  readonly key: string;
}

export interface Judged {
  readonly pair: KeyPair;
  /** Milliseconds. */
  readonly until: number;
}

/** @returns the pair when browsers would take it for `name`, or why not, in a sentence */
export function judge(pair: KeyPair, name: string, now: number): Judged | string {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pair.chain);
  } catch {
    return "no PEM certificate is in the chain file";
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) return "the key does not belong to the certificate";
    createSecureContext({ cert: pair.chain, key: pair.key });
  } catch {
    return "the key file has no PEM private key that can be used with the certificate";
  }
  if (certificate.checkHost(name) === undefined) return `the certificate is not for ${name}`;
  const until = Date.parse(certificate.validTo);
  if (Date.parse(certificate.validFrom) > now) return `the certificate is not valid before ${certificate.validFrom}`;
  if (until <= now) return `the certificate has expired on ${certificate.validTo}`;
  return { pair, until };
}

/** @returns the pair, or why it could not be read */
export async function readPair(files: { readonly chain: string; readonly key: string }): Promise<KeyPair | string> {
  const texts: string[] = [];
  for (const path of [files.chain, files.key]) {
    try {
      texts.push(await readFile(path, "utf8"));
    } catch (error) {
      return `${path}: ${(error as NodeJS.ErrnoException).code ?? "cannot be read"}`;
    }
  }
  return { chain: texts[0] as string, key: texts[1] as string };
}

export function expiryWarning(until: number, now: number): string | null {
  const days = Math.floor((until - now) / DAY);
  if (until <= now) return "the portal's certificate has expired: devices refuse its pages";
  return days < WARN_DAYS ? `the portal's certificate expires in ${days === 1 ? "1 day" : `${days} days`}` : null;
}
