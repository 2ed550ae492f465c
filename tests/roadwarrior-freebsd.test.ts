/** The VPN examples as they are built for FreeBSD: strongSwan, mpd5, enc(4) and pf, read back, checked and simulated. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { checkTree } from "@pierhead/engine/check";
import { provePolicies, readPolicies } from "@pierhead/engine/prove";
import { runScenario } from "@pierhead/engine/scenario";
import { readHeadEnd } from "@pierhead/engine/vpn";
import { loadMpdSecret } from "@pierhead/lang/mpd";
import { pfctlPrint } from "@pierhead/lang/pf";
import { loadSwanctl } from "@pierhead/lang/swanctl";
import { type BuiltMachine, buildSite } from "@pierhead/site/build";
import { compatibility } from "@pierhead/site/clients";
import { readSite } from "@pierhead/site/read";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const system = parseSystem("freebsd-14.3") as System;

function build(text: string, on: System = system): BuiltMachine {
  const reading = readSite(new Source("site.yaml", text), { system: () => on });
  expect(reading.diagnostics).toEqual([]);
  return buildSite(reading.site as NonNullable<typeof reading.site>).machines[0] as BuiltMachine;
}

function textsOf(machine: BuiltMachine): Map<string, string> {
  return new Map(machine.files.map((one) => [one.path.slice(1), one.text]));
}

function codes(texts: ReadonlyMap<string, string>, on: System = system): string[] {
  return checkTree(texts, on)
    .filter((one) => one.severity !== "note")
    .map((one) => `${one.source?.name} ${one.code}`);
}

const l2tp = resolve(root, "examples/roadwarrior-vpn");
const ikev2 = resolve(root, "examples/roadwarrior-ikev2");

describe.each([
  ["L2TP/IPsec", l2tp, ["/etc/pf.conf", "/usr/local/etc/mpd5/mpd.conf", "/usr/local/etc/mpd5/mpd.secret", SWANCTL()]],
  ["IKEv2", ikev2, ["/etc/pf.conf", SWANCTL()]],
])("the %s head-end on FreeBSD", (_, folder, closed) => {
  const site = readFileSync(resolve(folder, "site.yaml"), "utf8");
  const machine = build(site);
  const texts = textsOf(machine);

  it("is what lies in the example", async () => {
    for (const one of machine.files) {
      const path = resolve(folder, "built/freebsd-14.3", machine.name, one.path.slice(1));
      await expect(one.text).toMatchFileSnapshot(path);
    }
  });

  it.each(["freebsd-13.5", "freebsd-14.3", "freebsd-15.0"])("is read back without findings on %s", (name) => {
    const on = parseSystem(name) as System;
    expect(codes(textsOf(build(site, on)), on)).toEqual([]);
  });

  it("keeps what holds secrets to root", () => {
    expect(machine.files.filter((one) => one.mode === 0o600).map((one) => one.path)).toEqual(closed);
    expect(machine.files.filter((one) => one.secrets.length > 0).every((one) => one.mode === 0o600)).toBe(true);
  });

  for (const one of readdirSync(resolve(folder, "scenarios"))) {
    it(`holds: ${one}`, () => {
      const source = new Source(one, readFileSync(resolve(folder, "scenarios", one), "utf8"));
      const result = runScenario(source, { readTree: () => texts, system });
      expect(result.startErrors).toEqual([]);
      expect(result.steps.flatMap((step) => step.failures)).toEqual([]);
      expect(result.steps.length).toBeGreaterThan(2);
    });
  }

  it("is taken by FreeBSD's pfctl without a word", () => {
    const { machine: booted } = buildMachine(Object.fromEntries(texts), system);
    const printed = pfctlPrint(texts.get("etc/pf.conf") as string, "/etc/pf.conf", booted.environment());
    expect([printed.stderr, printed.exit]).toEqual(["", 0]);
  });
});

function SWANCTL(): string {
  return "/usr/local/etc/swanctl/swanctl.conf";
}

describe("L2TP in IPsec on FreeBSD", () => {
  const texts = textsOf(build(readFileSync(resolve(l2tp, "site.yaml"), "utf8")));

  it("holds its policies: nobody gets to L2TP without IPsec, over all packets", () => {
    const source = new Source("gate.policy.yaml", readFileSync(resolve(l2tp, "gate.policy.yaml"), "utf8"));
    const { policies } = readPolicies(source, system);
    const results = provePolicies(Object.fromEntries(texts), system, policies);
    expect(results.map((one) => [one.policy.name, one.verdict])).toEqual(policies.map((one) => [one.name, "proved"]));
  });

  it("is one machine with IKEv2, and strongSwan speaks both", () => {
    const both = `${readFileSync(resolve(l2tp, "site.yaml"), "utf8").replace(
      "    scenarios:\n",
      `      ikev2:
        name: vpn.example.org
        pool: 10.87.44.0/24
        reach: [lan]
        users: { carl: { password: env:CARL } }
    scenarios:\n`,
    )}`;
    const machine = build(both);
    const files = textsOf(machine);
    expect(codes(files)).toEqual([]);
    const { connections } = loadSwanctl(new Source("s", files.get(SWANCTL().slice(1)) as string), system);
    expect(connections.map((one) => [one.name, one.version, one.problem])).toEqual([
      ["l2tp", 1, null],
      ["clients", 2, null],
    ]);
    // Without the internet a client is given the route to the LAN and no other.
    const ts = connections[1]?.children[0]?.localSelectors.map(({ value }) => value.network);
    expect(ts?.map((one) => (one !== null && "first" in one ? `${one.first}-${one.last}` : one))).toEqual([
      "192.168.7.0-192.168.7.255",
    ]);
    const scenario = `name: both
system: freebsd-14.3
tree: .
steps:
  - connect: { user: anna, from: 203.0.113.9 }
    expect: { connected: true, address: 10.87.43.111, interface: ng0 }
  - connect: { user: carl, from: 203.0.113.10, protocol: ikev2, nat: true }
    expect: { connected: true, address: 10.87.44.1, interface: enc0 }
  - packet: { client: carl, from: "10.87.44.1:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - packet: { client: carl, from: "10.87.44.1:40001", to: "192.0.2.80:443" }
    expect: { verdict: block }
  - disconnect: carl
  - disconnect: anna
  - packet: { client: anna, from: "10.87.43.111:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass }
`;
    const { steps } = runScenario(new Source("s", scenario), { readTree: () => files, system });
    expect(steps.flatMap((step) => step.failures).map((one) => one.got)).toEqual(["`anna` is not connected."]);
  });

  it("takes users from RADIUS, with the secret where only root reads it", () => {
    const radius = readFileSync(resolve(l2tp, "site.yaml"), "utf8")
      .replace(
        / {8}users:\n(?: {10}.*\n)+/,
        "        radius: { server: 192.168.7.9, secret: env:RADIUS, port: 1645 }\n",
      )
      .replace(/ {6}- scenarios\/(anna|behind).*\n/g, "");
    const machine = build(radius);
    const conf = machine.files.find((one) => one.path.endsWith("mpd.conf"));
    expect(conf?.text).toMatch(/set auth disable internal\n.*set auth enable radius-auth radius-acct\n/);
    expect(conf?.text).toMatch(/set radius server 192\.168\.7\.9 "Secret-1-[^"]*" 1645 1813\n/);
    expect(machine.files.some((one) => one.path.endsWith("mpd.secret"))).toBe(false);
    expect(codes(textsOf(machine))).toEqual([]);
    const other = readFileSync(resolve(ikev2, "site.yaml"), "utf8")
      .replace(/ {8}users:\n(?: {10}.*\n)+/, "        radius: { server: 192.168.7.9, secret: env:RADIUS }\n")
      .replace(/ {4}scenarios:.*\n/, "");
    const files = build(other).files;
    const plugin = files.find((one) => one.path.endsWith("/strongswan.d/charon/eap-radius.conf"));
    expect([plugin?.mode, plugin?.secrets.length]).toEqual([0o600, 1]);
    expect(files.find((one) => one.path === SWANCTL())?.text).toContain("auth = eap-radius");
  });

  it("takes users by certificate, and has no passwords then", () => {
    const text = readFileSync(resolve(ikev2, "site.yaml"), "utf8")
      .replace("name: vpn.example.org", "name: vpn.example.org\n        auth: certificate")
      .replace(/\{ password: env:\w+ \}/g, "{}");
    const texts = textsOf(build(text));
    const { connections, secrets } = loadSwanctl(new Source("s", texts.get(SWANCTL().slice(1)) as string), system);
    expect(connections.map((one) => one.remote.map((round) => round.method))).toEqual([["pubkey"]]);
    expect(secrets).toEqual([]);
    expect(codes(texts)).toEqual([]);
  });

  it("lets a platform in that has nothing strong, when the site says so", () => {
    const wanted = readFileSync(resolve(l2tp, "site.yaml"), "utf8").replace(
      "        psk: env:VPN_PSK\n",
      "        psk: env:VPN_PSK\n        clients: [android-11]\n",
    );
    const reading = readSite(new Source("site.yaml", wanted), { system: () => system });
    expect(reading.diagnostics.map((one) => one.code)).toEqual(["site/vpn-client"]);
    const [machine] = buildSite(reading.site as NonNullable<typeof reading.site>).machines;
    const headEnd = readHeadEnd(buildMachine(textsOf(machine as BuiltMachine), system));
    const found = compatibility(headEnd as NonNullable<typeof headEnd>);
    expect(found.find((one) => one.platform.name === "android-11")).toMatchObject({
      verdict: "connects",
      proposal: "aes-256 sha2-256 modp1024",
    });
    const before = readHeadEnd(buildMachine(texts, system));
    const [was] = compatibility(before as NonNullable<typeof before>).filter(
      (one) => one.platform.name === "android-11",
    );
    expect([was?.verdict, was?.change, was?.cost]).toEqual([
      "fails",
      "`aes256-sha256-modp1024` among the proposals",
      "a 1024-bit group, which a state can break",
    ]);
  });
});

describe("which platforms get in on FreeBSD", () => {
  it("follows from swanctl.conf, and is said with what would have to change", () => {
    const headEnd = readHeadEnd(
      buildMachine(textsOf(build(readFileSync(resolve(ikev2, "site.yaml"), "utf8"))), system),
    );
    const found = compatibility(headEnd as NonNullable<typeof headEnd>);
    expect(
      Object.fromEntries(found.map((one) => [one.platform.name, `${one.verdict} ${one.proposal ?? ""}`.trim()])),
    ).toMatchInlineSnapshot(`
      {
        "android-11": "connects AES_GCM_16_256 HMAC_SHA2_256 CURVE25519",
        "android-12": "connects AES_GCM_16_256 HMAC_SHA2_256 CURVE25519",
        "apple-2015": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
        "chromeos": "connects AES_GCM_16_256 HMAC_SHA2_256 CURVE25519",
        "ios": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
        "macos": "connects AES_GCM_16_256 HMAC_SHA2_256 ECP_256",
        "mikrotik": "fails",
        "networkmanager": "unknown",
        "windows-10": "fails",
        "windows-11": "fails",
        "windows-7": "fails",
      }
    `);
    expect(found.find((one) => one.platform.name === "windows-11")).toMatchObject({
      change: "`aes256-sha256-modp1024` among the proposals",
      cost: "a 1024-bit group, which a state can break",
    });
  });
});

describe("phase 2 on FreeBSD", () => {
  it("fails for a client that wants a group of its own there, and says which", () => {
    const headEnd = readHeadEnd(buildMachine(textsOf(build(readFileSync(resolve(l2tp, "site.yaml"), "utf8"))), system));
    const found = compatibility(headEnd as NonNullable<typeof headEnd>);
    const [mikrotik] = found.filter((one) => one.platform.name === "mikrotik");
    expect(mikrotik).toMatchObject({ verdict: "fails", proposal: "aes-128 sha1 modp2048", phase2: null });
    expect([mikrotik?.reason, mikrotik?.change, mikrotik?.cost]).toMatchInlineSnapshot(`
      [
        "phase 1 is agreed on, ESP is not: no group in common: it offers aes256-sha1-modp1024, aes192-sha1-modp1024, aes128-sha1-modp1024, strongSwan takes aes256-sha256, aes256-sha1, aes128-sha1",
        "\`aes256-sha1-modp1024\` among esp_proposals",
        "a 1024-bit group, which a state can break",
      ]
    `);
    expect(found.find((one) => one.platform.name === "chromeos")).toMatchObject({
      verdict: "connects",
      proposal: "aes-128 sha1 modp2048",
      phase2: "AES_CBC_128 HMAC_SHA1_96",
    });
  });
});

describe("the command", () => {
  const pierhead = (arguments_: readonly string[], environment: Record<string, string> = {}) =>
    spawnSync(process.execPath, [resolve(root, "packages/cli/bin/pierhead.mjs"), ...arguments_], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", ...environment },
    });
  const file = resolve(l2tp, "site.yaml");
  const arguments_ = ["build", file, "--system", "freebsd-14.3", "--json"];

  it("writes secrets into files that only root reads, escaped, and nowhere else", () => {
    const out = mkdtempSync(join(tmpdir(), "pierhead-vpn-freebsd-"));
    try {
      const secrets = { VPN_PSK: 'Zoh4Eipe1e"Th3Ohs\\Ahx5', ANNA: 'col:on"and\\back-slash', BERT: "ieT5eequoow3Eep" };
      const run = pierhead([...arguments_, "-o", join(out, "tree")], secrets);
      expect([run.stderr, run.status]).toEqual(["", 0]);
      const tree = join(out, "tree/gate/usr/local/etc");
      const users = join(tree, "mpd5/mpd.secret");
      expect(statSync(users).mode & 0o777).toBe(0o600);
      const read = loadMpdSecret(new Source("users", readFileSync(users, "utf8")));
      expect(read.users.map((one) => one.password?.reveal())).toEqual([secrets.ANNA, secrets.BERT]);
      expect(`${read.users[0]?.range?.address}`).toBe("10.87.43.111");
      const swanctl = join(tree, "swanctl/swanctl.conf");
      expect(statSync(swanctl).mode & 0o777).toBe(0o600);
      const loaded = loadSwanctl(new Source("s", readFileSync(swanctl, "utf8")), system);
      expect(loaded.secrets.map((one) => one.secret?.reveal())).toEqual([secrets.VPN_PSK]);
      for (const secret of Object.values(secrets)) {
        expect(run.stdout).not.toContain(secret);
        expect(readFileSync(join(out, "tree/manifest.json"), "utf8")).not.toContain(secret);
      }
      const compat = pierhead(["vpn", "compat", join(out, "tree/gate"), "--system", "freebsd-14.3", "--json"]);
      const all = JSON.parse(compat.stdout) as { platform: string; verdict: string }[];
      expect(all.find((one) => one.platform === "windows-11")?.verdict).toBe("connects");
      expect(compat.status).toBe(1);
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it("refuses secrets that a file would make something else of, at their line", () => {
    const out = join(tmpdir(), "pierhead-vpn-freebsd-never");
    const secrets = { VPN_PSK: "0xdeadbeefdeadbeefdeadbeef", ANNA: "!/bin/sh-is-run-by-mpd", BERT: "ieT5eequoow3Eep" };
    const run = pierhead([...arguments_, "-o", out], secrets);
    const found = JSON.parse(run.stdout).diagnostics as { code: string; line: number; message: string }[];
    expect([run.status, found.map((one) => [one.line, one.code])]).toEqual([
      1,
      [
        [20, "site/secret-unusable"],
        [26, "site/secret-unusable"],
      ],
    ]);
    expect(run.stdout).not.toContain("deadbeefdead");
    expect(run.stdout).not.toContain("is-run-by");
  });
});
