/** Sites with a hotspot: what lies in the example is what is built, its parts' own tools take it, and what cannot be is refused. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Source } from "@pierhead/core";
import { readPortalConf } from "@pierhead/lang/portal-conf";
import { type BuiltMachine, buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { verifyMachine } from "@pierhead/site/verify";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dnsmasqLines } from "../packages/gateway/src/firewall/garden.ts";
import { ground } from "../packages/gateway/src/firewall/ground.ts";
import { checkAnchors, pfGarden, pfRules } from "../packages/gateway/src/firewall/pf-rules.ts";
import { announce, captivePortalApi } from "../packages/gateway/src/portal/pages/capport.ts";
import { buildExample, holdsExample } from "./support/example-site.ts";

const folder = resolve(import.meta.dirname, "../examples/hotspot");
const file = resolve(folder, "site.yaml");
const text = readFileSync(file, "utf8");

describe("the example", () => holdsExample(file, resolve(folder, "built"), null));

const machines = new Map(buildExample(file, null).map((one) => [one.name, one]));

function built(machine: string, path: string): string {
  const found = machines.get(machine)?.files.find((one) => one.path === path);
  expect(found, `${machine}${path}`).toBeDefined();
  return found?.text ?? "";
}

function hasProgram(name: string): boolean {
  return spawnSync(name, ["--version"]).error === undefined;
}

/** Runs a program on a text, as a file. */
function given(
  content: string,
  program: string,
  words: (path: string) => readonly string[],
): { exit: number; said: string } {
  const scratch = mkdtempSync(join(tmpdir(), `pierhead-hotspot-${process.pid}-`));
  try {
    const path = join(scratch, "file.conf");
    writeFileSync(path, content.replaceAll("SCRATCH", scratch));
    const { status, stdout, stderr } = spawnSync(program, [...words(path)], { encoding: "utf8" });
    return { exit: status ?? -1, said: stdout + stderr };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

describe("the parts' own tools take it", () => {
  it.each([
    ["west", "/etc/pierhead/portal.yaml"],
    ["east", "/usr/local/etc/pierhead/portal.yaml"],
    ["north", "/etc/pierhead/portal.yaml"],
  ])("the portal's reader: %s", (machine, path) => {
    const { config, diagnostics } = readPortalConf(new Source(path, built(machine, path)));
    expect(diagnostics.filter((one) => one.severity !== "note")).toEqual([]);
    expect(config?.firewall).toBe(machine === "north" ? "nftables" : "pf");
  });

  it.skipIf(!hasProgram("dnsmasq")).each([
    ["east", "/usr/local/etc/dnsmasq.conf"],
    ["north", "/etc/dnsmasq.d/pierhead.conf"],
  ])("dnsmasq: %s", (machine, path) => {
    const { exit, said } = given(built(machine, path), "dnsmasq", (at) => ["--test", "-C", at]);
    expect(said).toContain("syntax check OK");
    expect(exit).toBe(0);
  });

  it.skipIf(!hasProgram("unbound-checkconf"))("unbound", () => {
    // Only where it would live is another: OpenBSD's lives in /var/unbound.
    const here = '\tchroot: ""\n\tusername: ""\n\tdirectory: "SCRATCH"\n';
    const conf = built("west", "/var/unbound/etc/unbound.conf").replace(/\tauto-trust.*\n/, here);
    const { exit, said } = given(conf, "unbound-checkconf", (at) => [at]);
    expect(said).toContain("no errors");
    expect(exit).toBe(0);
  });

  it.skipIf(!hasProgram("nft") || process.getuid?.() !== 0)("nft", () => {
    const { exit, said } = given(built("north", "/etc/nftables.conf"), "nft", (at) => ["-c", "-f", at]);
    expect(said).toBe("");
    expect(exit).toBe(0);
  });
});

describe("names", () => {
  it.each([
    ["west", "/var/unbound/etc/unbound.conf", 'local-data: "west.example.org. IN A 10.99.0.1"'],
    ["west", "/var/unbound/etc/unbound.conf", 'local-data: "west.example.org. IN AAAA 2001:db8:99::1"'],
    ["east", "/usr/local/etc/dnsmasq.conf", "host-record=east.example.org,10.99.0.1\n"],
    ["north", "/etc/dnsmasq.d/pierhead.conf", "host-record=north.example.org,10.99.0.1,2001:db8:99::1\n"],
  ])("%s resolves the portal to the gateway: %s", (machine, path, line) => {
    expect(built(machine, path)).toContain(line);
  });

  it("announces the captive portal API by DHCP, in each server's words", () => {
    expect(built("west", "/etc/dhcpd.conf")).toContain(
      'option option-114 "https://west.example.org/captive-portal/api";',
    );
    expect(built("east", "/usr/local/etc/dnsmasq.conf")).toContain("dhcp-option=114,https://east.example.org/captive");
    expect(built("north", "/etc/dnsmasq.d/pierhead.conf")).toContain(
      "dhcp-option=option6:103,https://north.example.org",
    );
  });
});

/** Diagnostics of a changed example: `line code severity`, of the site itself or of what would be built. */
function findings(change: (text: string) => string): string[] {
  const source = new Source("site.yaml", change(text));
  const reading = readSite(source);
  const { site } = reading;
  const all = [...reading.diagnostics];
  if (site !== null && !all.some((one) => one.severity === "error")) {
    for (const machine of buildSite(site).machines) all.push(...verified(machine, site));
  }
  return all
    .filter((one) => one.severity !== "note")
    .map((one) => `${source.position(one.span.start).line} ${one.severity} ${one.code}`);
}

function verified(machine: BuiltMachine, site: Parameters<typeof verifyMachine>[1]["site"]) {
  const texts = new Map(machine.files.map((one) => [one.path, one.text]));
  return verifyMachine(
    { ...machine, scenarios: [] },
    { site, nameOf: (path) => machine.name + path, textOf: (path) => texts.get(path) ?? "", readBeside: () => null },
  ).diagnostics;
}

/** Line of the first text in the example, after the start of a host. */
function lineOf(host: string, what: string): number {
  const from = text.indexOf(`\n  ${host}:`);
  const at = text.indexOf(what, from);
  expect(from > 0 && at > 0, `${host}: ${what}`).toBe(true);
  return text.slice(0, at).split("\n").length;
}

function within(host: string, from: string, to: string): (text: string) => string {
  return (given) => {
    const start = given.indexOf(`\n  ${host}:`);
    expect(given.slice(start)).toContain(from);
    return given.slice(0, start) + given.slice(start).replace(from, () => to);
  };
}

describe("what cannot be is said at its line", () => {
  it("says nothing about the example", () => expect(findings((one) => one)).toEqual([]));

  const cases: readonly (readonly [string, string, string, string, string, string])[] = [
    ["no such LAN", "west", "guests: guests", "guests: gusts", "guests: guests", "error site/unknown-reference"],
    [
      "guests without IPv4",
      "east",
      "[10.99.0.1/22]",
      '["2001:db8:7::1/64"]',
      "10.99.0.1/22",
      "error site/hotspot-guests",
    ],
    ["no /64", "west", "2001:db8:99::1/64", "2001:db8:99::1/56", "2001:db8:99::1", "error site/hotspot-guests"],
    ["a pool outside", "west", "10.99.0.50-10.99.3.250", "10.99.0.50-10.99.4.250", "pool:", "error site/hotspot-pool"],
    ["a pool with the gateway in it", "west", "10.99.0.50-", "10.99.0.1-", "pool:", "error site/hotspot-pool"],
    [
      "a pool backwards",
      "west",
      "10.99.0.50-10.99.3.250",
      "10.99.3.250-10.99.0.50",
      "pool:",
      "error site/hotspot-pool",
    ],
    ["a broadcast address", "west", "-10.99.3.250", "-10.99.3.255", "pool:", "error site/hotspot-pool"],
    ["no room", "east", "10.99.0.1/22", "10.99.0.1/30", "10.99.0.1/22", "error site/hotspot-pool"],
    ["nobody to ask", "east", "    dns: [192.0.2.53]\n", "", "hotspot:", "error site/hotspot-resolver"],
    [
      "an address that is not ours",
      "west",
      "listen: 127.0.0.1",
      "listen: 192.0.2.9",
      "admin:",
      "error site/hotspot-admin",
    ],
    [
      "a secret no daemon has",
      "west",
      '"file:/etc/pierhead/radius.secret"',
      '"env:SECRET"',
      "host: 192.0.2.20",
      "error site/hotspot-secret",
    ],
    [
      "a path without a root",
      "west",
      '"file:/etc/pierhead/radius.secret"',
      '"file:radius.secret"',
      "host: 192.0.2.20",
      "error site/hotspot-secret",
    ],
    [
      "a folder that is not the portal's",
      "north",
      "folder: /var/lib/pierhead/acme",
      "folder: /etc/pierhead/acme",
      "folder:",
      "error site/hotspot-folder",
    ],
    [
      "a store that goes out of its folder",
      "north",
      "      admin: { listen: 127.0.0.1 }",
      "      store: sqlite:/var/lib/pierhead/../portal.db",
      "admin:",
      "error site/hotspot-folder",
    ],
    ["a system without a portal", "west", "openbsd-7.8", "netbsd-10.1", "hotspot:", "error site/not-built"],
  ];
  it.each(cases)("%s", (_name, host, from, to, where, expected) => {
    const lines = from.endsWith("\n") ? -1 : 0;
    expect(findings(within(host, from, to))).toContain(`${lineOf(host, where) + lines} ${expected}`);
  });

  it("the admin page behind its own wall, as the portal's own reader says it", () => {
    const found = findings(within("west", "listen: 127.0.0.1", "listen: 10.99.0.1"));
    expect(found).toContain(`${lineOf("west", "admin:")} error portal/admin-behind-wall`);
  });

  it("an option of the portal that is wrong, with the portal's words", () => {
    const at = lineOf("west", "limits:");
    expect(findings(within("west", "rateUp: 2Mbit", "rateUp: fast"))).toContain(`${at} error site/wrong-value`);
    expect(findings(within("west", "idle: 10m", "idle: 5s"))).toContain(`${at} warning portal/short-idle`);
  });

  it("guests told by signed-in guests' own page", () => {
    const found = findings(
      within(
        "west",
        "{ listen: 127.0.0.1 }",
        "{ listen: 10.99.0.1, fromGuests: true, certificate: { chain: /c, key: /k } }",
      ),
    );
    expect(found).toContain(`${lineOf("west", "admin:")} warning site/hotspot-admin`);
  });

  it("what a hotspot is not built beside", () => {
    const second = "      backup: { interface: em3, address: 203.0.113.10/24, gateway: 203.0.113.1 }\n    lans:";
    expect(findings(within("west", "    lans:", second)).join()).toContain("error site/not-built");
    const lan = "    lans:\n      office: { interface: enp3s0, addresses: [192.168.7.1/24] }";
    expect(findings(within("north", "    lans:", lan)).join()).toContain("error site/not-built");
    expect(findings(within("north", "    dns:", "    network: ifupdown\n    dns:")).join()).toContain(
      "error site/not-built",
    );
  });
});

describe("the portal's other parts say the same", () => {
  const configOf = (machine: string, path: string) => {
    const { config } = readPortalConf(new Source(path, built(machine, path)));
    return config as NonNullable<typeof config>;
  };
  const west = configOf("west", "/etc/pierhead/portal.yaml");
  const east = configOf("east", "/usr/local/etc/pierhead/portal.yaml");
  const north = configOf("north", "/etc/pierhead/portal.yaml");

  it("about where the captive portal API is, in each server's words", () => {
    const line = (config: typeof west, server: "openbsd-dhcpd" | "dnsmasq"): string[] =>
      announce(server, captivePortalApi(config) ?? "").split("\n");
    expect(built("west", "/etc/dhcpd.conf")).toContain(line(west, "openbsd-dhcpd")[0]);
    expect(built("east", "/usr/local/etc/dnsmasq.conf")).toContain(`${line(east, "dnsmasq")[0]}\n`);
    for (const one of line(north, "dnsmasq"))
      expect(built("north", "/etc/dnsmasq.d/pierhead.conf")).toContain(`${one}\n`);
  });

  it("about the names of the walled garden", () => {
    const lines = dnsmasqLines(north.garden);
    expect(lines.length).toBeGreaterThan(0);
    for (const one of lines) expect(built("north", "/etc/dnsmasq.d/pierhead.conf")).toContain(`${one}\n`);
  });

  it("about the anchors that pf.conf has to name", () => {
    expect(() => checkAnchors(built("west", "/etc/pf.conf"), "openbsd")).not.toThrow();
    expect(() => checkAnchors(built("east", "/etc/pf.conf"), "freebsd")).not.toThrow();
  });

  it.each([
    ["openbsd", "guests-and-the-portal.scenario.yaml", west],
    ["freebsd", "guests-and-the-portal-freebsd.scenario.yaml", east],
  ] as const)("about the rules of the portal on %s, which the scenarios load", (system, scenario, config) => {
    const { guests, uplink, resolvers } = config;
    const plan = { guests, uplink, resolvers, redirectPort: 80, portalPorts: [443], openPorts: [] };
    const rules = pfRules(ground(plan), system);
    const steps = parse(readFileSync(join(folder, "scenarios", scenario), "utf8")).steps as { stdin?: string }[];
    expect(steps[0]?.stdin).toBe(rules);
    expect(steps[1]?.stdin).toBe(
      pfGarden("em1", [{ prefix: "192.0.2.10/32", protocol: "tcp", port: 443, timeout: null }], system),
    );
  });
});
