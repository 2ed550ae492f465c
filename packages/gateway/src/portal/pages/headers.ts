/** What every answer to a guest carries. */
import { createHash } from "node:crypto";

export function scriptHash(script: string): string {
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}

/**
 * `Referrer-Policy: same-origin` and not `no-referrer`: browsers send `Origin: null` with the forms of a page under
 * `no-referrer` (Fetch, 3.1 "append a request Origin header"), and we tell foreign forms by their origin.
 */
export function pageHeaders(script: string | null): Record<string, string> {
  const scripts = script === null ? "'none'" : scriptHash(script);
  return {
    ...plainHeaders(),
    "Content-Type": "text/html; charset=utf-8",
    // form-action is left to the token: browsers apply it to redirects after the form as well, and those lead anywhere.
    "Content-Security-Policy": `default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; script-src ${scripts}; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
  };
}

export function plainHeaders(): Record<string, string> {
  return {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
  };
}
