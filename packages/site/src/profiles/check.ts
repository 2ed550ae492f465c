/** What stands against a profile before it is written: users, secrets, certificates. Never the secret. */
import { type Diagnostic, diagnostic, type Severity } from "@pierhead/core";
import { writeSecret } from "../build/index.ts";
import type { Site } from "../model/site.ts";
import type { VpnService } from "../model/vpn.ts";

/** What is known of a certificate that a profile or a head-end needs. */
export interface CertificateFacts {
  /** Where it is, as the user wrote it. */
  readonly file: string;
  readonly commonName: string;
  readonly isAuthority: boolean;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const DAY = 24 * 60 * 60 * 1000;
/** People have to be reached and profiles installed before it is over. */
const SOON = 30 * DAY;

export interface ProfileCheck {
  readonly site: Site;
  readonly service: VpnService;
  /** Users that profiles are for. */
  readonly users: readonly string[];
  /** The secret a reference names; null when it cannot be had. */
  readonly read: (reference: string) => string | null;
  /** Passwords go into profiles. */
  readonly withPasswords: boolean;
}

export function checkProfiles({ site, service, users, read, withPasswords }: ProfileCheck): Diagnostic[] {
  const found: Diagnostic[] = [];
  const say = (code: string, severity: Severity, message: string, path: readonly (string | number)[]): void => {
    found.push(diagnostic(code, severity, message, site.source, site.place(path)));
  };
  const seen = new Map<string, string>();
  for (const { name, path } of service.users) {
    const before = seen.get(name.toLowerCase());
    if (before === undefined) seen.set(name.toLowerCase(), name);
    else if (users.includes(name) || users.includes(before)) {
      const message = `${name} and ${before} differ in capital letters only: their files would be the same ones on Windows and macOS. Rename one.`;
      say("vpn/profile-user", "error", message, path);
    }
  }
  if (service.psk !== null) {
    const path = [...service.path, "psk"];
    const value = read(service.psk);
    if (value === null) say("site/missing-secret", "error", missing(service.psk), path);
    else {
      const written = writeSecret("quoted", value);
      if (typeof written !== "string") {
        say("vpn/profile-secret", "error", `The key ${service.psk} cannot be used: ${written.problem}.`, path);
      } else if (/^0x/i.test(value)) {
        const message = `The key ${service.psk} begins with 0x: isakmpd takes it for hexadecimal digits (ike_auth.c), clients for what it is. Begin it with anything else.`;
        say("vpn/profile-secret", "error", message, path);
      } else {
        const care = hardToType(value);
        if (care !== null) say("vpn/profile-secret", "warning", `The key ${service.psk} ${care}.`, path);
      }
    }
  }
  if (!withPasswords) return found;
  for (const user of service.users) {
    if (!users.includes(user.name) || user.password === null) continue;
    const path = [...user.path, "password"];
    const value = read(user.password);
    if (value === null) {
      say("site/missing-secret", "error", missing(user.password), path);
      continue;
    }
    const written = writeSecret(service.protocol === "ikev2" ? "quoted" : "getcap", value);
    if (typeof written !== "string") {
      say("vpn/profile-secret", "error", `The password ${user.password} cannot be used: ${written.problem}.`, path);
      continue;
    }
    const care = hardToType(value);
    if (care !== null) say("vpn/profile-secret", "warning", `The password ${user.password} ${care}.`, path);
    // MS-CHAPv2 takes 0 to 256 Unicode characters (RFC 2759, 8.1), and pppd keeps 255 octets of a word.
    if (value.length > 255) {
      say(
        "vpn/profile-secret",
        "error",
        `The password ${user.password} is longer than 255 characters, which pppd cuts off.`,
        path,
      );
    }
  }
  return found;
}

/** Files hold it; a person with a phone has a hard time, and some dialogs drop white space at the ends. */
function hardToType(value: string): string | null {
  if (value.trim() !== value) return "begins or ends with a space, which many dialogs take away";
  if (value.includes("  ")) return "has several spaces in a row, which nobody sees when typing it";
  return null;
}

function missing(reference: string): string {
  const what = reference.startsWith("env:")
    ? `the variable ${reference.slice(4)} is not set`
    : `there is no file ${reference.slice(5)}`;
  return `This secret cannot be had: ${what}.`;
}

/** An error at a place of the site. */
export function profileDiagnostic(
  site: Site,
  code: "vpn/profile-server" | "vpn/profile-certificate",
  message: string,
  path: readonly (string | number)[],
): Diagnostic {
  return diagnostic(code, "error", message, site.source, site.place(path));
}

/** @param now milliseconds since 1970 */
export function checkCertificate(one: CertificateFacts, now: number, authority: boolean): Diagnostic[] {
  const say = (severity: Severity, message: string): Diagnostic =>
    diagnostic("vpn/profile-certificate", severity, message, null, { start: 0, end: 0 });
  const name = `${one.file}: the certificate of ${one.commonName}`;
  if (authority && !one.isAuthority) {
    return [
      say(
        "error",
        `${name} is no authority's (CA:FALSE), so nothing it signs is trusted. Name the one that signed the head-end's.`,
      ),
    ];
  }
  if (one.notAfter <= now) {
    return [say("error", `${name} expired on ${day(one.notAfter)}: every client refuses it. Issue a new one.`)];
  }
  if (one.notBefore > now)
    return [say("error", `${name} is not valid before ${day(one.notBefore)}. Is the clock right?`)];
  if (one.notAfter - now < SOON) {
    const left = Math.floor((one.notAfter - now) / DAY);
    return [
      say(
        "warning",
        `${name} expires on ${day(one.notAfter)}, in ${left} ${left === 1 ? "day" : "days"}. Issue a new one before.`,
      ),
    ];
  }
  return [];
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
