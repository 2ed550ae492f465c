/**
 * The portal without root: what it asks for, what its systemd unit gives, and a sign-in from beginning to end by a process
 * that is nobody and may change the network, and listen on port 80, and nothing else.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFirewall } from "@pierhead/gateway/firewall";
import { lackingPrivilege, obstacle, type Privileges, readCapabilities } from "@pierhead/gateway/portal";
import { serviceFile } from "@pierhead/lang/service-file";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { portalConfig } from "./support/portal/config.ts";
import {
  deviceMac,
  keptOut,
  PortalRun,
  portalRunIsMissing,
  removeBundle,
  type Somebody,
} from "./support/portal-run.ts";

const NOBODY = 64_321;
const SOMEBODY: Somebody = { id: NOBODY, capabilities: ["net_admin", "net_bind_service"] };
/** The two of them, in `/proc/self/status`. */
const BOTH = "0000000000001400";

/** As proc(5) writes them. */
function status(own: string, ambient: string, bounding = "000001ffffffffff"): string {
  return `Name:\tnode\nCapInh:\t${ambient}\nCapPrm:\t${own}\nCapEff:\t${own}\nCapBnd:\t${bounding}\nCapAmb:\t${ambient}\n`;
}

function having(text: string, uid = 1000, firstFreePort = 1024): Privileges {
  return { uid, capabilities: readCapabilities(text, uid === 0), firstFreePort };
}

const NONE = "0".repeat(16);
const ADMIN = "0000000000001000";
const BIND = "0000000000000400";

describe("what the portal may do", () => {
  const config = portalConfig();

  it.each<[string, Privileges, string | null]>([
    ["both", having(status(BOTH, BOTH)), null],
    ["root", having(status("000001ffffffffff", NONE), 0), null],
    ["nothing", having(status(NONE, NONE)), "needs CAP_NET_ADMIN"],
    ["root of a container that has taken it away", having(status(BIND, NONE, BIND), 0), "needs CAP_NET_ADMIN"],
    ["nothing to hand down", having(status(BOTH, NONE)), "it has to be in the ambient set"],
    ["no low port", having(status(ADMIN, ADMIN)), "listens on port 80, so it needs CAP_NET_BIND_SERVICE"],
    ["no low port, where it is everybody's", having(status(ADMIN, ADMIN), 1000, 80), null],
    ["a system without capabilities", having("", 1000), "needs root"],
    ["root of a system without capabilities", having("", 0), null],
  ])("%s", (_name, privileges, expected) => {
    const lacking = lackingPrivilege(config, privileges);
    if (expected === null) expect(lacking).toBeNull();
    else expect(lacking?.message).toContain(expected);
    if (lacking !== null) expect(lacking.hint).toMatch(/AmbientCapabilities=|run it as root/);
  });

  it("counts every port it listens on", () => {
    const portal = {
      ...config.portal,
      httpPort: 8080,
      certificate: { kind: "acme", directory: "https://ca.example/", email: "a@b.example", folder: "/" } as const,
      uam: { server: "https://login.example/", secret: null, port: 990 },
    };
    expect(lackingPrivilege({ ...config, portal }, having(status(ADMIN, ADMIN)))?.message).toContain(
      "ports 80 and 443 and 990",
    );
  });

  it("refuses a folder for certificates that it could not write", () => {
    const certificate = { kind: "acme", directory: "https://ca.example/", email: "a@b.example" } as const;
    const at = (folder: string) =>
      obstacle(
        { ...config, portal: { ...config.portal, certificate: { ...certificate, folder } } },
        having(status(BOTH, BOTH)),
        undefined,
      );
    // Root may write everywhere but here.
    expect(at("/proc/sys/acme")).toMatchObject({
      message: expect.stringContaining(
        "a certificate cannot be kept in /proc/sys/acme: /proc/sys may not be written (",
      ),
      hint: expect.stringContaining("/var/lib/pierhead/acme"),
    });
    expect(at(join(tmpdir(), "not", "there", "yet"))).toBeNull();
  });
});

/** systemd 250 and later judge a unit that is not loaded. */
const systemd = Number(
  /^systemd (\d+)/.exec(spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" }).stdout)?.[1] ?? 0,
);
if (systemd < 250)
  process.stdout.write(`portal's unit: not judged, systemd-analyze is ${systemd === 0 ? "missing" : systemd}\n`);

describe.skipIf(systemd < 250)("the unit", () => {
  let folder = "";
  let file = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), `pierhead-unit-${process.pid}-`));
    file = join(folder, "pierhead-portal.service");
    // The program of the unit has to be there.
    writeFileSync(
      file,
      serviceFile("linux", "portal")?.text.replaceAll("/usr/local/bin/pierhead", process.execPath) ?? "",
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is understood by systemd in every line", () => {
    const { stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    // It reads the units of this machine as well, and has something to say about them.
    expect((stdout + stderr).split("\n").filter((line) => line.includes("pierhead"))).toEqual([]);
  });

  it("exposes little: below 2 of 10,", () => {
    const words = ["security", "--offline=true", "--threshold=20", "--no-pager", file];
    const { status: result, stdout, stderr } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
    expect(stderr).toBe("");
    expect([result, stdout.split("\n").filter((line) => line.includes("Overall exposure"))]).toEqual([
      0,
      [expect.stringContaining("OK")],
    ]);
  });
});

const missing = portalRunIsMissing();
const strict = process.env.CI === "true" && process.getuid?.() === 0;
const reason = (strict ? null : missing) ?? keptOut(SOMEBODY);
if (reason !== null) process.stdout.write(`portal without root: left out, ${reason}\n`);

describe.skipIf(reason !== null)("the portal as nobody", () => {
  let run: PortalRun;

  beforeAll(async () => {
    run = await PortalRun.make({
      devices: 2,
      port: 80,
      as: SOMEBODY,
      users: 'anna Cleartext-Password := "secret"\n\tWISPr-Bandwidth-Max-Down := 2000000\n',
      // As systemd gives it; the tests' own may lead through folders that are not for everybody.
      environment: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", SSH_CONNECTION: "" },
    });
  }, 60_000);
  afterAll(async () => {
    await run?.destroy();
    removeBundle();
  });

  /** Commands of the portal in the gateway, without FreeRADIUS, which is the test's. */
  function processes(): { readonly words: string; readonly status: string }[] {
    const pids = spawnSync("ip", ["netns", "pids", run.world.name("gateway")], { encoding: "utf8" }).stdout.split("\n");
    return pids.flatMap((pid) => {
      try {
        if (pid === "" || Number(pid) === run.radius.pid) return [];
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ words, status: readFileSync(`/proc/${pid}/status`, "utf8") }];
      } catch {
        return [];
      }
    });
  }

  async function refusal(as: Somebody): Promise<string> {
    const before = run.log.length;
    const child = run.launch(as);
    const code = await new Promise((done) => child.once("close", done));
    expect(code).toBe(2);
    run.portal = null;
    return run.log.slice(before);
  }

  it("says which capability is missing", { timeout: 60_000 }, async () => {
    const bind = await refusal({ id: NOBODY, capabilities: ["net_bind_service"] });
    expect(bind).toContain("the portal changes the packet filter, so it needs CAP_NET_ADMIN");
    const admin = await refusal({ id: NOBODY, capabilities: ["net_admin"] });
    expect(admin).toContain("the portal listens on port 80, so it needs CAP_NET_BIND_SERVICE");
    expect(`${bind}${admin}`).not.toMatch(/ {4}at /);
  });

  it("signs people in, holds their rate, counts, and signs them out", { timeout: 90_000 }, async () => {
    // Whoever may change the network may switch forwarding on, too.
    run.world.shell("gateway", "echo 0 > /proc/sys/net/ipv4/ip_forward");
    await run.start();
    expect(run.world.shell("gateway", "cat /proc/sys/net/ipv4/ip_forward").trim()).toBe("1");
    const fields = { method: "password", user: "anna", password: "secret" };
    expect(await run.device({ verb: "in", device: 1, fields })).toMatchObject({ result: "in" });
    expect([...run.openInKernel().keys()]).toEqual([deviceMac(1)]);
    expect(run.world.run("gateway", ["tc", "class", "show", "dev", "guest0"])).toContain("rate 2Mbit ceil 2Mbit");
    await run.device({ verb: "send", device: 1, to: "192.0.2.80", count: 100 });

    const running = processes();
    expect(running.some(({ words }) => words.includes("nft monitor"))).toBe(true);
    expect(running.some(({ words }) => words.includes("ip monitor"))).toBe(true);
    for (const { words, status: text } of running) {
      expect(text, words).toContain(`Uid:\t${NOBODY}\t${NOBODY}\t${NOBODY}\t${NOBODY}`);
      for (const set of ["Prm", "Eff", "Bnd", "Amb"]) expect(text, words).toContain(`Cap${set}:\t${BOTH}`);
      expect(text, words).toMatch(/^NoNewPrivs:\t1$/m);
    }

    expect(await run.device({ verb: "out", device: 1 })).toMatchObject({ result: "out" });
    expect([...run.openInKernel()]).toEqual([]);
    const kinds = (): (string | undefined)[] => run.radius.records().map((record) => record["Acct-Status-Type"]);
    for (let i = 0; i < 100 && !kinds().includes("Stop"); i++) await sleep(100);
    expect(kinds().filter((kind) => kind === "Start" || kind === "Stop")).toEqual(["Start", "Stop"]);
    const stop = run.radius.records().find((record) => record["Acct-Status-Type"] === "Stop");
    expect(Number(stop?.["Acct-Input-Packets"])).toBeGreaterThanOrEqual(100);
  });

  it("keeps what it writes to itself", () => {
    for (const path of [run.socket, run.storeFile]) {
      const { uid, mode } = statSync(path);
      expect([uid, mode & 0o777]).toEqual([NOBODY, 0o600]);
    }
    // What it reads is not its own.
    for (const name of readdirSync(run.folder)) {
      const { uid, mode } = statSync(join(run.folder, name));
      if (uid === 0) expect([name, mode & 0o777]).toEqual([name, 0o640]);
    }
  });

  it("leaves nothing behind when it is killed, and goes on", { timeout: 60_000 }, async () => {
    const fields = { method: "password", user: "anna", password: "secret" };
    expect(await run.device({ verb: "in", device: 2, fields })).toMatchObject({ result: "in" });
    await run.kill("SIGKILL");
    // The kernel ends its commands at once, and takes its time to say so.
    for (let i = 0; i < 100 && processes().length > 0; i++) await sleep(20);
    expect(processes()).toEqual([]);
    await run.start();
    expect(await run.ask({ verb: "status" })).toMatchObject({ sessions: 1, troubles: [] });
    expect([...run.openInKernel().keys()]).toEqual([deviceMac(2)]);
    await run.kill("SIGTERM");
  });

  it("says what to do when it may not switch forwarding on", { timeout: 30_000 }, async () => {
    // As ProtectKernelTunables= of systemd.exec(5) has it.
    const readOnly = 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"';
    const firewall = createFirewall({
      kind: "nftables",
      enableForwarding: true,
      prefix: [...run.world.prefix("gateway"), "unshare", "--mount", "sh", "-c", readOnly, "sh"],
    });
    run.world.shell("gateway", "echo 0 > /proc/sys/net/ipv4/ip_forward");
    const started = firewall.start({
      guests: { interface: "guest0", addresses: ["10.66.128.1/16"], isolate: true },
      uplink: { interface: "wan0", nat: true },
      resolvers: [],
      redirectPort: 80,
      portalPorts: [],
      openPorts: [],
    });
    await expect(started).rejects.toThrow(
      "this machine forwards nothing: net.ipv4.ip_forward is 0. Set it to 1 in /etc/sysctl.d and run sysctl --system",
    );
    firewall.release();
  });
});
