import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSite, siteOf } from "./index.ts";

/** `line:column code` of everything that is said, in order. */
function findings(text: string, hasSecret?: (reference: string) => boolean): string[] {
  const source = new Source("site.yaml", text);
  const { diagnostics } = readSite(source, hasSecret === undefined ? {} : { hasSecret });
  // What stays open on a wire is said for every host on one.
  const told = diagnostics.filter((one) => one.code !== "site/wire-open");
  return told.map((one) => {
    const { line, column } = source.position(one.span.start);
    return `${line}:${column} ${one.code}`;
  });
}

const GOOD = `site: office
hosts:
  edge:
    system: openbsd-7.8
    provider: online-net
    uplinks:
      isp1: { interface: vr0, address: 198.51.100.199/24, gateway: 198.51.100.100 }
      isp2: { interface: vr2, dhcp: true }
    lans:
      lan: { interface: vr1, addresses: [192.168.1.1/24] }
    hypervisor: { kind: vmd, bridge: bridge0 }
    secrets: { /etc/key: "env:KEY" }
guests:
  web: { on: edge, system: linux, interface: eth0, address: 203.0.113.10, mac: "00:50:56:00:01:aa" }
`;

describe("a site file", () => {
  it("is read without a word when it is right", () => expect(findings(GOOD, () => true)).toEqual([]));

  const cases: [string, string, string, string[]][] = [
    ["a tab is no YAML", "site: office\n", "site:\toffice\n\thosts:\n", ["2:1 site/syntax"]],
    ["a key twice", "  edge:\n", "  edge: {}\n  edge:\n", ["4:3 site/duplicate-key"]],
    ["an unknown key", "lans:", "lan:", ["9:5 site/unknown-key"]],
    ["a missing key", "    system: openbsd-7.8\n", "", ["3:3 site/missing-key"]],
    ["an unknown system", "openbsd-7.8", "openbsd-99.1", ["4:13 site/unknown-system"]],
    ["an address without length", "198.51.100.199/24", "198.51.100.199", ["7:40 site/wrong-value"]],
    ["a name with a capital", "      lan:", "      LAN:", ["10:7 site/wrong-name"]],
    ["a name that is a word of pf.conf", "      lan:", "      in:", ["10:7 site/reserved-name"]],
    ["two things of one name", "      lan:", "      isp1:", ["10:7 site/duplicate-name"]],
    ["overlapping networks", "192.168.1.1/24", "198.51.100.1/24", ["10:42 site/overlapping-networks"]],
    ["one card twice", "interface: vr1", "interface: vr0", ["10:25 site/same-interface"]],
    ["a gateway elsewhere", "198.51.100.100", "192.0.2.1", ["7:68 site/gateway-not-on-link"]],
    ["a network's own address", "198.51.100.199/24", "198.51.100.0/24", ["7:40 site/not-a-host-address"]],
    ["a lease and an address", "dhcp: true", "dhcp: true, gateway: 192.0.2.1", ["8:52 site/dhcp-or-address"]],
    ["neither lease nor address", ", dhcp: true", "", ["8:7 site/line-incomplete"]],
    ["a secret that is not there", "env:KEY", "env:NOT_SET", ["12:26 site/missing-secret"]],
    ["a secret written out", "env:KEY", "hunter2", ["12:26 site/wrong-value"]],
    ["a MAC that is not from the console", "00:50:56:00:01:aa", "02:11:22:00:01:aa", ["14:80 site/mac-rule"]],
    ["a multicast MAC", "00:50:56:00:01:aa", "01:50:56:00:01:aa", ["14:80 site/mac-not-a-card"]],
    ["a guest on no host", "on: edge", "on: egde", ["14:14 site/unknown-reference"]],
    ["a guest with the host's address", "203.0.113.10", "198.51.100.199", ["14:61 site/same-address"]],
    ["a mask that swallows neighbours", "203.0.113.10", "203.0.113.10/24", ["14:61 site/netmask-swallows-neighbours"]],
    ["the wrong hypervisor", "kind: vmd", "kind: bhyve", ["11:25 site/hypervisor-system"]],
    ["no hypervisor", "    hypervisor: { kind: vmd, bridge: bridge0 }\n", "", ["13:14 site/no-hypervisor"]],
  ];
  for (const [name, from, to, expected] of cases) {
    it(name, () => {
      expect(GOOD).toContain(from);
      expect(findings(GOOD.replace(from, to), (reference) => reference === "env:KEY")).toEqual(expected);
    });
  }

  const more = (text: string): string => `${GOOD}${text}`;
  const db = (fields: string): string =>
    more(
      `  db: { on: edge, system: linux, interface: eth0, address: 203.0.113.11, mac: "00:50:56:00:02:bb"${fields} }\n`,
    );

  it("finds two guests with one address, one MAC", () => {
    expect(findings(db("").replace("203.0.113.11", "203.0.113.10"), () => true)).toEqual(["15:60 site/same-address"]);
    expect(findings(db("").replace("00:50:56:00:02:bb", "00:50:56:00:01:AA"), () => true)).toEqual([
      "15:79 site/same-mac",
    ]);
  });

  it("finds guests that wait for each other", () => {
    const text = db(", after: [web]").replace('01:aa" }', '01:aa", after: [db] }');
    expect(findings(text, () => true)).toEqual(["14:101 site/cyclic-reference"]);
  });

  it("says what it could not be", () => {
    const [found] = readSite(new Source("site.yaml", GOOD.replace("openbsd-7.8", "openbsd-99.1"))).diagnostics;
    expect(found?.message).toContain("There is no system `openbsd-99.1`; systems are written like openbsd-4.6");
  });

  it("never shows a secret that was written out", () => {
    const { diagnostics } = readSite(new Source("site.yaml", GOOD.replace("env:KEY", "hunter2")));
    expect(JSON.stringify(diagnostics.map((one) => one.message))).not.toContain("hunter2");
  });
});

describe("hostile input", () => {
  it("survives nesting, bombs and noise", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
      .split("")
      .map((name, i) => `${name}: &${name} [${`*${"abcdefghi"[i]},`.repeat(9)}]\n`)
      .join("")}`;
    for (const text of [
      "",
      "[",
      "[".repeat(100_000),
      "{a: ".repeat(50_000),
      bomb,
      "\0",
      "- 1\n- 2",
      "site: [1]\nhosts: 3",
    ]) {
      expect(readSite(new Source("site.yaml", text)).diagnostics.length).toBeGreaterThan(0);
    }
  });

  it("has an answer to every text", () => {
    const words = [
      "site:",
      "hosts:",
      "  edge:",
      "    system: linux",
      "\n",
      "{",
      "}",
      "*a",
      "&a",
      "[",
      "]",
      "- ",
      "'",
      '"',
      "? ",
    ];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 })), { maxLength: 25 }),
        (parts) => {
          const { site, diagnostics } = readSite(new Source("site.yaml", parts.join("")));
          expect(site !== null || diagnostics.length > 0).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a site from TypeScript", () => {
  it("is the same site", () => {
    const reading = siteOf({ site: "lab", hosts: { box: { system: "freebsd-14.3" } } });
    expect(reading.diagnostics).toEqual([]);
    expect(reading.site?.hosts[0]?.system.name).toBe("freebsd-14.3");
    expect(siteOf({ site: "lab", hosts: { box: { system: "beos-5" } } }).diagnostics[0]?.message).toMatch(
      /^hosts\.box\.system/,
    );
  });
});
