/** `pierhead inventory --host` on the machine of the tests. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";

let scratch = "";
let pierhead = "";

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-host-"));
  pierhead = await bundlePierhead(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NO_COLOR: "1" };
  return spawnSync(process.execPath, [pierhead, "inventory", ...words], { encoding: "utf8", env, timeout: 60_000 });
}

const hasIp = spawnSync("ip", ["-V"]).status === 0;

describe("pierhead inventory --host", () => {
  it.skipIf(!hasIp)("tells what the system tells (skipped without iproute2)", () => {
    const { status, stdout } = run("--host", "--json");
    const { host } = JSON.parse(stdout) as {
      host: { processors: number; memory: number; interfaces: { name: string; mac: string | null; up: boolean }[] };
    };
    expect([status, host.processors]).toEqual([0, cpus().length]);
    expect(host.memory).toBeGreaterThan(2 ** 24);
    const byName = new Map(host.interfaces.map((one) => [one.name, one]));
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      const own = byName.get(name.replace(/:.*$/, ""));
      expect(own?.up, name).toBe(true);
      const mac = addresses?.[0]?.mac;
      if (mac !== "00:00:00:00:00:00") expect(own?.mac, name).toBe(mac);
    }
  });

  it("shows a card, with what cannot be known said so", () => {
    const { status, stdout } = run("--host");
    expect(status).toBe(0);
    expect(stdout).toContain("Now\n");
  });

  it.each([[[]], [["--host", "dmesg"]]])("%j: one clear line and status 2", (words) => {
    const { status, stdout, stderr } = run(...words);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("name a boot log, or ask for this machine with --host");
  });
});
