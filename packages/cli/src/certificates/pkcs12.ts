/**
 * PKCS#12 (RFC 7292) of a certificate, its key and the authority. Encrypted with 3DES and SHA-1, which is weak by
 * today's measure and all that Apple's systems and older Windows read (strongSwan's interop notes): the password has to
 * be long, and the file goes by a way that nobody reads along.
 */
import { createCipheriv, createHash, randomBytes, webcrypto } from "node:crypto";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import type { X509Certificate } from "./x509.ts";

const PBE_SHA1_3DES = "1.2.840.113549.1.12.1.3";
const SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";
const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID = "1.2.840.113549.1.9.21";
const ITERATIONS = 2048;

export interface Pkcs12Contents {
  readonly name: string;
  /** PKCS#8, DER. */
  readonly key: Uint8Array;
  readonly certificate: X509Certificate;
  readonly authority: X509Certificate;
  readonly password: string;
}

export async function pkcs12({ name, key, certificate, authority, password }: Pkcs12Contents): Promise<Uint8Array> {
  const keyId = createHash("sha1").update(new Uint8Array(certificate.rawData)).digest();
  const own = [
    attribute(FRIENDLY_NAME, bmp(name)),
    attribute(LOCAL_KEY_ID, new asn1js.OctetString({ valueHex: buffer(keyId) })),
  ];
  const keys = new pkijs.SafeContents({
    safeBags: [new pkijs.SafeBag({ bagId: SHROUDED_KEY_BAG, bagValue: shrouded(key, password), bagAttributes: own })],
  });
  const certificates = new pkijs.SafeContents({
    safeBags: [certificateBag(certificate, own), certificateBag(authority, [])],
  });
  const safe = new pkijs.AuthenticatedSafe({
    safeContents: [
      new pkijs.ContentInfo({
        contentType: pkijs.ContentInfo.DATA,
        content: new asn1js.OctetString({ valueHex: keys.toSchema().toBER(false) }),
      }),
      encryptedContent(certificates, password),
    ],
  });
  const pfx = new pkijs.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe: safe } });
  // AuthenticatedSafe is put together here, so only the integrity is left to the library.
  await pfx.makeInternalValues({
    password: buffer(Buffer.from(password, "utf8")),
    iterations: ITERATIONS,
    pbkdf2HashAlgorithm: { name: "SHA-1" },
    hmacHashAlgorithm: "SHA-1",
  });
  return new Uint8Array(pfx.toSchema().toBER(false));
}

function certificateBag(certificate: X509Certificate, attributes: pkijs.Attribute[]): pkijs.SafeBag {
  return new pkijs.SafeBag({
    bagId: CERTIFICATE_BAG,
    bagValue: new pkijs.CertBag({ parsedValue: pkijs.Certificate.fromBER(certificate.rawData) }),
    ...(attributes.length === 0 ? {} : { bagAttributes: attributes }),
  });
}

function attribute(type: string, value: asn1js.BaseBlock): pkijs.Attribute {
  return new pkijs.Attribute({ type, values: [value] });
}

function bmp(text: string): asn1js.BmpString {
  return new asn1js.BmpString({ value: text });
}

function shrouded(key: Uint8Array, password: string): pkijs.PKCS8ShroudedKeyBag {
  const { algorithm, encrypted } = encrypt(key, password);
  return new pkijs.PKCS8ShroudedKeyBag({
    encryptionAlgorithm: algorithm,
    encryptedData: new asn1js.OctetString({ valueHex: encrypted }),
  });
}

function encryptedContent(contents: pkijs.SafeContents, password: string): pkijs.ContentInfo {
  const { algorithm, encrypted } = encrypt(new Uint8Array(contents.toSchema().toBER(false)), password);
  const data = new pkijs.EncryptedData({
    version: 0,
    encryptedContentInfo: new pkijs.EncryptedContentInfo({
      contentType: pkijs.ContentInfo.DATA,
      contentEncryptionAlgorithm: algorithm,
      encryptedContent: new asn1js.OctetString({ valueHex: encrypted }),
    }),
  });
  return new pkijs.ContentInfo({ contentType: pkijs.ContentInfo.ENCRYPTED_DATA, content: data.toSchema() });
}

function encrypt(
  plain: Uint8Array,
  password: string,
): { readonly algorithm: pkijs.AlgorithmIdentifier; readonly encrypted: ArrayBuffer } {
  const salt = randomBytes(16);
  const cipher = createCipheriv("des-ede3-cbc", derive(password, salt, 1, 24), derive(password, salt, 2, 8));
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const parameters = new asn1js.Sequence({
    value: [new asn1js.OctetString({ valueHex: buffer(salt) }), new asn1js.Integer({ value: ITERATIONS })],
  });
  return {
    algorithm: new pkijs.AlgorithmIdentifier({ algorithmId: PBE_SHA1_3DES, algorithmParams: parameters }),
    encrypted: buffer(encrypted),
  };
}

/** RFC 7292, B.2, with SHA-1: u = 20, v = 64. @param id 1: a key; 2: an initial value; 3: a key for the MAC */
export function derive(password: string, salt: Uint8Array, id: number, length: number): Buffer {
  const v = 64;
  const secret = Buffer.from(`${password}\0`, "utf16le").swap16();
  const fill = (bytes: Uint8Array): Buffer => {
    const filled = Buffer.alloc(v * Math.ceil(bytes.length / v));
    for (let i = 0; i < filled.length; i++) filled[i] = bytes[i % bytes.length] as number;
    return filled;
  };
  const block = Buffer.concat([fill(salt), fill(secret)]);
  const diversifier = Buffer.alloc(v, id);
  const found: Buffer[] = [];
  for (let have = 0; have < length; have += 20) {
    let a = createHash("sha1").update(diversifier).update(block).digest();
    for (let i = 1; i < ITERATIONS; i++) a = createHash("sha1").update(a).digest();
    found.push(a);
    const b = fill(a).subarray(0, v);
    // Every v octets of the block, as a number, plus B plus 1.
    for (let start = 0; start < block.length; start += v) {
      let carry = 1;
      for (let i = v - 1; i >= 0; i--) {
        const sum = (block[start + i] as number) + (b[i] as number) + carry;
        block[start + i] = sum & 255;
        carry = sum >> 8;
      }
    }
  }
  return Buffer.concat(found).subarray(0, length);
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

export async function privateOctets(key: webcrypto.CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.exportKey("pkcs8", key));
}
