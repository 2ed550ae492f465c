import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LANGUAGES, recognizeFile } from "./index.ts";

function where(path: string, text = "", family: Parameters<typeof recognizeFile>[2] = "openbsd"): string {
  const known = recognizeFile(path, text, family);
  return known === null
    ? "unknown"
    : `${known.language.name} ${known.path} ${known.certainty}${known.family ? ` ${known.family}` : ""}`;
}

describe("recognizeFile", () => {
  const cases: [string, string, string, Parameters<typeof recognizeFile>[2]?][] = [
    ["etc/pf.conf", "", "pf /etc/pf.conf 0"],
    ["/etc/pf.conf", "", "pf /etc/pf.conf 0"],
    ["sites/a/etc/hostname.vlan10", "", "hostname-if /etc/hostname.vlan10 0"],
    ["pf.conf", "", "pf /etc/pf.conf 1"],
    ["two-isps/ifstated.conf", "", "ifstated /etc/ifstated.conf 1"],
    ["pf.conf.original", "", "pf /etc/pf.conf 2"],
    ["pf.conf.snippet", "", "pf /etc/pf.conf 2"],
    ["hostname.vio0", "", "hostname-if /etc/hostname.vio0 1"],
    ["openbsd-hostname.vio0", "", "hostname-if /etc/hostname.vio0 2 openbsd"],
    ["etc/hostname.vio0.bak", "", "hostname-if /etc/hostname.vio0 2"],
    ["hostname.00:00:5e:00:53:af", "", "hostname-if /etc/hostname.00:00:5e:00:53:af 1"],
    ["freebsd-rc.conf", "", "rc-conf /etc/rc.conf 2 freebsd", "freebsd"],
    ["netbsd-netstart.local", "", "netstart-local /etc/netstart.local 2 netbsd", "netbsd"],
    ["etc/ifconfig.wm0", "", "netstart /etc/ifconfig.wm0 0", "netbsd"],
    ["rules.txt", "block all\npass in on em0 proto tcp to port 22\n", "pf /etc/pf.conf 3"],
    ["x", 'state one {\n init { run "true" }\n}\n', "ifstated /etc/ifstated.conf 3"],
    ["x", "inet 10.0.0.1/24\nup\n", "hostname-if /etc/hostname.x 3"],
    ["x", "net.inet.ip.forwarding=1\n", "sysctl /etc/sysctl.conf 3"],
    ["x", 'gateway_enable="YES"\nifconfig_em0="DHCP"\n', "rc-conf /etc/rc.conf.local 3", "freebsd"],
    ["README.md", "# Hello\n\nSome words.\n", "unknown"],
    ["x", "", "unknown"],
  ];
  for (const [path, text, expected, family] of cases) {
    it(`${path} ${JSON.stringify(text).slice(0, 30)}`, () => expect(where(path, text, family)).toBe(expected));
  }
});

describe("every language", () => {
  it("prints what it read, whatever it is", () => {
    const system = parseSystem("openbsd-7.8") as System;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom(...WORDS), { maxLength: 30 }).map((words) => words.join(" ")),
        ),
        (text) => {
          for (const language of LANGUAGES) {
            const source = new Source("x", text);
            expect(language.read(source, system, (language.paths[0] as string).replace("*", "em0")).print()).toBe(text);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

const WORDS = [
  "pass",
  "in",
  "on",
  "em0",
  "\n",
  "{",
  "}",
  "state",
  "init",
  "inet",
  "=",
  '"',
  "'",
  "\\",
  "#",
  "!",
  "$x",
  "10.0.0.1",
  "\r\n",
  "\ufeff",
];
