/** `pierhead pflog` on a capture, and on what the tcpdump of this machine makes of the same capture: both say the same. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";

const PF_CONF =
  'set ruleset-optimization none\nblock in log\npass in log proto { tcp, udp }\nanchor "web" {\n\tpass in log proto tcp to port 80\n}\n';
let scratch = "";
let pierhead = "";

/** rule, rule in the anchor, anchor, action. */
const ENTRIES: readonly (readonly [number, number, string, number])[] = [
  [0, -1, "", 1],
  [1, -1, "", 0],
  [2, -1, "", 0],
  [3, 0, "web", 0],
  [0, -1, "", 1],
];

function capture(): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2_c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(117, 20);
  const packets = ENTRIES.map(([rule, subrule, anchor, action], at) => {
    const data = Buffer.alloc(72 + 40);
    data.set([69, 2, action, 0]);
    data.write("em0", 4);
    data.write(anchor, 20);
    data.writeInt32BE(rule, 36);
    data.writeInt32BE(subrule, 40);
    data[60] = 1;
    data.set([0x45, 0, 0, 40, 0, at, 0, 0, 64, 6, 0, 0, 203, 0, 113, 9, 192, 0, 2, 1, 0x0f, 0xa0, 0, 80], 72);
    data[72 + 32] = 0x50;
    data[72 + 33] = 2;
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000 + at, 0);
    record.writeUInt32LE(data.length, 8);
    record.writeUInt32LE(data.length, 12);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, ...packets]);
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-pflog-"));
  pierhead = await bundlePierhead(scratch);
  mkdirSync(join(scratch, "etc"));
  writeFileSync(join(scratch, "etc/pf.conf"), PF_CONF);
  writeFileSync(join(scratch, "pflog"), capture());
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(
  system: string,
  log: string,
  input = "",
): { status: number | null; lines: Record<string, unknown>[]; stderr: string } {
  const words = [pierhead, "pflog", log, "--tree", join(scratch, "etc"), "--system", system, "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", input });
  return { status, stderr, lines: stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)])) };
}

function places(lines: readonly Record<string, unknown>[]): unknown[] {
  return lines
    .slice(0, -1)
    .map((line) => (line["rules"] as { line: number; anchor: string }[]).map((rule) => [rule.line, rule.anchor]));
}

const EXPECTED = [[[2, ""]], [[3, ""]], [[3, ""]], [[5, "web"]], [[2, ""]]];
const hasTcpdump = spawnSync("tcpdump", ["--version"]).status === 0;

describe("pierhead pflog", () => {
  it("a capture: each entry with the line that logged it, and the sums", () => {
    const { status, lines } = run("freebsd-14.3", join(scratch, "pflog"));
    expect(places(lines)).toEqual(EXPECTED);
    const last = lines.at(-1) as {
      entries: number;
      rules: { entries: number; line: number }[];
      diagnostics: unknown[];
    };
    expect([status, last.entries, last.diagnostics]).toEqual([0, 5, []]);
    expect(last.rules.map(({ entries, line }) => [entries, line])).toEqual([
      [2, 2],
      [1, 3],
      [1, 3],
      [1, 5],
    ]);
  });

  it.skipIf(!hasTcpdump)("what tcpdump prints of it (skipped without tcpdump)", () => {
    const printed = spawnSync("tcpdump", ["-n", "-e", "-ttt", "-r", join(scratch, "pflog")], { encoding: "utf8" });
    expect(printed.status).toBe(0);
    const { status, lines } = run("freebsd-14.3", "-", printed.stdout);
    expect(places(lines)).toEqual(EXPECTED);
    expect(status).toBe(0);
  });

  it("for people: place and rule below each entry; a log of other rules is status 1", () => {
    writeFileSync(join(scratch, "log"), "rule 3.web.0/(match) pass in on em0: x\nrule 77/(match) pass in on em0: y\n");
    const words = [pierhead, "pflog", join(scratch, "log"), "-t", join(scratch, "etc"), "-s", "openbsd-7.8"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, {
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    expect(stdout).toContain("pass in on em0: x\n");
    expect(stdout).toMatch(/etc\/pf\.conf:5 \(anchor web\) {2}pass in log proto tcp from any to any port = 80/);
    expect(stdout).toContain("no such rule in these files");
    expect(stderr).toContain("pflog/no-such-rule");
    expect(status).toBe(1);
  });

  it("a tree without pf.conf, a file that is not there: one line and status 2", () => {
    const words = [pierhead, "pflog", "nothing-here", "-t", join(scratch, "etc"), "-s", "openbsd-7.8"];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    expect([status, stderr.includes("nothing-here: there is no such file")]).toEqual([2, true]);
  });
});
