/** The command line of `pierhead portal`: what it refuses, and what it asks a running one through its socket. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { lockedOut, type RunningPortal, SYSTEM_CLOCK, startPortal } from "@pierhead/gateway/portal";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { portalConfig } from "./support/portal/config.ts";
import { addressOf, PortalWorld } from "./support/portal/world.ts";

const example = resolve(import.meta.dirname, "../examples/hotspot/portal.yaml");
let scratch = "";
let pierhead = "";
let socket = "";
let running: RunningPortal;
const world = new PortalWorld();

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-portal-cli-"));
  pierhead = await bundlePierhead(scratch);
  socket = join(scratch, "run", "portal.sock");
  world.chance.immediate = true;
  world.config = portalConfig({ socket });
  const life = { alive: true };
  running = await startPortal({
    ...world.parts(life),
    clock: SYSTEM_CLOCK,
    config: world.config,
    version: "test",
    accounting: null,
    serve: () => Promise.resolve([{ close: () => {}, troubles: () => [] }]),
  });
});

afterAll(async () => {
  await running.stop(false);
  rmSync(scratch, { recursive: true, force: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not spawnSync: the portal that is asked runs in this process. */
function run(words: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [pierhead, ...words], {
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, SSH_CONNECTION: undefined, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((done) => {
    child.once("close", (status) => done({ status, stdout, stderr }));
  });
}

const portal = (...words: string[]): Promise<Ran> => run(["portal", "-s", socket, ...words]);

function signIn(device: number) {
  return running.portal.signIn(addressOf(device), {
    method: "password",
    user: `user${device}`,
    credentials: { kind: "password", password: "x" },
  });
}

describe("pierhead portal", () => {
  it("check reads a portal.yaml like any other file", async () => {
    expect(await run(["check", example])).toMatchObject({ status: 0, stdout: expect.stringContaining("no findings") });
    const broken = join(scratch, "portal.yaml");
    writeFileSync(broken, readFileSync(example, "utf8").replace("idle: 10m", "idel: 10m"));
    const found = await run(["check", broken]);
    expect(found.status).toBe(1);
    expect(found.stdout).toContain(
      "portal.yaml:57:3: error [portal/unknown-key]\n  There is no `idel` here; did you mean `idle`?",
    );
  });

  it("-n sees whether the secrets can be had", async () => {
    const path = join(scratch, "secrets.yaml");
    const text = readFileSync(example, "utf8").replaceAll("file:/etc/pierhead/radius.secret", "file:radius.secret");
    writeFileSync(path, text);
    const without = await run(["portal", "-n", "-c", path]);
    expect(without.status).toBe(1);
    expect(without.stderr).toContain("This secret cannot be had: the file radius.secret");
    writeFileSync(join(scratch, "radius.secret"), "hunter2\n");
    chmodSync(join(scratch, "radius.secret"), 0o600);
    expect(await run(["portal", "-n", "-c", path])).toMatchObject({ status: 0, stderr: "configuration OK\n" });
  });

  it.each<[string[], string]>([
    [["portal", "-c", "/no/such/file"], "/no/such/file: there is no such file or directory"],
    [["portal", "-s", "/no/such.sock", "status"], "no portal answers at /no/such.sock"],
    [["portal", "install", "--print", "plan9"], "no service file for plan9"],
    [["portal", "-s", "/no/such.sock", "query", "reboot"], "query reboot: there are list"],
    [["portal", "-s", "/no/such.sock", "query", "logout"], "query logout: name a session"],
    [["portal", "-s", "/no/such.sock", "query", "authorize"], "query authorize: name a device"],
    [["portal", "-s", "/no/such.sock", "query", "authorize", "ip"], "query authorize: ip wants a value"],
    [["portal", "-s", "/no/such.sock", "query", "update", "mac", "x", "maxbwup", "1M"], "maxbwup 1M: a whole number"],
    [["portal", "-s", "/no/such.sock", "query", "authorize", "color", "red"], "color is not known"],
    [["portal", "-s", "/no/such.sock", "voucher", "create", "--count", "none"], "--count none: a whole number"],
    [["portal", "-s", "/no/such.sock", "voucher", "create", "--time", "long"], "--time long: written like"],
    [["portal", "-s", "/no/such.sock", "voucher", "revoke"], "name codes, or a batch"],
    [["portal", "-s", "/no/such.sock", "user", "add", "anna"], "there is no terminal to ask at"],
    [["portal", "-s", "/no/such.sock", "user", "set", "anna", "--password"], "there is no terminal to ask at"],
    [["portal", "-s", "/no/such.sock", "user", "set", "anna"], "nothing to change"],
    [["portal", "-s", "/no/such.sock", "user", "set", "anna", "--enable", "--disable"], "one of the two"],
    [["portal", "-s", "/no/such.sock", "admin", "add", "anna", "-r", "king"], "--role king: it is viewer"],
  ])("%j: one clear line and status 2", async (words, message) => {
    const { status, stdout, stderr } = await run(words);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/ {4}at /);
  });

  it("never takes a password as an argument, and does not repeat it", async () => {
    const { status, stderr } = await portal("user", "add", "anna", "--password", "hunter2");
    expect(status).toBe(2);
    expect(stderr).toContain("a password is named, not written");
    expect(stderr).not.toContain("hunter2");
  });

  it("does not start over ssh from the guests' side", () => {
    const config = portalConfig();
    expect(lockedOut(config, "10.99.3.4 50000 10.99.0.1 22")?.message).toContain("would lock you out");
    expect(lockedOut(config, "2001:db8:99::7 50000 2001:db8:99::1 22")?.hint).toContain("uplink");
    expect(lockedOut(config, "192.0.2.1 50000 192.0.2.2 22")).toBeNull();
    expect(lockedOut(config, undefined)).toBeNull();
  });

  it.each(["openbsd", "freebsd", "linux"])("install --print %s", async (system) => {
    const { status, stdout, stderr } = await run(["portal", "install", "--print", system]);
    expect(status).toBe(0);
    expect(stdout).toContain("portal");
    expect(stdout).not.toContain("monitor");
    expect(stderr).toContain("goes to ");
  });
});

describe("a running portal", () => {
  it("answers at a socket that only its owner opens, and there is only one of it", async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const second = startPortal({
      ...world.parts({ alive: true }),
      config: world.config,
      version: "test",
      accounting: null,
      serve: () => Promise.resolve([]),
    });
    await expect(second).rejects.toThrow("another portal answers at");
  });

  it("shows who is in, and ends it", async () => {
    expect(await portal("sessions")).toMatchObject({ status: 0, stdout: "nobody is in\n" });
    expect((await signIn(1)).kind).toBe("in");
    expect((await signIn(2)).kind).toBe("in");
    const shown = await portal("sessions");
    expect(shown.stdout).toMatch(/02:00:00:00:00:01 +10\.99\.1\.1 +user1 +password/);
    expect(shown.stdout).toContain("2 sessions");
    const { sessions } = JSON.parse((await portal("sessions", "--json")).stdout) as { sessions: { mac: string }[] };
    expect(sessions.map(({ mac }) => mac)).toEqual(["02:00:00:00:00:01", "02:00:00:00:00:02"]);
    const status = await portal("status");
    expect(status).toMatchObject({ status: 0, stdout: expect.stringContaining("pier-1  2 sessions") });
    expect(await portal("kick", "02-00-00-00-00-01")).toMatchObject({ status: 0 });
    expect(await portal("kick", "user2", "--json")).toMatchObject({ status: 0 });
    expect(await portal("kick", "user2")).toMatchObject({ status: 1, stdout: "user2 is not in\n" });
    expect(world.kernel.open.size).toBe(0);
    expect(world.database.audit.filter((line) => line.startsWith("command line kick"))).toHaveLength(2);
  });

  it("query prints CoovaChilli's columns", async () => {
    await signIn(3);
    const { stdout } = await portal("query", "list");
    expect(stdout).toMatch(
      /^02-00-00-00-00-03 10\.99\.1\.3 pass [0-9a-f]{20} 1 user3 \d+\/0 \d+\/0 0\/0 0\/0 0 1 0\/0 0\/0 -\n$/,
    );
    const [mac, ip, , id] = stdout.split(" ");
    const again = await portal("query", "listmac", "02-00-00-00-00-03");
    expect(again.stdout.split(" ").slice(0, 4)).toEqual([mac, ip, "pass", id]);
    expect((await portal("query", "list", "ip", "10.99.9.9")).stdout).toBe("");
    const { sessions } = JSON.parse((await portal("query", "list", "--json")).stdout) as { sessions: object[] };
    expect(sessions).toMatchObject([{ macAddress: "02-00-00-00-00-03", session: { userName: "user3" } }]);
    expect((await portal("query", "logout", "ip", "10.99.1.3")).status).toBe(0);
    expect((await portal("query", "logout", "ip", "10.99.1.3")).status).toBe(1);
  });

  it("query authorizes a device that has shown nothing, and changes what it may use", async () => {
    const mac = "02-00-00-00-00-05";
    const words = ["username", "kiosk", "sessiontimeout", "3600", "maxoctets", "5000", "maxbwup", "2000"];
    expect(await portal("query", "authorize", "mac", mac, ...words)).toMatchObject({
      status: 0,
      stdout: "",
      stderr: "",
    });
    expect((await portal("query", "listmac", mac)).stdout).toMatch(
      /^02-00-00-00-00-05 \S+ pass [0-9a-f]{20} 1 kiosk \d+\/3600 \d+\/0 0\/0 0\/0 5000 1 0%\/2000 0\/0 -\n$/,
    );
    expect(world.kernel.open.size).toBe(1);
    expect(await portal("query", "update", "mac", mac, "maxoctets", "0", "idletimeout", "900")).toMatchObject({
      status: 0,
    });
    expect((await portal("query", "listmac", mac)).stdout).toMatch(/ \d+\/3600 \d+\/900 0\/0 0\/0 0 1 0%\/2000 /);
    expect(await portal("query", "update", "mac", "02-00-00-00-00-06", "maxoctets", "0")).toMatchObject({ status: 1 });
    expect(await portal("query", "authorize", "ip", "203.0.113.9")).toMatchObject({
      status: 1,
      stderr: "203.0.113.9 is not let in: unknown-device\n",
    });
    expect((await portal("query", "logout", "mac", mac)).status).toBe(0);
    expect(world.kernel.open.size).toBe(0);
    expect(world.database.audit.filter((line) => /^command line (admit|limits) /.test(line))).toHaveLength(2);
  });

  it("makes vouchers, and revoking one ends who is in by it", async () => {
    const made = await portal("voucher", "create", "--count", "3", "-b", "kiosk", "--time", "4h", "--volume", "2GB");
    const [code = ""] = made.stdout.trim().split("\n");
    expect(made.stdout.trim().split("\n")).toHaveLength(3);
    expect(await running.portal.signIn(addressOf(4), { method: "voucher", code })).toMatchObject({ kind: "in" });
    const list = await portal("voucher", "list", "-b", "kiosk");
    expect(list.stdout).toContain(code);
    expect(list.stdout).toMatch(/in use +4 h +0 B of 2\.0 GB +1 of 1/);
    const revoked = await portal("voucher", "revoke", code);
    expect(revoked).toMatchObject({ status: 0, stdout: "revoked 1 voucher; ended 1 session\n" });
    expect(await portal("voucher", "revoke", "NONE-NONE")).toMatchObject({ status: 1 });
    // Ends of time that no date can tell would break every list they are in.
    const ages = await portal("voucher", "create", "-b", "kiosk", "--time", "15000000w");
    expect([ages.status, ages.stdout]).toEqual([2, ""]);
    expect(ages.stderr).toContain("duration");
    expect(world.kernel.open.size).toBe(0);
  });

  it("makes users once, with passwords from where they are kept, and changes what is named", async () => {
    const added = await run(["portal", "-s", socket, "user", "add", "anna", "-p", "env:ANNA", "--devices", "2"], {
      ANNA: "correct horse",
    });
    expect(added).toMatchObject({ status: 0, stdout: "anna may come in\n" });
    expect(world.database.users.get("anna")).toMatchObject({ password: "correct horse", user: { devices: 2 } });
    expect((await portal("user", "list")).stdout).toMatch(/anna +active +2/);
    // A second time changes nothing, and says what does.
    const again = await run(["portal", "-s", socket, "user", "add", "anna", "-p", "env:ANNA"], { ANNA: "another" });
    expect(again.status).toBe(1);
    expect(again.stdout).toContain(
      "there is a user anna already: nothing was changed. `pierhead portal user set anna`",
    );
    expect(world.database.users.get("anna")).toMatchObject({ password: "correct horse", user: { devices: 2 } });
    const set = (...args: string[]) => portal("user", "set", "anna", ...args);
    expect(await set("--down", "20Mbit", "--volume", "2GB", "--disable")).toMatchObject({
      status: 0,
      stdout: "changed anna\n",
    });
    expect((await portal("user", "list")).stdout).toMatch(/anna +disabled +2 +- +2\.0 GB +-\/20M/);
    expect((await set("--down", "default", "--enable", "-p", "env:HOME")).status).toBe(0);
    expect(world.database.users.get("anna")).toMatchObject({
      password: process.env.HOME,
      user: { devices: 2, disabled: false, limits: { octetsTotal: 2_000_000_000n } },
    });
    expect(world.database.users.get("anna")?.user.limits).not.toHaveProperty("rateDown");
    expect(await portal("user", "set", "berta", "--devices", "2")).toMatchObject({
      status: 1,
      stdout: "there is no user berta. `pierhead portal user add berta` makes one\n",
    });
    expect((await portal("user", "remove", "anna")).status).toBe(0);
    expect((await portal("user", "remove", "anna")).status).toBe(1);
  });

  it("makes administrators once, and changes what is named", async () => {
    writeFileSync(join(scratch, "berta"), "battery staple\n", { mode: 0o600 });
    const admin = await portal("admin", "add", "berta", "-r", "admin", "-p", `file:${join(scratch, "berta")}`);
    expect(admin).toMatchObject({ status: 0, stdout: "berta is an admin\n" });
    expect(JSON.parse((await portal("admin", "list", "--json")).stdout)).toMatchObject({
      admins: [{ name: "berta", role: "admin" }],
    });
    const secret = `file:${join(scratch, "berta")}`;
    expect(await portal("admin", "add", "berta", "-p", secret)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("there is an administrator berta already: nothing was changed"),
    });
    expect(world.database.administrators.get("berta")?.role).toBe("admin");
    expect((await portal("admin", "set", "berta", "-p", secret)).status).toBe(0);
    expect(world.database.administrators.get("berta")?.role).toBe("admin");
    expect((await portal("admin", "set", "berta", "--role", "viewer")).status).toBe(0);
    expect(world.database.administrators.get("berta")?.role).toBe("viewer");
    expect((await portal("admin", "set", "nobody", "--role", "viewer")).status).toBe(1);
    expect((await portal("admin", "remove", "berta")).status).toBe(0);
  });

  it("takes over a new look and new limits, and drops nobody", async () => {
    await signIn(5);
    const next = portalConfig({
      socket,
      signIn: ["click"],
      gateway: "other",
      limits: { ...portalConfig().limits, idle: 900 },
    });
    expect(await running.reload(next)).toEqual(["gateway"]);
    expect(running.portal.sessions().map(({ mac }) => mac)).toEqual(["02:00:00:00:00:05"]);
    expect(await signIn(6)).toMatchObject({ kind: "refused", why: "method-not-offered" });
    expect(await running.portal.signIn(addressOf(6), { method: "click" })).toMatchObject({
      kind: "in",
      session: { gateway: "pier-1", limits: { idle: 900 } },
    });
  });
});
