/** What RADIUS wants to know besides the password. */
import { html } from "./html.ts";
import { LANGUAGES } from "./language.ts";
import { note, type PageContext, renderPage } from "./layout.ts";

export interface QuestionView {
  /** The server's own words, as they came. */
  readonly message: string;
  readonly key: string;
  readonly echo: boolean;
  readonly token: string;
  /** Where people wanted to go, sealed. */
  readonly onward: string | null;
}

export function questionPage(context: PageContext, view: QuestionView): string {
  const words = LANGUAGES[context.language];
  const said = view.message.trim();
  // Most often it is a code that was sent to the person.
  const body = html`${note("good", words.question, [said === "" ? words.questionText : said])}
<section class="card"><form method="post" action="/sign-in">
<input type="hidden" name="method" value="answer"><input type="hidden" name="key" value="${view.key}"><input type="hidden" name="token" value="${view.token}"><input type="hidden" name="lang" value="${context.language}">${view.onward !== null && html`<input type="hidden" name="to" value="${view.onward}">`}
<label for="answer">${words.answer}</label>
<input id="answer" name="answer" type="${view.echo ? "text" : "password"}" required maxlength="128" autocomplete="one-time-code" autocapitalize="none" autocorrect="off" spellcheck="false" aria-describedby="note" autofocus>
<button>${words.signIn}</button></form></section>
<a class="button quiet" href="/?lang=${context.language}">${words.back}</a>`;
  return renderPage(context, { title: words.question, body });
}
