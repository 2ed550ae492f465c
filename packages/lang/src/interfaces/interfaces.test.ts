import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INTERFACES, parseInterfaces, planInterfaces, planStanza, printInterfaces } from "./index.ts";

const LINUX = parseSystem("linux") as System;

/** Codes and what each points at; the file must come out as it went in, also with CR LF and a byte order mark. */
function findings(text: string): string[] {
  const at = (content: string): string[] => {
    const read = INTERFACES.read(new Source("interfaces", content), LINUX, "/etc/network/interfaces");
    expect(read.print()).toBe(content);
    return read.diagnostics.map((one) => `${one.code.slice(11)} "${content.slice(one.span.start, one.span.end)}"`);
  };
  const found = at(text);
  expect(at(`\ufeff${text}`)).toEqual(found);
  expect(at(text.replaceAll("\n", "\r\n")).length).toBe(found.length);
  return found;
}

/** The steps of ifup at boot. */
function steps(text: string): string[] {
  const plan = planInterfaces([parseInterfaces(new Source("interfaces", text))], ["eth0", "eth1"]);
  return plan.started.flatMap((one) =>
    one.stanzas.flatMap((stanza) =>
      planStanza(stanza, one.name).steps.map((step) =>
        step.kind === "ip"
          ? `ip ${step.words.map((word) => word.text).join(" ")}`
          : step.kind === "shell"
            ? step.text
            : step.kind === "dynamic"
              ? `dhcp ${one.name}`
              : step.text,
      ),
    ),
  );
}

describe("interfaces", () => {
  it("does what ifupdown 0.8 does for static addresses", () => {
    const text =
      "auto eth0\niface eth0 inet static\n  pre-up echo a\n  address 198.51.100.10\n  netmask 255.255.255.255\n  pointopoint 192.0.2.1\n  gateway 192.0.2.1\n  metric 5\n  hwaddress ether 02:00:00:00:00:01\n  mtu 1400\n  up ip route add 10.0.0.0/8 \\\n    dev eth0\niface eth0 inet6 static\n  address 2001:db8::9/64\n  gateway fe80::1\n  dad-attempts 0\n";
    expect(findings(text)).toEqual([]);
    expect(steps(text)).toEqual([
      "echo a",
      "ip address add 198.51.100.10/32 broadcast + peer 192.0.2.1 dev eth0",
      "ip link set dev eth0 mtu 1400 address 02:00:00:00:00:01 up",
      "ip route add default via 192.0.2.1 metric 5 dev eth0 onlink",
      "ip route add 10.0.0.0/8     dev eth0",
      "ip link set dev eth0 up",
      "ip -6 address add 2001:db8::9/64 dev eth0 nodad",
      "ip -6 route replace default via fe80::1 dev eth0 onlink",
    ]);
  });

  it("starts what is asked for, in the order of the lines, auto before hotplug", () => {
    const text =
      "allow-hotplug eth1\nauto lo\nauto /eth0\niface lo inet loopback\niface eth0 inet manual\niface eth1 inet dhcp\niface spare inet manual\n";
    expect(steps(text)).toEqual([
      "ip link set dev lo up",
      "ip link set dev eth0 up",
      "ip link set dev eth1 up",
      "dhcp eth1",
    ]);
    expect(findings(text)).toEqual(['not-started "spare"']);
  });

  it("inherits", () => {
    const text =
      "auto eth0\niface ethernet inet static\n  mtu 1400\niface eth0 inet static inherits ethernet\n  address 192.0.2.9/24\n";
    expect(findings(text)).toEqual([]);
    expect(steps(text)).toEqual([
      "ip address add 192.0.2.9/24 broadcast + dev eth0",
      "ip link set dev eth0 mtu 1400 up",
    ]);
  });

  const wrong: [string, string, string[]][] = [
    [
      "a method",
      "auto eth0\niface eth0 inet statik\n  address 192.0.2.1/24\n",
      ['unknown-method "statik"', 'no-iface "eth0"'],
    ],
    ["a family", "iface eth0 inet4 static\n", ['unknown-family "inet4"']],
    ["too few", "iface\n", ['too-few "iface"']],
    ["misplaced", "auto eth0\naddress 192.0.2.1\niface eth0 inet manual\n", ['misplaced "address"']],
    ["empty", "auto eth0\niface eth0 inet static\n  address\n", ['empty-option "address"', 'missing-option "eth0"']],
    ["a parent", "iface eth0 inherits eth9\n", ['unknown-parent "eth9"']],
    ["no address", "auto eth0\niface eth0 inet static\n  gateway 192.0.2.1\n", ['missing-option "eth0"']],
    ["no netmask", "auto eth0\niface eth0 inet static\n  address 203.0.113.11\n", ['no-netmask "203.0.113.11"']],
    ["a bad length", "auto eth0\niface eth0 inet static\n  address 10.1.2.3/33\n", ['bad-netmask "10.1.2.3/33"']],
    [
      "two lengths",
      "auto eth0\niface eth0 inet static\n  address 10.1.2.3/24\n  netmask 255.255.255.255\n",
      ['two-lengths "255.255.255.255"'],
    ],
    ["a bad address", "auto eth0\niface eth0 inet static\n  address 10.1.2.300/24\n", ['bad-address "10.1.2.300/24"']],
    [
      "two gateways",
      "auto eth0\niface eth0 inet static\n  address 10.1.2.3/24\n  gateway 10.1.2.1\n  gateway 10.1.2.2\n",
      ['option-twice "gateway"'],
    ],
    [
      "a comment",
      "auto eth0\niface eth0 inet static\n  address 10.1.2.3/24\n  gateway 10.1.2.1 # ours\n",
      ['comment-in-value "10.1.2.1 # ours"'],
    ],
    [
      "an option",
      "auto eth0\niface eth0 inet static\n  address 10.1.2.3/24\n  pointtopoint 10.1.2.1\n",
      ['unknown-option "pointtopoint"'],
    ],
    [
      "of another package",
      "auto eth0\niface eth0 inet manual\n  bridge_ports eth1\n  dns-nameservers 192.0.2.53\n",
      [],
    ],
    ["nothing to set up", "auto eth0\n", ['no-iface "eth0"']],
    ["a MAC", "auto eth0\niface eth0 inet manual\n  hwaddress 02:00\n", ['bad-mac "02:00"']],
    ["an MTU", "auto eth0\niface eth0 inet manual\n  mtu big\n", ['bad-number "big"']],
    ["words behind", "auto eth0\niface eth0 inet manual fast\n", ['extra-word "fast"']],
    ["no path", "source\n", ['no-parameter "source"']],
    ["no names", "auto\n", ['empty-selection "auto"']],
    ["more in other files", "auto eth0\nsource interfaces.d/*\n", []],
    ["a mapping", "auto eth0\nmapping eth*\n  script /x\niface home inet manual\n", []],
  ];
  for (const [title, text, expected] of wrong) it(title, () => expect(findings(text)).toEqual(expected));

  it("never throws and loses nothing", () => {
    const piece = fc.constantFrom(
      "auto ",
      "iface ",
      "eth0 ",
      "inet ",
      "static",
      "\n",
      "\\\n",
      " ",
      "#",
      "address ",
      "10.0.0.1/",
      "gateway ",
      "source ",
      "inherits ",
      "mapping ",
      "\r\n",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 40 }).map((all) => all.join("")),
        ),
        (text) => {
          expect(printInterfaces(parseInterfaces(new Source("x", text)))).toBe(text);
          INTERFACES.read(new Source("x", text), LINUX, "/etc/network/interfaces");
        },
      ),
    );
  });
});
