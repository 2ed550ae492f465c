/** One request of a guest, with what is known about it. */
import type { Readable } from "node:stream";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Client, Portal } from "../service.ts";
import type { Challenges } from "../uam/challenge.ts";
import type { Acme } from "./acme.ts";
import type { Origins } from "./address.ts";
import { pageHeaders, plainHeaders } from "./headers.ts";
import { chooseLanguage, type Language } from "./language.ts";
import type { PageContext } from "./layout.ts";
import type { Logo } from "./logo.ts";
import type { Seals } from "./seal.ts";
import type { FormMethod } from "./sign-in-page.ts";

/** Sends the link of the e-mail method; false when it does not want to (address refused, too many). */
export type SendLink = (request: {
  readonly email: string;
  readonly mac: string;
  readonly address: string;
  readonly language: Language;
  /** URL that brings a token back. */
  readonly link: (token: string) => string;
}) => Promise<boolean>;

/** What all requests share. */
export interface House {
  readonly config: PortalConfig;
  readonly portal: Portal;
  readonly seals: Seals;
  readonly challenges: Challenges;
  readonly logo: Logo;
  readonly acme: () => Acme | null;
  readonly origins: () => Origins;
  /** HTTPS with a certificate that is good now. */
  readonly secure: () => boolean;
  readonly now: () => number;
  readonly sendLink: SendLink | null;
  /** MAC of the guests' interface, `02-00-00-00-00-FE`. */
  readonly called: string;
  /** Ports as they are, uamport among them. */
  readonly uamPort: () => number;
  /** A sentence for the operator's log. */
  readonly report: (sentence: string) => void;
}

export interface Visit {
  readonly house: House;
  readonly request: Request;
  readonly body: Readable;
  readonly url: URL;
  readonly address: string;
  readonly client: Client;
  readonly encrypted: boolean;
}

/** The guest is somebody on our link. */
export interface Guest extends Visit {
  readonly client: Client & { readonly mac: string };
}

export function isGuest(visit: Visit): visit is Guest {
  return visit.client.mac !== null;
}

export function languageOf(visit: Visit, asked: string | null): Language {
  return chooseLanguage(asked, visit.request.headers.get("accept-language"), visit.house.config.look.language);
}

/** The portal's own address for this guest: HTTPS when it can be. */
export function homeOf(visit: Visit): string {
  const origins = visit.house.origins();
  return visit.house.secure() && origins.https !== null ? origins.https : origins.http(visit.address);
}

export async function pageContext(
  visit: Visit,
  language: Language,
  keep: Readonly<Record<string, string | null>> = {},
): Promise<PageContext> {
  const { config, logo } = visit.house;
  const kept = Object.entries(keep).filter((entry): entry is [string, string] => entry[1] !== null);
  return {
    look: config.look,
    language,
    logo: (await logo.picture()) === null ? null : "/logo",
    keep: new Map(kept),
  };
}

/** Methods a form can serve, in the operator's order. */
export function formMethods(house: House): readonly FormMethod[] {
  return house.config.signIn.filter(
    (method): method is FormMethod => method !== "mac" && (method !== "email" || house.sendLink !== null),
  );
}

export function wantsJson(visit: Visit): boolean {
  const accept = visit.request.headers.get("accept") ?? "";
  return accept.includes("application/json") && !accept.includes("text/html");
}

export function page(
  text: string,
  status = 200,
  script: string | null = null,
  more: Record<string, string> = {},
): Response {
  return new Response(text, { status, headers: { ...pageHeaders(script), ...more } });
}

export function json(value: unknown, status = 200, more: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { ...plainHeaders(), "Content-Type": "application/json; charset=utf-8", ...more },
  });
}

/** @param location ours, or built by uamUrl */
export function found(location: string): Response {
  return new Response(null, { status: 302, headers: { ...plainHeaders(), Location: location } });
}

/** @param location checked by safeUrl, or ours */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { ...plainHeaders(), Location: location } });
}
