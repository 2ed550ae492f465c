/**
 * The hotspot from a device's first DHCP question to its last accounting record, with the real things around it: see
 * {@link PortalStage}. A world for each kind of store, side by side, and what happens in each in order. The gateway that keeps
 * its sessions in PostgreSQL is joined by another one in the end.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noBrowser, startBrowser } from "./support/browser.ts";
import { bundlePierhead } from "./support/bundle.ts";
import { makeCa } from "./support/certificates.ts";
import { hidden } from "./support/http.ts";
import { eventually, GARDEN, LOGIN, PortalStage, portalStageIsMissing, SITE } from "./support/portal-stage.ts";
import { PORTAL } from "./support/portal-world.ts";
import { type Postgres, postgresIsMissing, startPostgres } from "./support/postgres.ts";

const missing = portalStageIsMissing() ?? noBrowser();
if (missing !== null) console.log(`the portal from end to end: skipped, ${missing}`);
const noPostgres = missing ?? postgresIsMissing();
if (noPostgres !== null) console.log(`the portal from end to end with PostgreSQL: skipped, ${noPostgres}`);

/** To be looked at; git knows nothing of it. */
const SHOTS = fileURLToPath(new URL("../test-results/portal", import.meta.url));

const { server, garden, resolver, guest, other } = PORTAL;

const USERS = `anna Cleartext-Password := "correct horse"
 WISPr-Bandwidth-Max-Down := 8000000,
 WISPr-Bandwidth-Max-Up := 4000000,
 Class := 0x70696572

bert Cleartext-Password := "correct horse"

carl Cleartext-Password := "correct horse"

volume Cleartext-Password := "correct horse"
 ChilliSpot-Max-Total-Octets := 2000000,
 WISPr-Bandwidth-Max-Down := 8000000

short Cleartext-Password := "correct horse"
 Session-Timeout := 2

idle Cleartext-Password := "correct horse"
 Idle-Timeout := 2

DEFAULT Auth-Type := Reject
 Reply-Message := "Nobody of that name"
`;

interface Bulk {
  readonly total: number;
  readonly rate: number;
  readonly error: string | null;
}

type Records = readonly Record<string, string>[];

let scratch = "";
let pierhead = "";
const stages: PortalStage[] = [];

beforeAll(async () => {
  if (missing !== null) return;
  scratch = mkdtempSync(join(tmpdir(), "pierhead-e2e-"));
  // Where SQLite's library is found.
  symlinkSync(resolve(import.meta.dirname, "../node_modules"), join(scratch, "node_modules"));
  pierhead = await bundlePierhead(scratch);
  mkdirSync(SHOTS, { recursive: true });
});
afterAll(async () => {
  for (const stage of stages) await stage.close();
  if (scratch !== "") rmSync(scratch, { recursive: true, force: true });
});

async function openStage(name: string, options: { users: string | null; store?: string }): Promise<PortalStage> {
  const folder = join(scratch, name);
  mkdirSync(folder);
  makeCa(folder);
  const stage = await PortalStage.open({ pierhead, folder, gateway: name, ...options });
  stages.push(stage);
  return stage;
}

/** RST, or ICMP's administratively prohibited as each family's socket reports it. */
function isRefusal(answer: unknown): boolean {
  return ["ECONNREFUSED", "EHOSTUNREACH", "EACCES"].includes(String(answer));
}

const octets = (record: Record<string, string> | undefined, way: "Input" | "Output"): number =>
  Number(record?.[`Acct-${way}-Octets`]) + 2 ** 32 * Number(record?.[`Acct-${way}-Gigawords`] ?? 0);

/** A session's records once its Stop has come: one Start first, Interims that only grow, one Stop last. */
async function finished(stage: PortalStage, user: string, nth = 0): Promise<Records> {
  const ofSession = (): Records => {
    const all = stage.radius.records().filter((one) => one["User-Name"] === user);
    const id = [...new Set(all.map((one) => one["Acct-Session-Id"]))][nth];
    return all.filter((one) => one["Acct-Session-Id"] === id && id !== undefined);
  };
  await eventually(
    `the Stop of ${user}`,
    () => ofSession().some((one) => one["Acct-Status-Type"] === "Stop"),
    ofSession,
  );
  const records = ofSession();
  const kinds = records.map((one) => one["Acct-Status-Type"]);
  expect(kinds).toEqual(["Start", ...kinds.slice(1, -1).map(() => "Interim-Update"), "Stop"]);
  // The MAC of the guests' interface, when the configuration names nothing else.
  for (const record of records) expect(record["Called-Station-Id"]).toMatch(/^(?:[0-9A-F]{2}-){5}[0-9A-F]{2}$/);
  for (const key of ["Acct-Session-Time"] as const) {
    const grows = records.slice(1).map((one) => Number(one[key]));
    expect(grows).toEqual([...grows].sort((a, b) => a - b));
  }
  for (const way of ["Input", "Output"] as const) {
    const grows = records.slice(1).map((one) => octets(one, way));
    expect(grows).toEqual([...grows].sort((a, b) => a - b));
  }
  return records;
}

interface Hotspot {
  readonly stage: PortalStage;
}

/** What happens at a hotspot, whatever its store is. */
function dayAtTheHotspot(kind: "sqlite" | "postgresql", open: () => Promise<PortalStage>): Hotspot {
  let stage: PortalStage;
  let browser: Browser;
  let page: Page;
  let temporary = "";

  const bulk = async (place: "guest" | "other", tries: readonly object[]): Promise<Bulk[]> =>
    (await stage.world.try(
      place,
      tries.map((one) => ({ kind: "bulk", ...one })),
    )) as Bulk[];
  const shot = (from: Page, name: string) =>
    from.screenshot({ path: join(SHOTS, `e2e-${kind}-${name}.png`), fullPage: true });
  const within = (value: number, wanted: number, part: number): void => {
    expect(value).toBeGreaterThan(wanted * (1 - part));
    expect(value).toBeLessThan(wanted * (1 + part));
  };

  /** Measured up to three times: the stopwatch of a busy machine is late both ways. */
  async function keeps(what: object, rate: number): Promise<void> {
    const found: number[] = [];
    while (found.length < 3) {
      const [one] = await bulk("guest", [what]);
      found.push(one?.rate ?? 0);
      if (Math.abs((one?.rate ?? 0) - rate) < rate * 0.1) return;
    }
    throw new Error(`${rate} bit/s were to be kept; measured were ${found.map(Math.round).join(", ")}`);
  }

  beforeAll(async () => {
    stage = await open();
    browser = await startBrowser(stage.chromium("guest"));
  });
  afterAll(async () => {
    await browser?.close();
  });

  it.sequential("gives a device its addresses before it signed in, and tells it of the portal", async () => {
    const [addresses, lease] = await Promise.all([stage.slaac("guest"), stage.dhcp("guest")]);
    expect(lease).toMatchObject({
      domain_name_servers: PORTAL.gateway[4],
      default_url: `https://${LOGIN}/captive-portal/api`,
    });
    temporary = addresses.temporary;
  });

  it.sequential("sends HTTP to the page, refuses everything else at once, and lets DNS and the walled garden through", async () => {
    for (const family of ["-4", "-6"]) {
      const found = await stage.curl("guest", [family, `http://${SITE}/news`]);
      expect(found).toMatchObject({ exit: 0, status: 302 });
      expect(found.headers).toMatch(new RegExp(`^Location: https://${LOGIN}/\\?to=`, "mi"));
      // 7: the name was resolved, and the connection refused, not left hanging.
      expect(await stage.curl("guest", [family, `https://${SITE}/`])).toMatchObject({ exit: 7 });
      expect(await stage.curl("guest", [family, `http://${GARDEN}/`])).toMatchObject({
        status: 200,
        body: expect.stringContaining(GARDEN),
      });
    }
    const tries = [server[4], server[6]].flatMap((host) => [
      ...[22, 443, 8000].map((port) => ({ kind: "tcp", host, port })),
      { kind: "udp", host, port: 9 },
    ]);
    const answers = await stage.world.try("guest", tries);
    expect(answers.filter((one) => !isRefusal(one))).toEqual([]);
    // The garden by address: all of one, and one port of the other.
    expect(
      await stage.world.try("guest", [
        { kind: "tcp", host: resolver[4], port: 22 },
        { kind: "tcp", host: garden[6], port: 22 },
      ]),
    ).toEqual(["port 22", "port 22"]);
    expect((await stage.curl("guest", [`http://[${resolver[6]}]/`])).status).toBe(200);
    expect((await stage.curl("guest", [`https://[${resolver[6]}]/`])).exit).toBe(7);
  });

  it.sequential("says by RFC 8908 that the device is captive, over HTTPS with a certificate that is good", async () => {
    const found = await stage.curl("guest", [`https://${LOGIN}/captive-portal/api`]);
    expect(found).toMatchObject({ exit: 0, status: 200 });
    expect(found.headers).toMatch(/^content-type: application\/captive\+json$/im);
    expect(JSON.parse(found.body)).toEqual({ captive: true, "user-portal-url": `https://${LOGIN}/` });
    const asked = await stage.curl("guest", ["-H", "Accept: application/captive+json", `http://${SITE}/`]);
    expect(asked.status).toBe(302);
    expect(await stage.isIn("guest")).toBe(false);
  });

  it.sequential("answers a wrong password with a proper page and with JSON", async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 390, height: 844 } });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`http://${SITE}/news`);
    expect(page.url()).toMatch(new RegExp(`^https://${LOGIN}/\\?to=`));
    await shot(page, "1-sign-in");
    await page.getByText("Account", { exact: true }).click();
    await page.getByLabel("User name").fill("anna");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("User name or password is wrong.").waitFor();
    await shot(page, "2-wrong-password");
    expect(await stage.password("other", "nobody")).toMatchObject({
      result: "refused",
      why: "wrong-credentials",
      message: expect.stringContaining("Nobody of that name"),
    });
    expect(await stage.isIn("guest")).toBe(false);
  });

  it.sequential("lets who signs in on the page out, with all addresses of the device", async () => {
    await page.getByLabel("User name").fill("anna");
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Sign in" }).click();
    // Where the person wanted to go in the beginning.
    await page.getByRole("heading", { name: "The Internet" }).waitFor();
    expect(page.url()).toBe(`http://${SITE}/news`);
    await shot(page, "3-wanted");
    await page.goto(`https://${SITE}/`);
    await page.getByRole("heading", { name: "The Internet" }).waitFor();
    expect(await stage.isIn("guest")).toBe(true);
    const sources = [undefined, temporary];
    expect(
      await stage.world.try("guest", [
        { kind: "tcp", host: server[4], port: 22 },
        ...sources.map((source) => ({ kind: "tcp", host: server[6], port: 22, source })),
        { kind: "udp", host: server[4], port: 9 },
        { kind: "udp", host: server[6], port: 9, source: temporary },
      ]),
    ).toEqual(["port 22", "port 22", "port 22", "echo question", "echo question"]);
    // An address the device makes after signing in is its own as well.
    stage.world.run("guest", ["ip", "addr", "add", "2001:db8:77::fade/64", "dev", "eth0", "nodad"]);
    const late = { kind: "tcp", host: server[6], port: 22, source: "2001:db8:77::fade" };
    expect(await stage.world.try("guest", [late])).toEqual(["port 22"]);
    expect(await stage.isIn("other")).toBe(false);
  });

  it.sequential("keeps to RADIUS's rates within a tenth, and to those of a CoA", async () => {
    // Long enough that what a starved reader finds in its socket at the start does not count for a tenth.
    const down = { host: server[4], port: 8000, seconds: 4 };
    const up = { host: server[6], port: 8001, seconds: 4, send: true };
    await keeps(down, 8_000_000);
    await keeps(up, 4_000_000);
    const [session] = await stage.ask<{ id: string }[]>({ verb: "sessions" });
    const said = await stage.radclient("coa", [
      `Acct-Session-Id = "${session?.id}"`,
      "WISPr-Bandwidth-Max-Down = 16000000",
      "WISPr-Bandwidth-Max-Up = 2000000",
      "Message-Authenticator = 0x00",
    ]);
    expect(said).toContain("Received CoA-ACK");
    await keeps(down, 16_000_000);
    await keeps(up, 2_000_000);
  });

  it.sequential("ends the session by the page's button, and tells RADIUS of it once", async () => {
    await page.goto(`https://${LOGIN}/`);
    await page.getByText("You are online").waitFor();
    await shot(page, "4-in-use");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You have signed out.").waitFor();
    await shot(page, "5-signed-out");
    expect(isRefusal((await stage.world.try("guest", [{ kind: "tcp", host: server[4], port: 22 }]))[0])).toBe(true);
    const records = await finished(stage, "anna");
    const stop = records.at(-1);
    expect(stop).toMatchObject({ "Acct-Terminate-Cause": "User-Request", Class: "0x70696572" });
    for (const record of records) expect(record).toMatchObject({ Class: "0x70696572" });
    // Every three seconds, as configured; noticed with a tick of one second.
    const times = records.map((one) => Number(one["Acct-Session-Time"] ?? 0));
    const gaps = times.slice(1, -1).map((time, index) => time - (times[index] as number));
    expect(gaps.length).toBeGreaterThan(2);
    expect(gaps.filter((gap) => gap < 2 || gap > 5)).toEqual([]);
  });

  it.sequential("accounts for the bytes that were sent, until a Disconnect", async () => {
    stage.world.run(
      "other",
      ["nft", "-f", "-"],
      `table inet measured { counter sent { }
 counter received { }
 chain out { type filter hook output priority 0; ip daddr ${server[4]} counter name sent; ip6 daddr ${server[6]} counter name sent; }
 chain in { type filter hook input priority 0; ip saddr ${server[4]} counter name received; ip6 saddr ${server[6]} counter name received; }
}`,
    );
    expect(await stage.password("other", "bert")).toMatchObject({ result: "in" });
    await bulk("other", [
      { host: server[4], port: 8000, octets: 30_000_000, seconds: 20 },
      { host: server[6], port: 8001, octets: 20_000_000, seconds: 20, send: true },
    ]);
    const said = await stage.radclient("disconnect", ['User-Name = "bert"', "Message-Authenticator = 0x00"]);
    expect(said).toContain("Received Disconnect-ACK");
    expect(await stage.isIn("other")).toBe(false);
    const stop = (await finished(stage, "bert")).at(-1);
    expect(stop?.["Acct-Terminate-Cause"]).toBe("Admin-Reset");
    const listed = stage.world.run("other", ["nft", "-j", "list", "counters"]);
    const counters = (JSON.parse(listed) as { nftables: { counter?: { name: string; bytes: number } }[] }).nftables;
    const seen = (name: string): number => counters.find((one) => one.counter?.name === name)?.counter?.bytes ?? 0;
    expect(seen("received")).toBeGreaterThan(30_000_000);
    expect(seen("sent")).toBeGreaterThan(20_000_000);
    within(octets(stop, "Input"), seen("sent"), 0.01);
    within(octets(stop, "Output"), seen("received"), 0.01);
    const none = await stage.radclient("disconnect", ['User-Name = "bert"', "Message-Authenticator = 0x00"]);
    expect(none).toContain("Received Disconnect-NAK");
  });

  it.sequential("ends sessions whose volume, time or patience is used up", async () => {
    expect(await stage.password("guest", "volume")).toMatchObject({ result: "in" });
    expect(await stage.password("other", "short")).toMatchObject({ result: "in" });
    const [[cut]] = await Promise.all([
      bulk("guest", [{ host: server[4], port: 8000, seconds: 5 }]),
      eventually("the end of the time", async () => !(await stage.isIn("other"))),
    ]);
    expect(await stage.isIn("guest")).toBe(false);
    const volume = (await finished(stage, "volume")).at(-1);
    const used = octets(volume, "Input") + octets(volume, "Output");
    expect(used).toBeGreaterThanOrEqual(2_000_000);
    // One tick more, at 8 Mbit/s, and what may be sent at once.
    expect(used).toBeLessThan(2_000_000 + 1_250_000 * 1.1);
    expect(cut?.total).toBeLessThan(used);
    expect((await finished(stage, "short")).at(-1)).toMatchObject({ "Acct-Terminate-Cause": "Session-Timeout" });

    expect(await stage.password("other", "idle")).toMatchObject({ result: "in" });
    await eventually("the end of the patience", async () => {
      return (await stage.ask<unknown[]>({ verb: "sessions" })).length === 0;
    });
    expect((await finished(stage, "idle")).at(-1)).toMatchObject({ "Acct-Terminate-Cause": "Idle-Timeout" });
  });

  it.sequential("takes vouchers of the command line, for as many devices as they are for", async () => {
    const made = await stage.pierhead("voucher", "create", "-b", "kiosk", "--devices", "2", "--time", "1h");
    const [one, two] = [made.stdout.trim(), (await stage.pierhead("voucher", "create", "-b", "kiosk")).stdout.trim()];
    expect(one).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}/);
    expect(await stage.signIn("guest", { method: "voucher", voucher: one })).toMatchObject({ result: "in" });
    expect(await stage.signIn("other", { method: "voucher", voucher: one.toLowerCase() })).toMatchObject({
      result: "in",
    });
    expect((await stage.curl("other", [`http://${SITE}/`])).status).toBe(200);
    const { vouchers } = await stage.json<{ vouchers: { code: string; usedBy: string[] }[] }>("voucher", "list");
    expect(vouchers.find(({ code }) => code === one)?.usedBy.toSorted()).toEqual([guest.mac, other.mac]);

    const { stdout: listed } = await stage.pierhead("sessions");
    expect(listed).toContain(guest.mac);
    expect(await stage.pierhead("query", "list", "mac", other.mac)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        new RegExp(`^${other.mac.toUpperCase().replaceAll(":", "-")} 10\\.77\\.0\\.11 pass `),
      ),
    });
    expect(await stage.json("status")).toMatchObject({ gateway: stage.options.gateway, sessions: 2, troubles: [] });
    expect(await stage.pierhead("kick", other.mac)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^ended /),
    });
    expect(await stage.pierhead("kick", other.mac)).toMatchObject({ status: 1 });
    expect((await stage.curl("other", [`http://${SITE}/`])).status).toBe(302);

    expect(await stage.signIn("other", { method: "voucher", voucher: two })).toMatchObject({ result: "in" });
    await stage.ask({ verb: "kick", who: other.mac });
    await stage.ask({ verb: "kick", who: guest.mac });
    expect(await stage.signIn("guest", { method: "voucher", voucher: two })).toMatchObject({
      result: "refused",
      why: "too-many-devices",
    });
  });

  it.sequential("goes on after a restart: the traffic, the sessions and the accounting", async () => {
    expect(await stage.password("guest", "bert")).toMatchObject({ result: "in" });
    // A Start whose answer is lost with the process has to be sent again: the server may have taken it or not.
    await eventually("an empty queue", () => stage.isQuiet());
    const until = join(stage.options.folder, "enough");
    const streams = bulk("guest", [
      { host: server[4], port: 8000, seconds: 600, until },
      { host: server[6], port: 8001, seconds: 600, until, send: true },
    ]);
    let ended = false;
    void streams.finally(() => {
      ended = true;
    });
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      expect(await stage.stopPortal(signal)).toBe(signal === "SIGTERM" ? 0 : null);
      // A device that comes while nobody is at the door.
      expect((await stage.dhcp("other")).ip_address).toMatch(/^10\.77\.0\.1/);
      expect(await stage.world.try("guest", [{ kind: "tcp", host: server[6], port: 22 }])).toEqual(["port 22"]);
      expect(isRefusal((await stage.world.try("other", [{ kind: "tcp", host: server[4], port: 22 }]))[0])).toBe(true);
      await stage.startPortal();
      expect((await stage.dhcp("other")).ip_address).toMatch(/^10\.77\.0\.1/);
      expect(await stage.isIn("guest")).toBe(true);
      expect(await stage.isIn("other")).toBe(false);
    }
    const before = stage.radius.records().length;
    await eventually("another Interim-Update", () => stage.radius.records().length > before);
    expect(ended).toBe(false);
    expect(await stage.ask({ verb: "kick", who: "bert" })).toMatchObject({ ended: [expect.any(String)] });
    writeFileSync(until, "");
    const [down, up] = (await streams) as [Bulk, Bulk];
    const stop = (await finished(stage, "bert", 1)).at(-1);
    expect(stop?.["Acct-Terminate-Cause"]).toBe("Admin-Reset");
    // What was on the way when it ended was counted and did not come.
    within(octets(stop, "Output"), down.total, 0.02);
    within(octets(stop, "Input"), up.total, 0.02);
  });

  it.sequential("is looked after on the admin page", async () => {
    const secret = join(stage.options.folder, "admin.secret");
    writeFileSync(secret, "a very long password", { mode: 0o600 });
    const admin = await stage.pierhead("admin", "add", "eva", "-r", "admin", "-p", `file:${secret}`);
    expect(admin.status).toBe(0);
    expect(await stage.password("guest", "anna")).toMatchObject({ result: "in" });
    await stage.dhcp("other");
    expect(await stage.password("other", "bert")).toMatchObject({ result: "in" });
    await bulk("other", [{ host: server[4], port: 8000, octets: 5_000_000, seconds: 10 }]);

    const inside = await startBrowser(stage.chromium("gateway"));
    try {
      const desk = await inside.newPage({ viewport: { width: 1280, height: 800 } });
      desk.setDefaultTimeout(15_000);
      await desk.goto("http://127.0.0.1:8444/");
      await desk.getByLabel("Name").fill("eva");
      await desk.getByLabel("Password").fill("wrong password!");
      await desk.getByRole("button", { name: "Sign in" }).click();
      await shot(desk, "admin-1-refused");
      await desk.getByLabel("Name").fill("eva");
      await desk.getByLabel("Password").fill("a very long password");
      await desk.getByRole("button", { name: "Sign in" }).click();
      await desk.getByRole("heading", { name: "Overview" }).waitFor();
      await shot(desk, "admin-2-overview");

      await desk.getByRole("link", { name: "Sessions" }).click();
      await desk.getByText(guest.mac).waitFor();
      await shot(desk, "admin-3-sessions");
      await Promise.all([
        desk.waitForResponse((answer) => answer.url().endsWith("/sessions/kick")),
        desk.getByRole("button", { name: "End the session of bert" }).click(),
      ]);
      await desk.getByText(guest.mac).waitFor();
      expect(await desk.getByText(other.mac).count()).toBe(0);
      expect(await stage.isIn("other")).toBe(false);

      await desk.getByRole("link", { name: "Vouchers" }).click();
      await desk.getByLabel("Name of the batch").fill("deck chairs");
      await desk.getByLabel("Minutes from first use").fill("120");
      await desk.getByRole("button", { name: "Make vouchers" }).click();
      await desk.getByRole("link", { name: "deck chairs" }).waitFor();
      await shot(desk, "admin-4-vouchers");
      const sheet = await desk
        .getByRole("row", { name: "deck chairs" })
        .getByRole("link", { name: "Print A4" })
        .getAttribute("href");
      const pdf = Buffer.from(
        (await desk.evaluate(
          `fetch(${JSON.stringify(sheet)}).then((answer) => answer.arrayBuffer()).then((bytes) => [...new Uint8Array(bytes)])`,
        )) as number[],
      );
      expect(pdf.toString("latin1", 0, 5)).toBe("%PDF-");
      writeFileSync(join(SHOTS, `e2e-${kind}-vouchers.pdf`), pdf);

      await desk.getByRole("link", { name: "Look" }).click();
      await desk.getByLabel("Title").fill("Deck chairs");
      await desk.getByRole("button", { name: "Preview" }).click();
      await desk.frameLocator("iframe").getByRole("heading", { name: "Deck chairs" }).waitFor();
      await shot(desk, "admin-5-look");
      for (const name of ["History", "Users", "Administrators", "Audit log"]) {
        await desk.getByRole("link", { name }).click();
        await desk.getByRole("heading", { name, level: 1 }).waitFor();
        await shot(desk, `admin-6-${name.toLowerCase().replace(" ", "-")}`);
      }
    } finally {
      await inside.close();
    }
  });
  return {
    get stage() {
      return stage;
    },
  };
}
// Side by side, since most of what they do is wait.
describe.skipIf(missing !== null)("the hotspot from end to end, with SQLite", { concurrent: true }, () => {
  dayAtTheHotspot("sqlite", () => openStage("pier-1", { users: USERS }));
});

describe.skipIf(noPostgres !== null)("the hotspot from end to end, with PostgreSQL", { concurrent: true }, () => {
  let postgres: Postgres;
  let store = "";
  const hotspot = dayAtTheHotspot("postgresql", async () => {
    postgres = await startPostgres();
    store = await postgres.createDatabase("hotspot");
    return openStage("east", { users: USERS, store });
  });
  let two: PortalStage;
  // The portals first: they write into the database as long as they live.
  afterAll(async () => {
    await Promise.all([hotspot.stage?.close(), two?.close()]);
    await postgres?.close();
  });

  it.sequential("is joined by another gateway with the same database", async () => {
    two = await openStage("west", { users: null, store });
  });

  it.sequential("takes a voucher for one device on the gateway it comes to first, and nowhere else for another", async () => {
    const one = hotspot.stage;
    for (const { id } of await one.ask<{ id: string }[]>({ verb: "sessions" }))
      await one.ask({ verb: "kick", who: id });
    const code = (await one.pierhead("voucher", "create", "-b", "kiosk")).stdout.trim();
    // Both at the same moment: the devices of the two worlds differ.
    const tries = await Promise.all([
      one.signIn("guest", { method: "voucher", voucher: code }),
      two.signIn("other", { method: "voucher", voucher: code }),
    ]);
    expect(tries.map(({ result }) => result).sort()).toEqual(["in", "refused"]);
    expect(tries.find(({ result }) => result === "refused")).toMatchObject({ why: "too-many-devices" });
    const [user, loser] = tries[0]?.["result"] === "in" ? ([one, two] as const) : ([two, one] as const);
    const place = user === one ? "guest" : "other";
    expect((await user.curl(place, [`http://${SITE}/`])).status).toBe(200);
    expect((await loser.curl(place === "guest" ? "other" : "guest", [`http://${SITE}/`])).status).toBe(302);
    expect(await one.ask({ verb: "voucher-list" })).toEqual(await two.ask({ verb: "voucher-list" }));
    // Each gateway's sessions are its own.
    expect(await user.ask({ verb: "status" })).toMatchObject({ sessions: 1 });
    expect(await loser.ask({ verb: "status" })).toMatchObject({ sessions: 0 });
    expect(await loser.pierhead("voucher", "revoke", code)).toMatchObject({ status: 0 });
    expect(await loser.signIn(place, { method: "voucher", voucher: code })).toMatchObject({ why: "revoked" });
    await user.ask({ verb: "kick", who: code });
  });

  it.sequential("ends at one gateway a session of the other, with its Stop", async () => {
    const one = hotspot.stage;
    expect(await one.password("guest", "carl")).toMatchObject({ result: "in" });
    const [session] = await one.ask<{ id: string }[]>({ verb: "sessions" });
    expect(await two.pierhead("sessions", "--all")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`${session?.id}.*east.*carl`)),
    });
    expect(await two.pierhead("kick", "carl")).toMatchObject({
      status: 0,
      stdout: `east ends ${session?.id} when it next looks\n`,
    });
    await eventually("the end of the session", async () => !(await one.isIn("guest")));
    expect((await finished(one, "carl")).at(-1)).toMatchObject({ "Acct-Terminate-Cause": "Admin-Reset" });
    expect(await two.pierhead("kick", "carl")).toMatchObject({ status: 1 });
  });

  it.sequential("accounts across kill -9 of portal and database", async () => {
    const one = hotspot.stage;
    expect(await one.password("guest", "carl")).toMatchObject({ result: "in" });
    await eventually("an empty queue", () => one.isQuiet());
    const [sent] = (await one.world.try("guest", [
      { kind: "bulk", host: server[4], port: 8000, octets: 30_000_000, seconds: 20 },
    ])) as [Bulk];
    await one.stopPortal("SIGKILL");
    await postgres.stop("crash");
    await postgres.start();
    await one.startPortal();
    expect(await one.isIn("guest")).toBe(true);
    const before = one.radius.records().length;
    await eventually("another Interim-Update", () => one.radius.records().length > before);
    expect((await one.curl("guest", [`http://${SITE}/`])).status).toBe(200);
    const { body } = await one.curl("guest", [`https://${LOGIN}/`]);
    await one.curl("guest", [
      "-d",
      "",
      "--data-urlencode",
      `token=${hidden(body, "token")}`,
      `https://${LOGIN}/sign-out`,
    ]);
    const stop = (await finished(one, "carl", 1)).at(-1);
    expect(stop?.["Acct-Terminate-Cause"]).toBe("User-Request");
    expect(octets(stop, "Output")).toBeGreaterThan(sent.total);
    // Once, not twice; with what was on the way when the client had enough: at most its receive buffer.
    expect(octets(stop, "Output")).toBeLessThan(sent.total * 1.05 + 8_000_000);
  });
});
