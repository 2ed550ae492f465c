/** What profiles need of certificates: the authority's, the users' own, and a signature. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "@pierhead/core";
import type { VpnService } from "@pierhead/site/model";
import type { CertificateFacts, ProfileAuthority, ProfileFile, ProfileIdentity } from "@pierhead/site/profiles";
import { UsageError } from "../failure.ts";
import { readFailure } from "../input/read.ts";
import { type Authority, type CertificateKind, currentOf, openAuthority } from "./authority.ts";
import { exportKey, readKey } from "./keys.ts";
import { pkcs12, privateOctets } from "./pkcs12.ts";
import { commonName, factsOf, readCertificates } from "./read-certificate.ts";
import { signCms } from "./sign-cms.ts";
import { X509Certificate } from "./x509.ts";

/** The certificates a profile depends on: the authority's, and what it has issued for the head-end and the users. */
export function certificateFacts(
  service: VpnService,
  users: readonly string[],
  ca: string,
): { readonly facts: CertificateFacts; readonly authority: boolean }[] {
  if (ca === "system") return [];
  const folder = authorityOf(ca);
  if (folder === null) {
    const [certificate] = readCertificates(ca);
    return certificate === undefined ? [] : [{ facts: factsOf(certificate, ca), authority: true }];
  }
  const found = [{ facts: factsOf(folder.certificate, `${ca}/ca.crt`), authority: true }];
  const wanted: [CertificateKind, string][] = [
    ["server", service.name ?? ""],
    ...(service.certificates ? users.map((name): [CertificateKind, string] => ["user", name]) : []),
  ];
  for (const [kind, name] of wanted) {
    const [entry] = currentOf(folder, kind, name);
    if (entry === undefined) {
      if (kind === "server") continue;
      throw new UsageError(`${ca}: there is no certificate for ${name} in it`, `pierhead vpn ca issue user ${name}`);
    }
    const { notBefore, notAfter, serial } = entry;
    const file = `${ca}/certs/${serial}.crt`;
    found.push({ facts: { file, commonName: name, isAuthority: false, notBefore, notAfter }, authority: false });
  }
  return found;
}

/** Whether a head-end of the name has a certificate; taken to be so where only the authority's own file is known. */
export function hasIssued(ca: string, name: string): boolean {
  const authority = authorityOf(ca);
  return authority === null || currentOf(authority, "server", name).length > 0;
}

/** The authority of `vpn ca`; null: the path is a certificate. */
function authorityOf(ca: string): Authority | null {
  try {
    if (!statSync(ca).isDirectory()) return null;
  } catch (error) {
    throw readFailure(ca, error);
  }
  return openAuthority(ca);
}

/** @param ca a file, or the folder of an authority */
export function profileAuthority(ca: string): ProfileAuthority | null {
  const certificate = authorityOf(ca)?.certificate ?? readCertificates(ca)[0];
  if (certificate === undefined) return null;
  return { der: new Uint8Array(certificate.rawData), commonName: commonName(certificate) };
}

/** A user's certificate and key out of an authority's folder. @param password protects the key in PKCS#12 */
export async function profileIdentity(user: string, ca: string, password: string): Promise<ProfileIdentity> {
  const folder = authorityOf(ca);
  const entry = folder === null ? undefined : currentOf(folder, "user", user)[0];
  if (folder === null || entry === undefined) throw new UsageError(`${ca}: there is no certificate for ${user} in it`);
  const text = readFileSync(join(folder.folder, "certs", `${entry.serial}.crt`), "utf8");
  const certificate = new X509Certificate(text);
  const { key, kind } = await readKey(join(folder.folder, "private", `${entry.serial}.key`), null);
  const container = await pkcs12({
    name: user,
    key: await privateOctets(key),
    certificate,
    authority: folder.certificate,
    password,
  });
  return {
    pkcs12: container,
    password: new Secret(password),
    keyType: kind === "rsa" ? "rsa" : "ecdsa-p256",
    certificate: text,
    key: new Secret(await exportKey(key)),
  };
}

export interface Signer {
  readonly certificate: string;
  readonly key: string;
  readonly password: string | null;
}

/** Files with Apple's profile signed. */
export async function signProfiles(files: readonly ProfileFile[], signer: Signer): Promise<readonly ProfileFile[]> {
  const chain = readCertificates(signer.certificate);
  const [own] = chain;
  if (own !== undefined && own.notAfter.getTime() <= Date.now()) {
    throw new UsageError(
      `${signer.certificate}: the certificate expired on ${own.notAfter.toISOString().slice(0, 10)}`,
    );
  }
  const { key } = await readKey(signer.key, signer.password);
  return Promise.all(
    files.map(async (file) => {
      if (!file.path.endsWith(".mobileconfig")) return file;
      return { ...file, content: await signCms(Buffer.from(file.content as string, "utf8"), key, chain) };
    }),
  );
}
