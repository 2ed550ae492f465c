/** Reading certificates that a user names: PEM, with several in a file, or DER. */
import { readFileSync } from "node:fs";
import type { CertificateFacts } from "@pierhead/site/profiles";
import { UsageError } from "../failure.ts";
import { readFailure } from "../input/read.ts";
import { BasicConstraintsExtension, PemConverter, X509Certificate } from "./x509.ts";

export function readCertificates(file: string): X509Certificate[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw readFailure(file, error);
  }
  try {
    const text = bytes.toString("latin1");
    if (!text.includes("-----BEGIN")) return [new X509Certificate(bytes)];
    const found = PemConverter.decodeWithHeaders(text)
      .filter((one) => one.type === "CERTIFICATE")
      .map((one) => new X509Certificate(one.rawData));
    if (found.length > 0) return found;
  } catch {
    // Said below, without the parser's words.
  }
  throw new UsageError(`${file}: there is no certificate in it`, "PEM (-----BEGIN CERTIFICATE-----) or DER is wanted");
}

export function factsOf(certificate: X509Certificate, file: string): CertificateFacts {
  return {
    file,
    commonName: commonName(certificate),
    isAuthority: certificate.getExtension(BasicConstraintsExtension)?.ca === true,
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
  };
}

export function commonName(certificate: X509Certificate): string {
  return certificate.subjectName.getField("CN")[0] ?? certificate.subject;
}
