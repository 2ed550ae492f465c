/** A form that was posted: small, url-encoded, and from a page of ours. */
import type { Readable } from "node:stream";

const LARGEST = 8_192;

export type FormResult =
  | { readonly kind: "form"; readonly form: URLSearchParams }
  | { readonly kind: "bad"; readonly status: 400 | 413 | 415 };

/** @param body of the request, read as it comes: the Fetch API's streams would cost more than all the rest of the form */
export async function readForm(request: Request, body: Readable): Promise<FormResult> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") return { kind: "bad", status: 415 };
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > LARGEST) return { kind: "bad", status: 413 };
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      size += (chunk as Uint8Array).length;
      if (size > LARGEST) return { kind: "bad", status: 413 };
      chunks.push(chunk as Uint8Array);
    }
  } catch {
    return { kind: "bad", status: 400 };
  }
  return { kind: "form", form: new URLSearchParams(Buffer.concat(chunks).toString("utf8")) };
}

/** A field without control characters, or null. */
export function field(form: URLSearchParams, name: string, longest: number): string | null {
  const value = form.get(name);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return value === null || value.length > longest || /[\0-\x1f\x7f]/.test(value) ? null : value;
}

/**
 * False for a form another site made the browser send: browsers say so (Fetch Metadata, and Origin with every POST), and
 * clients that say neither are not browsers a site could drive. The form's token is checked besides.
 */
export function fromOurselves(request: Request, origins: ReadonlySet<string>): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = request.headers.get("origin");
  return origin === null || origins.has(origin);
}
