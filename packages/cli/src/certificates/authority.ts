/** A small certificate authority in a folder: its key, what it has issued, what it took back. */
import { randomBytes, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as asn1js from "asn1js";
import { UsageError } from "../failure.ts";
import { readFailure } from "../input/read.ts";
import { exportKey, generateKeys, KEY_ALGORITHMS, type KeyKind, readKey, toPem } from "./keys.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from "./x509.ts";

const DAY = 24 * 60 * 60 * 1000;
/** Clocks of clients that are a little behind. */
const BACKDATE = 10 * 60 * 1000;
/** Apple refuses certificates of servers that are valid for longer (support.apple.com/103769). */
export const MOST_SERVER_DAYS = 825;
/** IP Security IKE Intermediate: older macOS wants it (strongSwan, Windows Certificate Requirements). */
const IKE_INTERMEDIATE = "1.3.6.1.5.5.8.2.2";

export type CertificateKind = "server" | "user";

export interface Issued {
  /** Hexadecimal, upper case. */
  readonly serial: string;
  readonly kind: CertificateKind;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly revoked: number | null;
}

export interface Authority {
  readonly folder: string;
  readonly certificate: X509Certificate;
  readonly issued: readonly Issued[];
}

export interface IssuedCertificate {
  readonly entry: Issued;
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

const CERTIFICATE = "ca.crt";
const KEY = "private/ca.key";
const INDEX = "index.json";

/** Files are made, never replaced. */
function create(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new UsageError(`${path}: it is there already, and is not replaced`);
    throw readFailure(path, error);
  }
}

/** A folder above that is under version control, or a site's; null when there is none. */
export function unsafePlace(folder: string): string | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return `${at} is a git work tree, where keys get committed`;
    if (existsSync(join(at, "site.yaml"))) return `${at} is a site's folder, which is copied and shared`;
    if (dirname(at) === at) return null;
  }
}

export async function createAuthority(
  folder: string,
  name: string,
  kind: KeyKind,
  days: number,
  now: number,
): Promise<Authority> {
  if (existsSync(join(folder, CERTIFICATE)) || existsSync(join(folder, KEY))) {
    throw new UsageError(
      `${folder}: there is an authority in it already`,
      "`pierhead vpn ca list` shows what it has issued",
    );
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    mkdirSync(join(folder, "private"), { recursive: true, mode: 0o700 });
    mkdirSync(join(folder, "certs"), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw readFailure(folder, error);
  }
  if ((statSync(folder).mode & 0o077) !== 0) {
    throw new UsageError(
      `${folder}: others may look into it`,
      `chmod 700 ${folder}, or name one that is not there yet`,
    );
  }
  const keys = await generateKeys(kind);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: [{ CN: [name] }],
      notBefore: new Date(now - BACKDATE),
      notAfter: new Date(now - BACKDATE + days * DAY),
      signingAlgorithm: KEY_ALGORITHMS[kind],
      keys,
      extensions: [
        // It signs certificates of servers and users, and no further authorities.
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  create(join(folder, KEY), await exportKey(keys.privateKey));
  create(join(folder, CERTIFICATE), `${certificate.toString("pem")}\n`);
  create(join(folder, INDEX), "[]\n");
  return { folder, certificate, issued: [] };
}

export function openAuthority(folder: string): Authority {
  const path = join(folder, CERTIFICATE);
  if (!existsSync(path)) {
    throw new UsageError(`${folder}: there is no authority in it`, "`pierhead vpn ca init` makes one");
  }
  try {
    return {
      folder,
      certificate: new X509Certificate(readFileSync(path, "utf8")),
      issued: readIndex(join(folder, INDEX)),
    };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${folder}: ${CERTIFICATE} or ${INDEX} in it cannot be read`);
  }
}

function readIndex(path: string): Issued[] {
  const found: unknown = JSON.parse(readFileSync(path, "utf8"));
  const isTime = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
  if (!Array.isArray(found)) throw new UsageError(`${path}: it is not what pierhead wrote`);
  return found.map((one: Record<string, unknown>) => {
    const { serial, kind, name, notBefore, notAfter, revoked } = one;
    if (
      typeof serial !== "string" ||
      !/^[0-9A-F]{2,64}$/.test(serial) ||
      (kind !== "server" && kind !== "user") ||
      typeof name !== "string" ||
      !isTime(notBefore) ||
      !isTime(notAfter) ||
      (revoked !== null && !isTime(revoked))
    ) {
      throw new UsageError(`${path}: it is not what pierhead wrote`);
    }
    return { serial, kind, name, notBefore, notAfter, revoked };
  });
}

function writeIndex(folder: string, issued: readonly Issued[]): void {
  const path = join(folder, INDEX);
  const next = `${path}.new-${randomBytes(4).toString("hex")}`;
  create(next, `${JSON.stringify(issued, null, 2)}\n`);
  renameSync(next, path);
}

export interface IssueRequest {
  readonly kind: CertificateKind;
  readonly name: string;
  readonly key: KeyKind;
  readonly days: number;
  readonly now: number;
}

export async function issue(authority: Authority, request: IssueRequest): Promise<IssuedCertificate> {
  const { kind, name, key, days, now } = request;
  const { folder, certificate: issuer } = authority;
  const notBefore = now - BACKDATE;
  const notAfter = Math.floor((notBefore + days * DAY) / 1000) * 1000;
  if (notAfter > issuer.notAfter.getTime()) {
    const last = issuer.notAfter.toISOString().slice(0, 10);
    throw new UsageError(
      `the authority's own certificate ends on ${last}, before ${days} days are over`,
      "--days with fewer, or a new authority",
    );
  }
  const signer = await readKey(join(folder, KEY), null);
  const keys = await generateKeys(key);
  const serial = newSerial();
  const server = kind === "server";
  const usages = KeyUsageFlags.digitalSignature | (key === "rsa" && server ? KeyUsageFlags.keyEncipherment : 0);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serial,
      subject: [{ CN: [name.slice(0, 64)] }],
      issuer: issuer.subjectName.toJSON(),
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: KEY_ALGORITHMS[signer.kind],
      publicKey: keys.publicKey,
      signingKey: signer.key,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(usages, true),
        new ExtendedKeyUsageExtension(
          server ? [ExtendedKeyUsage.serverAuth, IKE_INTERMEDIATE] : [ExtendedKeyUsage.clientAuth],
        ),
        // What iked compares the identity of IKE_AUTH with: a mail address is one, everything else a name.
        new SubjectAlternativeNameExtension([{ type: name.includes("@") ? "email" : "dns", value: name }]),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  create(join(folder, "private", `${serial}.key`), await exportKey(keys.privateKey));
  create(join(folder, "certs", `${serial}.crt`), `${certificate.toString("pem")}\n`);
  const entry: Issued = { serial, kind, name, notBefore, notAfter, revoked: null };
  writeIndex(folder, [...authority.issued, entry]);
  return { entry, certificate, keys };
}

/** Marks certificates as taken back; {@link revocationList} tells the head-end. */
export function revoke(authority: Authority, serials: readonly string[], now: number): Authority {
  const issued = authority.issued.map((one) => (serials.includes(one.serial) ? { ...one, revoked: now } : one));
  writeIndex(authority.folder, issued);
  return { ...authority, issued };
}

/** The list of what was taken back (RFC 5280, 5), PEM. */
export async function revocationList(authority: Authority, days: number, now: number): Promise<string> {
  const { folder, certificate, issued } = authority;
  const signer = await readKey(join(folder, KEY), null);
  const number = new asn1js.Integer({ value: Math.floor(now / 1000) }).toBER(false);
  const list = await X509CrlGenerator.create(
    {
      issuer: certificate.subjectName.toJSON(),
      thisUpdate: new Date(now - BACKDATE),
      nextUpdate: new Date(now + days * DAY),
      entries: issued.flatMap((one) =>
        one.revoked === null
          ? []
          : [{ serialNumber: one.serial, revocationDate: new Date(one.revoked), reason: X509CrlReason.unspecified }],
      ),
      signingAlgorithm: KEY_ALGORITHMS[signer.kind],
      signingKey: signer.key,
      extensions: [
        await AuthorityKeyIdentifierExtension.create(certificate.publicKey, false, webcrypto),
        new Extension("2.5.29.20", false, number),
      ],
    },
    webcrypto,
  );
  return toPem("X509 CRL", new Uint8Array(list.rawData));
}

/** Certificates of a name that count: not taken back, newest first. */
export function currentOf(authority: Authority, kind: CertificateKind, name: string): readonly Issued[] {
  return authority.issued
    .filter((one) => one.kind === kind && one.name === name && one.revoked === null)
    .sort((a, b) => b.notAfter - a.notAfter);
}

/** 127 random bits, positive and never zero (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString("hex").toUpperCase();
}
