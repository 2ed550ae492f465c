/** The frame of every page of the admin. */
import { html, raw } from "hono/html";
import type { Role } from "../../../store/store.ts";
import { may } from "../context.ts";
import type { AdminSession } from "../sign-in.ts";

/** Escaped HTML. */
export type Html = ReturnType<typeof html>;

const PAGES: readonly (readonly [path: string, title: string, role: Role])[] = [
  ["/", "Overview", "viewer"],
  ["/sessions", "Sessions", "viewer"],
  ["/history", "History", "viewer"],
  ["/vouchers", "Vouchers", "viewer"],
  ["/users", "Users", "viewer"],
  ["/look", "Look", "admin"],
  ["/administrators", "Administrators", "admin"],
  ["/audit", "Audit log", "viewer"],
];

/** The guests' page has the same sign. */
const SIGN = raw(
  '<svg class="sign" width="26" height="26" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M2.5 9.5a14 14 0 0 1 19 0M5.7 13a9.3 9.3 0 0 1 12.6 0M8.9 16.4a4.6 4.6 0 0 1 6.2 0"/><circle cx="12" cy="19.5" r=".8" fill="currentColor"/></svg>',
);

export interface Frame {
  readonly title: string;
  readonly path: string;
  readonly gateway: string;
  readonly session: AdminSession;
  /** A sentence about what was just done, or why not. */
  readonly said?: { readonly good: boolean; readonly text: string } | undefined;
  readonly script?: boolean;
}

export function page(frame: Frame, body: Html): Html {
  const { session } = frame;
  const links = PAGES.filter(([, , role]) => may(session.role, role)).map(
    ([path, title]) => html`<a href="${path}"${path === frame.path ? html` aria-current="page"` : ""}>${title}</a>`,
  );
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${frame.title} · ${frame.gateway}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">${frame.script === true ? html`<script src="/live.js" defer></script>` : ""}</head>
<body><header><strong>${SIGN}${frame.gateway}</strong><nav aria-label="Pages">${links}</nav>
<form class="who" method="post" action="/logout">${csrf(session)}<span>${session.name} (${session.role})</span><button class="quiet">Sign out</button></form></header>
<main><h1>${frame.title}</h1>${frame.said === undefined ? "" : html`<p class="${frame.said.good ? "said" : "trouble"}" role="status">${frame.said.text}</p>`}${body}</main></body></html>`;
}

/** The field without which a form changes nothing. */
export function csrf(session: AdminSession): Html {
  return html`<input type="hidden" name="csrf" value="${session.csrf}">`;
}

export function loginPage(gateway: string, why: string): Html {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Sign in · ${gateway}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head>
<body><main class="login"><h1>${SIGN}${gateway}</h1>${why === "" ? "" : html`<p class="trouble" role="alert">${why}</p>`}
<form class="panel" method="post" action="/login">
<label>Name<input name="name" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></form></main></body></html>`;
}
