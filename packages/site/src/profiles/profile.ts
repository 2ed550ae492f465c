/** What a profile is made of, and what comes out. Nothing here reads a file or a clock. */
import { formatPrefix, type Secret } from "@pierhead/core";
import type { HeadEnd } from "@pierhead/engine/vpn";
import type { VpnService } from "../model/vpn.ts";

/** The authority that signed the head-end's certificate. */
export interface ProfileAuthority {
  /** The certificate. */
  readonly der: Uint8Array;
  readonly commonName: string;
}

/** A user's own certificate with its key. */
export interface ProfileIdentity {
  /** PKCS#12, protected by `password`. */
  readonly pkcs12: Uint8Array;
  /** Null: whoever installs it is asked for it. */
  readonly password: Secret | null;
  readonly keyType: "rsa" | "ecdsa-p256";
  /** PEM of the certificate and of its key (PKCS#8, in the clear), for programs that read no PKCS#12. */
  readonly certificate: string;
  readonly key: Secret;
}

export interface ProfileInput {
  readonly site: string;
  readonly host: string;
  /** What the connection is called on the user's machine. */
  readonly title: string;
  readonly service: VpnService;
  /** The head-end as it is built: what it takes is read from its own files. */
  readonly headEnd: HeadEnd;
  /** Name or address that clients connect to. */
  readonly server: string;
  readonly user: string;
  /** Null: whoever connects is asked for it. */
  readonly password: Secret | null;
  /** L2TP: the key all clients share. */
  readonly psk: Secret | null;
  /** IKEv2; null: platforms trust the one who signed already. */
  readonly authority: ProfileAuthority | null;
  /** IKEv2 with certificates. */
  readonly identity: ProfileIdentity | null;
  /** The same name always gives the same UUID (RFC 9562, version 5). */
  readonly uuid: (name: string) => string;
}

/** Every file of a profile is for its user alone: mode 0600, or 0700 for what is run. */
export interface ProfileFile {
  /** Relative to the user's folder, with `/`. */
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Holds a key or a password. */
  readonly secret: boolean;
  readonly executable?: true;
}

/** What a format came to. */
export type Profile =
  | { readonly files: readonly ProfileFile[]; readonly notes: readonly string[] }
  /** Why there is none. */
  | { readonly refused: string };

/** Start of the names of all files of a head-end: `office-gate`. */
export function baseName({ site, host }: ProfileInput): string {
  return `${site}-${host}`;
}

/** The authority's certificate, for platforms that take it from a file. */
export function authorityFile(input: ProfileInput): string {
  return `${baseName(input)}-ca.crt`;
}

/** Networks to be reached through the tunnel; null: everything goes there. */
export function splitRoutes({ service }: ProfileInput): string[] | null {
  if (service.internet) return null;
  return service.lans.flatMap((lan) =>
    lan.addresses
      .filter((prefix) => prefix.address.family === service.pool.address.family)
      .map(({ address, length }) => formatPrefix({ address: address.masked(length), length })),
  );
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** PEM of a certificate (RFC 7468). */
export function pem(der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
