/** The frame of every page: head, logo and title, what the page says, and the languages. */
import { Html, html, paragraphs } from "./html.ts";
import { LANGUAGES, type Language } from "./language.ts";
import { styleSheet } from "./style.ts";

/** What an operator makes of the pages (`look` of portal.yaml). */
export interface Look {
  readonly title: string;
  readonly text: string;
  /** Only whether there is one: pages take it from `/logo`, see {@link PageContext.logo}. */
  readonly logo: string | null;
  readonly accent: string;
  readonly terms: string | null;
  readonly language: string;
}

export interface PageContext {
  readonly look: Look;
  readonly language: Language;
  /** Address of the picture; null: our own sign. */
  readonly logo: string | null;
  /** Query that a change of language must not lose, without `lang`. */
  readonly keep: ReadonlyMap<string, string>;
}

const SIGN = new Html(
  '<svg class="logo" width="56" height="56" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" aria-hidden="true"><path d="M2.5 9.5a14 14 0 0 1 19 0M5.7 13a9.3 9.3 0 0 1 12.6 0M8.9 16.4a4.6 4.6 0 0 1 6.2 0"/><circle cx="12" cy="19.5" r=".8" fill="currentColor"/></svg>',
);

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Show the operator's text under the title. */
  readonly text?: boolean;
  readonly script?: string | null;
}

export function renderPage(context: PageContext, page: Page): string {
  const { look, language } = context;
  const operator = operatorLanguage(context);
  const title = page.title === look.title ? look.title : `${page.title} – ${look.title}`;
  return html`<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(styleSheet(look.accent))}</style>
</head>
<body>
<main>
<header>
${context.logo === null ? SIGN : html`<img src="${context.logo}" alt="${look.title}">`}
<h1${operator}>${look.title}</h1>
${page.text === true && look.text.trim() !== "" && html`<div class="text"${operator}>${paragraphs(look.text)}</div>`}
</header>
${page.body}
</main>
<footer>${languages(context)}</footer>
${typeof page.script === "string" && html`<script>${new Html(page.script)}</script>`}
</body>
</html>
`.text;
}

/** The operator's own words are in one language, whatever the page is in (WCAG 3.1.2). */
export function operatorLanguage(context: PageContext): Html | null {
  const { look, language } = context;
  return look.language !== language && /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(look.language)
    ? html` lang="${look.language}"`
    : null;
}

function languages(context: PageContext): Html {
  const items = Object.entries(LANGUAGES).map(([code, words]) => {
    if (code === context.language) return html`<li><span lang="${code}" aria-current="true">${words.name}</span></li>`;
    const query = new URLSearchParams([...context.keep, ["lang", code]]);
    return html`<li><a href="?${query.toString()}" lang="${code}" hreflang="${code}">${words.name}</a></li>`;
  });
  return html`<nav aria-label="${LANGUAGES[context.language].language}"><ul>${items}</ul></nav>`;
}

export function note(kind: "good" | "bad", title: string | null, lines: readonly string[]): Html {
  return html`<div class="note ${kind}" id="note" role="${kind === "bad" ? "alert" : "status"}">${title !== null && html`<strong><span aria-hidden="true">${kind === "bad" ? "⚠" : "✓"}</span>${title}</strong>`}${lines.map((line) => html`<p>${line}</p>`)}</div>`;
}
