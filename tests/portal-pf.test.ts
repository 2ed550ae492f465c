/** The pf driver: its anchor read, simulated and proved by our own reader and engine; its pfctl commands, recorded. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { policyLines, provePolicies, readPolicies } from "@pierhead/engine/prove";
import { runScenario } from "@pierhead/engine/scenario";
import {
  ANCHOR_LINES,
  createFirewall,
  type FirewallPlan,
  ground,
  type Opening,
  type PfSystem,
  pfGarden,
  pfRules,
  type Run,
  readTable,
} from "@pierhead/gateway/firewall";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";

const PLAN: FirewallPlan = {
  guests: { interface: "em1", addresses: ["10.77.0.1/24", "2001:db8:77::1/64"], isolate: true },
  uplink: { interface: "em0", nat: true },
  resolvers: ["10.77.0.1", "2001:db8:77::1"],
  redirectPort: 8080,
  portalPorts: [8443],
  openPorts: [2222],
};
const GARDEN = [
  { prefix: "203.0.113.0/28", protocol: null, port: null, timeout: null },
  { prefix: "2001:db8:80::90", protocol: "tcp", port: 443, timeout: null },
] as const;

/** The gateway's /etc. */
function tree(system: PfSystem, release: string): Record<string, string> {
  // Rules of the operator's that would let everything through: the anchor decides before them.
  const conf = `set skip on lo\n${ANCHOR_LINES[system].join("\n")}\npass\nload anchor "pierhead" from "/etc/pf.pierhead"\nload anchor "pierhead/garden" from "/etc/pf.garden"\n`;
  const files = {
    "etc/pf.conf": conf,
    "etc/pf.pierhead": pfRules(ground(PLAN), system),
    "etc/pf.garden": pfGarden("em1", GARDEN, system),
  };
  return release.startsWith("openbsd")
    ? {
        ...files,
        "etc/hostname.em0": "inet 192.0.2.1/24\ninet6 2001:db8:80::1 64\n",
        "etc/hostname.em1": "inet 10.77.0.1/24\ninet6 2001:db8:77::1 64\n",
        "etc/hostname.em2": "inet 10.99.0.1/24\n",
        "etc/mygate": "192.0.2.254\n2001:db8:80::fe\n",
        "etc/sysctl.conf": "net.inet.ip.forwarding=1\nnet.inet6.ip6.forwarding=1\n",
      }
    : {
        ...files,
        "etc/rc.conf": `pf_enable="YES"\ngateway_enable="YES"\nipv6_gateway_enable="YES"\ndefaultrouter="192.0.2.254"\nipv6_defaultrouter="2001:db8:80::fe"
ifconfig_em0="inet 192.0.2.1/24"\nifconfig_em0_ipv6="inet6 2001:db8:80::1/64"\nifconfig_em1="inet 10.77.0.1/24"\nifconfig_em1_ipv6="inet6 2001:db8:77::1/64"\nifconfig_em2="inet 10.99.0.1/24"\n`,
      };
}

type Step = Record<string, unknown>;
const tcp = (to: string, from = "10.77.0.10:40000"): Step => ({ in: "em1", proto: "tcp", from, to, flags: "S" });
/** Ports differ where two packets would share a state. */
const tcp6 = (to: string, port = 40_000): Step => tcp(to, `[2001:db8:77::10]:${port}`);
const udp = (to: string, from = "10.77.0.10:40000"): Step => ({ in: "em1", proto: "udp", from, to });
const SIGN_IN = { run: "pfctl -a pierhead -t signed -T add 10.77.0.10 2001:db8:77::10" };
const SIGN_OUT = {
  run: "pfctl -a pierhead -t signed -T delete 10.77.0.10 2001:db8:77::10; pfctl -k 10.77.0.10; pfctl -k 2001:db8:77::10",
};

const REFUSALS: Step[] = [
  { packet: tcp("198.51.100.80:443"), expect: { verdict: "return-rst" } },
  { packet: tcp6("[2001:db8:b::80]:443"), expect: { verdict: "return-rst" } },
  { packet: udp("198.51.100.80:443"), expect: { verdict: "return-icmp" } },
  { packet: udp("[2001:db8:b::80]:443", "[2001:db8:77::10]:40000"), expect: { verdict: "return-icmp" } },
  { packet: tcp("198.51.100.53:853"), expect: { verdict: "return-rst" } },
  { packet: tcp("10.77.0.1:2222"), expect: { verdict: "return-rst" } },
];
const ALWAYS_REFUSED: Step[] = [
  { packet: tcp("10.77.0.1:9000"), expect: { verdict: "return-rst" } },
  { packet: tcp("192.0.2.1:9000"), expect: { verdict: "return-rst" } },
  { packet: tcp("10.77.0.11:443"), expect: { verdict: "return-rst" } },
  { packet: tcp("10.99.0.5:443"), expect: { verdict: "return-rst" } },
  { packet: tcp("198.51.100.80:443", "203.0.113.200:40000"), expect: { verdict: "block" } },
  { packet: udp("10.77.0.255:68", "10.77.0.10:67"), expect: { verdict: "block" } },
];
const ALWAYS_PASSED: Step[] = [
  { packet: udp("10.77.0.1:53", "10.77.0.10:40001"), expect: { verdict: "pass" } },
  { packet: tcp("10.77.0.1:8443"), expect: { verdict: "pass" } },
  { packet: tcp6("[2001:db8:77::1]:8080", 40001), expect: { verdict: "pass" } },
  { packet: tcp("203.0.113.5:22"), expect: { verdict: "pass", out: "em0" } },
  { packet: tcp6("[2001:db8:80::90]:443"), expect: { verdict: "pass", out: "em0" } },
];

const SYSTEMS: readonly [string, PfSystem][] = [
  ["openbsd-7.8", "openbsd"],
  ["freebsd-14.3", "freebsd"],
];

describe.each(SYSTEMS)("the anchor on %s", (release, system) => {
  const parsed = parseSystem(release) as System;

  function scenario(steps: readonly Step[]): string[] {
    const text = stringify({ name: "portal", system: release, forwarding: true, files: tree(system, release), steps });
    const result = runScenario(new Source("portal.scenario.yaml", text), { readTree: () => null });
    return [
      ...result.diagnostics.map((one) => `${one.code}: ${one.message}`),
      ...result.startErrors,
      ...result.steps.flatMap((step) =>
        step.failures.map(
          (one) =>
            `step ${step.number} ${JSON.stringify(steps[step.number - 1])}: ${one.what}: expected ${one.expected}, got ${one.got}`,
        ),
      ),
    ];
  }

  it("lets who has not signed in do what the plan says", () => {
    expect(
      scenario([
        ...REFUSALS,
        ...ALWAYS_REFUSED,
        ...ALWAYS_PASSED,
        { packet: tcp("198.51.100.80:80"), expect: { verdict: "pass", to: "10.77.0.1:8080" } },
        { packet: tcp6("[2001:db8:b::80]:80"), expect: { verdict: "pass", to: "[2001:db8:77::1]:8080" } },
        { packet: udp("8.8.8.8:53"), expect: { verdict: "pass", to: "10.77.0.1:53" } },
      ]),
    ).toEqual([]);
  });

  it("lets who has signed in out, and not after the end", () => {
    const out: Step[] = [
      { packet: tcp("198.51.100.80:443"), expect: { verdict: "pass", out: "em0" } },
      {
        packet: tcp6("[2001:db8:b::80]:443"),
        expect: { verdict: "pass", out: "em0", from: "[2001:db8:77::10]:40000" },
      },
      { packet: udp("198.51.100.80:443"), expect: { verdict: "pass", out: "em0" } },
      { packet: tcp("198.51.100.80:80"), expect: { verdict: "pass", out: "em0", to: "198.51.100.80:80" } },
      { packet: tcp("10.77.0.1:2222"), expect: { verdict: "pass" } },
    ];
    expect(scenario([SIGN_IN, ...out, ...ALWAYS_REFUSED, ...ALWAYS_PASSED, SIGN_OUT, ...REFUSALS])).toEqual([]);
  });

  it("is proved: nobody who has not signed in reaches anything else", () => {
    const policies = stringify([
      {
        name: "nothing but the garden by the uplink",
        from: ["10.77.0.0/24", "2001:db8:77::/64"],
        to: ["198.51.100.0/24", "2001:db8:b::/48", "203.0.113.16/28"],
        in: "em1",
        proto: "udp",
        port: ["1:52", "54:65535"],
        never: "pass",
      },
      {
        name: "no TCP of theirs",
        from: ["10.77.0.0/24", "2001:db8:77::/64"],
        to: ["198.51.100.0/24", "2001:db8:b::/48"],
        in: "em1",
        proto: "tcp",
        port: ["1:52", "54:79", "81:65535"],
        never: "pass",
      },
      {
        name: "nor to other networks",
        from: "10.77.0.0/24",
        to: "10.99.0.0/24",
        in: "em1",
        proto: "tcp",
        port: ["1:52", "54:79", "81:65535"],
        never: "pass",
      },
      {
        name: "the admin's port",
        from: ["10.77.0.0/24", "2001:db8:77::/64"],
        to: "self",
        in: "em1",
        proto: "tcp",
        port: 9000,
        never: "pass",
      },
    ]);
    const read = readPolicies(new Source("portal.policy.yaml", policies), parsed);
    expect(read.diagnostics.map((one) => one.message)).toEqual([]);
    const results = provePolicies(tree(system, release), parsed, read.policies);
    expect(
      results.map((one) => one.verdict),
      policyLines(results).join("\n"),
    ).toEqual(read.policies.map(() => "proved"));
  });
});

/** `pfctl -t signed -vT show` as print_astats() of each system writes it. */
const LISTINGS: Record<PfSystem, string> = {
  openbsd: `   10.77.0.10
	Cleared:     Tue Nov 24 12:00:00 2026
	In/Block:    [ Packets: 1                  Bytes: 60                 ]
	In/Match:    [ Packets: 0                  Bytes: 0                  ]
	In/Pass:     [ Packets: 12                 Bytes: 3456               ]
	Out/Block:   [ Packets: 0                  Bytes: 0                  ]
	Out/Match:   [ Packets: 0                  Bytes: 0                  ]
	Out/Pass:    [ Packets: 20                 Bytes: 18446744073709551615 ]
   2001:db8:77::10
	Cleared:     Tue Nov 24 12:00:00 2026
`,
  freebsd: `   10.77.0.10
	Cleared:     Tue Nov 24 12:00:00 2026
	In/Block:    [ Packets: 1                  Bytes: 60                 ]
	In/Pass:     [ Packets: 12                 Bytes: 3456               ]
	Out/Block:   [ Packets: 0                  Bytes: 0                  ]
	Out/Pass:    [ Packets: 20                 Bytes: 18446744073709551615 ]
   2001:db8:77::10
	Cleared:     Tue Nov 24 12:00:00 2026
`,
};

describe.each(SYSTEMS)("the driver on %s", (release, system) => {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-pf-"));
  const journal = join(folder, "portal.json");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const opening: Opening = {
    number: 7,
    mac: "02:77:00:00:00:10",
    addresses: ["10.77.0.10", "2001:db8:77::10"],
    rateUp: null,
    rateDown: null,
  };

  /** pfctl against the simulated packet filter, as Linux has none. */
  function simulated(conf = `${ANCHOR_LINES[system].join("\n")}\npass\n`) {
    const { machine } = buildMachine({ ...tree(system, release), "etc/pf.conf": conf }, parseSystem(release) as System);
    const said: string[] = [];
    const run: Run = async (argv, stdin = "") => {
      said.push(argv.join(" "));
      if (argv[0] === "sysctl") return { status: 0, stdout: "1\n", stderr: "" };
      const result = machine.pfctl(argv.slice(1), stdin);
      return { status: result.exit, stdout: result.output, stderr: result.errors };
    };
    const table = (): string[] =>
      machine
        .pfctl(["-a", "pierhead", "-t", "signed", "-T", "show"], null)
        .output.split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    return { said, table, firewall: createFirewall({ kind: "pf", system, journal, run }), run };
  }

  it("reads what pfctl prints of a table", () => {
    expect(readTable(LISTINGS[system])).toEqual(
      new Map([
        [
          "10.77.0.10",
          { inputOctets: 3456n, inputPackets: 12n, outputOctets: 18446744073709551615n, outputPackets: 20n },
        ],
        ["2001:db8:77::10", { inputOctets: 0n, inputPackets: 0n, outputOctets: 0n, outputPackets: 0n }],
      ]),
    );
  });

  it("opens, alters and closes with a few commands", async () => {
    const { said, table, firewall } = simulated();
    await firewall.start(PLAN);
    said.length = 0;
    await firewall.apply([{ kind: "open", opening }]);
    expect(said).toEqual(["pfctl -a pierhead -t signed -T add -f -"]);
    expect(table()).toEqual(["10.77.0.10", "2001:db8:77::10"]);
    await expect(firewall.apply([{ kind: "open", opening: { ...opening, number: 8 } }])).rejects.toThrow(
      "is open already, as session 7",
    );
    await firewall.apply([{ kind: "alter", opening: { ...opening, addresses: ["10.77.0.10"] } }]);
    expect(table()).toEqual(["10.77.0.10"]);
    expect(await firewall.read()).toMatchObject([
      { number: 7, mac: opening.mac, addresses: ["10.77.0.10"], inputOctets: 0n },
    ]);
    said.length = 0;
    expect([...(await firewall.apply([{ kind: "close", number: 7 }])).keys()]).toEqual([7]);
    expect(said).toEqual([
      "pfctl -a pierhead -t closing -T add -f -",
      "pfctl -k 10.77.0.10",
      "pfctl -k 0.0.0.0/0 -k 10.77.0.10",
      "pfctl -a pierhead -t signed -vT show",
      "pfctl -a pierhead -t signed -T delete -f -",
      "pfctl -a pierhead -t closing -T delete -f -",
    ]);
    expect(table()).toEqual([]);
    expect(JSON.parse(readFileSync(journal, "utf8"))).toEqual([]);
  });

  it("keeps what is open when a new process starts, and shuts what nobody wrote down", async () => {
    const { firewall, table, run } = simulated();
    await firewall.start(PLAN);
    await firewall.apply([{ kind: "open", opening }]);
    await run(["pfctl", "-a", "pierhead", "-t", "signed", "-T", "add", "10.77.0.66"]);
    const next = createFirewall({ kind: "pf", system, journal, run });
    await next.start(PLAN);
    expect(table()).toEqual(["10.77.0.10", "2001:db8:77::10"]);
    expect(await next.read()).toMatchObject([{ number: 7, addresses: opening.addresses }]);
    await next.garden([{ prefix: "203.0.113.9", protocol: null, port: 443, timeout: 60 }]);
    expect((await run(["pfctl", "-a", "pierhead/garden", "-s", "rules"])).stdout).toContain("203.0.113.9 port = ");
    await next.stop();
    expect((await run(["pfctl", "-a", "pierhead", "-s", "rules"])).stdout).toBe("");
  });

  it("says what pf.conf lacks", async () => {
    const { firewall } = simulated("pass\n");
    await expect(firewall.start(PLAN)).rejects.toThrow("pf.conf lacks `");
    expect(firewall.abilities).toEqual({ macBinding: false, newAddresses: false, rates: false });
  });
});
