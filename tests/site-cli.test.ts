import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const site = join(root, "examples/dedicated-server/site.yaml");
let scratch = "";

function pierhead(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, "packages/cli/bin/pierhead.mjs"), ...args], {
    cwd: scratch,
    encoding: "utf8",
    input: "",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
  });
}

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, "tools/build.mjs")], { cwd: root, encoding: "utf8" });
  expect(built.status, built.stderr).toBe(0);
  scratch = mkdtempSync(join(tmpdir(), "pierhead-site-"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("build", () => {
  it("puts every machine's files in place, with modes and owners noted", () => {
    const { status, stdout } = pierhead("build", site, "-o", "out");
    expect(status, stdout).toBe(0);
    expect(readdirSync(join(scratch, "out")).sort()).toEqual(["fbsd", "manifest.json", "metal", "nbsd", "obsd", "tux"]);
    const manifest = JSON.parse(readFileSync(join(scratch, "out/manifest.json"), "utf8"));
    const files = new Map<string, { mode: string; group: string }>(
      manifest.machines.flatMap((machine: { name: string; files: { path: string; mode: string; group: string }[] }) =>
        machine.files.map((file) => [`${machine.name}${file.path}`, file]),
      ),
    );
    expect(files.get("metal/etc/guests/fbsd.sh")).toMatchObject({ mode: "0755", group: "wheel" });
    expect(files.get("obsd/etc/pf.conf")).toMatchObject({ mode: "0600", group: "wheel" });
    expect(files.get("tux/etc/systemd/network/20-enp1s0.network")).toMatchObject({ mode: "0644", group: "root" });
    expect(statSync(join(scratch, "out/metal/etc/guests/fbsd.sh")).mode & 0o777).toBe(0o755);
  });

  it("leaves what is there when the site is wrong, and nothing beside it", () => {
    const before = readdirSync(scratch).sort();
    const text = readFileSync(site, "utf8").replace("00:50:56:00:02:BB", "00:50:56:00:01:AA");
    writeFileSync(join(scratch, "bad.yaml"), text);
    const { status, stdout } = pierhead("build", "bad.yaml", "-o", "out");
    expect(status).toBe(1);
    expect(stdout).toContain("error [site/same-mac]");
    expect(readdirSync(scratch).sort()).toEqual([...before, "bad.yaml"].sort());
    expect(existsSync(join(scratch, "out/nbsd/etc/ifconfig.vioif0"))).toBe(true);
  });

  it("explains a line of a guest", () => {
    const { stdout } = pierhead("build", site, "--explain", "nbsd/etc/ifconfig.vioif0:3");
    expect(stdout).toContain("!/sbin/route -qn add -net 192.0.2.1/32 -link -connected -iface vioif0");
    expect(stdout).toMatch(/site\.yaml:13:\d+ hosts\.metal\.uplinks\.wan\.gateway/);
    expect(stdout).toMatch(/guests\.nbsd\.interface/);
  });
});

describe("check", () => {
  it("checks a site and all that would be built from it", () => {
    const { status, stdout } = pierhead("check", site);
    expect(stdout).toContain("a site, and what would be built from it");
    expect(stdout).toMatch(/site\.yaml:15:5: note \[site\/wire-open\]/);
    expect(status).toBe(0);
    const { summary } = JSON.parse(pierhead("check", site, "--json").stdout);
    expect(summary).toMatchObject({ errors: 0, warnings: 0 });
  });
});

describe("init", () => {
  const line = ["--line", "em0=192.0.2.50/24,192.0.2.1"];

  it("writes a site that builds without a word", () => {
    const { status, stdout } = pierhead(
      "init",
      "--system",
      "freebsd-14.3",
      "--provider",
      "online-net",
      ...line,
      "--guest",
      "web=netbsd-10.1,198.51.100.10,00:50:56:00:01:aa",
    );
    expect(stdout).toContain("wrote site.yaml: 2 machines");
    expect(status).toBe(0);
    const built = pierhead("build", "site.yaml", "-o", "first");
    expect(built.stdout).toContain("no findings; built into first");
    expect(built.status).toBe(0);
  });

  it.each([
    [
      "two lines, one with a lease",
      ["--system", "openbsd-7.8", ...line, "--line", "em1=dhcp", "--lan", "em2=192.168.1.1/24"],
    ],
    ["a plain host", ["--system", "netbsd-10.1", ...line]],
    ["no guest yet", ["--system", "openbsd-7.8", ...line, "--guests"]],
    [
      "a guest with a gateway of its own",
      ["--system", "openbsd-7.8", "--line", "em0=dhcp", "--guest", "a=linux,198.51.100.10,52:54:00:00:00:01,192.0.2.1"],
    ],
    ["a name that YAML would take for something else", ["--name", "no: 1", ...line]],
  ])("of %s too", (_, args) => {
    const { status, stdout, stderr } = pierhead("init", "-o", "-", ...args);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^site: /m);
    expect(status).toBe(0);
  });

  it("does not replace a file, write what is wrong, or wait for answers without a terminal", () => {
    const there = pierhead("init", ...line);
    expect(there.stderr).toContain("site.yaml: it is there already");
    expect(there.status).toBe(2);
    const wrong = pierhead("init", "-o", "wrong.yaml", "--line", "em0=192.0.2.50/24,198.51.100.1");
    expect(wrong.stderr).toContain("error [site/gateway-not-on-link]");
    expect(wrong.status).toBe(1);
    expect(existsSync(join(scratch, "wrong.yaml"))).toBe(false);
    const silent = pierhead("init", "-o", "-");
    expect(silent.stderr).toContain("there is no terminal");
    expect(silent.status).toBe(2);
    for (const bad of [
      ["--line", "em0"],
      ["--system", "beos-5"],
      ["--guest", "a=b"],
      ["--provider", "aws"],
    ]) {
      const { status, stderr } = pierhead("init", "-o", "-", ...line, ...bad);
      expect(stderr).toMatch(/^pierhead: --/);
      expect(status).toBe(2);
    }
  });
});
