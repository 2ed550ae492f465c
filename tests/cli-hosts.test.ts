/** Folders of hosts on the command line: which system each is for, and what shows only when they are looked at together. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";

const root = resolve(import.meta.dirname, "..");
const example = "examples/dedicated-server";
let scratch = "";
let command = "";

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-hosts-"));
  command = await bundlePierhead(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function check(...paths: readonly string[]): { status: number | null; stdout: string } {
  const args = [command, "check", ...paths.map((path) => `${example}/${path}`)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
  });
  expect(stderr).toBe("");
  return { status, stdout };
}

describe("check of the built rented server", () => {
  it("knows the system by the files, and finds nothing to mend in them, alone or together", () => {
    const { status, stdout } = check("built/metal", "built/fbsd", "built/nbsd", "built/obsd", "built/tux");
    expect(stdout).not.toMatch(/: (error|warning) \[/);
    expect(
      stdout
        .split("\n")
        .slice(0, 5)
        .map((line) => line.replace(/^[^:]*: (\S+).*$/, "$1")),
    ).toEqual(["freebsd-15.0", "freebsd-15.0", "netbsd-10.1", "openbsd-7.8", "linux"]);
    expect(status).toBe(0);
  });

  it("sees that two hosts give guests the same cards, and two guests have one address", () => {
    const { status, stdout } = check("built/metal", "built-openbsd/metal", "built/tux", "built-linux/tux");
    expect(stdout).toContain("guests/same-mac");
    expect(stdout).toContain("guests/same-address");
    expect(status).toBe(1);
  });
});
