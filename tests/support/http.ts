/** Raw HTTP from a chosen loopback address: devices of a guests' network differ by where they come from. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** 127.0.0.1 by default. */
  readonly from?: string;
  /** Host header. */
  readonly host?: string;
  /** PEM of the CA, for https. */
  readonly ca?: string;
  readonly servername?: string;
}

export function ask(url: string, how: Ask = {}): Promise<Answer> {
  const target = new URL(url);
  const body = how.form === undefined ? how.body : new URLSearchParams(how.form).toString();
  const headers: Record<string, string> = {
    ...(how.host === undefined ? {} : { Host: how.host }),
    ...(how.form === undefined ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
    ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
    ...how.headers,
  };
  const options = {
    host: target.hostname,
    port: target.port,
    // Not `pathname`: what is asked for has to get there as it is.
    path: url.slice(url.indexOf("/", 8)) || "/",
    method: how.method ?? (body === undefined ? "GET" : "POST"),
    headers,
    localAddress: how.from ?? "127.0.0.1",
    agent: false as const,
    ...(how.ca === undefined ? {} : { ca: how.ca }),
    ...(how.servername === undefined ? {} : { servername: how.servername }),
  };
  return new Promise((resolve, reject) => {
    const request = (target.protocol === "https:" ? httpsRequest : httpRequest)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Value of a hidden field. */
export function hidden(page: string, name: string): string {
  const found = new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(page);
  if (found === null) throw new Error(`no hidden field ${name}`);
  return (found[1] as string)
    .replace(/&amp;/g, "&")
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"');
}
