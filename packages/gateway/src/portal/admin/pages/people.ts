/** Guests with a name and a password, and the administrators. */
import { html } from "hono/html";
import type { Administrator, LocalUser } from "../../../store/store.ts";
import { may } from "../context.ts";
import type { AdminSession } from "../sign-in.ts";
import { timeWords } from "../words.ts";
import { csrf, type Html } from "./layout.ts";

export function usersPage(users: readonly LocalUser[], session: AdminSession): Html {
  const works = may(session.role, "operator");
  const form = html`<form class="panel" method="post" action="/users" autocomplete="off">${csrf(session)}
<label>Name<input name="name" required maxlength="63"></label>
<label>Password<input name="password" type="password" autocomplete="new-password" placeholder="unchanged when empty"></label>
<label>Devices at a time<input name="devices" type="number" min="1" max="100" value="1"></label>
<label>Note<input name="note" maxlength="200"></label>
<label class="row"><input name="disabled" type="checkbox"> may not sign in</label><button>Save user</button></form>`;
  return html`${works ? form : ""}<h2>Users</h2>${
    users.length === 0
      ? html`<p class="soft">None in the store${session.role === "viewer" ? "" : "; people of a RADIUS server are not listed here"}.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="Users"><table><thead><tr><th>Name</th><th>State</th><th class="number">Devices</th><th>Since</th><th>Note</th>${works ? html`<th><span class="unseen">Actions</span></th>` : ""}</tr></thead>
<tbody>${users.map(
          (one) =>
            html`<tr><td>${one.name}</td><td>${one.disabled ? "may not sign in" : "good"}</td><td class="number">${one.devices}</td><td>${timeWords(one.created)}</td><td class="wrap">${one.note}</td>${works ? html`<td>${remove("/users/remove", one.name, session)}</td>` : ""}</tr>`,
        )}</tbody></table></div>`
  }`;
}

export function administratorsPage(all: readonly Administrator[], session: AdminSession): Html {
  return html`<form class="panel" method="post" action="/administrators" autocomplete="off">${csrf(session)}
<label>Name<input name="name" required maxlength="63"></label>
<label>Password<input name="password" type="password" autocomplete="new-password" minlength="12" placeholder="unchanged when empty"></label>
<label>May<select name="role"><option value="viewer">look</option><option value="operator">end sessions, make vouchers and users</option><option value="admin">do everything</option></select></label>
<button>Save administrator</button></form>
<h2>Administrators</h2><div class="scroll" tabindex="0" role="region" aria-label="Administrators"><table><thead><tr><th>Name</th><th>Role</th><th>Since</th><th>Last here</th><th><span class="unseen">Actions</span></th></tr></thead>
<tbody>${all.map(
    (one) =>
      html`<tr><td>${one.name}</td><td>${one.role}</td><td>${timeWords(one.created)}</td><td>${one.lastSeen === null ? "never" : timeWords(one.lastSeen)}</td><td>${remove("/administrators/remove", one.name, session)}</td></tr>`,
  )}</tbody></table></div>`;
}

function remove(action: string, name: string, session: AdminSession): Html {
  return html`<form method="post" action="${action}" data-sure="Remove ${name}?">${csrf(session)}<input type="hidden" name="name" value="${name}"><button class="bad" aria-label="Remove ${name}">Remove</button></form>`;
}
