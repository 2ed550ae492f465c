/** The VPN example as it is built for two releases, and the article's own files as `check` sees them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { checkTree } from "@pierhead/engine/check";
import { provePolicies, readPolicies } from "@pierhead/engine/prove";
import { runScenario } from "@pierhead/engine/scenario";
import { loadNpppdUsers } from "@pierhead/lang/npppd";
import { pfctlPrint } from "@pierhead/lang/pf";
import { type BuiltMachine, buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const folder = resolve(root, "examples/roadwarrior-vpn");
const file = resolve(folder, "site.yaml");

function build(system: System, text = readFileSync(file, "utf8")): BuiltMachine {
  const reading = readSite(new Source("site.yaml", text), { system: () => system });
  expect(reading.diagnostics).toEqual([]);
  return buildSite(reading.site as NonNullable<typeof reading.site>).machines[0] as BuiltMachine;
}

function textsOf(machine: BuiltMachine): Map<string, string> {
  return new Map(machine.files.map((one) => [one.path.slice(1), one.text]));
}

describe.each(["openbsd-5.8", "openbsd-7.8"])("the head-end on %s", (name) => {
  const system = parseSystem(name) as System;
  const machine = build(system);
  const texts = textsOf(machine);

  it("is what lies in the example", async () => {
    for (const one of machine.files) {
      await expect(one.text).toMatchFileSnapshot(resolve(folder, "built", name, machine.name, one.path.slice(1)));
    }
  });

  it("is read back without findings", () => {
    const found = checkTree(texts, system).filter((one) => one.severity !== "note");
    expect(found.map((one) => `${one.source?.name} ${one.code}`)).toEqual([]);
  });

  it("keeps what holds secrets to root", () => {
    const secret = machine.files.filter((one) => one.secrets.length > 0);
    expect(secret.map((one) => [one.path, one.mode])).toEqual([
      ["/etc/ipsec.conf", 0o600],
      ["/etc/npppd/npppd-users", 0o600],
    ]);
  });

  for (const one of readdirSync(resolve(folder, "scenarios"))) {
    it(`holds: ${one}`, () => {
      const source = new Source(one, readFileSync(resolve(folder, "scenarios", one), "utf8"));
      const result = runScenario(source, { readTree: () => texts, system });
      expect(result.startErrors).toEqual([]);
      expect(result.steps.flatMap((step) => step.failures)).toEqual([]);
      expect(result.ok).toBe(true);
    });
  }

  it("holds its policies", () => {
    const source = new Source("gate.policy.yaml", readFileSync(resolve(folder, "gate.policy.yaml"), "utf8"));
    const { policies } = readPolicies(source, system);
    const results = provePolicies(Object.fromEntries(texts), system, policies);
    expect(results.map((one) => [one.policy.name, one.verdict])).toEqual(policies.map((one) => [one.name, "proved"]));
  });

  it("is taken by pfctl without a word", () => {
    const { machine: booted } = buildMachine(Object.fromEntries(texts), system);
    const printed = pfctlPrint(texts.get("etc/pf.conf") as string, "/etc/pf.conf", booted.environment());
    expect([printed.stderr, printed.exit]).toEqual(["", 0]);
  });

  it("is missed when pipex is taken out, and check says so", () => {
    const without = new Map(texts);
    without.set("etc/sysctl.conf", (texts.get("etc/sysctl.conf") as string).replace(/^net\.pipex.*\n/m, ""));
    expect(checkTree(without, system).map((one) => one.code)).toContain("vpn/pipex-off");
    const source = new Source("s", readFileSync(resolve(folder, "scenarios/anna-comes-in.scenario.yaml"), "utf8"));
    const { steps } = runScenario(source, { readTree: () => without, system });
    expect(steps[0]?.failures[0]?.got).toBe("false (pppx0 needs pipex(4), and net.pipex.enable is off)");
  });
});

describe("the IKEv2 head-end", () => {
  const system = parseSystem("openbsd-7.8") as System;
  const example = resolve(root, "examples/roadwarrior-ikev2");
  const machine = build(system, readFileSync(resolve(example, "site.yaml"), "utf8"));
  const texts = textsOf(machine);

  it("is what lies in the example, read back without findings, and lets clients in", async () => {
    for (const one of machine.files) {
      await expect(one.text).toMatchFileSnapshot(
        resolve(example, "built/openbsd-7.8", machine.name, one.path.slice(1)),
      );
    }
    const found = checkTree(texts, system).filter((one) => one.severity !== "note");
    expect(found.map((one) => `${one.source?.name} ${one.code}`)).toEqual([]);
    const scenario = readFileSync(resolve(example, "scenarios/anna-comes-in.scenario.yaml"), "utf8");
    const { steps } = runScenario(new Source("s", scenario), { readTree: () => texts, system });
    expect(steps.length).toBe(7);
    expect(steps.flatMap((step) => step.failures)).toEqual([]);
  });

  const hasIked = spawnSync("iked", ["-V"]).error === undefined;
  it.skipIf(!hasIked)("is accepted by the real iked (skipped where it is not installed)", () => {
    const folder = mkdtempSync(join(tmpdir(), "pierhead-iked-"));
    const path = join(folder, "iked.conf");
    writeFileSync(path, texts.get("etc/iked.conf") as string, { mode: 0o600 });
    const run = spawnSync("iked", ["-n", "-f", path], { encoding: "utf8" });
    rmSync(folder, { recursive: true, force: true });
    expect([run.stderr.trim(), run.status]).toEqual(["configuration OK", 0]);
  });
});

describe("the command", () => {
  const pierhead = (arguments_: readonly string[], environment: Record<string, string> = {}) =>
    spawnSync(process.execPath, [resolve(root, "packages/cli/bin/pierhead.mjs"), ...arguments_], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", ...environment },
    });

  it("writes secrets into files that only root reads, escaped, and nowhere else", () => {
    const out = mkdtempSync(join(tmpdir(), "pierhead-vpn-"));
    try {
      const secrets = { VPN_PSK: "Zoh4Eipe1eTh3Ohs Ahx5", ANNA: "col:on^and\\back-slash", BERT: "ieT5eequoow3Eep" };
      const run = pierhead(["build", file, "-o", join(out, "tree"), "--json"], secrets);
      expect([run.stderr, run.status]).toEqual(["", 0]);
      const users = join(out, "tree/gate/etc/npppd/npppd-users");
      expect(statSync(users).mode & 0o777).toBe(0o600);
      const read = loadNpppdUsers(new Source("users", readFileSync(users, "utf8")));
      expect(read.users.map((one) => one.password?.reveal())).toEqual([secrets.ANNA, secrets.BERT]);
      expect(readFileSync(join(out, "tree/gate/etc/ipsec.conf"), "utf8")).toContain(`psk "${secrets.VPN_PSK}"`);
      for (const secret of Object.values(secrets)) {
        expect(run.stdout).not.toContain(secret);
        expect(readFileSync(join(out, "tree/manifest.json"), "utf8")).not.toContain(secret);
      }
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it("says what two clients behind one NAT do to each other, and where that was read", () => {
    const words = ["vpn", "compat", "examples/roadwarrior-vpn/built/openbsd-7.8/gate", "--system", "openbsd-7.8"];
    const { stdout } = pierhead(words);
    expect(stdout).toMatch(
      /Two behind one NAT, l2tp-ipsec\none at a time {2}Windows 7; Windows 8 and 10; Windows 11; ChromeOS\n/,
    );
    expect(stdout).toMatch(/read in: OpenBSD sbin\/isakmpd\/ipsec\.c/);
    const json = JSON.parse(pierhead([...words, "--platform", "android-11", "--json"]).stdout) as object[];
    expect(json).toMatchObject([{ platform: "android-11", twoBehindOneNat: { verdict: "one at a time" } }]);
  });

  it("probes one host only, and says what is wrong with anything else", () => {
    const said = (...words: string[]): string => pierhead(["vpn", "probe", ...words]).stderr.split("\n")[0] ?? "";
    expect([
      said("192.0.2.0/24"),
      said("192.0.2.1,192.0.2.2"),
      said("192.0.2.1-9"),
      said("224.0.0.1"),
      said("255.255.255.255"),
      said("::"),
      said("a;b"),
      said("127.0.0.1", "--timeout", "1h"),
      said("127.0.0.1", "--port", "0"),
      said("127.0.0.1", "--platform", "beos"),
    ]).toMatchInlineSnapshot(`
      [
        "pierhead: 192.0.2.0/24: one host is probed, not a network or a list",
        "pierhead: 192.0.2.1,192.0.2.2: one host is probed, not a network or a list",
        "pierhead: 192.0.2.1-9: one host is probed, not a network or a list",
        "pierhead: 224.0.0.1: that is no address of one host",
        "pierhead: 255.255.255.255: that is no address of one host",
        "pierhead: ::: that is no address of one host",
        "pierhead: a;b: that is neither a name nor an address",
        "pierhead: --timeout 1h: it is a time from 100 ms to 60 s, such as 4s or 500ms",
        "pierhead: --port 0: a port is a number from 1 to 65535",
        "pierhead: --platform beos: there is none of that name",
      ]
    `);
  });

  it("says at the line of the site what is wrong with a secret, without showing it", () => {
    const out = join(tmpdir(), "pierhead-vpn-never");
    const secrets = { VPN_PSK: 'quo"ted-quoted-quoted-quoted', ANNA: "päßwörter-sind-schwer", BERT: "" };
    const run = pierhead(["build", file, "-o", out, "--json"], secrets);
    expect([run.status, existsSync(out)]).toEqual([1, false]);
    const codes = (JSON.parse(run.stdout).diagnostics as { code: string; line: number }[]).map((one) => one.code);
    expect(codes).toEqual(["site/missing-secret"]);
    const again = pierhead(["build", file, "-o", out, "--json"], { ...secrets, BERT: "ieT5eequoow3Eep" });
    const found = JSON.parse(again.stdout).diagnostics as { code: string; line: number; message: string }[];
    expect(found.map((one) => [one.line, one.code])).toEqual([
      [20, "site/secret-unusable"],
      [26, "site/secret-unusable"],
    ]);
    expect(again.stdout).not.toContain("quoted-quoted");
    expect(again.stdout).not.toContain("schwer");
  });
});

const articles = resolve(root, "../shared/articles/roadwarrior-vpn");
describe.skipIf(!existsSync(articles))("the article's files (skipped when ../shared is absent)", () => {
  it("are seen through", () => {
    const texts = new Map(
      readdirSync(articles).map((name) => [name, readFileSync(resolve(articles, name), "utf8")] as const),
    );
    const found = checkTree(texts, parseSystem("openbsd-5.8") as System);
    const told = found.map((one) => {
      const line = one.source?.position(one.span.start).line;
      return `${one.source?.name}:${line} ${one.code}`;
    });
    expect(told).toEqual(
      expect.arrayContaining([
        "pf.conf:1 pf/syntax-error",
        "pf.conf:2 vpn/no-client-rule",
        "ipsec.conf:1 ipsec/psk-default",
        "npppd-users:2 npppd/user-password-weak",
      ]),
    );
    const wrongName = new Map([...texts, ["etc/npppd/nppd.conf", "# as the article calls it\n"]]);
    expect(checkTree(wrongName, parseSystem("openbsd-5.8") as System).map((one) => one.code)).toContain(
      "vpn/file-name",
    );
  });
});
