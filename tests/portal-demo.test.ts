/** `pierhead portal demo` as somebody tries it: started, signed in to from outside, and ended without a trace. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type DemoFacts, missingTools } from "@pierhead/gateway/portal/demo";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { ask, hidden } from "./support/http.ts";
import { eventually, portalStageIsMissing } from "./support/portal-stage.ts";

const missing = portalStageIsMissing();
if (missing !== null) console.log(`pierhead portal demo: skipped, ${missing}`);

describe.skipIf(missing !== null)("pierhead portal demo", () => {
  let scratch = "";
  let pierhead = "";
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "pierhead-demo-"));
    symlinkSync(resolve(import.meta.dirname, "../node_modules"), join(scratch, "node_modules"));
    pierhead = await bundlePierhead(scratch);
  });
  afterEach(() => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    run("portal", "demo", "--clean");
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  function run(...words: string[]) {
    return spawnSync(process.execPath, [pierhead, ...words], { encoding: "utf8", timeout: 60_000 });
  }

  async function start(): Promise<{ child: ChildProcess; facts: DemoFacts; ended: Promise<number | null> }> {
    const child = spawn(process.execPath, [pierhead, "portal", "demo", "--no-browser", "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const ended = new Promise<number | null>((done) => child.once("exit", (status) => done(status)));
    await eventually(
      "the demo",
      () => {
        if (child.exitCode !== null) throw new Error(said);
        return said.includes("\n");
      },
      () => said,
    );
    return { child, ended, facts: JSON.parse(said) as DemoFacts };
  }

  /** What there is of a demo on the machine, its processes by what they were started with. */
  function traces(pid: number | undefined): string[] {
    const names = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout.split("\n");
    const processes = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout.split("\n");
    return [
      ...[...names, ...processes].filter((line) => line.includes(`pierhead-demo-${pid}`)),
      ...processes.filter((line) => line.includes(pierhead) && line.includes("--part")),
      ...[`/run/pierhead-demo-${pid}`, `/etc/netns/pierhead-demo-${pid}-guest`].filter((path) => existsSync(path)),
    ];
  }

  it("lets a browser of the machine see it as the guest does, and leaves nothing behind", async () => {
    const { child, facts, ended } = await start();
    expect(traces(child.pid).length).toBeGreaterThan(5);
    const inside = spawnSync(
      "ip",
      [
        "netns",
        "exec",
        facts.namespaces.guest,
        "curl",
        "-sS",
        "-m",
        "10",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code} %{redirect_url}",
        "http://www.example.org/",
      ],
      { encoding: "utf8" },
    );
    expect(inside.stdout).toMatch(/^302 http:\/\//);

    // The same from outside: every address is one of this machine.
    const sent = await ask(facts.site);
    expect(sent.status).toBe(302);
    const page = sent.headers.location as string;
    expect(page.startsWith(`${facts.portal}?to=`)).toBe(true);
    const { text } = await ask(page);
    expect(text).toContain("Wireless on the pier");
    const form = { method: "password", token: hidden(text, "token"), to: hidden(text, "to") };
    const wrong = await ask(`${facts.portal}sign-in`, { form: { ...form, user: "anna", password: "wrong" } });
    expect([wrong.status, wrong.text.includes("User name or password is wrong.")]).toEqual([403, true]);
    const headers = { Origin: facts.portal.replace(/\/$/, "") };
    const good = { ...form, user: facts.user.name, password: facts.user.password };
    const answer = await ask(`${facts.portal}sign-in`, { form: good, headers });
    expect([answer.status, answer.headers.location]).toEqual([303, facts.site]);
    expect((await ask(facts.site)).text).toContain("You are out.");
    expect((await ask(facts.portal)).text).toContain("You are online");
    // Sessions are the device's, so the guest is in as well.
    const after = run("portal", "-s", facts.socket, "sessions", "--json");
    expect(JSON.parse(after.stdout).sessions).toMatchObject([{ user: "anna", mac: "02:77:00:00:00:10" }]);
    expect(facts.radius).toBe(true);
    expect(readFileSync(join(facts.folder, "radius", "detail"), "utf8")).toContain("Acct-Status-Type = Start");
    expect(facts.vouchers).toHaveLength(3);
    expect((await ask(facts.adminPage)).headers.location).toBe("/login");

    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(traces(child.pid)).toEqual([]);
  });

  it("clears away after one that was killed, and leaves one that runs alone", async () => {
    const { child, ended } = await start();
    expect(JSON.parse(run("portal", "demo", "--clean", "--json").stdout)).toMatchObject({
      running: expect.arrayContaining([child.pid]),
    });
    child.kill("SIGKILL");
    await ended;
    expect(traces(child.pid)).not.toEqual([]);
    expect(JSON.parse(run("portal", "demo", "--clean", "--json").stdout)).toMatchObject({
      removed: expect.arrayContaining([child.pid]),
    });
    expect(traces(child.pid)).toEqual([]);
  });
});

describe("what pierhead portal demo needs", () => {
  it("is named with the package that has it", () => {
    expect(missingTools([])).toEqual([
      { tool: "ip", package: "iproute2" },
      { tool: "tc", package: "iproute2" },
      { tool: "nft", package: "nftables" },
      { tool: "dnsmasq", package: "dnsmasq-base" },
    ]);
  });
});
