import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildSite } from "../build/index.ts";
import { readSite } from "../read/index.ts";
import { verifyMachine } from "../verify/index.ts";

const SITE = `site: server
hosts:
  metal:
    system: openbsd-7.8
    uplinks:
      wan: { interface: em0, address: 192.0.2.50/24, gateway: 192.0.2.1 }
    hypervisor: { kind: vmd, bridge: bridge0 }
    services: { ssh: { port: ssh } }
guests:
  web: { on: metal, system: openbsd-7.8, interface: vio0, address: 198.51.100.10, mac: "00:50:56:00:01:aa" }
`;

/** Line, text, severity and code of what is said of the site after a change, and of what is built from it. */
function findings(...changes: readonly (readonly [string, string])[]): string[] {
  let text = SITE;
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  const source = new Source("site.yaml", text);
  const { site, diagnostics } = readSite(source);
  // What stays open on a wire is said for every host on one.
  const found = diagnostics.filter((one) => one.code !== "site/wire-open");
  if (site !== null && !diagnostics.some((one) => one.severity === "error")) {
    for (const machine of buildSite(site).machines) {
      const verified = verifyMachine(machine, {
        site,
        nameOf: (path) => `${machine.name}${path}`,
        textOf: (path) => machine.files.find((file) => file.path === path)?.text ?? "",
        readBeside: () => null,
      });
      found.push(...verified.diagnostics.filter((one) => one.severity !== "note"));
      if (machine.files.length === 0) throw new Error(`${machine.name} has no files`);
    }
  }
  return found.map((one) => {
    const { line } = source.position(one.span.start);
    const where = one.source?.name === "site.yaml" ? `${line} ${text.slice(one.span.start, one.span.end)}` : "nowhere";
    return `${where}: ${one.severity} ${one.code}`;
  });
}

/** The host on another system, with what runs its guests there. */
const on = (system: string, kind: string, card = "em0"): [string, string][] => [
  ["system: openbsd-7.8\n", `system: ${system}\n`],
  ["kind: vmd", `kind: ${kind}`],
  ["interface: em0", `interface: ${card}`],
];
const LINUX: [string, string][] = [
  ...on("linux", "libvirt", "eno1"),
  ["bridge: bridge0", "bridge: br0"],
  ["    services: { ssh: { port: ssh } }\n", ""],
];
const guest = (system: string, card: string): [string, string] => [
  "system: openbsd-7.8, interface: vio0",
  `system: ${system}, interface: ${card}`,
];

describe("what is described is built", () => {
  const cases: [string, (readonly [string, string])[]][] = [
    ["OpenBSD on OpenBSD", []],
    ["an old guest", [guest("openbsd-4.9", "vio0")]],
    ["FreeBSD with bhyve", on("freebsd-14.3", "bhyve")],
    ["FreeBSD with vm-bhyve", on("freebsd-12.0", "vm-bhyve")],
    ["NetBSD with nvmm", on("netbsd-10.1", "qemu-nvmm", "wm0")],
    [
      "a veb beside a vport",
      [
        ["interface: em0", "interface: vport0"],
        ["bridge: bridge0", "bridge: veb0, interface: em0"],
      ],
    ],
    ["a FreeBSD guest", [guest("freebsd-10.0", "vtnet0")]],
    ["a NetBSD guest before and after version 8", [guest("netbsd-7.0", "vioif0")]],
    ["a NetBSD guest of today", [guest("netbsd-10.1", "vioif0")]],
    ["a Linux guest of systemd-networkd", [guest("linux", "ens3")]],
    ["a Linux guest of ifupdown", [guest("linux, network: ifupdown", "eth0")]],
    ["a guest in a network of its own", [["198.51.100.10", "192.0.2.77/24"]]],
    [
      "IPv6 with its gateway on another network",
      [['"00:50:56:00:01:aa"', '"00:50:56:00:01:aa", inet6: { address: "2001:db8::5/64", gateway: "2001:db8:ff::1" }']],
    ],
    [
      "IPv6 with a gateway of the link",
      [['"00:50:56:00:01:aa"', '"00:50:56:00:01:aa", inet6: { address: "2001:db8::5/64", gateway: "fe80::1" }']],
    ],
    [
      "services of a guest",
      [
        [
          '"00:50:56:00:01:aa"',
          '"00:50:56:00:01:aa", services: { web: { port: https, from: [192.0.2.0/24, "2001:db8::/32"] } }',
        ],
      ],
    ],
    [
      "a host whose address comes from a server",
      [
        ["address: 192.0.2.50/24, gateway: 192.0.2.1", "dhcp: true"],
        ['"00:50:56:00:01:aa"', '"00:50:56:00:01:aa", gateway: 192.0.2.1'],
      ],
    ],
  ];
  for (const [name, changes] of cases) it(name, () => expect(findings(...changes)).toEqual([]));

  it("on a Linux host, with a word about its firewall", () => {
    expect(findings(...LINUX)).toEqual(["4 linux: warning site/no-firewall"]);
    expect(findings(...LINUX, ["    hypervisor", "    network: ifupdown\n    hypervisor"])).toEqual([
      "4 linux: warning site/no-firewall",
    ]);
  });
});

describe("or refused at its line", () => {
  const web = (fields: string): [string, string] => ['"00:50:56:00:01:aa"', `"00:50:56:00:01:aa", ${fields}`];
  const cases: [string, (readonly [string, string])[], string[]][] = [
    [
      "rules for a Linux guest",
      [guest("linux", "ens3"), web("services: { ssh: { port: ssh } }")],
      ["10 services: error site/not-built"],
    ],
    ["rules for a Linux host", LINUX.slice(0, -1), ["8 services: error site/not-built"]],
    ["two CPUs under vmd", [web("cpus: 2")], ["10 2: error site/not-built"]],
    ["a card that no virtio driver has", [guest("openbsd-7.8", "em0")], ["10 em0: error site/guest-card"]],
    ["a bridge of another system", [["bridge: bridge0", "bridge: br0"]], ["7 br0: error site/bridge-name"]],
    [
      "a veb before it was there",
      [
        ["system: openbsd-7.8", "system: openbsd-6.8"],
        ["bridge: bridge0", "bridge: veb0, interface: em1"],
      ],
      ["7 veb0: error site/bridge-name"],
    ],
    ["a veb that takes the host's card", [["bridge: bridge0", "bridge: veb0"]], ["6 em0: error site/card-in-veb"]],
    ["a bridge in itself", [["interface: em0", "interface: bridge0"]], ["7 bridge0: error site/bridge-name"]],
    ["choices of Linux elsewhere", [web("network: ifupdown")], ["10 ifupdown: warning site/no-effect"]],
    [
      "choices between lines with one line",
      [
        ["    services:", "    failover: { every: 5 }\n    balance: { preferred: wan }\n    services:"],
        ["gateway: 192.0.2.1 }", "gateway: 192.0.2.1, weight: 2, probe: 192.0.2.1 }"],
      ],
      [
        "6 2: warning site/no-effect",
        "6 192.0.2.1: warning site/no-effect",
        "8 failover: warning site/no-effect",
        "9 balance: warning site/no-effect",
      ],
    ],
    [
      "a description that would end its quotes",
      [["gateway: 192.0.2.1 }", "gateway: 192.0.2.1, description: 'a\"; reboot' }"]],
      [`6 'a"; reboot': error site/wrong-value`],
    ],
    ["a site's name on two lines", [["site: server", 'site: "a\\nb"']], ['1 "a\\nb": error site/wrong-value']],
    [
      "two guests that wait for each other",
      [
        [
          "guests:\n",
          'guests:\n  db: { on: metal, system: openbsd-7.8, interface: vio0, address: 198.51.100.11, mac: "00:50:56:00:01:ab", after: [web] }\n',
        ],
        web("after: [db]"),
      ],
      ["10 after: error site/cyclic-reference"],
    ],
    [
      "a scenario that is not there",
      [["    services:", "    scenarios: [a.scenario.yaml]\n    services:"]],
      ["8 a.scenario.yaml: error site/missing-file"],
    ],
  ];
  for (const [name, changes, expected] of cases) it(name, () => expect(findings(...changes)).toEqual(expected));
});
