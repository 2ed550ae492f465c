/** The page of somebody who is in: how long, how much, and out again. */
import type { StoredSession } from "../../store/store.ts";
import { html } from "./html.ts";
import { fill, formatOctets, formatSeconds, LANGUAGES, type Language } from "./language.ts";
import { note, type PageContext, renderPage } from "./layout.ts";

/** Every ten seconds the amounts are asked for again; gone means the session is over. */
export const LIVE_SCRIPT: string =
  'setInterval(function(){if(document.hidden)return;fetch("/live"+location.search,{headers:{Accept:"application/json"}}).then(function(r){return r.json()}).then(function(v){if(!v.in)return location.reload();for(var k in v.show){var e=document.getElementById(k);if(e&&e.textContent!==v.show[k])e.textContent=v.show[k]}}).catch(function(){})},1e4)';

export interface Amounts {
  readonly time: string;
  readonly down: string;
  readonly up: string;
  /** "" when nothing limits it. */
  readonly left: string;
}

/** Octets until the first of the volume limits; null without limit. */
export function octetsLeft(session: StoredSession): bigint | null {
  const { limits, inputOctets, outputOctets } = session;
  let least: bigint | null = null;
  for (const [limit, used] of [
    [limits.octetsInput, inputOctets],
    [limits.octetsOutput, outputOctets],
    [limits.octetsTotal, inputOctets + outputOctets],
  ] as const) {
    if (limit === null) continue;
    const left = limit > used ? limit - used : 0n;
    if (least === null || left < least) least = left;
  }
  return least;
}

/** Whole seconds until the session ends at the latest; null without limit. */
export function secondsLeft(session: StoredSession, now: number): number | null {
  return session.limits.until === null ? null : Math.max(0, Math.floor((session.limits.until - now) / 1_000));
}

export function amounts(language: Language, session: StoredSession, now: number): Amounts {
  const seconds = secondsLeft(session, now);
  const left = octetsLeft(session);
  return {
    time: seconds === null ? LANGUAGES[language].noLimit : formatSeconds(language, seconds),
    // Output is what goes to the client.
    down: formatOctets(language, session.outputOctets),
    up: formatOctets(language, session.inputOctets),
    left: left === null ? "" : formatOctets(language, left),
  };
}

export interface StatusView {
  readonly session: StoredSession;
  readonly now: number;
  readonly token: string;
  /** Where "Continue" leads. */
  readonly onward: string | null;
  /** The server's message, as it came. */
  readonly message: string;
  readonly notice?: string | null;
}

export function statusPage(context: PageContext, view: StatusView): string {
  const { language } = context;
  const words = LANGUAGES[language];
  const show = amounts(language, view.session, view.now);
  const lines = [view.notice ?? words.onlineText, ...(view.message === "" ? [] : [view.message])];
  const body = html`${note("good", words.online, lines)}
<section class="card"><dl>
${view.session.user !== "" && html`<dt>${words.signedInAs}</dt><dd>${view.session.user}</dd>`}
<dt>${words.timeLeft}</dt><dd id="time">${show.time}</dd>
${show.left !== "" && html`<dt>${words.volumeLeft}</dt><dd id="left">${show.left}</dd>`}
<dt>${words.downloaded}</dt><dd id="down">${show.down}</dd>
<dt>${words.uploaded}</dt><dd id="up">${show.up}</dd>
</dl>
${view.onward !== null && html`<a class="button" href="${view.onward}" rel="noreferrer">${fill(words.continueTo, new URL(view.onward).host)}</a>`}
<form method="post" action="/sign-out"><input type="hidden" name="token" value="${view.token}"><input type="hidden" name="lang" value="${language}"><button class="quiet">${words.signOut}</button></form></section>`;
  // Without JavaScript the page stands still: one that reloads by itself takes readers of screens out of what they read.
  return renderPage(context, { title: words.online, body, script: LIVE_SCRIPT });
}
