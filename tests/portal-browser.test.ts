/** Our pages as people meet them: in Chromium, on a phone and on a desk, with and without JavaScript. */
import { mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createPages, LANGUAGES, type Pages, type PagesOptions, renderSignIn } from "@pierhead/gateway/portal/pages";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { noBrowser, startBrowser } from "./support/browser.ts";
import { MemoryPortal, portalConfig } from "./support/memory-portal.ts";

const MAC = "02:00:00:00:00:01";
const PHONE = { width: 390, height: 844 };
/** To be looked at; git knows nothing of it. */
const SHOTS = fileURLToPath(new URL("../test-results/portal", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(noBrowser() !== null)("the portal's pages in Chromium", () => {
  let browser: Browser;
  const running: Pages[] = [];
  const opened: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    browser = await startBrowser();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((context) => context.close()));
    await Promise.all(running.splice(0).map((pages) => pages.close()));
  });
  afterAll(() => browser?.close());

  async function start(
    change: Parameters<typeof portalConfig>[0] = {},
    options: Partial<PagesOptions> = {},
  ): Promise<{ base: string; portal: MemoryPortal }> {
    const portal = new MemoryPortal();
    portal.addVoucher("7K4M-Q2XP");
    const pages = createPages({ config: portalConfig(change), portal, ...options });
    running.push(pages);
    await pages.start();
    return { base: `http://127.0.0.1:${pages.ports().http}`, portal };
  }

  /** A page whose mistakes (script errors, violations of the policy) fail the test. */
  async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; mistakes: string[] }> {
    const context = await browser.newContext({ viewport: PHONE, locale: "en-GB", ...options });
    opened.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const mistakes: string[] = [];
    page.on("pageerror", (error) => mistakes.push(error.message));
    page.on("console", (message) => {
      // A refused sign-in has a status the console mentions.
      if (message.type() === "error" && !/status of 4(00|03|29)/.test(message.text())) mistakes.push(message.text());
    });
    return { page, mistakes };
  }

  async function shot(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  }

  /** What WCAG 2.2 A and AA say against the page, as axe sees it, and whether it has to be pushed sideways. */
  async function complaints(page: Page): Promise<string[]> {
    await page.evaluate(AXE);
    const found = (await page.evaluate(`axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join(" | ")))`)) as string[];
    return (await isTooWide(page)) ? [...found, "wider than the screen"] : found;
  }

  async function isTooWide(page: Page): Promise<boolean> {
    return (
      (await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")) === true
    );
  }

  const SCRIPTS = [
    ["with JavaScript", true],
    ["without JavaScript", false],
  ] as const;

  describe.each(SCRIPTS)("%s", (_name, javaScriptEnabled) => {
    it("signs in by agreeing to the terms, from the page people wanted to the page people wanted", async () => {
      const { base, portal } = await start();
      const { page, mistakes } = await open({ javaScriptEnabled });
      const { port } = new URL(base);
      await page.route("http://example.org/**", async (route) => {
        if (portal.sessions().length > 0)
          return route.fulfill({ contentType: "text/html", body: "<h1>the Internet</h1>" });
        const answer = await route.fetch({
          url: `http://127.0.0.1:${port}/news`,
          headers: { host: "example.org" },
          maxRedirects: 0,
        });
        return route.fulfill({ response: answer });
      });
      await page.goto("http://example.org/news");
      expect(page.url().startsWith(`${base}/?to=`)).toBe(true);
      await page.getByText("Terms of use", { exact: true }).first().click();
      expect(await page.getByText("Be kind to each other.").first().isVisible()).toBe(true);
      await page.getByRole("button", { name: "Connect" }).click();
      // The box has not been ticked: the browser keeps the form back.
      expect(portal.sessions()).toHaveLength(0);
      await page.getByLabel("I agree to the terms of use").check();
      await page.getByRole("button", { name: "Connect" }).click();
      await page.getByText("the Internet").waitFor();
      expect(page.url()).toBe("http://example.org/news");
      expect(portal.sessions()[0]?.method).toBe("click");
      expect(mistakes).toEqual([]);
    });

    it("signs in with a voucher, looks at what is left, and signs out", async () => {
      const { base, portal } = await start();
      const { page, mistakes } = await open({ javaScriptEnabled });
      await page.goto(base);
      await page.getByText("Voucher", { exact: true }).click();
      await page.getByLabel("Voucher code").fill("7K4M-Q2XQ");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").getByText(LANGUAGES.en.unknownVoucher).waitFor();
      expect(await page.getByLabel("Voucher code").inputValue()).toBe("7K4M-Q2XQ");
      await page.getByLabel("Voucher code").fill("7k4mq2xp");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText(LANGUAGES.en.online).waitFor();
      portal.use(MAC, 3_000_000n, 120_000_000n);
      await page.goto(base);
      expect(await page.locator("#left").textContent()).toBe("377 MB");
      expect(await page.locator("#time").textContent()).toMatch(/^1 hr 59 min|2 hr$/);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByText(LANGUAGES.en.signedOut).waitFor();
      expect(portal.sessions()).toHaveLength(0);
      expect(mistakes).toEqual([]);
    });

    it("signs in with user and password, by keyboard alone", async () => {
      const { base, portal } = await start({ signIn: ["password", "voucher"] });
      portal.replies.set("anna", { message: "Welcome back, Anna", redirect: null });
      const { page, mistakes } = await open({ javaScriptEnabled });
      await page.goto(base);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.type("anna");
      await page.keyboard.press("Tab");
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").getByText(LANGUAGES.en.wrongCredentials).waitFor();
      expect(await page.getByLabel("Password").getAttribute("aria-invalid")).toBe("true");
      // The password has the focus: it only has to be typed again.
      await page.keyboard.type("correct horse");
      await page.keyboard.press("Enter");
      await page.getByText("Welcome back, Anna").waitFor();
      expect(portal.sessions()[0]?.user).toBe("anna");
      expect(mistakes).toEqual([]);
    });
  });

  it("signs in with a link from a mail", async () => {
    const links: string[] = [];
    const sendLink: PagesOptions["sendLink"] = async ({ email, link }) => {
      portal.mails.set("abc", email);
      links.push(link("abc"));
      return true;
    };
    const { base, portal } = await start({ signIn: ["email"] }, { sendLink });
    const { page, mistakes } = await open();
    await page.goto(base);
    await page.getByLabel("E-mail address").fill("eva@example.org");
    await page.getByRole("button", { name: "Send link" }).click();
    await page.getByText(LANGUAGES.en.emailSent).waitFor();
    await page.goto(links[0] as string);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText("eva@example.org").waitFor();
    expect(portal.sessions()[0]?.method).toBe("email");
    expect(mistakes).toEqual([]);
  });

  it("keeps the amounts up to date, and goes back to the sign-in when the session is over", async () => {
    const { base, portal } = await start();
    await portal.signIn("127.0.0.1", { method: "voucher", code: "7K4M-Q2XP" });
    const { page, mistakes } = await open();
    await page.clock.install();
    await page.goto(base);
    portal.use(MAC, 0n, 250_000_000n);
    await page.clock.runFor(10_000);
    await page.locator("#down", { hasText: "250 MB" }).waitFor();
    expect(await page.locator("#left").textContent()).toBe("250 MB");
    await portal.signOut("127.0.0.1");
    await page.clock.runFor(10_000);
    await page.getByRole("button", { name: "Connect" }).waitFor();
    expect(mistakes).toEqual([]);
  });

  it("weighs at most 20 kB in one request, style, picture and all", async () => {
    const { base } = await start({ signIn: ["click", "voucher", "password", "email"] }, { sendLink: async () => true });
    const { page } = await open();
    const sizes: number[] = [];
    page.on("response", async (response) => {
      sizes.push((await response.body()).length);
    });
    await page.goto(base, { waitUntil: "networkidle" });
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThanOrEqual(20_000);
  });

  const LOOKS = [
    ["light", { colorScheme: "light", viewport: PHONE }],
    ["dark", { colorScheme: "dark", viewport: { width: 320, height: 568 } }],
    ["desk", { colorScheme: "light", viewport: { width: 1280, height: 800 } }],
  ] as const satisfies readonly (readonly [string, BrowserContextOptions])[];
  it.each(LOOKS)("has no accessibility complaints and fits the screen: %s", async (name, options) => {
    const { base, portal } = await start();
    const { page } = await open({ ...options, reducedMotion: "reduce" });
    await page.goto(base);
    await shot(page, `sign-in-${name}`);
    await page.getByText("Account", { exact: true }).click();
    await page.getByText("Terms of use", { exact: true }).last().click();
    expect(await complaints(page)).toEqual([]);
    await page.getByLabel("User name").fill("anna");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    expect(await complaints(page)).toEqual([]);
    await shot(page, `refused-${name}`);
    await portal.signIn("127.0.0.1", { method: "voucher", code: "7K4M-Q2XP" });
    portal.use(MAC, 1_234_567n, 98_765_432n);
    await page.goto(base);
    await page.getByText(LANGUAGES.en.online).waitFor();
    expect(await complaints(page)).toEqual([]);
    await shot(page, `online-${name}`);
    portal.devices.clear();
    await page.goto(base);
    expect(await complaints(page)).toEqual([]);
    await shot(page, `elsewhere-${name}`);
  });

  it("has the operator's colours, whatever they are", async () => {
    const look = { title: "Camping Les Flots Bleus", text: "Bienvenue !\n\nUn code par tente.", terms: "Soyez sages." };
    const { page } = await open();
    for (const [accent, colorScheme] of [
      ["#ffee00", "light"],
      ["#ffffff", "light"],
      ["#000000", "dark"],
    ] as const) {
      const view = { methods: ["voucher", "click"], language: "fr" } as const;
      await page.emulateMedia({ colorScheme });
      await page.setContent(renderSignIn({ ...look, accent, logo: null, language: "fr" }, view));
      expect(await complaints(page), accent).toEqual([]);
      await shot(page, `accent-${accent.slice(1)}-${colorScheme}`);
    }
  });

  it("is whole in every language", async () => {
    const { base } = await start();
    const { page } = await open({ viewport: { width: 320, height: 640 } });
    await page.goto(base);
    for (const [language, words] of Object.entries(LANGUAGES)) {
      if (language !== "en") await page.getByRole("link", { name: words.name }).click();
      await page.locator(`html[lang=${language}]`).waitFor();
      await page.getByText(words.account, { exact: true }).click();
      expect(await isTooWide(page), language).toBe(false);
      await shot(page, `language-${language}`);
    }
  });

  it("shows an operator's picture", async () => {
    const logo = fileURLToPath(new URL("fixtures/logo.svg", import.meta.url));
    const { base } = await start({ look: { logo, accent: "#c8102e" }, signIn: ["voucher"] });
    const { page, mistakes } = await open();
    await page.goto(base);
    const width = await page
      .getByAltText("Palace Pier Wi-Fi")
      .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
    expect(width).toBeGreaterThan(0);
    expect(await complaints(page)).toEqual([]);
    await shot(page, "logo");
    expect(mistakes).toEqual([]);
  });

  describe("another site", () => {
    let evil: Server;
    let served = "";
    beforeAll(async () => {
      evil = createServer((_request, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(served));
      await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
    });
    afterAll(async () => {
      evil?.closeAllConnections();
      await new Promise((resolve) => evil?.close(resolve));
    });

    it("can neither sign a guest in or out with a form, nor show our page in a frame", async () => {
      const { base, portal } = await start();
      const there = `http://127.0.0.1:${(evil.address() as AddressInfo).port}/`;
      const { page } = await open();
      served = `<form method=post action="${base}/sign-in"><input name=method value=click><input name=agree value=yes><input name=token value=x></form><script>document.forms[0].submit()</script>`;
      await page.goto(there);
      await page.getByText(LANGUAGES.en.foreignForm).waitFor();
      expect(portal.sessions()).toHaveLength(0);
      await portal.signIn("127.0.0.1", { method: "click" });
      served = `<form method=post action="${base}/sign-out"></form><script>document.forms[0].submit()</script>`;
      await page.goto(there);
      await page.getByText(LANGUAGES.en.foreignForm).waitFor();
      served = `<img src="${base}/sign-out"><img src="${base}/wispr/logoff"><script src="${base}/live"></script><iframe src="${base}/"></iframe>`;
      await page.goto(there, { waitUntil: "networkidle" });
      expect(await page.frames()[1]?.content()).not.toContain("Palace Pier");
      expect(portal.sessions()).toHaveLength(1);
    });
  });
});
