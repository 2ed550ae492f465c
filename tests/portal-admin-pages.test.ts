/** The admin page as operators meet it: in Chromium, on a phone and on a desk, in the light and in the dark. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAdmin } from "@pierhead/gateway/portal/admin";
import { renderSignIn } from "@pierhead/gateway/portal/pages";
import { openStore, type Store } from "@pierhead/gateway/store";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noBrowser, startBrowser } from "./support/browser.ts";
import { MemoryPortal, portalConfig } from "./support/memory-portal.ts";
import { macOf, sessionOf } from "./support/stored-sessions.ts";

const PASSWORD = "a very long password";
const PAGES = [
  "/",
  "/sessions",
  "/history",
  "/vouchers?batch=deck%20chairs",
  "/users",
  "/look",
  "/administrators",
  "/audit",
];
const SIZES = [
  ["phone", { width: 390, height: 844 }],
  ["desk", { width: 1280, height: 800 }],
] as const;
/** To be looked at; git knows nothing of it. */
const SHOTS = fileURLToPath(new URL("../test-results/portal", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(noBrowser() !== null)("the admin page in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-admin-pages-"));
  const closing: (() => Promise<unknown>)[] = [];
  let base = "";
  let browser: Browser;
  let store: Store;

  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    store = await openStore(`sqlite:${join(folder, "portal.db")}`);
    closing.push(() => store.close());
    const now = Date.now();
    await furnish(store, now);
    const config = {
      ...portalConfig({}),
      admin: { listen: "127.0.0.1", port: 0, certificate: null, fromGuests: false },
    };
    const here = [1, 2, 3].map((number) =>
      sessionOf(number, {
        user: ["anna", "", "7K4M-Q2XP"][number - 1] ?? "",
        method: (["password", "click", "voucher"] as const)[number - 1] ?? "click",
        started: now - number * 1_000_000,
        active: now - number * 5_000,
        inputOctets: BigInt(number) * 1_234_567n,
        outputOctets: BigInt(number) * 98_765_432n,
        limits: { ...sessionOf(1).limits, until: now + number * 2_000_000, octetsTotal: 2_000_000_000n },
      }),
    );
    const portal = new MemoryPortal();
    const admin = createAdmin({
      config,
      portal: Object.assign(portal, {
        sessions: () => here,
        status: () => ({
          gateway: config.gateway,
          version: "0.1.0",
          started: now - 90_000_000,
          sessions: here.length,
          pendingAccounting: 12,
          radius: [
            { host: "192.0.2.1", alive: true, roundTrip: 3.2, requests: 1_234, timeouts: 2, discarded: 0 },
            { host: "2001:db8::1812", alive: false, roundTrip: null, requests: 12, timeouts: 12, discarded: 1 },
          ],
          troubles: ["The RADIUS server 2001:db8::1812 has not answered for 4 min."],
        }),
      }),
      store,
      now: Date.now,
      report: () => undefined,
      preview: async (look) => renderSignIn(look, { methods: ["voucher", "password", "click"], language: "en" }),
      lookChanged: () => undefined,
    });
    const port = await admin.start();
    closing.unshift(() => admin.close());
    base = `http://127.0.0.1:${port}`;
    browser = await startBrowser();
    closing.unshift(() => browser.close());
  });
  afterAll(async () => {
    for (const close of closing) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What WCAG 2.2 A and AA say against the page, as axe sees it, and whether it has to be pushed sideways. */
  async function complaints(page: Page): Promise<string[]> {
    await page.evaluate(AXE);
    const found = (await page.evaluate(`axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join(" | ")))`)) as string[];
    const isWide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
    return isWide === true ? [...found, "wider than the screen"] : found;
  }

  it.each(SIZES)("has nothing against it on a %s, in the light and in the dark", async (size, viewport) => {
    const context = await browser.newContext({ viewport, locale: "en-GB" });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const mistakes: string[] = [];
    page.on("pageerror", (error) => mistakes.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") mistakes.push(message.text());
    });
    const found: string[] = [];
    const look = async (name: string): Promise<void> => {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        // What is wrong in the dark and not in the light is a colour, whatever the size.
        if (size === "desk" || colorScheme === "light") {
          found.push(...(await complaints(page)).map((one) => `${name} ${colorScheme}: ${one}`));
        }
        await page.screenshot({ path: join(SHOTS, `admin-${name}-${size}-${colorScheme}.png`), fullPage: true });
      }
    };
    await page.goto(`${base}/`);
    await look("login");
    await page.getByLabel("Name").fill("eva");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    for (const path of PAGES) {
      // The preview is a page of its own.
      await page.goto(`${base}${path}`, { waitUntil: "networkidle" });
      await look(/^\/(\w*)/.exec(path)?.[1] || "overview");
    }
    await context.close();
    expect(found).toEqual([]);
    expect(mistakes).toEqual([]);
  });

  it("asks before it does what cannot be undone", async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${base}/`);
    await page.getByLabel("Name").fill("eva");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "Vouchers" }).click();
    const asked: string[] = [];
    let answer = false;
    page.on("dialog", (dialog) => {
      asked.push(dialog.message());
      void (answer ? dialog.accept() : dialog.dismiss());
    });
    const revoke = page.getByRole("row", { name: "kiosk" }).getByRole("button", { name: "Revoke all" });
    await revoke.click();
    expect((await store.vouchers({ batch: "kiosk" })).map(({ revoked }) => revoked)).toEqual([false, false]);
    answer = true;
    await Promise.all([page.waitForResponse((one) => one.url().endsWith("/vouchers/revoke")), revoke.click()]);
    expect((await store.vouchers({ batch: "kiosk" })).map(({ revoked }) => revoked)).toEqual([true, true]);
    expect(asked).toEqual(Array(2).fill("Revoke all vouchers of kiosk? They cannot be made good again."));
    await page.close();
  });
});

/** A store as it is after some days. */
async function furnish(store: Store, now: number): Promise<void> {
  await store.putAdministrator({ name: "eva", role: "admin" }, PASSWORD);
  await store.putAdministrator({ name: "otto", role: "operator" }, null);
  await store.addUser({ name: "zoe", disabled: false, limits: {}, devices: 3, note: "boat 7", created: now }, "123456");
  const order = { expires: null, duration: 7_200, octets: 500_000_000n, devices: 1, rateUp: null, note: "" };
  await store.createVouchers({ ...order, count: 2, batch: "kiosk", rateDown: null }, now);
  await store.createVouchers({ ...order, count: 5, batch: "deck chairs", rateDown: 10_000_000, note: "August" }, now);
  for (let number = 10; number < 70; number++) {
    const started = now - number * 700_000;
    await store.openSession(sessionOf(number, { started, gateway: number % 3 === 0 ? "west" : "pier" }), null);
    if (number % 6 === 0) continue;
    const at = started + 500_000;
    await store.beginClose([{ id: `s${number}`, cause: "Idle-Timeout", at }]);
    const session = sessionOf(number, { started, ended: at, cause: "Idle-Timeout", outputOctets: 12_345_678n });
    await store.endClose([{ session, stop: null }]);
  }
  for (let minute = 1_440; minute > 0; minute -= 5) {
    const octets = BigInt(Math.round(5e7 * (1.2 + Math.sin(minute / 90))));
    const point = { at: now - minute * 60_000, sessions: 3, inputOctets: octets / 9n, outputOctets: octets };
    await store.recordTraffic("pier", point);
  }
  await store.audit({ at: now, gateway: "pier", who: "eva", what: "kick", detail: `s1 ${macOf(1)} anna` });
  await store.audit({
    at: now,
    gateway: "west",
    who: "command line",
    what: "voucher-create",
    detail: "500 in batch of a name that is as long as names may be, sixty characters",
  });
}
