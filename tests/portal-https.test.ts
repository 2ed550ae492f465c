import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { createAdmin } from "@pierhead/gateway/portal/admin";
import { announce, captivePortalApi, createPages, type Pages, type PagesOptions } from "@pierhead/gateway/portal/pages";
import type { Store } from "@pierhead/gateway/store";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { axios } from "acme-client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCa, makeCertificate } from "./support/certificates.ts";
import { freeTcpPorts } from "./support/free-ports.ts";
import { ask } from "./support/http.ts";
import { MemoryPortal, portalConfig } from "./support/memory-portal.ts";

const NAME = "wifi.example";
const folder = mkdtempSync(join(tmpdir(), `pierhead-https-${process.pid}-`));
const running: Pages[] = [];
let ca = "";

beforeAll(() => {
  ca = makeCa(folder);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((pages) => pages.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function make(
  certificate: NonNullable<Parameters<typeof portalConfig>[0]["portal"]>["certificate"],
  options: Partial<PagesOptions> = {},
  portal: Parameters<typeof portalConfig>[0]["portal"] = {},
): { pages: Pages; portal: MemoryPortal } {
  const memory = new MemoryPortal(options.now ?? Date.now);
  const config = portalConfig({ portal: { name: NAME, certificate: certificate ?? null, ...portal } });
  const pages = createPages({ config, portal: memory, ...options });
  running.push(pages);
  return { pages, portal: memory };
}

async function start(
  ...how: Parameters<typeof make>
): Promise<{ http: string; https: string; pages: Pages; portal: MemoryPortal }> {
  const { pages, portal } = make(...how);
  await pages.start();
  const { http, https } = pages.ports();
  return { http: `http://127.0.0.1:${http}`, https: `https://127.0.0.1:${https}`, pages, portal };
}

/** Serial number of the certificate served there. */
function serialAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: NAME }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

function secure(url: string, pages: Pages, headers: Record<string, string> = {}): ReturnType<typeof ask> {
  return ask(url, { ca, servername: NAME, host: `${NAME}:${pages.ports().https}`, headers });
}

describe("the captive portal API (RFC 8908)", () => {
  it("is complete, of its media type, private, and over HTTPS only", async () => {
    const pair = makeCertificate(folder, "api", NAME, 90);
    const clock = { now: Date.now() };
    const { https, http, pages, portal } = await start(
      { kind: "files", ...pair },
      { now: () => clock.now },
      { venue: "https://pier.example/map" },
    );
    const home = `https://${NAME}:${pages.ports().https}/`;
    const api = `${https}/captive-portal/api`;
    const headers = { Accept: "application/captive+json" };
    const captive = await secure(api, pages, headers);
    expect(captive.status).toBe(200);
    expect(captive.headers["content-type"]).toBe("application/captive+json");
    expect(captive.headers["cache-control"]).toBe("private");
    expect(JSON.parse(captive.text)).toEqual({
      captive: true,
      "user-portal-url": home,
      "venue-info-url": "https://pier.example/map",
    });
    portal.addVoucher("AAAA-BBBB");
    await portal.signIn("127.0.0.1", { method: "voucher", code: "AAAA-BBBB" });
    portal.use("02:00:00:00:00:01", 1_000n, 2_000n);
    clock.now += 60_500;
    expect(JSON.parse((await secure(api, pages, headers)).text)).toEqual({
      captive: false,
      "user-portal-url": home,
      "venue-info-url": "https://pier.example/map",
      "can-extend-session": false,
      "seconds-remaining": 7_139,
      "bytes-remaining": 499_997_000,
    });
    const plain = await ask(`${http}/captive-portal/api`, { host: NAME, headers });
    expect([plain.status, plain.headers.location]).toEqual([403, undefined]);
  });

  it("is announced only where a certificate can be for its name", () => {
    const files = { kind: "files", chain: "/x", key: "/y" } as const;
    const url = (portal: Partial<PortalConfig["portal"]>): string | null => captivePortalApi(portalConfig({ portal }));
    expect(url({ name: NAME, httpsPort: 443, certificate: files })).toBe("https://wifi.example/captive-portal/api");
    expect(url({ name: NAME, httpsPort: 8443, certificate: files })).toBe(
      "https://wifi.example:8443/captive-portal/api",
    );
    expect(url({ name: null, httpsPort: 443, certificate: files })).toBeNull();
    expect(url({ name: NAME, httpsPort: 443, certificate: null })).toBeNull();
  });

  it("gives servers of DHCP and router advertisements their lines (RFC 8910)", () => {
    const url = "https://wifi.example/captive-portal/api";
    expect(announce("dnsmasq", url)).toBe(`dhcp-option=114,${url}\ndhcp-option=option6:103,${url}`);
    expect(JSON.parse(announce("kea-dhcp4", url))).toEqual({
      "option-data": [{ name: "v4-captive-portal", data: url }],
    });
    expect(announce("isc-dhcpd", url)).toBe(`option default-url "${url}";`);
    expect(announce("openbsd-dhcpd", url)).toBe(`option option-114 "${url}";`);
    expect(announce("radvd", url)).toBe(`AdvCaptivePortalAPI "${url}";`);
    expect(() => announce("isc-dhcpd", 'https://x/";\ninclude "/etc/passwd')).toThrow("configuration file");
  });
});

describe("the operator's certificate", () => {
  it("takes people to HTTPS, passwords with them", async () => {
    const { http, https, pages } = await start({ kind: "files", ...makeCertificate(folder, "good", NAME, 90) });
    const home = `https://${NAME}:${pages.ports().https}`;
    const redirect = await ask(`${http}/x`, { host: "example.org" });
    expect(redirect.headers.location).toMatch(new RegExp(`^${home}/\\?to=`));
    const plain = await ask(`${http}/?voucher=A`, { host: NAME });
    expect([plain.status, plain.headers.location]).toEqual([303, `${home}/?voucher=A`]);
    const posted = await ask(`${http}/sign-in`, {
      host: NAME,
      form: { method: "password", user: "anna", password: "x" },
    });
    expect([posted.status, posted.headers.location]).toEqual([303, `${home}/`]);
    const page = await secure(`${https}/`, pages);
    expect([page.status, page.text.includes("I agree")]).toEqual([200, true]);
    // A name that is not ours is nobody's business here.
    expect((await ask(`${https}/`, { ca, servername: NAME, host: "example.org" })).status).toBe(421);
    expect(pages.troubles()).toEqual([]);
  });

  it("is never another's: what does not fit the name, the key or the day is not used, and why is said", async () => {
    const good = makeCertificate(folder, "one", NAME, 90);
    const other = makeCertificate(folder, "two", "somebody-else.example", 90);
    const old = makeCertificate(folder, "old", NAME, 1);
    const text = join(folder, "text.pem");
    writeFileSync(text, "no certificate");
    const cases: readonly (readonly [{ chain: string; key: string }, string, number])[] = [
      [other, `the certificate is not for ${NAME}`, 0],
      [{ chain: good.chain, key: other.key }, "the key does not belong to the certificate", 0],
      [{ chain: text, key: good.key }, "no PEM certificate", 0],
      [{ chain: good.chain, key: text }, "no PEM private key", 0],
      [{ chain: join(folder, "gone.pem"), key: good.key }, "gone.pem: ENOENT", 0],
      [old, "has expired on", 3 * 86_400_000],
    ];
    for (const [pair, why, later] of cases) {
      const { http, pages } = await start({ kind: "files", ...pair }, { now: () => Date.now() + later });
      expect(pages.troubles()).toEqual([expect.stringContaining(why)]);
      // Guests get in over HTTP meanwhile.
      expect((await ask(`${http}/`, { host: NAME })).status).toBe(200);
    }
  });

  it("is read again when it changes, keeps working when the new one is bad, and warns before its end", async () => {
    const clock = { ahead: 0 };
    const live = makeCertificate(folder, "live", NAME, 90);
    const { https, pages } = await start({ kind: "files", ...live }, { now: () => Date.now() + clock.ahead });
    const serial = (): Promise<string> => serialAt(pages.ports().https);
    const first = await serial();
    makeCertificate(folder, "live", NAME, 20);
    await pages.refresh();
    const second = await serial();
    expect(second).not.toBe(first);
    expect(pages.troubles()).toEqual([]);
    clock.ahead = 10 * 86_400_000;
    expect(pages.troubles()).toEqual(["the portal's certificate expires in 9 days"]);
    writeFileSync(live.chain, "half written");
    await pages.refresh();
    expect(await serial()).toBe(second);
    expect((await secure(`${https}/`, pages)).status).toBe(200);
    expect(pages.troubles()).toContainEqual(expect.stringContaining("no PEM certificate"));
    clock.ahead = 30 * 86_400_000;
    expect(pages.troubles()).toContainEqual(expect.stringContaining("has expired"));
  });

  it("of the admin is read again as well, and a bad one is not taken", async () => {
    const files = makeCertificate(folder, "desk", NAME, 90);
    const config = {
      ...portalConfig({}),
      admin: { listen: "127.0.0.1", port: 0, certificate: files, fromGuests: false },
    };
    const said: string[] = [];
    const admin = createAdmin({
      config,
      portal: new MemoryPortal(),
      store: {} as Store,
      now: Date.now,
      report: (sentence) => said.push(sentence),
      preview: async () => "",
      lookChanged: () => undefined,
    });
    const port = await admin.start();
    try {
      const first = await serialAt(port);
      makeCertificate(folder, "desk", NAME, 90);
      await admin.refresh();
      const second = await serialAt(port);
      expect(second).not.toBe(first);
      writeFileSync(files.key, readFileSync(makeCertificate(folder, "stranger", NAME, 90).key));
      await admin.refresh();
      await admin.refresh();
      expect(await serialAt(port)).toBe(second);
      expect(said).toEqual([expect.stringMatching(/^the admin goes on with the certificate it has: .*key/)]);
    } finally {
      await admin.close();
    }
  });

  it("says where it cannot listen and why, and leaves nothing behind", async () => {
    const { pages: first } = await start(null);
    const { pages } = make(null, {}, { httpPort: first.ports().http });
    await expect(pages.start()).rejects.toThrow(
      `cannot listen on 127.0.0.1 port ${first.ports().http}: another program has it`,
    );
  });
});

const missing =
  (process.env["CI"] === "true" && process.getuid?.() === 0) || existsSync("/usr/bin/pebble")
    ? null
    : "pebble is missing";

describe.skipIf(missing !== null)("a certificate by ACME, from pebble", () => {
  const children: ChildProcess[] = [];
  let directory = "";
  let proofPort = 0;

  beforeAll(async () => {
    const [acmePort, managePort, dnsPort, dnsManage, tlsPort, proof] = (await freeTcpPorts(6)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    proofPort = proof;
    const own = makeCertificate(folder, "pebble", "localhost", 30);
    const config = {
      pebble: {
        listenAddress: `127.0.0.1:${acmePort}`,
        managementListenAddress: `127.0.0.1:${managePort}`,
        certificate: own.chain,
        privateKey: own.key,
        httpPort: proofPort,
        tlsPort,
        ocspResponderURL: "",
        externalAccountBindingRequired: false,
      },
    };
    writeFileSync(join(folder, "pebble.json"), JSON.stringify(config));
    const dns = ["-dns01", `127.0.0.1:${dnsPort}`, "-http01", "", "-https01", "", "-tlsalpn01", ""];
    children.push(
      spawn("pebble-challtestsrv", [...dns, "-defaultIPv6", "", "-management", `127.0.0.1:${dnsManage}`], {
        stdio: "ignore",
      }),
      spawn("pebble", ["-config", join(folder, "pebble.json"), "-dnsserver", `127.0.0.1:${dnsPort}`], {
        stdio: "ignore",
        env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
      }),
    );
    directory = `https://localhost:${acmePort}/dir`;
    axios.defaults.httpsAgent = new Agent({ ca });
    for (let tries = 0; tries < 100; tries++) {
      const answer = await ask(`https://localhost:${acmePort}/dir`, { ca }).catch(() => null);
      if (answer?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("pebble did not start");
  });
  afterAll(async () => {
    for (const child of children) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.kill()) await gone;
    }
  });

  it("orders one, serves it, keeps it in files of its own, and takes it from there the next time", async () => {
    const store = join(folder, "acme");
    const certificate = { kind: "acme", directory, email: "pier@example.org", folder: store } as const;
    const reports: string[] = [];
    const options = { acmePort: proofPort, report: (text: string) => reports.push(text) };
    const { pages, portal } = make(certificate, options);
    expect(portal.sessions()).toHaveLength(0);
    await pages.start();
    for (let tries = 0; tries < 200 && pages.ports().https === 0 && reports.length === 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(reports).toEqual([]);
    const subject = execFileSync(
      "openssl",
      ["x509", "-in", join(store, "chain.pem"), "-noout", "-ext", "subjectAltName"],
      { encoding: "utf8" },
    );
    expect(subject).toContain(`DNS:${NAME}`);
    for (const file of ["key.pem", "account.pem", "chain.pem"])
      expect(statSync(join(store, file)).mode & 0o777).toBe(0o600);
    const { http } = pages.ports();
    expect((await ask(`http://127.0.0.1:${http}/`, { host: NAME })).headers.location).toContain(`https://${NAME}:`);
    // The proof's listener is gone again.
    await expect(ask(`http://127.0.0.1:${proofPort}/`)).rejects.toThrow("ECONNREFUSED");
    const chain = readFileSync(join(store, "chain.pem"), "utf8");
    const again = make({ ...certificate, directory: "https://127.0.0.1:1/dir" }, options).pages;
    await again.refresh();
    expect(again.troubles()).toEqual([]);
    expect(readFileSync(join(store, "chain.pem"), "utf8")).toBe(chain);
  });

  it("says when another program has the port the CA asks at", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const certificate = { kind: "acme", directory, email: "pier@example.org", folder: join(folder, "held") } as const;
    const { port } = other.address() as AddressInfo;
    const { pages } = make(certificate, { acmePort: port });
    await pages.refresh();
    await new Promise((resolve) => other.close(resolve));
    expect(pages.troubles()).toEqual([expect.stringContaining(`another program has port ${port}`)]);
  });

  it("goes on over HTTP when the CA says no, says so once, and asks it again only after a while", async () => {
    const reports: string[] = [];
    const report = (text: string): void => void reports.push(text);
    const certificate = { kind: "acme", directory, email: "pier@example.org", folder: join(folder, "no") } as const;
    // Nobody answers for the name at this port.
    const [acmePort] = (await freeTcpPorts(1)) as [number];
    const { pages } = make(certificate, { acmePort, report });
    await pages.refresh();
    await pages.refresh();
    expect(reports).toEqual([expect.stringMatching(/^no certificate from localhost:\d+: /)]);
    expect(pages.troubles()).toEqual([expect.stringContaining("portal over HTTPS: no certificate from")]);
  });
});
