/** The command line of `pierhead lease check`, on the files of examples/leases. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";

const examples = resolve(import.meta.dirname, "../examples/leases");
let scratch = "";
let pierhead = "";

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-lease-cli-"));
  pierhead = await bundlePierhead(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function check(words: readonly string[], input?: Buffer): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  const all = [pierhead, "lease", "check", ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    encoding: "buffer",
    env,
    cwd: examples,
    timeout: 60_000,
    ...(input === undefined ? {} : { input }),
  });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

const NOW = ["--now", "2026-11-24T18:00:00Z"];

describe("pierhead lease check", () => {
  it("is content with a good exchange", () => {
    const { status, stdout, stderr } = check(["kea-compliant.pcap"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^kea-compliant\.pcap {2}pcap, \d+ packets, \d+ DHCP messages, 1 client$/m);
    expect(stdout).toMatch(/^ {2}dhcpcd 9\.4\.1 .* kept, with 5 s to spare$/m);
    expect(stdout).toMatch(/^Seen The client renewed 4 s after a grant/m);
  });

  it("says when each client loses the address, and draws it", () => {
    const { status, stdout } = check(["t1-after-valid.pcap"]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ {2}dhclient \(ISC\) 4\.4\.3 .* lost at \d\d:\d\d:\d\dZ: asks only at \d\d:\d\d:\d\dZ$/m);
    expect(stdout).toMatch(/^ {2}dhclient \(ISC\) 4\.4\.3 +=+-+\| +R +B$/m);
    expect(stdout).toContain("error [lease/t1-after-valid]");
    expect(stdout).toContain("src/dhcp6.c dhcp6_bind()");
  });

  it.each([
    ["kea-t1-after-preferred.pcap", 0, "warning [lease/t1-after-preferred]"],
    ["t1-after-t2.pcap", 1, "gets nothing: drops what was sent"],
    ["silent-prefix.pcap", 1, "as dhcpcd 9.4.1 would."],
    ["dhcpcd-server-silent.log", 1, "error [lease/lost]"],
    ["dhclient6.leases", 1, "dhclient6.leases:6:5: error [lease/t1-after-valid]"],
  ])("%s", (file, expected, words) => {
    const { status, stdout } = check([...NOW, file]);
    expect(status).toBe(expected);
    expect(stdout).toContain(words);
  });

  it("judges a lease file as of a time", () => {
    expect(check([...NOW, "dhclient6.leases"]).stdout).not.toContain("lease/ended");
    expect(check(["--now", "2027-01-01T00:00:00Z", "dhclient6.leases"]).stdout).toContain("lease/ended");
  });

  it("tells machines the same, without infinities", () => {
    const { status, stdout } = check(["--json", ...NOW, "t1-after-t2.pcap", "dhclient6.leases"]);
    expect(status).toBe(1);
    const { files, summary } = JSON.parse(stdout);
    expect(summary).toEqual({ errors: 2, warnings: 0, notes: 1 });
    expect(files).toHaveLength(2);
    expect(files[0]).toMatchObject({
      file: "t1-after-t2.pcap",
      kind: "pcap",
      units: 6,
      leases: [{ offer: true, family: 6 }],
    });
    expect(files[0].leases[0].associations[0]).toMatchObject({ kind: "IA_NA", t1: 4500, t2: 3000 });
    expect(files[1].leases[0].outlooks[0]).toMatchObject({
      client: "by RFC",
      verdict: "lost",
      addresses: [
        { address: "2001:db8:1::100", lostAt: 86_400 },
        { address: "2001:db8:8000::/56", verdict: "kept" },
      ],
    });
    expect(files[1].diagnostics[0]).toMatchObject({ code: "lease/timers-differ", file: "dhclient6.leases", line: 2 });
  });

  it("reads standard input", () => {
    const { status, stdout } = check(["-"], readFileSync(join(examples, "kea-compliant.pcap")));
    expect(status).toBe(0);
    expect(stdout).toContain("stdin  pcap, ");
  });

  it.each([
    [["no-such-file"], 2, "no-such-file: there is no such file or directory"],
    [["."], 2, ".: is a directory, a file is wanted"],
    [["--now", "yesterday", "kea-compliant.pcap"], 2, "--now yesterday: it is a time like"],
    [[], 2, "missing required argument 'file'"],
  ])("%j", (words, expected, message) => {
    const { status, stderr } = check(words);
    expect(status).toBe(expected);
    expect(stderr).toContain(message);
  });

  it("says what it wants when the file is something else", () => {
    const { status, stdout } = check(["README.md"]);
    expect(status).toBe(1);
    expect(stdout).toContain("error [lease/not-recognised]");
  });
});
