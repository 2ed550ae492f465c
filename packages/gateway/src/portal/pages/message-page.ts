/** Pages that only say something, and the words for what went wrong. */
import type { SignInAnswer } from "../service.ts";
import { html } from "./html.ts";
import { fill, formatMoment, formatSeconds, LANGUAGES, type Language } from "./language.ts";
import { note, type PageContext, renderPage } from "./layout.ts";

export function messagePage(
  context: PageContext,
  message: {
    readonly kind: "good" | "bad";
    readonly title: string;
    readonly lines: readonly string[];
    readonly back: string | null;
  },
): string {
  const words = LANGUAGES[context.language];
  const body = html`${note(message.kind, message.title, message.lines)}${message.back !== null && html`<a class="button" href="${message.back}">${words.back}</a>`}`;
  return renderPage(context, { title: message.title, body });
}

type Refusal = Exclude<SignInAnswer, { kind: "in" | "question" }>;

/** Seconds: two hundred passwords take about eight. */
const BUSY = 5;

/** What to say, and how HTTP says it. */
export interface RefusalText {
  readonly status: 403 | 429 | 503;
  readonly title: string;
  readonly lines: readonly string[];
  /** Seconds for Retry-After. */
  readonly retryAfter: number | null;
}

/** @param now Unix milliseconds */
export function refusalText(language: Language, answer: Refusal, now: number): RefusalText {
  const words = LANGUAGES[language];
  switch (answer.kind) {
    case "refused": {
      const sentence = {
        "wrong-credentials": words.wrongCredentials,
        "unknown-voucher": words.unknownVoucher,
        expired: words.expired,
        "used-up": words.usedUp,
        "too-many-devices": words.tooManyDevices,
        revoked: words.revoked,
        "method-not-offered": words.methodNotOffered,
        "unknown-device": words.elsewhereText,
        "already-in": words.alreadyIn,
        "stale-question": words.staleForm,
      }[answer.why];
      // The server's own message says more than we can; ours stays for those who cannot read its language.
      const said = answer.message.trim();
      const lines = said === "" ? [sentence] : [sentence, `${words.serverSays}: ${said}`];
      return { status: 403, title: words.failed, lines, retryAfter: null };
    }
    case "pause":
      return { status: 429, ...pauseText(language, answer.until, now), retryAfter: secondsUntil(answer.until, now) };
    case "slow-down": {
      const seconds = Math.max(1, Math.ceil(answer.seconds));
      return {
        status: 429,
        title: words.failed,
        lines: [fill(words.slowDown, formatSeconds(language, seconds))],
        retryAfter: seconds,
      };
    }
    case "busy":
      return { status: 503, title: words.unavailable, lines: [words.busy], retryAfter: BUSY };
    // The reason is for the operator's log, not for guests.
    case "unavailable":
      return { status: 503, title: words.unavailable, lines: [words.unavailableText], retryAfter: 60 };
  }
}

/** What somebody in the pause between two clicks is told. */
export function pauseText(
  language: Language,
  until: number,
  now: number,
): { readonly title: string; readonly lines: readonly string[] } {
  const words = LANGUAGES[language];
  const wait = formatSeconds(language, secondsUntil(until, now));
  return { title: words.pause, lines: [fill(words.pauseText, wait, formatMoment(language, until, now))] };
}

export function secondsUntil(until: number, now: number): number {
  return Math.max(1, Math.ceil((until - now) / 1_000));
}
