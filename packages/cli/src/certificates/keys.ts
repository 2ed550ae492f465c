/** Keys of certificates, through WebCrypto; on disk they are PKCS#8. */
import { createPrivateKey, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { UsageError } from "../failure.ts";
import { readFailure } from "../input/read.ts";

export type KeyKind = "rsa" | "ecdsa";

interface KeyAlgorithm {
  readonly name: string;
  readonly hash: string;
  readonly namedCurve?: string;
  readonly modulusLength?: number;
  readonly publicExponent?: Uint8Array;
}

/** RSA by default: every IKEv2 client has it. 3072 bits are as strong as AES-128 (NIST SP 800-57, 5.6.1). */
export const KEY_ALGORITHMS: Readonly<Record<KeyKind, KeyAlgorithm>> = {
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 3072,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  ecdsa: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
};

export async function generateKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const pair = await webcrypto.subtle.generateKey(KEY_ALGORITHMS[kind], true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error(`${kind} keys come in pairs`);
  return pair;
}

/** PEM, PKCS#8, in the clear: whoever writes it does so with mode 0600. */
export async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return toPem("PRIVATE KEY", new Uint8Array(await webcrypto.subtle.exportKey("pkcs8", key)));
}

export async function exportPublicKey(key: webcrypto.CryptoKey): Promise<string> {
  return toPem("PUBLIC KEY", new Uint8Array(await webcrypto.subtle.exportKey("spki", key)));
}

/** Reads a private key for signing with SHA-256. Messages name the file, never what is in it. */
export async function readKey(
  file: string,
  passphrase: string | null,
): Promise<{ key: webcrypto.CryptoKey; kind: KeyKind }> {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    throw readFailure(file, error);
  }
  let der: Buffer;
  let kind: KeyKind;
  try {
    const key = createPrivateKey({ key: text, ...(passphrase === null ? {} : { passphrase }) });
    if (key.asymmetricKeyType === "rsa") kind = "rsa";
    else if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") kind = "ecdsa";
    else throw new UsageError(`${file}: a key of this kind cannot sign here`, "RSA, or ECDSA with P-256");
    der = key.export({ type: "pkcs8", format: "der" });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (/PASSPHRASE|BAD_DECRYPT/i.test(code)) {
      throw new UsageError(`${file}: the key is encrypted, and the password is missing or not the right one`);
    }
    throw new UsageError(`${file}: there is no private key in it`, "PEM is wanted: -----BEGIN PRIVATE KEY-----");
  }
  const key = await webcrypto.subtle.importKey("pkcs8", der, KEY_ALGORITHMS[kind], true, ["sign"]);
  return { key: key, kind };
}

export function toPem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
