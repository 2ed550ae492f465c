import { html } from "hono/html";
import type { StoredSession } from "../../../store/store.ts";
import { may } from "../context.ts";
import type { AdminSession } from "../sign-in.ts";
import { octetWords, rateWords, spanWords, timeWords } from "../words.ts";
import { csrf, type Html } from "./layout.ts";

/** At most so many rows at a time: a browser with ten thousand is no help to anybody. */
export const MOST_ROWS = 200;

export interface LiveFacts {
  readonly here: readonly StoredSession[];
  /** Open at other gateways of the store. */
  readonly elsewhere: readonly StoredSession[];
  readonly search: string;
  readonly now: number;
  readonly session: AdminSession;
}

export function sessionsPage(facts: LiveFacts): Html {
  const { search } = facts;
  return html`<form class="row" method="get"><label>User, MAC or address <input name="search" value="${search}"></label><button class="quiet">Find</button>
<a class="button quiet" href="/accounting.csv?states=open">CSV</a></form>
<div id="live" data-from="/sessions/rows?search=${encodeURIComponent(search)}">${sessionRows(facts)}</div>`;
}

export function sessionRows({ here, elsewhere, search, now, session }: LiveFacts): Html {
  const wanted = search.trim().toLowerCase();
  const kicks = may(session.role, "operator");
  const list = (all: readonly StoredSession[], title: string, named: boolean): Html => {
    const found = wanted === "" ? all : all.filter((one) => matches(one, wanted));
    const shown = [...found].sort((a, b) => b.started - a.started).slice(0, MOST_ROWS);
    return html`<p class="soft">${found.length === all.length ? `${all.length} open` : `${found.length} of ${all.length} open`}${title}${found.length > shown.length ? `; the newest ${shown.length} are shown` : ""}</p>
${shown.length === 0 ? "" : liveTable(shown, { named, kicks, now, session })}`;
  };
  return html`${list(here, "", false)}${
    elsewhere.length === 0 ? "" : html`<h2>Other gateways</h2>${list(elsewhere, ", as they last wrote it down", true)}`
  }`;
}

interface LiveTable {
  /** With the gateway of each. */
  readonly named: boolean;
  readonly kicks: boolean;
  readonly now: number;
  readonly session: AdminSession;
}

function liveTable(shown: readonly StoredSession[], { named, kicks, now, session }: LiveTable): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${named ? "Open sessions of other gateways" : "Open sessions"}"><table><thead><tr>${named ? html`<th>Gateway</th>` : ""}<th>User</th><th>How</th><th>Device</th><th>Addresses</th><th>Since</th><th class="number">From it</th><th class="number">To it</th><th>Limits</th><th>Quiet for</th>${kicks ? html`<th><span class="unseen">Actions</span></th>` : ""}</tr></thead>
<tbody>${shown.map(
    (
      one,
    ) => html`<tr>${named ? html`<td>${one.gateway}</td>` : ""}<td>${one.user === "" ? html`<span class="soft">guest</span>` : one.user}</td><td>${one.method}</td><td><code>${one.mac}</code></td><td class="wrap"><code>${one.addresses.join(" ")}</code></td>
<td>${spanWords((now - one.started) / 1000)}</td><td class="number">${octetWords(one.inputOctets)}</td><td class="number">${octetWords(one.outputOctets)}</td><td class="wrap">${limitWords(one, now)}</td><td>${spanWords((now - one.active) / 1000)}</td>
${kicks ? html`<td><form method="post" action="/sessions/kick">${csrf(session)}<input type="hidden" name="id" value="${one.id}"><button class="bad" aria-label="End the session of ${one.user || one.mac}">End</button></form></td>` : ""}</tr>`,
  )}</tbody></table></div>`;
}

function matches(one: StoredSession, wanted: string): boolean {
  return (
    one.user.toLowerCase().includes(wanted) ||
    one.mac.includes(wanted) ||
    one.id.toLowerCase() === wanted ||
    one.addresses.some((address) => address.includes(wanted))
  );
}

function limitWords({ limits, inputOctets, outputOctets }: StoredSession, now: number): string {
  const words: string[] = [];
  if (limits.until !== null) words.push(`${spanWords((limits.until - now) / 1000)} left`);
  if (limits.octetsTotal !== null) {
    const left = limits.octetsTotal - inputOctets - outputOctets;
    words.push(`${octetWords(left < 0n ? 0n : left)} left`);
  }
  if (limits.rateDown !== null) words.push(`↓ ${rateWords(limits.rateDown)}`);
  if (limits.rateUp !== null) words.push(`↑ ${rateWords(limits.rateUp)}`);
  return words.join(", ");
}

export interface HistoryQuery {
  readonly user: string;
  readonly mac: string;
  /** `2026-11-24`; "" for any. */
  readonly from: string;
  readonly to: string;
  readonly page: number;
}

export function historyPage(rows: readonly StoredSession[], query: HistoryQuery, hasMore: boolean): Html {
  const link = (number: number): string =>
    `/history?${new URLSearchParams({ user: query.user, mac: query.mac, from: query.from, to: query.to, page: String(number) })}`;
  return html`<form class="panel" method="get"><label>User<input name="user" value="${query.user}"></label><label>MAC<input name="mac" value="${query.mac}"></label><label>From<input type="date" name="from" value="${query.from}"></label><label>To<input type="date" name="to" value="${query.to}"></label>
<span class="row"><button>Find</button><button class="quiet" formaction="/accounting.csv">CSV</button></span></form>
<div class="scroll" tabindex="0" role="region" aria-label="Sessions"><table><thead><tr><th>Started</th><th>Took</th><th>User</th><th>How</th><th>Device</th><th class="number">From it</th><th class="number">To it</th><th>Ended by</th><th>Gateway</th></tr></thead>
<tbody>${rows.map(
    (one) =>
      html`<tr><td>${timeWords(one.started)}</td><td>${spanWords(((one.ended ?? one.active) - one.started) / 1000)}</td><td>${one.user === "" ? html`<span class="soft">guest</span>` : one.user}</td><td>${one.method}</td><td><code>${one.mac}</code></td><td class="number">${octetWords(one.inputOctets)}</td><td class="number">${octetWords(one.outputOctets)}</td><td>${one.cause ?? one.state}</td><td>${one.gateway}</td></tr>`,
  )}</tbody></table></div>
<p class="row">${query.page > 1 ? html`<a class="button quiet" href="${link(query.page - 1)}">Newer</a>` : ""}${hasMore ? html`<a class="button quiet" href="${link(query.page + 1)}">Older</a>` : ""}</p>`;
}
