/** What guests see, with a preview, and the audit log. */
import { html } from "hono/html";
import type { AuditEntry } from "../../../store/store.ts";
import type { Look } from "../context.ts";
import type { AdminSession } from "../sign-in.ts";
import { timeWords } from "../words.ts";
import { csrf, type Html } from "./layout.ts";

const LANGUAGES = [
  ["en", "English"],
  ["de", "Deutsch"],
  ["fr", "Français"],
  ["es", "Español"],
  ["it", "Italiano"],
  ["pt", "Português"],
] as const;

export function lookPage(look: Look, session: AdminSession): Html {
  const query = new URLSearchParams(lookFields(look));
  return html`<div class="two"><form class="panel" method="post" action="/look" data-preview="/look/preview">${csrf(session)}
<label>Title<input name="title" value="${look.title}" maxlength="80" required></label>
<label>Colour<input name="accent" type="color" value="${look.accent}"></label>
<label>Language when the browser names none of ours<select name="language">${LANGUAGES.map(
    ([code, title]) => html`<option value="${code}"${look.language === code ? html` selected` : ""}>${title}</option>`,
  )}</select></label>
<label>Text above the form<textarea name="text" maxlength="2000">${look.text}</textarea></label>
<label>Terms; empty for none<textarea name="terms" maxlength="20000">${look.terms ?? ""}</textarea></label>
<span class="row"><button class="quiet" formaction="/look/try">Preview</button><button>Save</button></span></form>
<iframe title="Preview of the sign-in page" sandbox src="/look/preview?${query}"></iframe></div>`;
}

/** The look as the preview's address has it. */
export function lookFields(look: Look): Record<string, string> {
  const { title, text, accent, terms, language } = look;
  return { title, text, accent, terms: terms ?? "", language };
}

export function auditPage(entries: readonly AuditEntry[], page: number, hasMore: boolean): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Audit log"><table><thead><tr><th>When</th><th>Who</th><th>What</th><th>Detail</th><th>Gateway</th></tr></thead>
<tbody>${entries.map(
    (one) =>
      html`<tr><td>${timeWords(one.at)}</td><td>${one.who}</td><td>${one.what}</td><td class="wrap">${one.detail}</td><td>${one.gateway}</td></tr>`,
  )}</tbody></table></div>
<p class="row">${page > 1 ? html`<a class="button quiet" href="/audit?page=${page - 1}">Newer</a>` : ""}${hasMore ? html`<a class="button quiet" href="/audit?page=${page + 1}">Older</a>` : ""}</p>`;
}
