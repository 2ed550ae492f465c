/** What administrators change, with its line in the audit log: pages and API do the same thing the same way. */
import type { Voucher } from "../../store/store.ts";
import { revokeVouchers } from "../revoke.ts";
import { changedLimits } from "../user-limits.ts";
import type { AdminContext, Look } from "./context.ts";
import {
  type AdministratorForm,
  SHORTEST_ADMIN_PASSWORD,
  SHORTEST_USER_PASSWORD,
  type UserForm,
  type VoucherForm,
} from "./orders.ts";

/** A request that cannot be done, in words for the one who asked. */
export class Refusal extends Error {}

type Who = string;

export async function audit(context: AdminContext, who: Who, what: string, detail: string): Promise<void> {
  await context.store.audit({ at: context.now(), gateway: context.config.gateway, who, what, detail });
}

export async function makeVouchers(context: AdminContext, who: Who, form: VoucherForm): Promise<readonly Voucher[]> {
  const vouchers = await context.store.createVouchers(
    {
      count: form.count,
      batch: form.batch,
      // The last day counts in full.
      expires: form.expires === null ? null : Date.parse(`${form.expires}T00:00:00Z`) + 86_400_000,
      duration: form.minutes === null ? null : form.minutes * 60,
      octets: form.megabytes === null ? null : BigInt(form.megabytes) * 1_000_000n,
      devices: form.devices,
      rateUp: form.rateUp === null ? null : form.rateUp * 1000,
      rateDown: form.rateDown === null ? null : form.rateDown * 1000,
      note: form.note,
    },
    context.now(),
  );
  await audit(context, who, "voucher-create", `${vouchers.length} in ${form.batch}`);
  return vouchers;
}

export async function revokeBatch(context: AdminContext, who: Who, batch: string): Promise<number> {
  const { revoked } = await revokeVouchers(context, await context.store.vouchers({ batch }), who);
  await audit(context, who, "voucher-revoke", `${revoked} in ${batch}`);
  return revoked;
}

/** False, and nothing was done, when there is one of the name. */
export async function addUser(context: AdminContext, who: Who, form: UserForm): Promise<boolean> {
  const password = passwordOf(form);
  if (password === null) throw new Refusal("A new user needs a password.");
  const { name, devices = 1, disabled = false, note = "" } = form;
  const limits = changedLimits({}, limitsOf(form));
  const done = await context.store.addUser({ name, devices, disabled, note, limits, created: context.now() }, password);
  if (done) await audit(context, who, "user-create", name);
  return done;
}

/** What the form does not name stays. False when there is none of the name. */
export async function changeUser(context: AdminContext, who: Who, form: UserForm): Promise<boolean> {
  const done = await context.store.changeUser(
    form.name,
    (user) => ({
      devices: form.devices ?? user.devices,
      disabled: form.disabled ?? user.disabled,
      note: form.note ?? user.note,
      limits: changedLimits(user.limits, limitsOf(form)),
    }),
    passwordOf(form),
  );
  if (done) await audit(context, who, "user-change", form.name);
  return done;
}

function passwordOf({ password }: UserForm): string | null {
  if (password === undefined || password === "") return null;
  if (password.length < SHORTEST_USER_PASSWORD) {
    throw new Refusal(`A password has ${SHORTEST_USER_PASSWORD} characters or more.`);
  }
  return password;
}

function limitsOf({ idle, megabytes, rateUp, rateDown }: UserForm): Parameters<typeof changedLimits>[1] {
  const times = (value: number | null | undefined, factor: number): number | null | undefined =>
    typeof value === "number" ? value * factor : value;
  return {
    idle: times(idle, 60),
    octetsTotal: typeof megabytes === "number" ? BigInt(megabytes) * 1_000_000n : megabytes,
    rateUp: times(rateUp, 1000),
    rateDown: times(rateDown, 1000),
  };
}

export async function removeUser(context: AdminContext, who: Who, name: string): Promise<boolean> {
  const done = await context.store.deleteUser(name);
  if (done) await audit(context, who, "user-remove", name);
  return done;
}

export async function putAdministrator(context: AdminContext, who: Who, form: AdministratorForm): Promise<void> {
  const all = await context.store.administrators();
  const known = all.find(({ name }) => name === form.name);
  const password = form.password === undefined || form.password === "" ? null : form.password;
  if (known === undefined && password === null) throw new Refusal("A new administrator needs a password.");
  if (password !== null && password.length < SHORTEST_ADMIN_PASSWORD) {
    throw new Refusal(`An administrator's password has ${SHORTEST_ADMIN_PASSWORD} characters or more.`);
  }
  if (known?.role === "admin" && form.role !== "admin" && all.filter(({ role }) => role === "admin").length === 1) {
    throw new Refusal("Nobody would be left who may do everything.");
  }
  await context.store.putAdministrator({ name: form.name, role: form.role }, password);
  await audit(
    context,
    who,
    known === undefined ? "administrator-create" : "administrator-change",
    `${form.name}, ${form.role}`,
  );
}

export async function removeAdministrator(context: AdminContext, who: Who, name: string): Promise<boolean> {
  const all = await context.store.administrators();
  const known = all.find((one) => one.name === name);
  if (known?.role === "admin" && all.filter(({ role }) => role === "admin").length === 1) {
    throw new Refusal("Nobody would be left who may do everything.");
  }
  const done = await context.store.deleteAdministrator(name);
  if (done) await audit(context, who, "administrator-remove", name);
  return done;
}

/** Name of the setting that holds the look. */
export const LOOK_SETTING = "look";

export async function saveLook(context: AdminContext, who: Who, look: Look): Promise<void> {
  const { title, text, accent, terms, language } = look;
  await context.store.putSetting(LOOK_SETTING, JSON.stringify({ title, text, accent, terms, language }));
  await audit(context, who, "look-change", title);
  context.lookChanged(look);
}

/** The look of the configuration with what was saved on top. */
export async function savedLook(context: Pick<AdminContext, "config" | "store">): Promise<Look> {
  const saved = await context.store.setting(LOOK_SETTING);
  return saved === null ? context.config.look : { ...context.config.look, ...(JSON.parse(saved) as Partial<Look>) };
}
