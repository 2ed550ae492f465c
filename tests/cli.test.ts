import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const example = "examples/two-isps/openbsd-7.8";
const https = "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S";
let scratch = "";

function pierhead(args: readonly string[], input = ""): { status: number | null; stdout: string; stderr: string } {
  const command = join(root, "packages/cli/bin/pierhead.mjs");
  return spawnSync(process.execPath, [command, ...args], {
    cwd: root,
    encoding: "utf8",
    input,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
  });
}

/** One clear line (and at most a hint), exit status 2, nothing on standard output, no stack. */
function refusal(args: readonly string[]): string {
  const { status, stdout, stderr } = pierhead(args);
  expect(status, stderr).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^pierhead: \S/);
  expect(stderr).not.toMatch(/\bat .*\.[jt]s:\d+/);
  return stderr;
}

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, "tools/build.mjs")], { cwd: root, encoding: "utf8" });
  expect(built.status, built.stderr).toBe(0);
  scratch = mkdtempSync(join(tmpdir(), "pierhead-cli-"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("bad input", () => {
  it("names a missing path", () => {
    expect(refusal(["check", "no/such/place"])).toContain("no/such/place: there is no such file or directory");
  });

  it.skipIf(process.getuid?.() === 0)("names an unreadable file", () => {
    const file = join(scratch, "pf.conf");
    writeFileSync(file, "pass\n");
    chmodSync(file, 0);
    expect(refusal(["check", file])).toContain("permission denied");
  });

  it("shows how a packet is written", () => {
    const text = refusal(["trace", example, "--packet", "vr1 http please"]);
    expect(text).toContain("in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S");
  });

  it("lists the systems it knows", () => {
    expect(refusal(["check", example, "--system", "openbsd-99"])).toMatch(
      /unknown system "openbsd-99"[\s\S]*openbsd-7\.8/,
    );
  });

  it("says when a folder holds nothing it reads", () => {
    const folder = join(scratch, "empty");
    mkdirSync(folder);
    writeFileSync(join(folder, "picture.bin"), "\x00\x01");
    expect(refusal(["check", folder])).toContain("no configuration file in it that pierhead reads");
  });

  it.each([
    [["check"], "missing required argument"],
    [["chek", example], "unknown command"],
    [["check", example, "--formt", "json"], "unknown option"],
    [["check", example, "--format", "xml"], "pretty, json or sarif"],
    [["trace", example], "--packet"],
    [["trace", example, "--packet", https, "--when", "isp9=down"], "isp9"],
    [["trace", example, "--packet", https, "--when", "isp1"], "NAME=up or NAME=down"],
    [["trace", example, "--packet", https.replace("vr1", "vr9")], "vr0"],
    [["failover", "examples/two-isps/openbsd-7.8/etc/pf.conf"], "no ifstated.conf"],
    [["test", "packages/core"], "no *.scenario.yaml"],
    [["pf", "print", "examples"], "directory"],
    [["pf", "print", `${example}/etc/pf.conf`, "-D", "novalue"], "name=value"],
    [["site", "providers", "acme"], "online-net, ovh, hetzner, generic"],
  ])("refuses %j", (args, message) => {
    expect(refusal(args)).toContain(message);
  });
});

describe("check", () => {
  it("finds nothing wrong with the example", () => {
    for (const release of ["7.8", "5.7"]) {
      const { status, stdout } = pierhead(["check", `examples/two-isps/openbsd-${release}`, "--json"]);
      const report = JSON.parse(stdout);
      expect(report.summary).toMatchObject({ errors: 0, warnings: 0 });
      expect(status).toBe(0);
    }
  });

  it("gives places, fixes and the exit status for a wrong file, as JSON and as SARIF", () => {
    const file = join(scratch, "ifstated.conf");
    writeFileSync(file, "state one {\n\tset-state twoo\n}\nstate two {\n\tset-state one\n}\n");
    const { status, stdout } = pierhead(["check", file, "--json"]);
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    const wrong = report.diagnostics.find((one: { severity: string }) => one.severity === "error");
    expect(wrong).toMatchObject({ file, line: 2, column: 12, endLine: 2, endColumn: 16 });
    expect(wrong.fix.edits[0].text).toBe("two");
    expect(Object.keys(wrong).sort()).toEqual(
      ["code", "column", "endColumn", "endLine", "file", "fix", "line", "message", "related", "severity"].sort(),
    );
    const sarif = JSON.parse(pierhead(["check", file, "--format", "sarif"]).stdout);
    expect(sarif.version).toBe("2.1.0");
    expect(sarif.runs[0].results.some((one: { ruleId: string }) => one.ruleId === wrong.code)).toBe(true);
  });

  it("shows a hostile file without letting it speak to the terminal", () => {
    const file = join(scratch, "hostile", "pf.conf");
    mkdirSync(join(scratch, "hostile"));
    writeFileSync(file, 'pass in on "em0\x1b]0;title\x07" blah\n');
    expect(pierhead(["check", file]).stdout).not.toContain("\x1b");
  });
});

describe("trace, failover, test", () => {
  it("ends in one plain sentence", () => {
    const { status, stdout } = pierhead(["trace", example, "--packet", https]);
    expect(status).toBe(0);
    expect(stdout).toContain("The packet passes; leaves vr2 for 203.0.113.200 as 203.0.113.220.");
    const down = pierhead(["trace", example, "--packet", https, "--when", "isp2=down"]);
    expect(down.stdout).toContain("The packet passes; leaves vr0 for 198.51.100.100 as 198.51.100.199.");
  });

  it("exits with 1 for a packet that is blocked, and says the same in JSON", () => {
    const { status, stdout } = pierhead([
      "trace",
      example,
      "--json",
      "--packet",
      "in vr0 tcp 192.0.2.7:4000 > 198.51.100.199:80 S",
    ]);
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    expect(report.state).toBe("allworking");
    expect(report.traces[0].verdict).toBe("block");
  });

  it("reports every condition", () => {
    const { status, stdout } = pierhead(["failover", example, "--json"]);
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.conditions.map((one: { state: string }) => one.state).sort()).toEqual([
      "alldown",
      "allworking",
      "noisp1",
      "noisp2",
    ]);
  });

  it("passes the example's scenarios and fails one that is wrong, with expected, got and the trace", () => {
    const good = pierhead(["test", "examples/two-isps/scenarios", "--json"]);
    expect(JSON.parse(good.stdout).summary).toEqual({ passed: 12, failed: 0 });
    const file = join(scratch, "wrong.scenario.yaml");
    writeFileSync(
      file,
      `name: wrong\nsystem: openbsd-7.8\nfiles: { /etc/pf.conf: "block all\\n" }\ninterfaces: { em0: { addresses: [192.0.2.1/24] } }\nsteps:\n  - packet: { in: em0, proto: udp, from: "192.0.2.9:1", to: "192.0.2.1:53" }\n    expect: { verdict: pass }\n`,
    );
    const { status, stdout } = pierhead(["test", file]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/verdict: expected pass, got block/);
    expect(stdout).toContain("block drop all");
  });
});

describe("print", () => {
  it("prints what pfctl prints, reading standard input", () => {
    const { status, stdout } = pierhead(
      ["pf", "print", "-", "--system", "openbsd-7.8"],
      "pass in proto tcp to port { 22 80 }\n",
    );
    expect(status).toBe(0);
    expect(stdout).toBe(
      "pass in proto tcp from any to any port = 22 flags S/SA\npass in proto tcp from any to any port = 80 flags S/SA\n",
    );
  });

  it("gives pfctl's message and status for a wrong line", () => {
    const { status, stderr } = pierhead(["pf", "print", "-"], "pass in from\n");
    expect(status).toBe(1);
    expect(stderr).toBe("stdin:1: syntax error\n");
  });
});

describe("help", () => {
  it("has an example for every verb", () => {
    const { stdout } = pierhead(["--help"]);
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+)\b.*$/gm)]
      .map((match) => match[1] as string)
      .filter((verb) => verb !== "help" && verb !== "pierhead");
    expect(verbs.length).toBeGreaterThan(6);
    for (const verb of verbs) {
      const help = pierhead([verb, "--help"]).stdout;
      const nested = /^ {2}print /m.test(help) ? pierhead([verb, "print", "--help"]).stdout : help;
      expect(nested, verb).toMatch(/Examples?:/);
    }
  });
});

describe("site providers", () => {
  it("prints facts with their sources", () => {
    const { status, stdout } = pierhead(["site", "providers", "hetzner"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^hetzner {2}Hetzner/);
    expect(stdout).toContain("fe80::1");
    expect(stdout).toContain("https://docs.hetzner.com/");
  });

  it("gives the same to machines", () => {
    const { providers } = JSON.parse(pierhead(["site", "providers", "--json"]).stdout);
    expect(providers.map((one: { name: string }) => one.name)).toEqual(["online-net", "ovh", "hetzner", "generic"]);
    expect(providers[0].facts.duid).toMatchObject({ evidence: "documented" });
  });
});
