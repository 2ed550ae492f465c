import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIfconfigIf, parseNetstartLocal, printIfconfigIf, printNetstartLocal } from "./index.ts";

const NETBSD = parseSystem("netbsd-10.1") as System;

function read(text: string): string {
  const file = parseIfconfigIf(new Source("ifconfig.wm0", text), NETBSD, "wm0");
  expect(printIfconfigIf(file)).toBe(text);
  return [
    ...file.commands.map((command) => {
      if (command.kind === "shell") return `run ${command.text}`;
      const { address, changes } = command.settings;
      const own = address === null ? [] : [`${address.action} ${address.address}/${address.length}`];
      return [...own, ...changes.map((change) => change.kind)].join(" ") || "nothing";
    }),
    ...file.diagnostics.map((one) => `${one.severity} ${one.code}`),
  ].join("\n");
}

describe("ifconfig.if", () => {
  const cases: [string, string, string][] = [
    [
      "addresses",
      "inet 192.0.2.9 netmask 0xffffff00\ninet6 2001:db8::9 prefixlen 64 alias\n",
      "replace 192.0.2.9/24\nadd 2001:db8::9/64",
    ],
    ["create, media, mtu", "create\nmedia autoselect\nmtu 1400 up\n", "nothing\nother\nmtu up"],
    ["dhcp", "up\ndhcp\n", "up\nautoconf"],
    ["commands", "!route add default 192.0.2.1\n!echo $int\n", "run route add default 192.0.2.1\nrun echo wm0"],
    ["comments", "# one\n\n  # two\nup\n", "up"],
    ["a VLAN", "vlan 10 vlanif wm1\n", "vlan parent"],
    ["wrong", "inet 192.0.2.9 netmask 24\n", "replace 192.0.2.9/24\nerror ifconfig/bad-netmask"],
  ];
  for (const [title, text, expected] of cases) it(title, () => expect(read(text)).toBe(expected));

  it("reads CR LF and a byte order mark", () =>
    expect(read("\ufeffinet 192.0.2.9/24\r\n")).toBe("replace 192.0.2.9/24"));

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        read(text);
        expect(printNetstartLocal(parseNetstartLocal(new Source("x", text)))).toBe(text);
      }),
    );
  });
});
