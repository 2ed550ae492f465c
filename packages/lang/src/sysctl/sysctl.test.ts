import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSysctlConf, printSysctlConf } from "./index.ts";

function read(text: string, system = "openbsd-7.8"): string {
  const source = new Source("sysctl.conf", text);
  const file = parseSysctlConf(source, parseSystem(system) as System);
  expect(printSysctlConf(file)).toBe(text);
  return [
    ...file.settings.map((one) => `${one.name}=${one.value}`),
    ...file.diagnostics.map((one) => {
      const { line, column } = source.position(one.span.start);
      return `${line}:${column} ${one.severity} ${one.code}`;
    }),
  ].join("\n");
}

describe("sysctl.conf", () => {
  const cases: [string, string, string, string?][] = [
    ["plain", "net.inet.ip.forwarding=1\n", "net.inet.ip.forwarding=1"],
    ["comments", "# x\n\nnet.inet.ip.forwarding=1\t# on\n", "net.inet.ip.forwarding=1"],
    ["blanks lose it", "net.inet.ip.forwarding = 1\n", "1:1 error sysctl/blanks"],
    ["blanks are fine elsewhere", "net.inet.ip.forwarding = 1\n", "net.inet.ip.forwarding=1", "freebsd-14.3"],
    ["indented", "  net.inet.ip.forwarding=1\n", "1:1 error sysctl/blanks"],
    ["indented, earlier", "  net.inet.ip.forwarding=1\n", "net.inet.ip.forwarding=1", "openbsd-5.7"],
    ["no value", "net.inet.ip.forwarding\n", "1:1 error sysctl/no-value"],
    ["word for number", "net.inet.ip.forwarding=yes\n", "net.inet.ip.forwarding=yes\n1:24 error sysctl/bad-value"],
    ["slip", "net.inet.ip.fowarding=1\n", "net.inet.ip.fowarding=1\n1:1 warning sysctl/unknown-name"],
    ["another variable", "kern.somaxconn=1024\n", "kern.somaxconn=1024"],
    [
      "twice",
      "net.inet.ip.forwarding=0\nnet.inet.ip.forwarding=1\n",
      "net.inet.ip.forwarding=0\nnet.inet.ip.forwarding=1\n2:1 warning sysctl/set-twice",
    ],
  ];
  for (const [title, text, expected, system] of cases) it(title, () => expect(read(text, system)).toBe(expected));

  it("reads CR LF and a byte order mark", () =>
    expect(read("\ufeffnet.pipex.enable=1\r\n")).toBe("net.pipex.enable=1"));

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom("openbsd-7.8", "freebsd-15.0"), (text, s) => void read(text, s)),
    );
  });
});
