/** CMS SignedData around a file (RFC 5652), as Apple wants its configuration profiles signed. */
import { createHash, webcrypto } from "node:crypto";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import type { X509Certificate } from "./x509.ts";

const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";

/**
 * @param chain the signer's certificate first
 * @returns DER with the content in it
 */
export async function signCms(
  content: Uint8Array,
  key: webcrypto.CryptoKey,
  chain: readonly X509Certificate[],
): Promise<Uint8Array> {
  const engine = new pkijs.CryptoEngine({ name: "node", crypto: webcrypto });
  const certificates = chain.map((one) => pkijs.Certificate.fromBER(one.rawData));
  const signer = certificates[0] as pkijs.Certificate;
  // A copy: the octets may lie in a larger buffer.
  const octets = new Uint8Array(content).buffer;
  const digest = createHash("sha256").update(content).digest();
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({
      eContentType: pkijs.ContentInfo.DATA,
      eContent: new asn1js.OctetString({ valueHex: octets }),
    }),
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: signer.issuer, serialNumber: signer.serialNumber }),
        signedAttrs: new pkijs.SignedAndUnsignedAttributes({
          type: 0,
          attributes: [
            new pkijs.Attribute({
              type: CONTENT_TYPE,
              values: [new asn1js.ObjectIdentifier({ value: pkijs.ContentInfo.DATA })],
            }),
            new pkijs.Attribute({
              type: MESSAGE_DIGEST,
              values: [
                new asn1js.OctetString({
                  valueHex: digest.buffer.slice(digest.byteOffset, digest.byteOffset + 32) as ArrayBuffer,
                }),
              ],
            }),
          ],
        }),
      }),
    ],
    certificates,
  });
  await signed.sign(key, 0, "SHA-256", octets, engine);
  const info = new pkijs.ContentInfo({ contentType: pkijs.ContentInfo.SIGNED_DATA, content: signed.toSchema(true) });
  return new Uint8Array(info.toSchema().toBER(false));
}
