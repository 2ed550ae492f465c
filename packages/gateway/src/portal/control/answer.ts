/** What each request of the control socket does. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { readMac } from "../../radius/dynamic-request.ts";
import type { Administrator, Store, Voucher } from "../../store/store.ts";
import { savedLook } from "../admin/index.ts";
import { endElsewhere, sessionsElsewhere } from "../elsewhere.ts";
import { revokeVouchers } from "../revoke.ts";
import type { Doorkeeper, Portal } from "../service.ts";
import { portalSheet } from "../sheet/index.ts";
import { changedLimits } from "../user-limits.ts";
import type { ControlRequest } from "./requests.ts";

/** Who the audit log says it was. */
const WHO = "command line";
/** Sessions of other gateways in one answer. */
const MOST_ELSEWHERE = 10_000;

export interface ControlContext {
  readonly portal: Portal & Doorkeeper;
  readonly store: Store;
  readonly gateway: string;
  /** As it is after the last reload. */
  config(): PortalConfig;
  now(): number;
}

/** @throws StoreError */
export async function answer(context: ControlContext, request: ControlRequest): Promise<unknown> {
  const { portal, store } = context;
  switch (request.verb) {
    case "status":
      return portal.status();
    case "sessions":
      return portal.sessions();
    case "kick":
      return kick(context, request.who);
    case "sessions-elsewhere":
      return sessionsElsewhere(context, { limit: MOST_ELSEWHERE });
    case "admit": {
      const { verb: _, device, user = "", ...given } = request;
      const limits = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      return portal.admit({ device, user, limits }, WHO);
    }
    case "voucher-create": {
      const { verb, octets, ...order } = request;
      const made = await store.createVouchers(
        { ...order, octets: octets === null ? null : BigInt(octets) },
        context.now(),
      );
      await audit(context, verb, `${made.length} in batch ${order.batch}`);
      return made;
    }
    case "voucher-list": {
      const { batch, code, limit, offset } = request;
      return store.vouchers({
        limit: limit ?? 1_000,
        offset: offset ?? 0,
        ...(batch === undefined ? {} : { batch }),
        ...(code === undefined ? {} : { code }),
      });
    }
    case "voucher-sheet":
      return sheet(context, request);
    case "voucher-revoke":
      return revoke(context, request.codes, request.batch);
    case "user-add": {
      const { name, password, disabled, devices, note, idle, octetsTotal, rateUp, rateDown } = request;
      const limits = changedLimits({}, { idle, octetsTotal: big(octetsTotal), rateUp, rateDown });
      const user = { name, disabled, devices, note, limits, created: context.now() };
      const done = await store.addUser(user, password);
      if (done) await audit(context, "user-create", name);
      return { done };
    }
    case "user-set": {
      const { name, password, disabled, devices, note, idle, octetsTotal, rateUp, rateDown } = request;
      const done = await store.changeUser(
        name,
        (user) => ({
          disabled: disabled ?? user.disabled,
          devices: devices ?? user.devices,
          note: note ?? user.note,
          limits: changedLimits(user.limits, { idle, octetsTotal: big(octetsTotal), rateUp, rateDown }),
        }),
        password ?? null,
      );
      if (done) await audit(context, "user-change", name);
      return { done };
    }
    case "user-list":
      return store.users();
    case "user-remove": {
      const removed = await store.deleteUser(request.name);
      if (removed) await audit(context, request.verb, request.name);
      return { removed };
    }
    case "admin-add": {
      const { name, role, password } = request;
      if ((await administrator(store, name)) !== undefined) return { done: false };
      await store.putAdministrator({ name, role }, password);
      await audit(context, "administrator-create", `${name}, ${role}`);
      return { done: true };
    }
    case "admin-set": {
      const { name, password } = request;
      const known = await administrator(store, name);
      if (known === undefined) return { done: false };
      const role = request.role ?? known.role;
      await store.putAdministrator({ name, role }, password ?? null);
      await audit(context, "administrator-change", `${name}, ${role}`);
      return { done: true };
    }
    case "admin-list":
      return store.administrators();
    case "admin-remove": {
      const removed = await store.deleteAdministrator(request.name);
      if (removed) await audit(context, request.verb, request.name);
      return { removed };
    }
  }
}

async function administrator(store: Store, name: string): Promise<Administrator | undefined> {
  const wanted = name.normalize("NFC");
  return (await store.administrators()).find((one) => one.name === wanted);
}

function big(octets: number | null | undefined): bigint | null | undefined {
  return typeof octets === "number" ? BigInt(octets) : octets;
}

/** The cards of a batch that are still good, as PDF. */
async function sheet(
  context: ControlContext,
  { batch, paper, network }: Extract<ControlRequest, { verb: "voucher-sheet" }>,
): Promise<{ cards: number; pdf: string }> {
  const config = context.config();
  const vouchers = (await context.store.vouchers({ batch, limit: 100_000 })).filter(({ revoked }) => !revoked);
  if (vouchers.length === 0) return { cards: 0, pdf: "" };
  const look = await savedLook({ config, store: context.store });
  const pdf = await portalSheet(config, look, vouchers, { paper, network });
  return { cards: vouchers.length, pdf: Buffer.from(pdf).toString("base64") };
}

/** A session's id, a MAC as people write it, or a user with all sessions, here and at the other gateways of the store. */
async function kick(
  context: ControlContext,
  who: string,
): Promise<{ ended: readonly string[]; asked: readonly { id: string; gateway: string }[] }> {
  const { portal, store } = context;
  const mac = readMac(who);
  const meant = portal
    .sessions()
    .filter((session) => session.id === who || session.user === who || (mac !== null && session.mac === mac));
  const ended = await Promise.all(meant.map(async ({ id }) => ((await portal.kick(id, WHO)) ? id : null)));
  const byId = await store.session(who);
  const others = [
    ...(byId === null || byId.gateway === context.gateway ? [] : [byId]),
    ...(await sessionsElsewhere(context, { user: who })),
    ...(mac === null ? [] : await sessionsElsewhere(context, { mac })),
  ];
  const asked = await endElsewhere(context, others, WHO);
  return {
    ended: ended.filter((id) => id !== null),
    asked: asked.map(({ id, gateway }) => ({ id, gateway })),
  };
}

async function revoke(
  context: ControlContext,
  codes: readonly string[],
  batch: string | null,
): Promise<{ revoked: number; ended: number }> {
  const { store } = context;
  const found: Voucher[] = [];
  if (batch !== null) found.push(...(await store.vouchers({ batch, limit: 100_000 })));
  for (const code of codes) found.push(...(await store.vouchers({ code, limit: 1 })));
  const done = await revokeVouchers(context, found, WHO);
  if (found.length > 0) await audit(context, "voucher-revoke", batch ?? codes.join(" "));
  return done;
}

function audit(context: ControlContext, what: string, detail: string): Promise<void> {
  return context.store.audit({ at: context.now(), gateway: context.gateway, who: WHO, what, detail });
}
