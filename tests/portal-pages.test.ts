import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SignInAnswer } from "@pierhead/gateway/portal";
import { createPages, LANGUAGES, type Pages, type PagesOptions, renderSignIn } from "@pierhead/gateway/portal/pages";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { ask, hidden } from "./support/http.ts";
import { MemoryPortal, portalConfig } from "./support/memory-portal.ts";

const MAC = "02:00:00:00:00:01";
const OTHER = "127.0.0.2";
const folder = mkdtempSync(join(tmpdir(), `pierhead-pages-${process.pid}-`));
const running: Pages[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((pages) => pages.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(
  change: Parameters<typeof portalConfig>[0] = {},
  options: Partial<PagesOptions> = {},
): Promise<{ base: string; portal: MemoryPortal; pages: Pages; clock: { now: number } }> {
  const clock = { now: 1_800_000_000_000 };
  const portal = new MemoryPortal(() => clock.now);
  portal.devices.set(OTHER, "02:00:00:00:00:02");
  const pages = createPages({ config: portalConfig(change), portal, now: () => clock.now, ...options });
  running.push(pages);
  await pages.start();
  return { base: `http://127.0.0.1:${pages.ports().http}`, portal, pages, clock };
}

describe("signing in", () => {
  it("asks for agreement to the terms, then lets in, shows what is left and signs out", async () => {
    const { base, portal } = await start();
    const page = await ask(`${base}/`);
    expect(page.status).toBe(200);
    const token = hidden(page.text, "token");
    const without = await ask(`${base}/sign-in`, { form: { method: "click", token } });
    expect(without.status).toBe(400);
    expect(without.text).toContain(LANGUAGES.en.agreeFirst);
    expect(portal.sessions()).toHaveLength(0);
    const inside = await ask(`${base}/sign-in`, { form: { method: "click", token, agree: "yes" } });
    expect([inside.status, inside.headers.location]).toEqual([303, "/?lang=en"]);
    portal.use(MAC, 1_500_000n, 42_000_000n);
    const status = await ask(`${base}/`);
    expect(status.text).toContain('<dd id="time">1 hr</dd>');
    expect(status.text).toContain('<dd id="down">42 MB</dd>');
    expect(status.text).toContain('<dd id="up">1.5 MB</dd>');
    expect(JSON.parse((await ask(`${base}/live?lang=de`)).text)).toEqual({
      in: true,
      show: { time: "1 Std.", down: "42 MB", up: "1,5 MB", left: "" },
    });
    const out = await ask(`${base}/sign-out`, { form: { token: hidden(status.text, "token") } });
    expect(out.headers.location).toBe("/?said=out&lang=en");
    expect(portal.sessions()).toHaveLength(0);
    expect((await ask(base + out.headers.location)).text).toContain(LANGUAGES.en.signedOut);
    expect(JSON.parse((await ask(`${base}/live`)).text)).toEqual({ in: false });
  });

  it("sends people where they wanted to go, where the operator wants them, or where RADIUS says, in that order of strength", async () => {
    const { base, portal } = await start({ signIn: ["password"] });
    portal.replies.set("anna", { message: "", redirect: null });
    const go = async (from: string): Promise<string | undefined> => {
      const redirect = await ask(`${base}/path?x=1`, { host: "example.org", from });
      const page = await ask(redirect.headers.location as string, { from });
      const form = { method: "password", user: "anna", password: "correct horse" };
      const token = hidden(page.text, "token");
      const answer = await ask(`${base}/sign-in`, { from, form: { ...form, token, to: hidden(page.text, "to") } });
      await portal.signOut(from);
      return answer.headers.location;
    };
    expect(await go("127.0.0.1")).toBe("http://example.org/path?x=1");
    portal.replies.set("anna", { message: "", redirect: "https://welcome.example/" });
    expect(await go(OTHER)).toBe("https://welcome.example/");
    portal.replies.set("anna", { message: "", redirect: "javascript:alert(1)" });
    expect(await go(OTHER)).toBe("http://example.org/path?x=1");
    const landing = await start({ portal: { landing: "https://pier.example/hello" } });
    const page = await ask(`${landing.base}/`);
    const form = { method: "click", agree: "yes", token: hidden(page.text, "token") };
    expect((await ask(`${landing.base}/sign-in`, { form })).headers.location).toBe("https://pier.example/hello");
  });

  it("shows the server's message before it sends anybody on", async () => {
    const { base, portal } = await start({ signIn: ["password"] });
    portal.replies.set("anna", { message: "Two hours <left>", redirect: "https://welcome.example/x" });
    const token = hidden((await ask(`${base}/`)).text, "token");
    const form = { method: "password", user: "anna", password: "correct horse", token };
    const answer = await ask(`${base}/sign-in`, { form });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("Two hours &lt;left&gt;");
    expect(answer.text).toContain('<a class="button" href="https://welcome.example/x"');
  });

  it("reads vouchers however they are typed, and fills one in that a QR code brought", async () => {
    const { base, portal } = await start({ signIn: ["click", "voucher"] });
    portal.addVoucher("7K4M-Q2XP");
    const page = await ask(`${base}/?voucher=7K4M-Q2XP`);
    expect(page.text).toMatch(/<details class="card" name="method" open><summary><h2>Voucher/);
    expect(page.text).toContain('name="voucher" value="7K4M-Q2XP"');
    const form = { method: "voucher", voucher: " 7k4mq2xp ", token: hidden(page.text, "token") };
    expect((await ask(`${base}/sign-in`, { form })).status).toBe(303);
    const status = await ask(`${base}/`);
    expect(status.text).toContain('<dd id="left">500 MB</dd>');
  });

  it("sends a link by e-mail through the plug-in, and signs in only when the button is pressed", async () => {
    const sent: string[] = [];
    const sendLink: PagesOptions["sendLink"] = async ({ email, link }) => {
      portal.mails.set("k-1", email);
      sent.push(link("k-1"));
      return true;
    };
    const { base, portal } = await start({ signIn: ["email"] }, { sendLink });
    const page = await ask(`${base}/`);
    const asked = await ask(`${base}/email`, { form: { email: "eva@example.org", token: hidden(page.text, "token") } });
    expect(asked.text).toContain(LANGUAGES.en.emailSent);
    const opened = await ask(sent[0] as string);
    expect(portal.sessions()).toHaveLength(0);
    const form = { method: "email", key: hidden(opened.text, "key"), token: hidden(opened.text, "token") };
    expect((await ask(`${base}/sign-in`, { form })).status).toBe(303);
    expect(portal.sessions()[0]?.user).toBe("eva@example.org");
    expect((await start({ signIn: ["email"] })).portal.mails.size).toBe(0);
    const without = await ask(`${(await start({ signIn: ["email", "click"] })).base}/`);
    expect(without.text).not.toContain('type="email"');
  });

  it.each(Object.entries(LANGUAGES))("asks what RADIUS asks besides, without JavaScript: %s", async (lang, words) => {
    const { base, portal } = await start({ signIn: ["password"] });
    portal.seconds.set("anna", {
      message: lang === "en" ? "Code <sent> to 0 1 2?" : "",
      answer: "42",
      echo: lang === "de",
    });
    const token = hidden((await ask(`${base}/`)).text, "token");
    const password = { method: "password", user: "anna", password: "correct horse", token, lang };
    const page = await ask(`${base}/sign-in`, { form: password });
    expect(page.status).toBe(200);
    const text = page.text.replace(/&#39;/g, "'");
    expect(text).toContain(words.question);
    expect(text).toContain(lang === "en" ? "Code &lt;sent&gt; to 0 1 2?" : words.questionText);
    expect(text).toContain(`<input id="answer" name="answer" type="${lang === "de" ? "text" : "password"}"`);
    expect(text).not.toContain("correct horse");
    const form = { method: "answer", key: hidden(page.text, "key"), token: hidden(page.text, "token"), lang };
    expect((await ask(`${base}/sign-in`, { form: { ...form, answer: "" } })).status).toBe(400);
    expect((await ask(`${base}/sign-in`, { form: { ...form, answer: "42" } })).status).toBe(303);
    expect(portal.sessions()).toHaveLength(1);
    await portal.signOut("127.0.0.1");
    const again = await ask(`${base}/sign-in`, { form: { ...form, answer: "42" } });
    expect([again.status, again.text.replace(/&#39;/g, "'").includes(words.staleForm)]).toEqual([403, true]);
  });

  it("asks programs in JSON, and takes a wrong answer for a wrong password", async () => {
    const { base, portal } = await start({ signIn: ["password"] });
    portal.seconds.set("anna", { message: "Code?", answer: "42", echo: true });
    const token = hidden((await ask(`${base}/`)).text, "token");
    const form = { method: "password", user: "anna", password: "correct horse", token };
    const headers = { Accept: "application/json" };
    const asked = await ask(`${base}/sign-in`, { form, headers });
    const { key, ...question } = JSON.parse(asked.text) as { key: string };
    expect([asked.status, question]).toEqual([200, { result: "question", message: "Code?", echo: true }]);
    const wrong = await ask(`${base}/sign-in`, { form: { method: "answer", key, answer: "41", token }, headers });
    expect([wrong.status, JSON.parse(wrong.text).why]).toEqual([403, "wrong-credentials"]);
    expect(portal.sessions()).toHaveLength(0);
  });

  it.each(Object.entries(LANGUAGES))(
    "tells who is in a pause when a click is good again: %s",
    async (language, words) => {
      const { base, portal, clock } = await start({ signIn: ["click", "voucher"] });
      portal.pauses.set(MAC, clock.now + 4 * 3_600_000);
      const page = await ask(`${base}/?lang=${language}`);
      const [before = "", after = ""] = words.pauseText.split(/\{0\}.*\{1\}/);
      const text = page.text.replace(/&#39;/g, "'");
      expect(text).toContain(words.pause);
      expect(text).toMatch(
        new RegExp(`${before.trim()}[^{}]*4[^{}]*:[^{}]*\\d\\d?[:h]\\d\\d[^{}]*${after.replace(".", "\\.")}`),
      );
      expect(text).not.toContain('value="click"');
      expect(text).toContain('value="voucher"');
      expect(JSON.parse((await ask(`${base}/live`)).text)).toEqual({
        in: false,
        again: new Date(clock.now + 4 * 3_600_000).toISOString(),
        seconds: 14_400,
      });
      clock.now += 4 * 3_600_000;
      expect((await ask(`${base}/`)).text).toContain('value="click"');
    },
  );

  it("says nothing else where a click is all there is", async () => {
    const { base, portal, clock } = await start({ signIn: ["click"] });
    portal.pauses.set(MAC, clock.now + 60_000);
    const page = await ask(`${base}/`);
    expect([page.status, page.text.includes("<form")]).toEqual([200, false]);
    expect(page.text).toContain(LANGUAGES.en.pause);
    expect(page.text).not.toContain(LANGUAGES.en.methodNotOffered);
  });

  const refusals: readonly (readonly [SignInAnswer, number, string, Record<string, unknown>])[] = [
    ...(
      [
        ["wrong-credentials", "wrongCredentials"],
        ["unknown-voucher", "unknownVoucher"],
        ["expired", "expired"],
        ["used-up", "usedUp"],
        ["too-many-devices", "tooManyDevices"],
        ["revoked", "revoked"],
        ["method-not-offered", "methodNotOffered"],
        ["unknown-device", "elsewhere"],
        ["already-in", "alreadyIn"],
        ["stale-question", "staleForm"],
      ] as const
    ).map(
      ([why, word]) =>
        [{ kind: "refused", why, message: "" } as const, 403, LANGUAGES.en[word], { result: "refused", why }] as const,
    ),
    [
      { kind: "pause", until: 1_800_000_000_000 + 5_400_000 },
      429,
      "This device may come in again in 1 hr 30 min: ",
      { result: "pause", seconds: 5_400, again: new Date(1_800_000_000_000 + 5_400_000).toISOString() },
    ],
    [{ kind: "slow-down", seconds: 90 }, 429, "wait 1 min", { result: "slow-down", seconds: 90 }],
    [{ kind: "busy" }, 503, LANGUAGES.en.busy, { result: "busy", text: LANGUAGES.en.busy }],
    [{ kind: "unavailable", reason: "disk 7 is full" }, 503, LANGUAGES.en.unavailableText, { result: "unavailable" }],
  ];
  it.each(refusals)("a page and JSON for %j", async (answer, status, sentence, members) => {
    const reports: string[] = [];
    const { base, portal } = await start({}, { report: (text) => reports.push(text) });
    portal.signIn = async () => answer;
    const page = await ask(`${base}/`);
    const form = { method: "password", user: "anna", password: "x", token: hidden(page.text, "token") };
    const refused = await ask(`${base}/sign-in`, { form });
    expect(refused.status).toBe(status);
    expect(refused.text.replace(/&#39;/g, "'")).toContain(sentence);
    expect(refused.text).toContain('role="alert"');
    expect(refused.text).not.toContain("disk 7");
    const json = await ask(`${base}/sign-in`, { form, headers: { Accept: "application/json" } });
    expect(json.status).toBe(status);
    expect(json.headers["content-type"]).toContain("application/json");
    expect(JSON.parse(json.text)).toMatchObject(members);
    if (answer.kind === "slow-down") expect(refused.headers["retry-after"]).toBe("90");
    if (answer.kind === "busy") expect([refused.headers["retry-after"], reports]).toEqual(["5", []]);
    if (answer.kind === "pause") expect(refused.headers["retry-after"]).toBe("5400");
    if (answer.kind === "unavailable") expect(reports.join()).toContain("disk 7 is full");
    if (status === 403 && sentence !== LANGUAGES.en.elsewhere)
      expect(refused.text).toContain('name="user" value="anna"');
  });

  it("tells somebody who is not on the guests' network so, whatever they ask for", async () => {
    const { base } = await start();
    const page = await ask(`${base}/`, { from: "127.0.0.9" });
    expect([page.status, page.text.includes(LANGUAGES.en.elsewhereText)]).toEqual([403, true]);
    const form = { method: "click", agree: "yes", token: "x" };
    expect((await ask(`${base}/sign-in`, { from: "127.0.0.9", form })).status).toBe(403);
  });

  it("survives a portal that throws, and says nothing of why to guests", async () => {
    const reports: string[] = [];
    const { base, portal } = await start({}, { report: (text) => reports.push(text) });
    const token = hidden((await ask(`${base}/`)).text, "token");
    portal.signIn = async () => {
      throw new Error("secret detail");
    };
    const answer = await ask(`${base}/sign-in`, { form: { method: "click", agree: "yes", token } });
    expect([answer.status, answer.text.includes("secret detail"), reports.join().includes("secret detail")]).toEqual([
      503,
      false,
      true,
    ]);
    portal.client = async () => {
      throw new Error("no neighbours");
    };
    expect((await ask(`${base}/`)).status).toBe(503);
  });
});

describe("languages", () => {
  it("has the same sentences in six, each with its placeholders", () => {
    const english = LANGUAGES.en;
    expect(Object.keys(LANGUAGES)).toEqual(["en", "de", "fr", "es", "it", "pt"]);
    for (const words of Object.values(LANGUAGES)) {
      expect(Object.keys(words)).toEqual(Object.keys(english));
      for (const [key, sentence] of Object.entries(words)) {
        expect(sentence.trim(), key).not.toBe("");
        expect(sentence.includes("{0}"), key).toBe(english[key as keyof typeof english].includes("{0}"));
      }
    }
  });

  it.each([
    [undefined, "en"],
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["nl, pt-BR;q=0.4, fr;q=0.5", "fr"],
    ["en;q=0, it", "it"],
    ["zh", "en"],
    [";;;,q=,de;q=nonsense".repeat(50), "de"],
  ])("Accept-Language %#: %.40s gives %s", async (accept, language) => {
    const { base } = await start();
    const page = await ask(`${base}/`, accept === undefined ? {} : { headers: { "Accept-Language": accept } });
    expect(page.text).toContain(`<html lang="${language}">`);
    expect(page.text).toContain(`aria-current="true">${LANGUAGES[language as "en"].name}<`);
  });

  it("changes by the switch and keeps where people wanted to go", async () => {
    const { base } = await start();
    const redirect = await ask(`${base}/a&b`, { host: "example.org" });
    const page = await ask(redirect.headers.location as string, { headers: { "Accept-Language": "fr" } });
    const to = hidden(page.text, "to");
    const german = /<a href="([^"]*lang=de[^"]*)"/.exec(page.text)?.[1]?.replace(/&amp;/g, "&") as string;
    const other = await ask(`${base}/${german}`);
    expect(other.text).toContain('<html lang="de">');
    expect(hidden(other.text, "to")).toBe(to);
    // What the operator wrote is in another language, and says so.
    expect(other.text).toContain('<h1 lang="en">Palace Pier Wi-Fi</h1>');
  });
});

describe("probes for a captive portal", () => {
  const probes = [
    ["Apple", "captive.apple.com", "/hotspot-detect.html"],
    ["Android", "connectivitycheck.gstatic.com", "/generate_204"],
    ["ChromeOS", "www.gstatic.com", "/generate_204"],
    ["Windows", "www.msftconnecttest.com", "/connecttest.txt"],
    ["Windows 7", "www.msftncsi.com", "/ncsi.txt"],
    ["Firefox", "detectportal.firefox.com", "/success.txt?ipv4"],
    ["Firefox", "detectportal.firefox.com", "/canonical.html"],
    ["GNOME", "nmcheck.gnome.org", "/check_network_status.txt"],
    ["KDE", "networkcheck.kde.org", "/"],
    ["Debian", "network-test.debian.org", "/nm"],
  ] as const;
  it.each(probes)(
    "%s: %s%s is redirected, looks like no success, and is nowhere to go afterwards",
    async (_name, host, path) => {
      const { base } = await start();
      const answer = await ask(base + path, { host });
      expect(answer.status).toBe(302);
      expect(answer.headers.location).toBe(`${base}/`);
      expect(answer.headers.connection).toBe("close");
      expect(answer.headers["cache-control"]).toBe("no-store");
      expect(answer.text).not.toMatch(/success|NetworkManager is online|Microsoft/i);
      const page = await ask(answer.headers.location as string);
      expect(page.status).toBe(200);
      expect(page.text).not.toContain('name="to"');
      const form = { method: "click", agree: "yes", token: hidden(page.text, "token") };
      expect((await ask(`${base}/sign-in`, { form })).headers.location).toBe("/?lang=en");
    },
  );

  it("answers what must not be redirected with 511, and a signed-in straggler with their own page", async () => {
    const { base, portal } = await start();
    const post = await ask(`${base}/upload`, { host: "api.example", method: "POST", body: "x" });
    expect([post.status, post.headers.location]).toEqual([511, undefined]);
    expect(post.text).toContain(`href="${base}/?to=`);
    await portal.signIn("127.0.0.1", { method: "click" });
    const late = await ask(`${base}/generate_204`, { host: "connectivitycheck.gstatic.com" });
    expect(late.status).toBe(302);
    expect((await ask(late.headers.location as string)).text).toContain(LANGUAGES.en.online);
  });

  it("does no harm to somebody who asks for application/captive+json without having signed in", async () => {
    const { base } = await start();
    const headers = { Accept: "application/captive+json" };
    expect((await ask(`${base}/`, { host: "example.org", headers })).status).toBe(302);
    expect((await ask(`${base}/`, { headers })).status).toBe(200);
    const api = await ask(`${base}/captive-portal/api`, { headers });
    expect([api.status, api.headers["content-type"]]).toEqual([403, "text/plain"]);
    expect((await ask(`${base}/`)).status).toBe(200);
  });

  it("takes requests without Host, with a strange one, in absolute form and over HTTP/1.0", async () => {
    const { base, pages } = await start();
    const raw = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(pages.ports().http, "127.0.0.1", () => socket.write(text));
        let got = "";
        socket.on("data", (chunk) => {
          got += chunk;
        });
        socket.on("error", reject);
        socket.on("close", () => resolve(got));
      });
    expect(await raw("GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1.1 302 /);
    expect(await raw("GET http://example.org/x HTTP/1.1\r\nHost: example.org\r\n\r\n")).toMatch(/^HTTP\/1.1 302 /);
    expect(await raw("GET / HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw("nonsense\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask(`${base}/`, { host: "EXAMPLE.org:80" })).headers.location).toContain("to=");
  });
});

describe("attacks", () => {
  it("makes no open redirect of `to`: only what we sealed for this device counts", async () => {
    const { base } = await start();
    const redirect = await ask(`${base}/`, { host: "example.org", from: OTHER });
    const foreign = new URL(redirect.headers.location as string).searchParams.get("to") as string;
    const mine = await ask(`${base}/`, { host: "example.org" });
    const sealed = new URL(mine.headers.location as string).searchParams.get("to") as string;
    const seal = sealed.slice(0, 28);
    for (const to of [
      "http://evil.example/",
      "https://evil.example/",
      "//evil.example/",
      foreign,
      `${seal}http://evil.example/`,
      `${sealed}@evil.example/`,
      "javascript:alert(1)",
      `${"A".repeat(27)}.javascript:alert(1)`,
      "",
    ]) {
      const page = await ask(`${base}/?${new URLSearchParams({ to })}`);
      expect(page.text, to).not.toContain("evil.example");
      expect(page.text, to).not.toContain('name="to"');
      const token = hidden(page.text, "token");
      const answer = await ask(`${base}/sign-in`, { form: { method: "click", agree: "yes", token, to } });
      expect(answer.headers.location, to).toBe("/?lang=en");
      const form = { token: hidden((await ask(`${base}/`)).text, "token") };
      expect((await ask(`${base}/sign-out`, { form })).status).toBe(303);
    }
  });

  it("lets no line break into a header, wherever it comes from", async () => {
    const { base } = await start();
    for (const path of ["/%0d%0aSet-Cookie:%20a=b", "/?x=%0d%0aSet-Cookie:a=b", "/\u00e9%00"]) {
      const answer = await ask(base + encodeURI(decodeURI("/")) + path.slice(1).replace(/\u00e9/g, "%C3%A9"), {
        host: "example.org",
      });
      expect(answer.headers["set-cookie"]).toBeUndefined();
      expect([302, 400]).toContain(answer.status);
      expect(answer.headers.location ?? "").not.toMatch(/[\r\n]/);
    }
    const page = await ask(`${base}/?lang=%0d%0aX:y&said=%0d%0a&voucher=%0d%0aSet-Cookie:x`);
    expect(page.headers["set-cookie"]).toBeUndefined();
    expect(page.status).toBe(200);
  });

  it("refuses forms of other sites, of other devices, forged, stale and none", async () => {
    const { base, portal, clock } = await start();
    const token = hidden((await ask(`${base}/`)).text, "token");
    const theirs = hidden((await ask(`${base}/`, { from: OTHER })).text, "token");
    const form = { method: "click", agree: "yes", token };
    const post = (change: { form?: Record<string, string>; headers?: Record<string, string> }) =>
      ask(`${base}/sign-in`, { form: { ...form, ...change.form }, headers: change.headers ?? {} });
    const refused = [
      await post({ headers: { Origin: "http://evil.example" } }),
      await post({ headers: { Origin: "null" } }),
      await post({ headers: { "Sec-Fetch-Site": "cross-site" } }),
      await post({ headers: { "Sec-Fetch-Site": "same-site" } }),
      await post({ form: { token: theirs } }),
      await post({ form: { token: "" } }),
      await post({ form: { token: token.replace(/.$/, (c) => (c === "A" ? "B" : "A")) } }),
      await post({ form: { token: `zzzzzzz.${token.split(".")[1]}` } }),
    ];
    expect(refused.map((answer) => answer.status)).toEqual(refused.map(() => 403));
    expect(portal.sessions()).toHaveLength(0);
    clock.now += 2 * 3_600_000 + 1_000;
    const stale = await post({});
    expect([stale.status, stale.text.includes(LANGUAGES.en.staleForm)]).toEqual([403, true]);
    // The page it comes with works.
    expect((await post({ form: { token: hidden(stale.text, "token") }, headers: { Origin: base } })).status).toBe(303);
    for (const path of ["/sign-out", "/sign-in"]) expect((await ask(base + path)).status).toBe(303);
    expect(portal.sessions()).toHaveLength(1);
    const out = await ask(`${base}/sign-out`, {
      form: { token: hidden(stale.text, "token") },
      headers: { Origin: "http://evil.example" },
    });
    expect([out.status, portal.sessions().length]).toEqual([403, 1]);
  });

  const NASTY = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;--></style></title>`;
  it("escapes everything it shows: parameters, names, messages and the operator's words", async () => {
    const look = {
      title: NASTY,
      text: NASTY,
      terms: NASTY,
      accent: `red;}${NASTY}`,
      language: NASTY,
      logo: `/x${NASTY}.png`,
    };
    const { base, portal } = await start({ look, signIn: ["click", "voucher", "password"] });
    portal.users.set(NASTY, "x");
    portal.replies.set(NASTY, { message: NASTY, redirect: NASTY });
    const query = new URLSearchParams({ lang: NASTY, said: NASTY, voucher: NASTY, to: NASTY });
    const page = await ask(`${base}/?${query}`);
    const token = hidden(page.text, "token");
    const form = { method: "password", user: NASTY, password: NASTY, voucher: NASTY, lang: NASTY, to: NASTY, token };
    const refused = await ask(`${base}/sign-in`, { form });
    const inside = await ask(`${base}/sign-in`, { form: { ...form, password: "x" } });
    const status = await ask(`${base}/`);
    const lost = await ask(`${base}/${encodeURIComponent(NASTY)}`);
    const redirect = await ask(`${base}/?${query}`, { host: "example.org" });
    expect(portal.sessions()[0]?.user).toBe(NASTY);
    for (const answer of [page, refused, inside, status, lost, redirect]) {
      expect(answer.text).not.toMatch(/<script>alert|<img src=x|<\/style><\/title>/);
      // One style sheet, and no tag that is not ours.
      expect(answer.text.match(/<script/g)?.length ?? 0).toBe(answer === inside || answer === status ? 1 : 0);
    }
    expect(refused.text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(inside.text).not.toContain("evil");
  });

  it("draws random pages without ever opening a tag", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (title, text, terms, accent) => {
        const look = { title: `${title}<b>`, text, terms, accent, logo: null, language: accent };
        const page = renderSignIn(look, { methods: ["click", "password"], language: "en", logo: `"><b>${text}` });
        const tags = new Set([...page.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag));
        expect([...tags].filter((tag) => !ALLOWED.has(tag as string))).toEqual([]);
        expect(page.match(/<style>/g)).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
  const ALLOWED = new Set(
    "html head meta title link style body main header img h1 h2 div p br details summary form input label span button footer nav ul li a".split(
      " ",
    ),
  );

  it("sends the headers that keep pages to themselves", async () => {
    const { base, portal } = await start();
    const page = await ask(`${base}/`);
    await portal.signIn("127.0.0.1", { method: "click" });
    const status = await ask(`${base}/`);
    for (const { headers } of [page, status]) {
      expect(headers).toMatchObject({
        "cache-control": "no-store",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
      });
      expect(headers["set-cookie"]).toBeUndefined();
    }
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.headers["content-security-policy"]).toContain("script-src 'none'");
    expect(status.headers["content-security-policy"]).toMatch(/script-src 'sha256-[\w+/]+=*';/);
  });

  it("answers only to its own name, so that no name of somebody else can be made to point here", async () => {
    const { base, pages } = await start({ portal: { name: "wifi.example" } });
    const { http } = pages.ports();
    expect((await ask(`${base}/live`, { host: `wifi.example:${http}` })).status).toBe(200);
    expect((await ask(`${base}/live`, { host: `127.0.0.1:${http}` })).status).toBe(200);
    expect((await ask(`${base}/live`, { host: "rebound.example" })).status).toBe(302);
    expect((await ask(`${base}/live`, { host: "wifi.example.evil.example" })).status).toBe(302);
  });

  it("takes no body that is large, endless or of another kind", async () => {
    const { base, portal, pages } = await start();
    const token = hidden((await ask(`${base}/`)).text, "token");
    const form = { method: "click", agree: "yes", token };
    expect((await ask(`${base}/sign-in`, { form: { ...form, user: "x".repeat(9_000) } })).status).toBe(413);
    const type = { "Content-Type": "application/x-www-form-urlencoded" };
    // Chunked: no length to go by.
    const endless = await ask(`${base}/sign-in`, {
      method: "POST",
      headers: { ...type, "Transfer-Encoding": "chunked" },
      body: `${new URLSearchParams(form)}&x=${"y".repeat(200_000)}`,
    }).catch((error: Error) => error);
    if (!(endless instanceof Error)) expect([400, 413]).toContain(endless.status);
    for (const kind of ["multipart/form-data; boundary=x", "text/plain", "application/json"])
      expect(
        (await ask(`${base}/sign-in`, { body: String(new URLSearchParams(form)), headers: { "Content-Type": kind } }))
          .status,
      ).toBe(415);
    expect((await ask(`${base}/`, { headers: { "X-Long": "y".repeat(20_000) } })).status).toBe(431);
    expect(portal.sessions()).toHaveLength(0);
    expect(pages.troubles()).toEqual([]);
  });

  it("keeps one device from taking all connections", async () => {
    const { pages, base } = await start();
    const sockets = Array.from({ length: 80 }, () =>
      connect({ port: pages.ports().http, host: "127.0.0.1", localAddress: OTHER }),
    );
    let closed = 0;
    await new Promise<void>((resolve) => {
      for (const socket of sockets)
        socket
          .on("error", () => {})
          .on("close", () => {
            closed++;
            if (closed === 16) resolve();
          });
    });
    expect((await ask(`${base}/`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it("keeps one device with many addresses from taking all connections", async () => {
    const { pages, portal, base } = await start();
    const addresses = Array.from({ length: 10 }, (_, i) => `127.0.9.${i + 1}`);
    for (const address of addresses) portal.devices.set(address, "02:00:00:00:00:09");
    const sockets = addresses.flatMap((localAddress) =>
      Array.from({ length: 40 }, () => connect({ port: pages.ports().http, host: "127.0.0.1", localAddress })),
    );
    let closed = 0;
    await new Promise<void>((resolve) => {
      for (const socket of sockets)
        socket
          .on("error", () => {})
          .on("close", () => {
            closed++;
            if (closed === 400 - 256) resolve();
          });
    });
    expect((await ask(`${base}/`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it("serves the operator's picture and no other file", async () => {
    const logo = join(folder, "logo.svg");
    writeFileSync(logo, '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    writeFileSync(join(folder, "key.pem"), "PRIVATE");
    const { base } = await start({ look: { logo } });
    const picture = await ask(`${base}/logo`);
    expect([picture.status, picture.headers["content-type"]]).toEqual([200, "image/svg+xml"]);
    expect(picture.headers["content-security-policy"]).toContain("sandbox");
    expect((await ask(`${base}/`)).text).toContain('<img src="/logo" alt="Palace Pier Wi-Fi">');
    for (const path of [
      "/logo/../key.pem",
      "/logo/..%2fkey.pem",
      "/logo?file=../key.pem",
      "/..%2f..%2fetc%2fpasswd",
      "//etc/passwd",
      "/logo%00",
    ]) {
      const answer = await ask(base + path);
      expect(answer.text, path).not.toMatch(/PRIVATE|root:/);
    }
    for (const [name, text] of [
      ["gone.png", null],
      ["passwd", "root:x"],
      ["big.png", "x".repeat(600_000)],
    ] as const) {
      if (text !== null) writeFileSync(join(folder, name), text);
      const { base: other, pages } = await start({ look: { logo: join(folder, name) } });
      expect((await ask(`${other}/logo`)).status).toBe(404);
      expect((await ask(`${other}/`)).text).toContain('<svg class="logo"');
      expect(pages.troubles()).toEqual([expect.stringContaining(name)]);
    }
  });

  it("does not fall over random requests", async () => {
    const { base } = await start({ signIn: ["click", "password", "voucher", "email"] });
    const paths = [
      "/",
      "/live",
      "/sign-in",
      "/sign-out",
      "/email",
      "/wispr/login",
      "/wispr/logoff",
      "/logon",
      "/json/status",
      "/captive-portal/api",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT"),
        fc.dictionary(
          fc.constantFrom("to", "lang", "token", "method", "user", "password", "voucher", "key", "said", "callback"),
          fc.string({ maxLength: 40 }),
        ),
        async (path, method, query) => {
          const text = new URLSearchParams(query).toString();
          const body = method === "POST" || method === "PUT" ? text : undefined;
          const answer = await ask(`${base}${path}?${text}`, {
            method,
            headers: { "Content-Type": "application/x-www-form-urlencoded" },
            ...(body === undefined ? {} : { body }),
          });
          expect([200, 303, 302, 400, 403, 404, 429]).toContain(answer.status);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("WISPr", () => {
  function member(text: string, name: string): string | undefined {
    return new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]?.replace(/&amp;/g, "&");
  }

  it("leads a smart client from the redirect in, and out again", async () => {
    const { base, portal } = await start({ signIn: ["password"] });
    portal.replies.set("anna", { message: "hello --> there", redirect: null });
    const redirect = await ask(`${base}/hotspot-detect.html`, { host: "captive.apple.com" });
    expect([member(redirect.text, "MessageType"), member(redirect.text, "ResponseCode")]).toEqual(["100", "0"]);
    expect(member(redirect.text, "LocationName")).toBe("Palace Pier Wi-Fi");
    const login = member(redirect.text, "LoginURL") as string;
    expect(login).toBe(`${base}/wispr/login`);
    const wrong = await ask(login, {
      form: { UserName: "anna", Password: "x", OriginatingServer: "http://captive.apple.com/" },
    });
    expect([member(wrong.text, "MessageType"), member(wrong.text, "ResponseCode")]).toEqual(["120", "100"]);
    const right = await ask(login, { form: { UserName: "anna", Password: "correct horse" } });
    expect(member(right.text, "ResponseCode")).toBe("50");
    expect(member(right.text, "MaxSessionTime")).toBe("5400");
    // A message cannot end the comment it is in.
    expect(right.text.match(/-->/g)).toHaveLength(1);
    expect(member((await ask(`${base}/wispr/abort`)).text, "ResponseCode")).toBe("50");
    const without = await ask(`${base}/wispr/logoff`);
    expect([member(without.text, "ResponseCode"), portal.sessions().length]).toEqual(["255", 1]);
    const off = await ask(member(right.text, "LogoffURL") as string);
    expect([member(off.text, "MessageType"), member(off.text, "ResponseCode")]).toEqual(["130", "150"]);
    expect(portal.sessions()).toHaveLength(0);
    expect(member((await ask(`${base}/wispr/abort`)).text, "ResponseCode")).toBe("151");
    const silent = await ask(login, { form: { UserName: "silent", Password: "x" } });
    expect(member(silent.text, "ResponseCode")).toBe("102");
  });

  it("takes no login from a browser another site drives", async () => {
    const { base, portal } = await start({ signIn: ["password"] });
    const form = { UserName: "anna", Password: "correct horse" };
    const headers = { Origin: "http://evil.example" };
    expect(member((await ask(`${base}/wispr/login`, { form, headers })).text, "ResponseCode")).toBe("255");
    expect(portal.sessions()).toHaveLength(0);
  });
});
