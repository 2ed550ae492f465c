/** The page people see first. Works without JavaScript. */
import { type Html, html, paragraphs } from "./html.ts";
import { LANGUAGES, type Language } from "./language.ts";
import { type Look, note, operatorLanguage, type PageContext, renderPage } from "./layout.ts";

/** What the page can ask for; MAC authentication asks nothing. */
export type FormMethod = "click" | "voucher" | "password" | "email";

export interface SignInView {
  /** In the order they are offered. */
  readonly methods: readonly FormMethod[];
  readonly token: string;
  /** The device is in the pause between two clicks, which the notice tells of. */
  readonly isPause?: boolean;
  /** Where people wanted to go, sealed. */
  readonly onward: string | null;
  /** The one whose form is open; the first by default. */
  readonly open?: FormMethod | null;
  readonly notice?: {
    readonly kind: "good" | "bad";
    readonly title: string | null;
    readonly lines: readonly string[];
  } | null;
  /** What was typed before, without passwords. */
  readonly typed?: { readonly voucher?: string; readonly user?: string; readonly email?: string };
}

export function signInPage(context: PageContext, view: SignInView): string {
  const words = LANGUAGES[context.language];
  const open = view.open ?? view.methods[0] ?? null;
  const several = view.methods.length > 1;
  const blocks = view.methods.map((method) => {
    const form = formOf(context, view, method);
    if (!several) return html`<section class="card">${form}</section>`;
    const title = { click: words.free, voucher: words.voucher, password: words.account, email: words.email }[method];
    return html`<details class="card" name="method"${method === open && html` open`}><summary><h2>${title}</h2></summary>${form}</details>`;
  });
  const body = html`${view.notice && note(view.notice.kind, view.notice.title, view.notice.lines)}
${blocks}
${view.methods.length === 0 && view.isPause !== true && note("bad", words.unavailable, [words.methodNotOffered])}`;
  return renderPage(context, { title: words.signIn, body, text: true });
}

function formOf(context: PageContext, view: SignInView, method: FormMethod): Html {
  const action = method === "email" ? "/email" : "/sign-in";
  return html`<form method="post" action="${action}">
<input type="hidden" name="method" value="${method}"><input type="hidden" name="token" value="${view.token}"><input type="hidden" name="lang" value="${context.language}">${view.onward !== null && html`<input type="hidden" name="to" value="${view.onward}">`}
${fields(context, view, method)}
</form>`;
}

function fields(context: PageContext, view: SignInView, method: FormMethod): Html {
  const words = LANGUAGES[context.language];
  // After a refusal the fields say so, and the one to mend has the focus.
  const wrong = view.notice?.kind === "bad" && view.open === method;
  const invalid = wrong ? html` aria-invalid="true"` : null;
  const focus = wrong ? html` autofocus` : null;
  const described = (hint: string): string => (wrong ? `${hint} note`.trim() : hint);
  const hasTerms = context.look.terms !== null && context.look.terms.trim() !== "";
  switch (method) {
    case "click":
      return html`${terms(context)}${hasTerms && html`<label class="agree"><input type="checkbox" name="agree" value="yes" required><span>${words.agree}</span></label>`}<button>${words.connect}</button>`;
    case "voucher":
      return html`<label for="voucher">${words.voucherCode}</label>
<input class="code" id="voucher" name="voucher" value="${view.typed?.voucher ?? ""}" required maxlength="64" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" aria-describedby="${described("voucher-hint")}"${invalid}${focus}>
<p class="hint" id="voucher-hint">${words.voucherHint}</p>${agreement(context)}<button>${words.signIn}</button>`;
    case "password":
      return html`<label for="user">${words.user}</label>
<input id="user" name="user" value="${view.typed?.user ?? ""}" required maxlength="253" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false"${wrong && html` aria-describedby="note"`}${invalid}>
<label for="password">${words.password}</label>
<input id="password" name="password" type="password" required maxlength="128" autocomplete="current-password"${wrong && html` aria-describedby="note"`}${invalid}${focus}>
${agreement(context)}<button>${words.signIn}</button>`;
    case "email":
      return html`<label for="email">${words.emailAddress}</label>
<input id="email" name="email" type="email" value="${view.typed?.email ?? ""}" required maxlength="254" autocomplete="email" aria-describedby="${described("email-hint")}"${invalid}${focus}>
<p class="hint" id="email-hint">${words.emailHint}</p>${agreement(context)}<button>${words.sendLink}</button>`;
  }
}

function terms(context: PageContext): Html | null {
  const text = context.look.terms;
  if (text === null || text.trim() === "") return null;
  const words = LANGUAGES[context.language];
  // A region that scrolls is reached with the keyboard (WCAG 2.1.1).
  return html`<details class="terms"><summary>${words.terms}</summary><div tabindex="0" role="region" aria-label="${words.terms}"${operatorLanguage(context)}>${paragraphs(text)}</div></details>`;
}

function agreement(context: PageContext): Html | null {
  const text = terms(context);
  return text === null ? null : html`<p class="hint">${LANGUAGES[context.language].byUsing}</p>${text}`;
}

/** The sign-in page as guests would see it, for a preview: its forms lead nowhere. */
export function renderSignIn(
  look: Look,
  options: {
    readonly methods: readonly FormMethod[];
    readonly language: Language;
    /** Address or data: URL of the picture. */
    readonly logo?: string | null;
  },
): string {
  const context: PageContext = { look, language: options.language, logo: options.logo ?? null, keep: new Map() };
  return signInPage(context, { methods: options.methods, token: "preview", onward: null });
}
