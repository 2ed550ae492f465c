/** Guests with a name and a password, and the administrators. */
import { html } from "hono/html";
import type { Administrator, LocalUser } from "../../../store/store.ts";
import { may } from "../context.ts";
import type { AdminSession } from "../sign-in.ts";
import { octetWords, rateWords, spanWords, timeWords } from "../words.ts";
import { csrf, type Html } from "./layout.ts";

/** @param chosen name of the one to change; null: a new one may be made */
export function usersPage(users: readonly LocalUser[], chosen: string | null, session: AdminSession): Html {
  const works = may(session.role, "operator");
  return html`${works ? userForm(users.find(({ name }) => name === chosen) ?? null, session) : ""}<h2>Users</h2>${
    users.length === 0
      ? html`<p class="soft">None in the store${session.role === "viewer" ? "" : "; people of a RADIUS server are not listed here"}.</p>`
      : html`<div class="scroll"><table><thead><tr><th>Name</th><th>State</th><th class="number">Devices</th><th>Limits</th><th>Since</th><th>Note</th>${works ? html`<th><span hidden>Actions</span></th>` : ""}</tr></thead>
<tbody>${users.map(
          (one) =>
            html`<tr><td>${one.name}</td><td>${one.disabled ? "may not sign in" : "good"}</td><td class="number">${one.devices}</td><td class="wrap">${limitWords(one)}</td><td>${timeWords(one.created)}</td><td class="wrap">${one.note}</td>${works ? html`<td><div class="row"><a class="button quiet" href="/users?${new URLSearchParams({ name: one.name })}" aria-label="Change ${one.name}">Change</a>${remove("/users/remove", one.name, session)}</div></td>` : ""}</tr>`,
        )}</tbody></table></div>`
  }`;
}

function userForm(user: LocalUser | null, session: AdminSession): Html {
  const shown = shownLimits(user);
  const name =
    user === null
      ? html`<label>Name<input name="name" required maxlength="63"></label>`
      : html`<label>Name<input name="name" value="${user.name}" readonly></label>`;
  const limit = (title: string, field: keyof typeof shown): Html =>
    html`<label>${title}<input name="${field}" type="number" min="1" value="${shown[field] ?? ""}" placeholder="the portal's"></label>`;
  return html`<form class="panel" method="post" action="${user === null ? "/users" : "/users/change"}" autocomplete="off">${csrf(session)}
${name}<label>Password<input name="password" type="password" autocomplete="new-password"${user === null ? html` required` : html` placeholder="unchanged when empty"`}></label>
<label>Devices at a time<input name="devices" type="number" min="1" max="1000" value="${user?.devices ?? 1}"></label>
${limit("Minutes without traffic", "idle")}${limit("Megabytes of a session", "megabytes")}
${limit("kbit/s to the device", "rateDown")}${limit("kbit/s from the device", "rateUp")}
<label>Note<input name="note" maxlength="200" value="${user?.note ?? ""}"></label>
<label class="row"><input name="disabled" type="checkbox"${user?.disabled === true ? html` checked` : ""}> may not sign in</label>
<span class="row"><button>${user === null ? "Make user" : "Save"}</button>${user === null ? "" : html`<a class="button quiet" href="/users">Make another</a>`}</span></form>`;
}

/** In the units of the form; what the command line made may be rounded. */
export function shownLimits(
  user: LocalUser | null,
): Readonly<Record<"idle" | "megabytes" | "rateDown" | "rateUp", number | null>> {
  const { idle, octetsTotal, rateDown, rateUp } = user?.limits ?? {};
  const per = (value: number | bigint | null | undefined, unit: number): number | null =>
    value == null ? null : Math.max(1, Math.round(Number(value) / unit));
  return {
    idle: per(idle, 60),
    megabytes: per(octetsTotal, 1_000_000),
    rateDown: per(rateDown, 1000),
    rateUp: per(rateUp, 1000),
  };
}

function limitWords({ limits }: LocalUser): string {
  const { idle, octetsTotal, rateDown, rateUp } = limits;
  const words: string[] = [];
  if (idle != null) words.push(`${spanWords(idle)} idle`);
  if (octetsTotal != null) words.push(octetWords(octetsTotal));
  if (rateDown != null) words.push(`↓ ${rateWords(rateDown)}`);
  if (rateUp != null) words.push(`↑ ${rateWords(rateUp)}`);
  return words.join(", ");
}

export function administratorsPage(all: readonly Administrator[], session: AdminSession): Html {
  return html`<form class="panel" method="post" action="/administrators" autocomplete="off">${csrf(session)}
<label>Name<input name="name" required maxlength="63"></label>
<label>Password<input name="password" type="password" autocomplete="new-password" minlength="12" placeholder="unchanged when empty"></label>
<label>May<select name="role"><option value="viewer">look</option><option value="operator">end sessions, make vouchers and users</option><option value="admin">do everything</option></select></label>
<button>Save administrator</button></form>
<h2>Administrators</h2><div class="scroll"><table><thead><tr><th>Name</th><th>Role</th><th>Since</th><th>Last here</th><th><span hidden>Actions</span></th></tr></thead>
<tbody>${all.map(
    (one) =>
      html`<tr><td>${one.name}</td><td>${one.role}</td><td>${timeWords(one.created)}</td><td>${one.lastSeen === null ? "never" : timeWords(one.lastSeen)}</td><td>${remove("/administrators/remove", one.name, session)}</td></tr>`,
  )}</tbody></table></div>`;
}

function remove(action: string, name: string, session: AdminSession): Html {
  return html`<form method="post" action="${action}">${csrf(session)}<input type="hidden" name="name" value="${name}"><button class="bad" aria-label="Remove ${name}">Remove</button></form>`;
}
