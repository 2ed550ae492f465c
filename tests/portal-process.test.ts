/** `pierhead portal` as a process: how it ends, and what it leaves behind. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { PORTAL, PortalWorld, portalWorldIsMissing } from "./support/portal-world.ts";

const missing = portalWorldIsMissing();
if (missing !== null && process.env.CI === "true") throw new Error(`the portal's process cannot be tried: ${missing}`);

describe.skipIf(missing !== null)("the portal's process", () => {
  let scratch = "";
  let pierhead = "";
  let world: PortalWorld;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "pierhead-portal-process-"));
    // SQLite's library is not in the bundle.
    symlinkSync(resolve(import.meta.dirname, "../node_modules"), join(scratch, "node_modules"));
    pierhead = await bundlePierhead(scratch);
    world = new PortalWorld();
  });

  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
    world?.destroy();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A new portal, and its log; resolves when a line of that event is there or it has ended. */
  async function run(
    until: string,
  ): Promise<{ child: ChildProcess; log: () => string; ended: Promise<number | null> }> {
    const name = mkdtempSync(join(scratch, "run-"));
    const file = join(name, "portal.yaml");
    writeFileSync(
      file,
      `guests: { interface: guest0, addresses: [${PORTAL.gateway[4]}/24] }
uplink: { interface: wan0 }
firewall: nftables
signIn: [click]
socket: ${join(name, "socket")}
store: sqlite:${join(name, "portal.db")}
`,
    );
    const [tool = "", ...words] = [...world.prefix("gateway"), process.execPath, pierhead, "portal", "-c", file];
    const child = spawn(tool, words, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, SSH_CONNECTION: undefined },
    });
    children.push(child);
    let text = "";
    let look = (): void => {};
    child.stderr.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      look();
    });
    // Not "exit": what it said last may still lie in the pipe then.
    const ended = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
    const said = new Promise<void>((resolve) => {
      look = () => {
        if (text.includes(`"event":"${until}"`)) resolve();
      };
    });
    await Promise.race([said, ended]);
    return { child, log: () => text, ended };
  }

  /** Commands that still run in the gateway's namespace. */
  function left(): string[] {
    const pids = spawnSync("ip", ["netns", "pids", world.name("gateway")], { encoding: "utf8" }).stdout.split("\n");
    return pids
      .filter((pid) => pid !== "")
      .map((pid) => spawnSync("ps", ["-o", "args=", "-p", pid], { encoding: "utf8" }).stdout.trim())
      .filter((words) => words !== "");
  }

  /** The kernel ends them at once, and takes its time to say so. */
  async function nothingIsLeft(): Promise<void> {
    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
  }

  it("ends with status 1 and says why when a port of the page is taken", async () => {
    const other = spawn("ip", [
      ...world.prefix("gateway").slice(1),
      process.execPath,
      "-e",
      `require("net").createServer().listen(80, "${PORTAL.gateway[4]}", () => console.log("there"))`,
    ]);
    children.push(other);
    await new Promise((resolve) => other.stdout.once("data", resolve));
    const portal = await run("start");
    expect(await portal.ended).toBe(1);
    expect(portal.log()).toContain(`cannot listen on ${PORTAL.gateway[4]} port 80: another program has it`);
    const gone = new Promise((resolve) => other.once("exit", resolve));
    other.kill("SIGKILL");
    await gone;
    await nothingIsLeft();
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("leaves no tool behind when it gets %s", async (signal) => {
    const portal = await run("started");
    expect(left().some((words) => words.includes("nft monitor"))).toBe(true);
    portal.child.kill(signal);
    expect(await portal.ended).toBe(signal === "SIGTERM" ? 0 : null);
    await nothingIsLeft();
  });
});
