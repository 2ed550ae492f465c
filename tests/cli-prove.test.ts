/** `diff`, `migrate` and `prove` from the outside: what they print, what they exit with, what they refuse. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const example = "examples/two-isps/openbsd-7.8";
let scratch = "";

function pierhead(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = join(root, "packages/cli/bin/pierhead.mjs");
  return spawnSync(process.execPath, [command, ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
  });
}

function host(name: string, rules: string): string {
  const folder = join(scratch, name, "etc");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "hostname.em0"), "inet 198.51.100.2 255.255.255.0\n");
  writeFileSync(join(folder, "hostname.em1"), "inet 192.168.1.1 255.255.255.0\n");
  writeFileSync(join(folder, "mygate"), "198.51.100.1\n");
  writeFileSync(join(folder, "sysctl.conf"), "net.inet.ip.forwarding=1\n");
  writeFileSync(join(folder, "pf.conf"), rules);
  return join(scratch, name);
}

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, "tools/build.mjs")], { cwd: root, encoding: "utf8" });
  expect(built.status, built.stderr).toBe(0);
  scratch = mkdtempSync(join(tmpdir(), "pierhead-prove-"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("diff", () => {
  it("finds no difference between the example for two releases", () => {
    const { status, stdout } = pierhead("diff", "examples/two-isps/openbsd-5.7", example);
    expect(stdout).toMatch(/^No packet changes fate, in none of \d+ classes of packets\./);
    expect(status).toBe(0);
  });

  it("shows what changed, by which rules, with a packet that trace takes", () => {
    const old = host("old", "block\npass out\npass in on em1\n");
    const fresh = host("new", "block\npass out\npass in on em1\npass in on em0 inet proto tcp to (em0) port 22\n");
    const { status, stdout } = pierhead("diff", old, fresh, "--json");
    expect(status).toBe(1);
    const report = JSON.parse(stdout) as {
      complete: boolean;
      changes: {
        example: string;
        before: { verdict: string };
        after: { verdict: string; rules: { line: number }[] };
      }[];
    };
    expect(report.complete).toBe(true);
    expect(report.changes).toHaveLength(1);
    const [change] = report.changes;
    expect(change?.example).toBe("in em0 tcp 192.0.2.80:40000 > 198.51.100.2:22 S");
    expect([change?.before.verdict, change?.after.verdict]).toEqual(["block", "pass"]);
    expect(change?.after.rules[0]?.line).toBe(4);
    expect(pierhead("trace", fresh, "--packet", change?.example ?? "").status).toBe(0);
    expect(pierhead("trace", old, "--packet", change?.example ?? "").status).toBe(1);
  });

  it("refuses a limit that is none", () => {
    const { status, stderr } = pierhead("diff", example, example, "--limit", "many");
    expect(status).toBe(2);
    expect(stderr).toContain("--limit many");
  });
});

describe("migrate", () => {
  it("rewrites a file and proves the result", () => {
    const folder = host(
      "office",
      "# hide\nnat on em0 from 192.168.1.0/24 to any -> 198.51.100.2 # all\nblock\npass out keep state\npass in on em1 keep state\n",
    );
    const result = join(scratch, "new.conf");
    const { status, stderr } = pierhead(
      "migrate",
      folder,
      "--system",
      "openbsd-4.6",
      "--to",
      "openbsd-7.8",
      "-o",
      result,
    );
    expect(stderr).toMatch(/proved: what begins a connection keeps its fate/);
    expect(status).toBe(0);
    expect(readFileSync(result, "utf8")).toContain(
      "# hide\nmatch out on em0 from 192.168.1.0/24 to any nat-to 198.51.100.2 # all\nblock\n",
    );
  });

  it("does not claim a proof for what it had to leave", () => {
    const folder = host("queues", "altq on em0 priq bandwidth 10Mb queue { a }\nqueue a priq(default)\npass\n");
    const { status, stderr } = pierhead("migrate", folder, "--system", "openbsd-4.6", "--to", "openbsd-7.8");
    expect(status).toBe(1);
    expect(stderr).toContain("migrate/left");
    expect(stderr).not.toContain("proved: what");
  });
});

describe("prove", () => {
  it("proves policies, and refutes one with a packet", () => {
    const folder = host(
      "shop",
      "block\npass out\npass in on em1 from em1:network\npass in on em0 inet proto tcp to any port 22\n",
    );
    writeFileSync(
      join(folder, "shop.policy.yaml"),
      `- name: the LAN gets out
  from: em1:network
  to: internet
  always: pass
  via: em0
- name: nobody gets in
  in: em0
  never: pass
`,
    );
    const { status, stdout } = pierhead("prove", folder);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^proved: the LAN gets out/m);
    expect(stdout).toMatch(/^refuted: nobody gets in/m);
    expect(stdout).toMatch(/counter-example: in em0 tcp \S+ > \S+:22 S/);
    expect(stdout).toMatch(/1 proved, 1 refuted, 0 not proved/);
  });

  it("says what is missing", () => {
    const { status, stderr } = pierhead("prove", example);
    expect(status).toBe(2);
    expect(stderr).toContain("there is no *.policy.yaml in it");
  });
});
