import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMygate, printMygate } from "./index.ts";

function read(text: string, system = "openbsd-7.8"): string {
  const source = new Source("mygate", text);
  const file = parseMygate(source, parseSystem(system) as System);
  expect(printMygate(file)).toBe(text);
  return [
    ...file.gateways.map((one) => `${one.family} ${one.address ?? one.written}`),
    ...file.commands.map((one) => `run ${one.text}`),
    ...file.diagnostics.map((one) => {
      const { line, column } = source.position(one.span.start);
      return `${line}:${column} ${one.severity} ${one.code}`;
    }),
  ].join("\n");
}

describe("mygate", () => {
  const cases: [string, string, string][] = [
    ["one of each family", "192.0.2.1\n2001:db8::1\n", "4 192.0.2.1\n6 2001:db8::1"],
    ["scope", "fe80::1%em0\n", "6 fe80::1"],
    ["comment, blank, command", "# isp\n\n192.0.2.1\n!echo hello\n", "4 192.0.2.1\nrun echo hello"],
    ["second of a family", "192.0.2.1\n192.0.2.2\n", "4 192.0.2.1\n2:1 warning mygate/second-gateway"],
    ["comment after", "192.0.2.1 # isp\n", "4 192.0.2.1\n1:11 error mygate/comment-after-address"],
    ["two words", "192.0.2.1 192.0.2.2\n", "4 192.0.2.1\n1:11 error mygate/too-many-words"],
    ["prefix", "192.0.2.1/24\n", "4 192.0.2.1/24\n1:1 error mygate/bad-address"],
    ["host name", "gateway\n", "4 gateway\n1:1 note mygate/host-name"],
    ["no gateway", "0.0.0.0\n", "4 0.0.0.0\n1:1 error mygate/bad-address"],
    ["no line end", "192.0.2.1", "4 192.0.2.1\n1:1 warning mygate/no-last-newline"],
    ["empty", "", ""],
  ];
  for (const [title, text, expected] of cases) it(title, () => expect(read(text)).toBe(expected));

  it("reads CR LF and a byte order mark", () => expect(read("\ufeff192.0.2.1\r\n")).toBe("4 192.0.2.1"));

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => void read(text)));
  });
});
