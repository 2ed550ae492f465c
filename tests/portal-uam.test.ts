import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Secret } from "@pierhead/core";
import { createPages, type Pages } from "@pierhead/gateway/portal/pages";
import { percentDecode, uamBody, uamEncode, uamQuery } from "@pierhead/gateway/portal/uam";
import type { UamConfig } from "@pierhead/lang/portal-conf";
import fc from "fast-check";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { noBrowser, startBrowser } from "./support/browser.ts";
import { ask } from "./support/http.ts";
import { MemoryPortal, portalConfig } from "./support/memory-portal.ts";

const MAC = "02-00-00-00-00-01";
const SECRET = "s3cret of the uam server";
const running: Pages[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((pages) => pages.close()));
});

interface Started {
  readonly base: string;
  readonly portal: MemoryPortal;
  readonly clock: { now: number };
  /** Answer of a JSON command. */
  readonly json: (command: string) => Promise<Record<string, never>>;
  /** Where a command redirects to. */
  readonly go: (path: string, host?: string) => Promise<URL>;
}

async function start(
  secret: string | null,
  server = "https://login.example/hotspot",
  more: Partial<UamConfig> = {},
): Promise<Started> {
  const clock = { now: 1_800_000_000_000 };
  const portal = new MemoryPortal(() => clock.now);
  const uam = { server, secret: secret === null ? null : new Secret(secret), port: 0, ...more };
  const pages = createPages({
    config: portalConfig({ portal: { uam }, signIn: ["password"] }),
    portal,
    now: () => clock.now,
  });
  running.push(pages);
  await pages.start();
  const base = `http://127.0.0.1:${pages.ports().uam}`;
  return {
    base,
    portal,
    clock,
    json: async (command) => JSON.parse((await ask(`${base}/json/${command}`)).text),
    go: async (path, host) => {
      const answer = await ask(base + path, host === undefined ? {} : { host });
      expect(answer.status).toBe(302);
      return new URL(answer.headers.location as string);
    },
  };
}

/** What login pages reckon, by a program that shares nothing with ours. */
function python(challenge: string, secret: string, password: string): { chap: string; pap: string } {
  const script = `
import hashlib, sys
challenge = bytes.fromhex(sys.argv[1])
secret, password = sys.argv[2].encode(), sys.argv[3].encode()
key = hashlib.md5(challenge + secret).digest() if secret else challenge
print(hashlib.md5(b"\\x00" + password + key).hexdigest())
print(bytes(a ^ key[i % 16] for i, a in enumerate(password)).hex())`;
  const [chap, pap] = execFileSync("python3", ["-c", script, challenge, secret, password], { encoding: "utf8" }).split(
    "\n",
  );
  return { chap: chap as string, pap: pap as string };
}

describe("the redirect to somebody else's login page", () => {
  it("carries CoovaChilli's parameters in its order, and md over all of them", async () => {
    const { go, portal } = await start(SECRET);
    const url = await go("/a?b=c&d", "example.org");
    expect(url.origin + url.pathname).toBe("https://login.example/hotspot");
    expect([...url.searchParams.keys()]).toEqual([
      "res",
      "uamip",
      "uamport",
      "challenge",
      "called",
      "mac",
      "ip",
      "nasid",
      "userurl",
      "md",
    ]);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      res: "notyet",
      uamip: "127.0.0.1",
      challenge: expect.stringMatching(/^[0-9a-f]{32}$/),
      called: "00-00-00-00-00-00",
      mac: MAC,
      ip: "127.0.0.1",
      nasid: "pier",
      userurl: "http://example.org/a?b=c&d",
    });
    const [signed, md] = url.href.split("&md=") as [string, string];
    expect(
      createHash("md5")
        .update(signed + SECRET)
        .digest("hex")
        .toUpperCase(),
    ).toBe(md);
    expect(portal.sessions()).toHaveLength(0);
  });

  it("keeps one challenge for ten minutes, whatever the device asks in the background", async () => {
    const { go, clock } = await start(null, "http://login.example/?site=7");
    const first = await go("/", "example.org");
    expect(first.searchParams.get("site")).toBe("7");
    expect(first.searchParams.has("md")).toBe(false);
    const challenge = first.searchParams.get("challenge");
    clock.now += 599_000;
    expect((await go("/generate_204", "connectivitycheck.gstatic.com")).searchParams.get("challenge")).toBe(challenge);
    expect((await go("/prelogin")).searchParams.get("challenge")).toBe(challenge);
    clock.now += 1_000;
    expect((await go("/prelogin")).searchParams.get("challenge")).not.toBe(challenge);
  });

  it("leads the portal's own address to that page as well, and a late request of somebody who is in to `already`", async () => {
    const { go, portal } = await start(SECRET);
    expect((await go("/")).href).toMatch(/^https:\/\/login\.example\/hotspot\?res=notyet&/);
    await go("/news", "example.org");
    const probe = await go("/generate_204", "connectivitycheck.gstatic.com");
    expect(probe.searchParams.get("userurl")).toBe("http://example.org/news");
    await portal.signIn("127.0.0.1", { method: "click" });
    const late = await go("/", "example.org");
    expect([late.searchParams.get("res"), late.searchParams.has("challenge")]).toEqual(["already", false]);
  });

  it("tells the page which SSID and VLAN it is, where CoovaChilli has them", async () => {
    const { go } = await start(SECRET, "https://login.example/", { ssid: "Pier & Co", vlan: "12" });
    const url = await go("/", "example.org");
    expect([...url.searchParams.keys()].join(" ")).toMatch(/ip ssid nasid vlan userurl md$/);
    expect([url.searchParams.get("ssid"), url.searchParams.get("vlan")]).toEqual(["Pier & Co", "12"]);
  });

  it("shows a home page first, which is told where the login page is (uamhomepage)", async () => {
    const { go, portal } = await start(SECRET, "https://login.example/", { homepage: "http://home.example/?a=1" });
    for (const url of [await go("/", "example.org"), await go("/")]) {
      expect(url.href).toMatch(/^http:\/\/home\.example\/\?a=1&loginurl=https%3a%2f%2flogin\.example/);
      const login = new URL(url.searchParams.get("loginurl") as string);
      expect([login.searchParams.get("res"), login.searchParams.has("md")]).toEqual(["notyet", true]);
    }
    expect((await go("/prelogin")).hostname).toBe("login.example");
    await portal.signIn("127.0.0.1", { method: "click" });
    expect((await go("/", "example.org")).searchParams.get("res")).toBe("already");
  });

  it("has WISPr for smart clients in its body", async () => {
    const { base } = await start(SECRET);
    const { text } = await ask(`${base}/`, { host: "example.org" });
    expect(text).toMatch(
      /<LoginURL>https:\/\/login\.example\/hotspot\?res=wispr&amp;uamip=127\.0\.0\.1&amp;uamport=\d+&amp;challenge=[0-9a-f]{32}<\/LoginURL>/,
    );
    expect(text).toMatch(/<AbortLoginURL>http:\/\/127\.0\.0\.1:\d+\/abort<\/AbortLoginURL>/);
  });
});

describe.each([
  ["with uamsecret", SECRET],
  ["without", ""],
])("logon %s", (_name, secret) => {
  it.each(["chap", "pap"] as const)("takes the %s answer an independent script reckons", async (kind) => {
    const { go, portal } = await start(secret || null);
    const challenge = (await go("/prelogin?userurl=http%253a%252f%252fexample.org%252fx")).searchParams.get(
      "challenge",
    ) as string;
    const answer = python(challenge, secret, "correct horse");
    const query = kind === "chap" ? `response=${answer.chap}` : `password=${answer.pap}`;
    const url = await go(`/logon?username=anna&${query}`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      res: "success",
      uid: "anna",
      timeleft: "5400",
      sessionid: portal.sessions()[0]?.id,
      userurl: "http://example.org/x",
    });
    expect(url.searchParams.has("challenge")).toBe(false);
    const status = await go("/status");
    expect(Object.fromEntries(status.searchParams)).toMatchObject({
      res: "already",
      starttime: "1800000000",
      sessiontime: "0",
      sessiontimeout: "5400",
    });
    expect((await go("/logon?username=anna&response=00")).searchParams.get("res")).toBe("already");
    expect((await go("/logoff")).searchParams.get("res")).toBe("logoff");
    expect(portal.sessions()).toHaveLength(0);
    expect((await go("/status")).searchParams.get("res")).toBe("notyet");
  });

  it("refuses an answer that was used before, one to an old challenge, and one to none", async () => {
    const { go, portal, clock, json } = await start(secret || null);
    const challenge = (await go("/prelogin")).searchParams.get("challenge") as string;
    const { chap } = python(challenge, secret, "correct horse");
    await go(`/logon?username=anna&response=${chap}`);
    await go("/logoff");
    const replayed = await go(`/logon?username=anna&response=${chap}`);
    expect([replayed.searchParams.get("res"), replayed.searchParams.get("reason")]).toEqual(["failed", "reject"]);
    // A wrong try uses its challenge up as well.
    const second = replayed.searchParams.get("challenge") as string;
    expect(second).not.toBe(challenge);
    await go("/logon?username=anna&response=00000000000000000000000000000000");
    const late = python(second, secret, "correct horse").chap;
    expect((await go(`/logon?username=anna&response=${late}`)).searchParams.get("res")).toBe("failed");
    const third = (await json("status"))["challenge"] as unknown as string;
    const old = python(third, secret, "correct horse").chap;
    clock.now += 1_200_001;
    expect((await go(`/logon?username=anna&response=${old}`)).searchParams.get("reason")).toBe("other");
    expect(portal.sessions()).toHaveLength(0);
    const fresh = await start(secret || null);
    expect((await fresh.go(`/logon?username=anna&response=${old}`)).searchParams.get("reason")).toBe("other");
    expect(fresh.portal.asked).toEqual([]);
  });
});

describe("logon", () => {
  it("hands an NT response on with the challenge it belongs to", async () => {
    const { go, portal } = await start(SECRET);
    const challenge = (await go("/prelogin")).searchParams.get("challenge") as string;
    await go(`/logon?username=anna&ntresponse=${"ab".repeat(24)}`);
    expect(portal.asked).toEqual([
      {
        user: "anna",
        credentials: {
          kind: "mschapv2",
          response: new Uint8Array(24).fill(0xab),
          challenge: createHash("md5").update(Buffer.from(challenge, "hex")).update(SECRET).digest(),
        },
      },
    ]);
  });

  it.each([
    ["nothing", "", "failed", "no user name"],
    ["no password", "username=anna", "failed", "no password"],
    ["half a response", "username=anna&response=abc", "failed", "no password that could be read"],
    ["a long password", `username=anna&password=${"00".repeat(129)}`, "failed", "no password that could be read"],
    [
      "an odd identifier",
      `username=anna&response=${"00".repeat(16)}&ident=256`,
      "failed",
      "no password that could be read",
    ],
    ["a name with a line break", `username=a%0d%0ab&response=${"00".repeat(16)}`, "failed", "no user name"],
  ])("answers %s with a redirect and JSON, never with silence", async (_name, query, result, message) => {
    const { go, json, portal } = await start(null);
    await go("/prelogin");
    const url = await go(`/logon?${query}`);
    expect([url.searchParams.get("res"), url.searchParams.get("reply")]).toEqual([result, message]);
    expect(url.searchParams.get("challenge")).toMatch(/^[0-9a-f]{32}$/);
    expect(await json(`logon?${query}`)).toMatchObject({ clientState: 0, challenge: expect.any(String), message });
    expect(portal.asked).toEqual([]);
  });

  it("tells a refusal, a pause and a silent server apart", async () => {
    const { go, portal, json } = await start(null);
    portal.replies.set("anna", { message: "No <credit>", redirect: null });
    const wrong = `response=${"00".repeat(16)}`;
    await go("/prelogin");
    const rejected = await go(`/logon?username=anna&${wrong}`);
    expect(rejected.search).toContain("res=failed&reason=reject&");
    expect(rejected.searchParams.get("reply")).toBe("No <credit>");
    expect((await go(`/logon?username=silent&${wrong}`)).searchParams.get("reason")).toBe("timeout");
    const busy = await json(`logon?username=crowd&${wrong}`);
    expect(busy).toMatchObject({ clientState: 0, message: expect.stringContaining("try again in a moment") });
    const reply = await json(`logon?username=anna&${wrong}`);
    expect(reply).toMatchObject({ version: "1.0", clientState: 0, nasid: "pier", message: "No <credit>" });
    for (let i = 0; i < 5; i++) await json(`logon?username=anna&${wrong}`);
    expect(((await json(`logon?username=anna&${wrong}`))["message"] as string | undefined) ?? "").toMatch(
      /wait 30 seconds/,
    );
  });

  it("goes where RADIUS says, but only to the web", async () => {
    const { go, portal, json } = await start(null);
    const logon = async (): Promise<URL> => {
      const challenge = (await json("status"))["challenge"] as unknown as string;
      const url = await go(`/logon?username=anna&response=${python(challenge, "", "correct horse").chap}`);
      await go("/logoff");
      return url;
    };
    portal.replies.set("anna", { message: "", redirect: "https://welcome.example/a" });
    expect((await logon()).href).toBe("https://welcome.example/a");
    portal.replies.set("anna", { message: "", redirect: "javascript:alert(1)\r\nX: y" });
    expect((await logon()).hostname).toBe("login.example");
  });

  it("goes where RADIUS says with a Reject as well: to pay, perhaps", async () => {
    const { go, portal, json } = await start(null);
    portal.replies.set("anna", { message: "No credit", redirect: "https://pay.example/anna" });
    const wrong = `username=anna&response=${"00".repeat(16)}`;
    await go("/prelogin");
    expect((await go(`/logon?${wrong}`)).href).toBe("https://pay.example/anna");
    expect(await json(`logon?${wrong}`)).toMatchObject({
      clientState: 0,
      message: "No credit",
      redir: { redirectionURL: "https://pay.example/anna" },
    });
    portal.replies.set("anna", { message: "", redirect: "javascript:alert(1)" });
    expect((await go(`/logon?${wrong}`)).hostname).toBe("login.example");
  });

  it("takes the password as it was typed when there is no challenge, and a response all the same (nochallenge)", async () => {
    const { go, json, portal } = await start(SECRET, "https://login.example/", { challenge: false });
    expect((await go("/", "example.org")).searchParams.has("challenge")).toBe(false);
    const url = await go("/logon?username=anna&password=correct%20horse");
    expect([url.searchParams.get("res"), url.searchParams.get("uid")]).toEqual(["success", "anna"]);
    await go("/logoff");
    expect((await go("/logon?username=anna&password=wrong")).search).toContain("res=failed&reason=reject&");
    expect((await go("/logon?username=anna&password=wrong")).searchParams.has("challenge")).toBe(false);
    const challenge = (await json("status"))["challenge"] as unknown as string;
    const { chap } = python(challenge, SECRET, "correct horse");
    expect((await go(`/logon?username=anna&response=${chap}`)).searchParams.get("res")).toBe("success");
    await go("/logoff");
    expect((await go(`/logon?username=anna&response=${chap}`)).searchParams.get("res")).toBe("failed");
    expect(portal.sessions()).toHaveLength(0);
  });

  it("takes a POST like a GET (uamallowpost)", async () => {
    const { base, json, portal } = await start(null);
    const challenge = (await json("status"))["challenge"] as unknown as string;
    const { chap } = python(challenge, "", "correct horse");
    const answer = await ask(`${base}/logon?username=anna&response=${chap}`, { method: "POST", body: "button=Login" });
    expect([answer.status, portal.sessions().length]).toEqual([302, 1]);
    expect(new URL(answer.headers.location as string).searchParams.get("res")).toBe("success");
  });
});

describe("the JSON interface", () => {
  it("answers the very first status of a device that never asked before", async () => {
    const { base } = await start(null);
    const answer = await ask(`${base}/json/status`);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
    expect(JSON.parse(answer.text)).toEqual({
      version: "1.0",
      clientState: 0,
      nasid: "pier",
      challenge: expect.stringMatching(/^[0-9a-f]{32}$/),
      location: { name: "Palace Pier Wi-Fi" },
      redir: {
        originalURL: "",
        redirectionURL: "",
        logoutURL: `${base}/logoff`,
        ipAddress: "127.0.0.1",
        macAddress: MAC,
      },
    });
  });

  it("has the members of a session with their types, from the device's point of view", async () => {
    const { json, portal, clock } = await start(null);
    const challenge = (await json("status"))["challenge"] as unknown as string;
    const { chap } = python(challenge, "", "correct horse");
    const logon = await json(`logon?username=anna&response=${chap}&userurl=http://example.org/`);
    expect(Object.keys(logon)).toEqual(["version", "clientState", "nasid", "redir", "session", "accounting"]);
    expect(logon["redir"]).toMatchObject({ originalURL: "http://example.org/" });
    clock.now += 60_000;
    portal.use("02:00:00:00:00:01", 7n, 5n * 2n ** 32n + 9n);
    clock.now += 4_000;
    const status = await json("status");
    expect(status).toEqual({
      version: "1.0",
      clientState: 1,
      nasid: "pier",
      redir: expect.objectContaining({ macAddress: MAC }),
      session: {
        sessionId: portal.sessions()[0]?.id,
        userName: "anna",
        startTime: 1_800_000_000,
        sessionTimeout: 5_400,
        terminateTime: 0,
        idleTimeout: 600,
      },
      accounting: {
        sessionTime: 64,
        idleTime: 4,
        inputOctets: 9,
        outputOctets: 7,
        inputGigawords: 5,
        outputGigawords: 0,
        viewPoint: "client",
      },
    });
    expect(Object.keys(await json(`logon?username=anna&response=${chap}`))).toEqual([
      "version",
      "clientState",
      "nasid",
      "session",
      "accounting",
    ]);
    const off = await json("logoff");
    expect(Object.keys(off)).toEqual(["version", "clientState", "nasid", "challenge", "session", "accounting"]);
    expect(off["clientState"]).toBe(0);
    expect(portal.sessions()).toHaveLength(0);
    expect(Object.keys(await json("logoff"))).toContain("challenge");
  });

  it("calls the page's function, and nothing that is not the name of one", async () => {
    const { base } = await start(null);
    const call = await ask(`${base}/json/status?callback=chilliJSON.reply&0.77`);
    expect(call.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(call.text).toMatch(/^chilliJSON\.reply\(\{"version":"1\.0",.*\}\)$/);
    for (const callback of [
      "alert(1)//",
      "a;b",
      "x%20y",
      "%3Cscript%3E",
      "a..b",
      ".a",
      "1a",
      "a\u2028",
      "a".repeat(200),
      "a[0]",
    ]) {
      const bad = await ask(`${base}/json/status?callback=${encodeURI(callback)}`);
      expect([bad.status, bad.headers["content-type"]], callback).toEqual([400, "application/json; charset=utf-8"]);
      expect(bad.text).not.toContain("alert");
    }
  });

  it("holds nothing a browser could take for markup or a second line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (message) => {
        const body = uamBody({ message }, "f");
        expect(body?.text).not.toMatch(/[<\n\r\u2028\u2029]/);
        expect(JSON.parse((body?.text ?? "").slice(2, -1))).toEqual({ message });
      }),
    );
  });

  it("is not there for devices of another network, nor without a uam server", async () => {
    const { base } = await start(null);
    const stranger = await ask(`${base}/json/status`, { from: "127.0.0.9" });
    expect(JSON.parse(stranger.text)).toMatchObject({ clientState: 0, message: expect.any(String) });
    const pages = createPages({ config: portalConfig({}), portal: new MemoryPortal() });
    running.push(pages);
    await pages.start();
    const { status } = await ask(`http://127.0.0.1:${pages.ports().http}/logoff`);
    expect(status).toBe(404);
  });
});

describe("query strings", () => {
  it.each([
    ["username=a+b%40c&x", [["username", "a+b@c"]]],
    [
      "?a=1&a=2&=3&b=",
      [
        ["a", "1"],
        ["b", ""],
      ],
    ],
    ["n=%E9t%E9", [["n", "été"]]],
    ["n=%C3%A9t%u20ac", [["n", "ét€"]]],
    ["n=%zz%", [["n", "%zz%"]]],
  ] as const)("%s", (text, pairs) => {
    expect([...uamQuery(text)]).toEqual(pairs);
  });

  it("brings back what was encoded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(percentDecode(uamEncode(text))).toBe(text);
      }),
    );
  });
});

describe.skipIf(noBrowser() !== null)("a login page written for CoovaChilli, in Chromium", () => {
  let browser: Browser;
  let vendor: Server;
  beforeAll(async () => {
    browser = await startBrowser();
    const page = readFileSync(fileURLToPath(new URL("fixtures/chilli-login.html", import.meta.url)));
    vendor = createServer((_request, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(page));
    await new Promise<void>((resolve) => vendor.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    await browser?.close();
    vendor?.closeAllConnections();
    await new Promise((resolve) => vendor?.close(resolve));
  });

  it("logs in, follows the session and logs out, unchanged", async () => {
    const server = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/login`;
    const { base, portal, go, clock } = await start(null, server);
    const context = await browser.newContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto((await go("/news", "example.org")).href);
    await page.getByText("logged out").waitFor();
    expect(await page.locator("#place").textContent()).toBe("Palace Pier Wi-Fi");
    await page.getByLabel("Name").fill("anna");
    await page.getByLabel("Password").fill("battery staple");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("wrong credentials").waitFor();
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("logged in").waitFor();
    expect(await page.locator("#user").textContent()).toBe("anna");
    expect(await page.locator("#session").textContent()).toBe(portal.sessions()[0]?.id);
    portal.use("02:00:00:00:00:01", 1n, 4_242n);
    clock.now += 30_000;
    await page.locator("#received", { hasText: "4242" }).waitFor();
    expect(await page.locator("#left").textContent()).toBe("5370");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("logged out").waitFor();
    expect(portal.sessions()).toHaveLength(0);
    expect(errors).toEqual([]);
    expect(base).toContain("127.0.0.1");
    await context.close();
  });
});
