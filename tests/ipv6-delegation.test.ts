/** Ways to IPv6: what is built for each system and method, and what cannot be. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { runScenario } from "@pierhead/engine/scenario";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { describe, expect, it } from "vitest";
import { buildExample, holdsExample } from "./support/example-site.ts";

const folder = resolve(import.meta.dirname, "../examples/ipv6-delegation");
const path = resolve(folder, "site.yaml");

describe("every way to IPv6", () => holdsExample(path, resolve(folder, "built"), null));

describe("older systems", () => {
  const files = (system: string, machine: string): Map<string, string> => {
    const text = readFileSync(path, "utf8");
    const source = new Source("site.yaml", text);
    const reading = readSite(source, { system: (name) => (name === machine ? (parseSystem(system) as System) : null) });
    expect(reading.diagnostics.filter((one) => one.severity === "error")).toEqual([]);
    const built = buildExample(path, null);
    expect(built.length).toBeGreaterThan(0);
    return new Map(
      (reading.site === null ? [] : buildSite(reading.site).machines)
        .find((one) => one.name === machine)
        ?.files.map((one) => [one.path, one.text]),
    );
  };
  it("OpenBSD before 7.6 has no dhcp6leased", () => {
    const home = files("openbsd-7.5", "home");
    expect(home.get("/etc/dhcpcd.conf")).toContain("ia_pd 1 em1/1/64 em2/3/64");
    expect(home.get("/etc/hostname.em0")).toContain("inet6 eui64");
    expect(home.get("/etc/rc.conf.local")).toContain("pkg_scripts=dhcpcd");
  });
  it("OpenBSD before 6.4 has no rad", () =>
    expect(files("openbsd-5.8", "home").get("/etc/rc.conf.local")).toContain('rtadvd_flags="em1 em2"'));
});

describe("rules of the delegation", () => {
  const texts = new Map(
    buildExample(path, null)
      .find((one) => one.name === "home")
      ?.files.map((one) => [one.path.slice(1), one.text]),
  );
  const steps = (text: string): string[] => {
    const head =
      "name: x\nsystem: openbsd-7.8\ntree: home\nleases: { em0: { address: 192.0.2.7/24, gateway: 192.0.2.1 } }\n";
    const more =
      'interfaces: { em0: { addresses: [192.0.2.7/24, "fe80::7/64"] }, em1: { addresses: [192.168.1.1/24, "2001:db8:9:1::1/64"] } }\n';
    const source = new Source("x.yaml", `${head.replace(/leases.*\n/, "")}${more}steps:\n${text}`);
    const result = runScenario(source, { readTree: () => texts });
    expect([...result.startErrors, ...result.diagnostics.map((one) => one.message)]).toEqual([]);
    return result.steps.flatMap((step) => step.failures.map((one) => `${step.number} ${one.what} ${one.got}`));
  };
  it("let servers and routers of the line answer, and nobody on the LAN say he is one", () =>
    expect(
      steps(`
  - packet: { in: em0, proto: udp, from: "[fe80::99]:547", to: "[fe80::7]:546" }
    expect: { verdict: pass, delivered: true }
  - packet: { in: em0, proto: icmp6, type: routeradv, from: "fe80::99", to: "ff02::1", ttl: 255 }
    expect: { verdict: pass }
  - packet: { in: em1, proto: icmp6, type: routeradv, from: "fe80::66", to: "ff02::1", ttl: 255 }
    expect: { verdict: [block, return-icmp] }
  - packet: { in: em0, proto: udp, from: "[2001:db8::66]:547", to: "[fe80::7]:546" }
    expect: { verdict: block }
`),
    ).toEqual([]));
});

describe("guests on a shared wire", () => {
  const texts = new Map(
    buildExample(path, null)
      .find((one) => one.name === "dedibox")
      ?.files.map((one) => [one.path.slice(1), one.text]),
  );
  const verdict = (packet: string): string | null => {
    const source = new Source("x.yaml", `name: x\nsystem: openbsd-7.8\ntree: x\nsteps: [{ packet: { ${packet} } }]\n`);
    const result = runScenario(source, { readTree: () => texts });
    expect([...result.startErrors, ...result.diagnostics.map((one) => one.message)]).toEqual([]);
    // On the bridge a packet goes on when pf has let it in; where this machine would route it is another matter.
    const seen = result.steps[0]?.journey?.steps.find((step) => step.kind === "filter");
    return seen?.kind === "filter" ? seen.result.verdict : null;
  };
  const cases: [string, string, string][] = [
    ["its own address", 'in: tap0, proto: udp, from: "198.51.100.10:5000", to: "93.184.216.34:53"', "pass"],
    ["another guest's", 'in: tap0, proto: udp, from: "198.51.100.11:5000", to: "93.184.216.34:53"', "block"],
    [
      "what is delegated to it",
      'in: tap0, proto: udp, from: "[2001:db8:2000:7::9]:5000", to: "[2001:db8:f::1]:53"',
      "pass",
    ],
    [
      "what is delegated to another",
      'in: tap0, proto: udp, from: "[2001:db8:2100::1]:5000", to: "[2001:db8:f::1]:53"',
      "block",
    ],
    [
      "a router's announcement",
      'in: tap0, proto: icmp6, type: routeradv, from: "fe80::10", to: "ff02::1", ttl: 255',
      "block",
    ],
    ["a redirect", 'in: tap0, proto: icmp6, type: redir, from: "fe80::10", to: "fe80::11", ttl: 255', "block"],
    ["a DHCPv6 server's answer", 'in: tap0, proto: udp, from: "[fe80::10]:547", to: "[fe80::11]:546"', "block"],
    ["a DHCP server's answer", 'in: tap0, proto: udp, from: "198.51.100.66:67", to: "255.255.255.255:68"', "block"],
    ["a question for a server", 'in: tap0, proto: udp, from: "[fe80::10]:546", to: "[ff02::1:2]:547"', "pass"],
    [
      "a question for a neighbour",
      'in: tap0, proto: icmp6, type: neighbrsol, from: "fe80::10", to: "ff02::1:ff00:1", ttl: 255',
      "pass",
    ],
    [
      "the router, on the wire",
      'in: em0, proto: icmp6, type: routeradv, from: "fe80::1", to: "ff02::1", ttl: 255',
      "pass",
    ],
    [
      "another system's link-local address in place of a server",
      'in: tap4, proto: udp, from: "[fe80::10]:546", to: "[ff02::1:2]:547"',
      "block",
    ],
  ];
  for (const [name, packet, expected] of cases)
    it(`${name}: ${expected}`, () => expect(verdict(packet)).toBe(expected));
});

const GOOD = readFileSync(path, "utf8");

describe("IPv6 that cannot be", () => {
  const findings = (from: string, to: string): string[] => {
    expect(GOOD).toContain(from);
    const source = new Source("site.yaml", GOOD.replace(from, to));
    return readSite(source)
      .diagnostics.filter((one) => one.code !== "site/dhcpv6-timers" && one.severity !== "note")
      .map((one) => `${source.position(one.span.start).line} ${one.code}`);
  };
  const outside = 'inet6: { address: "2001:db8:3000:62::1/64", gateway: "2001:db8:3000:62ff:ff:ff:ff:ff" }';
  const home = "inet6: { method: dhcpv6-pd, lans: { lan: 1, dmz: 3 } }";
  const cases: [string, string, string, string[]][] = [
    ["nothing against it", "home:", "home:", []],
    ["no gateway", outside, 'inet6: { address: "2001:db8:3000:62::1/64" }', ["79 site/inet6-incomplete"]],
    [
      "a DUID nobody asks for",
      outside,
      outside.replace("{ ", '{ duid: "00:03:00:01:aa:bb:cc:dd:ee:ff", '),
      ["79 site/inet6-contradiction"],
    ],
    ["a delegation for nothing", home, "inet6: { method: dhcpv6-pd }", ["11 site/inet6-incomplete"]],
    ["two LANs with one number", home, home.replace("dmz: 3", "dmz: 1"), ["11 site/inet6-contradiction"]],
    ["a LAN that is not there", home, home.replace("dmz: 3", "wifi: 3"), ["11 site/unknown-reference"]],
    [
      "a number too large",
      home,
      home.replace("lans:", 'prefix: "2001:db8::/63", lans:'),
      ["11 site/inet6-contradiction"],
    ],
    [
      "an address outside",
      "address: 2001:db8:1000::1/64",
      "address: 2001:db8:9999::1/64",
      ["35 site/inet6-not-routed"],
    ],
    ["half a DUID", "duid: 00:03:00:01:52:54:00:12:34:56", "duid: 52:54:00:12:34:56", ["33 site/duid-shape"]],
    ["no DUID", "          duid: 00:03:00:01:52:54:00:12:34:56\n", "", ["31 site/inet6-rule"]],
    [
      "a delegation where there is none",
      "provider: online-net",
      "provider: hetzner",
      ["32 site/inet6-rule", "47 site/inet6-rule", "55 site/inet6-rule", "63 site/inet6-rule"],
    ],
    ["announced, of no known network", ', prefix: "2001:db8:5000::/64"', "", ["71 site/inet6-incomplete"]],
  ];
  for (const [name, from, to, expected] of cases) it(name, () => expect(findings(from, to)).toEqual(expected));
});
