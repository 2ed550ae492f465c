import { html } from "hono/html";
import type { Voucher } from "../../../store/store.ts";
import { coveredCode } from "../../../store/voucher-code.ts";
import { may } from "../context.ts";
import type { AdminSession } from "../sign-in.ts";
import { octetWords, rateWords, spanWords, timeWords } from "../words.ts";
import { csrf, type Html } from "./layout.ts";

export function vouchersPage(all: readonly Voucher[], chosen: string, session: AdminSession, now: number): Html {
  const batches = new Map<string, Voucher[]>();
  for (const one of all) {
    const same = batches.get(one.batch);
    if (same === undefined) batches.set(one.batch, [one]);
    else same.push(one);
  }
  const works = may(session.role, "operator");
  const open = batches.get(chosen);
  return html`${works ? orderForm(session) : ""}
<h2>Batches</h2>${batches.size === 0 ? html`<p class="soft">None yet.</p>` : batchTable(batches, session, works)}
${open === undefined ? "" : html`<h2>${chosen}</h2>${voucherTable(open, now, works)}`}`;
}

function orderForm(session: AdminSession): Html {
  return html`<form class="panel" method="post" action="/vouchers">${csrf(session)}
<label>How many<input name="count" type="number" min="1" max="5000" value="20" required></label>
<label>Name of the batch<input name="batch" maxlength="60" required></label>
<label>Minutes from first use<input name="minutes" type="number" min="1" placeholder="without end"></label>
<label>Megabytes<input name="megabytes" type="number" min="1" placeholder="without limit"></label>
<label>Devices<input name="devices" type="number" min="1" max="100" value="1"></label>
<label>kbit/s to the device<input name="rateDown" type="number" min="1" placeholder="without limit"></label>
<label>kbit/s from the device<input name="rateUp" type="number" min="1" placeholder="without limit"></label>
<label>Last day<input name="expires" type="date"></label>
<label>Note<input name="note" maxlength="200"></label><button>Make vouchers</button></form>`;
}

function batchTable(batches: ReadonlyMap<string, readonly Voucher[]>, session: AdminSession, works: boolean): Html {
  const rows = [...batches].map(([name, list]) => {
    const used = list.filter(({ firstUse }) => firstUse !== null).length;
    const revoked = list.filter((one) => one.revoked).length;
    const query = new URLSearchParams({ batch: name });
    const actions = html`<td><div class="row"><a class="button quiet" href="/vouchers/sheet.pdf?${query}">Print A4</a><a class="button quiet" href="/vouchers/sheet.pdf?${query}&amp;paper=letter">Letter</a>
<form method="post" action="/vouchers/revoke">${csrf(session)}<input type="hidden" name="batch" value="${name}"><button class="bad">Revoke all</button></form></div></td>`;
    return html`<tr><td><a href="/vouchers?${query}">${name}</a></td><td class="number">${list.length}</td><td class="number">${used}</td><td class="number">${revoked}</td>${works ? actions : ""}</tr>`;
  });
  return html`<div class="scroll"><table><thead><tr><th>Batch</th><th class="number">Vouchers</th><th class="number">Used</th><th class="number">Revoked</th>${works ? html`<th><span hidden>Actions</span></th>` : ""}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function voucherTable(list: readonly Voucher[], now: number, works: boolean): Html {
  return html`<div class="scroll"><table><thead><tr><th>Code</th><th>State</th><th>Gives</th><th>Used by</th><th class="number">Used</th><th>Note</th></tr></thead>
<tbody>${list.map(
    (one) =>
      html`<tr><td><code>${works ? one.code : coveredCode(one.code)}</code></td><td>${stateOf(one, now)}</td><td>${gives(one)}</td><td class="wrap"><code>${one.usedBy.join(" ")}</code></td><td class="number">${octetWords(one.usedOctets)}</td><td class="wrap">${one.note}</td></tr>`,
  )}</tbody></table></div>`;
}

function stateOf(one: Voucher, now: number): string {
  if (one.revoked) return "revoked";
  if (one.expires !== null && one.expires <= now) return "expired";
  if (one.firstUse === null) return "fresh";
  if (one.duration !== null && one.firstUse + one.duration * 1000 <= now) return "used up";
  if (one.octets !== null && one.usedOctets >= one.octets) return "used up";
  return `since ${timeWords(one.firstUse)}`;
}

function gives(one: Voucher): string {
  const words: string[] = [];
  if (one.duration !== null) words.push(spanWords(one.duration));
  if (one.octets !== null) words.push(octetWords(one.octets));
  words.push(one.devices === 1 ? "1 device" : `${one.devices} devices`);
  if (one.rateDown !== null) words.push(`↓ ${rateWords(one.rateDown)}`);
  if (one.rateUp !== null) words.push(`↑ ${rateWords(one.rateUp)}`);
  return words.join(", ");
}
