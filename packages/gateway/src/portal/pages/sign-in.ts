/** Signing in and out with the forms of our own pages. */
import type { SignIn, SignInAnswer } from "../service.ts";
import { uamEntrance } from "../uam/routes.ts";
import { field, fromOurselves, readForm } from "./form.ts";
import { html } from "./html.ts";
import { LANGUAGES, type Language } from "./language.ts";
import { note, renderPage } from "./layout.ts";
import { messagePage, pauseText, refusalText, secondsUntil } from "./message-page.ts";
import { questionPage } from "./question-page.ts";
import { type FormMethod, type SignInView, signInPage } from "./sign-in-page.ts";
import { amounts, LIVE_SCRIPT, statusPage } from "./status-page.ts";
import {
  formMethods,
  found,
  type Guest,
  homeOf,
  isGuest,
  json,
  languageOf,
  page,
  pageContext,
  seeOther,
  type Visit,
  wantsJson,
} from "./visit.ts";
import { isProbe, safeUrl } from "./wanted.ts";

const TOKEN_LENGTH = 512;

/** Where the guest wanted to go, if it was us who wrote it down and it is worth going to. */
function onwardOf(guest: Guest, sealed: string | null): string | null {
  const wanted = safeUrl(guest.house.seals.unseal("onward", guest.client.mac, sealed));
  return wanted === null || isProbe(wanted) ? null : wanted;
}

export async function elsewhere(visit: Visit, language: Language): Promise<Response> {
  const words = LANGUAGES[language];
  if (wantsJson(visit))
    return json({ in: false, result: "refused", why: "unknown-device", message: words.elsewhere }, 403);
  const message = { kind: "bad", title: words.elsewhere, lines: [words.elsewhereText], back: null } as const;
  return page(messagePage(await pageContext(visit, language), message), 403);
}

/** GET /: the sign-in page, or how things are for somebody who is in. */
export async function home(visit: Visit): Promise<Response> {
  const query = visit.url.searchParams;
  const language = languageOf(visit, query.get("lang"));
  if (!isGuest(visit)) return elsewhere(visit, language);
  const sealed = query.get("to");
  if (visit.client.session !== null) return status(visit, language, sealed, "", null);
  // The page is somebody else's: ours would only be a second one.
  if (visit.house.config.portal.uam !== null) return found(uamEntrance(visit));
  const voucher = query.get("voucher")?.slice(0, 64) ?? null;
  const said = { out: LANGUAGES[language].signedOut, none: LANGUAGES[language].notSignedIn }[query.get("said") ?? ""];
  const pause = await pauseOf(visit);
  const notice =
    said !== undefined
      ? ({ kind: "good", title: said, lines: pause === null ? [] : told(visit, language, pause).lines } as const)
      : pause !== null
        ? ({ kind: "bad", ...told(visit, language, pause) } as const)
        : null;
  return signIn(visit, language, sealed, 200, {
    notice,
    isPause: pause !== null,
    open: voucher !== null ? "voucher" : null,
    typed: voucher === null ? {} : { voucher },
  });
}

/** Until when the device gets no click; null when it gets one, or none is offered. */
function pauseOf(guest: Guest): Promise<number | null> {
  return guest.house.config.signIn.includes("click")
    ? guest.house.portal.pause(guest.client.mac)
    : Promise.resolve(null);
}

function told(guest: Guest, language: Language, until: number): ReturnType<typeof pauseText> {
  return pauseText(language, until, guest.house.now());
}

async function signIn(
  guest: Guest,
  language: Language,
  sealed: string | null,
  code: number,
  view: Pick<SignInView, "notice" | "open" | "typed"> & { readonly isPause?: boolean },
  more: Record<string, string> = {},
): Promise<Response> {
  const { house, client } = guest;
  const onward = onwardOf(guest, sealed) === null ? null : sealed;
  const all = formMethods(house);
  // A button that does nothing is not shown.
  const isPause = view.isPause ?? (await pauseOf(guest)) !== null;
  const methods = isPause ? all.filter((method) => method !== "click") : all;
  const open = view.open != null && methods.includes(view.open) ? view.open : null;
  const context = await pageContext(guest, language, { to: onward, voucher: view.typed?.voucher ?? null });
  const text = signInPage(context, {
    ...view,
    open,
    methods,
    isPause,
    token: house.seals.formToken(client.mac),
    onward,
  });
  return page(text, code, null, more);
}

async function status(
  guest: Guest,
  language: Language,
  sealed: string | null,
  message: string,
  destination: string | null,
): Promise<Response> {
  const { house, client } = guest;
  if (client.session === null) return seeOther("/");
  const onward = destination ?? onwardOf(guest, sealed);
  const context = await pageContext(guest, language, { to: onward === null ? null : sealed });
  const text = statusPage(context, {
    session: client.session,
    now: house.now(),
    token: house.seals.formToken(client.mac),
    onward,
    message,
  });
  return page(text, 200, LIVE_SCRIPT);
}

/** GET /live: the amounts of the status page, as it shows them; who is out learns whether a click would be too early. */
export async function live(visit: Visit): Promise<Response> {
  const { client, house, url } = visit;
  if (client.session === null) {
    const pause = isGuest(visit) ? await pauseOf(visit) : null;
    return json({ in: false, ...(pause === null ? {} : pauseJson(visit, pause)) });
  }
  const language = languageOf(visit, url.searchParams.get("lang"));
  return json({ in: true, show: amounts(language, client.session, house.now()) });
}

/** When the device may come again (RFC 3339), and in how many seconds. */
function pauseJson({ house }: Visit, until: number): { readonly again: string; readonly seconds: number } {
  return { again: new Date(until).toISOString(), seconds: secondsUntil(until, house.now()) };
}

interface Posted {
  readonly guest: Guest;
  readonly form: URLSearchParams;
  readonly language: Language;
}

/** The form, when it is one of ours and fresh; otherwise the answer that says why not. */
async function posted(visit: Visit): Promise<Posted | Response> {
  const result = await readForm(visit.request, visit.body);
  const language = languageOf(visit, result.kind === "form" ? result.form.get("lang") : null);
  const words = LANGUAGES[language];
  const refuse = async (code: number, sentence: string): Promise<Response> => {
    if (wantsJson(visit)) return json({ result: "refused", why: "bad-request", message: sentence }, code);
    const message = { kind: "bad", title: words.failed, lines: [sentence], back: "/" } as const;
    return page(messagePage(await pageContext(visit, language), message), code);
  };
  if (result.kind === "bad") return refuse(result.status, result.status === 413 ? words.tooLarge : words.badRequest);
  if (!fromOurselves(visit.request, visit.house.origins().all)) return refuse(403, words.foreignForm);
  if (!isGuest(visit)) return elsewhere(visit, language);
  const { form } = result;
  if (!visit.house.seals.isFormToken(visit.client.mac, form.get("token"))) {
    if (wantsJson(visit)) return refuse(403, words.staleForm);
    if (visit.client.session !== null) return seeOther("/");
    const notice = { kind: "bad", title: words.failed, lines: [words.staleForm] } as const;
    return signIn(visit, language, form.get("to"), 403, { notice, open: openOf(form), typed: typedOf(form) });
  }
  return { guest: visit, form, language };
}

function openOf(form: URLSearchParams): FormMethod | null {
  const method = form.get("method");
  return method === "click" || method === "voucher" || method === "password" || method === "email" ? method : null;
}

function typedOf(form: URLSearchParams): NonNullable<SignInView["typed"]> {
  const voucher = field(form, "voucher", 64);
  const user = field(form, "user", 253);
  const email = field(form, "email", 254);
  return { ...(voucher ? { voucher } : {}), ...(user ? { user } : {}), ...(email ? { email } : {}) };
}

/** POST /sign-in. */
export async function postSignIn(visit: Visit): Promise<Response> {
  const got = await posted(visit);
  if (got instanceof Response) return got;
  const { guest, form, language } = got;
  const { house } = guest;
  const words = LANGUAGES[language];
  if (guest.client.session !== null) return wantsJson(guest) ? json({ result: "in" }) : seeOther("/");
  const how = credentialsOf(form, house.config.look.terms);
  if (typeof how === "string") {
    const sentence = how === "agree" ? words.agreeFirst : words.fillIn;
    if (wantsJson(guest)) return json({ result: "refused", why: "bad-request", message: sentence }, 400);
    const notice = { kind: "bad", title: words.failed, lines: [sentence] } as const;
    return signIn(guest, language, form.get("to"), 400, { notice, open: openOf(form), typed: typedOf(form) });
  }
  const method = how.method === "answer" ? "password" : how.method;
  const offered = house.config.signIn.includes(method) && (how.method !== "email" || house.sendLink !== null);
  const answer: SignInAnswer = offered
    ? await house.portal.signIn(guest.address, how)
    : { kind: "refused", why: "method-not-offered", message: "" };
  if (answer.kind === "in") return welcome(guest, language, form, answer);
  return answer.kind === "question" ? ask(guest, language, form, answer) : refuse(guest, language, form, answer);
}

function credentialsOf(form: URLSearchParams, terms: string | null): SignIn | "agree" | "fields" {
  switch (form.get("method")) {
    case "click":
      if (terms !== null && terms.trim() !== "" && form.get("agree") !== "yes") return "agree";
      return { method: "click" };
    case "voucher": {
      const code = field(form, "voucher", 64)?.trim();
      return code ? { method: "voucher", code } : "fields";
    }
    case "password": {
      const user = field(form, "user", 253)?.trim();
      const password = form.get("password") ?? "";
      if (!user || password === "" || Buffer.byteLength(password) > 128 || password.includes("\0")) return "fields";
      return { method: "password", user, credentials: { kind: "password", password }, dialogue: true };
    }
    case "answer": {
      const key = field(form, "key", TOKEN_LENGTH);
      const answer = form.get("answer") ?? "";
      if (!key || answer === "" || Buffer.byteLength(answer) > 128 || answer.includes("\0")) return "fields";
      return { method: "answer", key, answer };
    }
    case "email": {
      const token = field(form, "key", TOKEN_LENGTH);
      return token ? { method: "email", token } : "fields";
    }
    default:
      return "fields";
  }
}

async function welcome(
  guest: Guest,
  language: Language,
  form: URLSearchParams,
  answer: Extract<SignInAnswer, { kind: "in" }>,
): Promise<Response> {
  if (wantsJson(guest)) return json({ result: "in", message: answer.message });
  const sealed = form.get("to");
  const destination = safeUrl(answer.redirect) ?? safeUrl(guest.house.config.portal.landing) ?? onwardOf(guest, sealed);
  const inside: Guest = { ...guest, client: { ...guest.client, session: answer.session } };
  // What the server has to say is shown before anybody is sent on.
  if (answer.message.trim() !== "") return status(inside, language, sealed, answer.message, destination);
  return seeOther(destination ?? `/?lang=${language}`);
}

/** The server's question in the place of the form; what was typed before is gone. */
async function ask(
  guest: Guest,
  language: Language,
  form: URLSearchParams,
  { message, key, echo }: Extract<SignInAnswer, { kind: "question" }>,
): Promise<Response> {
  if (wantsJson(guest)) return json({ result: "question", key, message, echo });
  const { house, client } = guest;
  const onward = onwardOf(guest, form.get("to")) === null ? null : form.get("to");
  const context = await pageContext(guest, language, { to: onward });
  return page(questionPage(context, { message, key, echo, token: house.seals.formToken(client.mac), onward }));
}

async function refuse(
  guest: Guest,
  language: Language,
  form: URLSearchParams,
  answer: Exclude<SignInAnswer, { kind: "in" | "question" }>,
): Promise<Response> {
  if (answer.kind === "unavailable")
    guest.house.report(`sign-in of ${guest.client.mac} not possible: ${answer.reason}`);
  if (answer.kind === "refused" && answer.why === "unknown-device") return elsewhere(guest, language);
  const said = refusalText(language, answer, guest.house.now());
  const more: Record<string, string> = said.retryAfter === null ? {} : { "Retry-After": String(said.retryAfter) };
  if (wantsJson(guest)) {
    const detail =
      answer.kind === "refused"
        ? { result: answer.kind, why: answer.why, message: answer.message }
        : answer.kind === "slow-down"
          ? { result: answer.kind, seconds: said.retryAfter }
          : answer.kind === "pause"
            ? { result: answer.kind, ...pauseJson(guest, answer.until) }
            : { result: answer.kind };
    return json({ ...detail, text: said.lines[0] }, said.status, more);
  }
  const redirect = answer.kind === "refused" ? safeUrl(answer.redirect) : null;
  if (redirect !== null) return seeOther(redirect);
  const notice = { kind: "bad", title: said.title, lines: said.lines } as const;
  const view = { notice, open: openOf(form), typed: typedOf(form) };
  return signIn(guest, language, form.get("to"), said.status, view, more);
}

/** POST /sign-out. */
export async function postSignOut(visit: Visit): Promise<Response> {
  const got = await posted(visit);
  if (got instanceof Response) return got;
  const was = await got.guest.house.portal.signOut(got.guest.address);
  if (wantsJson(visit)) return json({ result: was ? "out" : "not-in" });
  return seeOther(`/?${new URLSearchParams({ said: was ? "out" : "none", lang: got.language })}`);
}

/** POST /email: asks for a link. */
export async function postEmail(visit: Visit): Promise<Response> {
  const got = await posted(visit);
  if (got instanceof Response) return got;
  const { guest, form, language } = got;
  const words = LANGUAGES[language];
  const { sendLink, config } = guest.house;
  const email = field(form, "email", 254)?.trim() ?? "";
  const bad = (sentence: string, code: number): Promise<Response> =>
    signIn(guest, language, form.get("to"), code, {
      notice: { kind: "bad", title: words.failed, lines: [sentence] },
      open: "email",
      typed: typedOf(form),
    });
  if (sendLink === null || !config.signIn.includes("email")) return bad(words.methodNotOffered, 403);
  if (!/^[^\s@<>"]+@[^\s@<>"]+$/.test(email)) return bad(words.fillIn, 400);
  const base = homeOf(guest);
  const sent = await sendLink({
    email,
    mac: guest.client.mac,
    address: guest.address,
    language,
    link: (token) => `${base}/email?${new URLSearchParams({ key: token, lang: language })}`,
  });
  if (!sent) return bad(words.unavailableText, 503);
  return signIn(guest, language, form.get("to"), 200, {
    notice: { kind: "good", title: words.emailSent, lines: [] },
    open: "email",
  });
}

/** GET /email: the link leads here. Nothing happens before a button is pressed: programs that look at mails open links. */
export async function emailLink(visit: Visit): Promise<Response> {
  const language = languageOf(visit, visit.url.searchParams.get("lang"));
  const words = LANGUAGES[language];
  if (!isGuest(visit)) return elsewhere(visit, language);
  const key = visit.url.searchParams.get("key")?.slice(0, TOKEN_LENGTH) ?? "";
  const body = html`${note("good", null, [words.emailFinish])}<section class="card"><form method="post" action="/sign-in"><input type="hidden" name="method" value="email"><input type="hidden" name="key" value="${key}"><input type="hidden" name="token" value="${visit.house.seals.formToken(visit.client.mac)}"><input type="hidden" name="lang" value="${language}"><button>${words.connect}</button></form></section>`;
  return page(renderPage(await pageContext(visit, language, { key }), { title: words.signIn, body }));
}

/** Anything else that was asked for on our own host. */
export async function unknownPage(visit: Visit, code = 404): Promise<Response> {
  const language = languageOf(visit, visit.url.searchParams.get("lang"));
  const words = LANGUAGES[language];
  const title = code === 404 ? words.notFound : words.unavailable;
  const lines = code === 404 ? [] : [words.unavailableText];
  if (wantsJson(visit)) return json({ message: title }, code);
  return page(messagePage(await pageContext(visit, language), { kind: "bad", title, lines, back: "/" }), code);
}
