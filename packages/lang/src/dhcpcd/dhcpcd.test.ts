import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkDhcpcd, parseDhcpcd, printDhcpcd, readDelegation, statementsOf } from "./index.ts";

function findings(text: string): string[] {
  const source = new Source("dhcpcd.conf", text);
  return checkDhcpcd(parseDhcpcd(source)).map((one) => {
    const { line, column } = source.position(one.span.start);
    return `${line}:${column} ${one.code.replace("dhcpcd/", "")}`;
  });
}

const GOOD = `# IPv6 of em0
allowinterfaces em0 em1,em2
ipv6only
noipv6rs
duid
option ntp_servers	# behind it
env msg="a # inside"
timeout 30
leasetime -1

interface em0
	ipv6rs
	ia_na 1
	ia_pd 2/2001:db8:1000::/48 em1/1/64 em2/0x2/64/1
ssid my network
	metric 200
`;

describe("dhcpcd.conf", () => {
  it("is read without a word when it is right", () => expect(findings(GOOD)).toEqual([]));

  it("is printed as it was", () => {
    for (const text of [GOOD, `\ufeff${GOOD}`, GOOD.replaceAll("\n", "\r\n"), "", "\n", "x", '"\\', "#"]) {
      expect(printDhcpcd(parseDhcpcd(new Source("x", text)))).toBe(text);
    }
  });

  it("knows options, their blocks, and where a comment begins", () => {
    const all = statementsOf(parseDhcpcd(new Source("x", GOOD)));
    const shown = all.map((one) => `${one.block?.name ?? "-"} ${one.name} ${one.argument ?? ""}`.trim());
    expect(shown).toEqual([
      "- allowinterfaces em0 em1,em2",
      "- ipv6only",
      "- noipv6rs",
      "- duid",
      "- option ntp_servers",
      '- env msg="a # inside"',
      "- timeout 30",
      "- leasetime -1",
      "em0 ipv6rs",
      "em0 ia_na 1",
      "em0 ia_pd 2/2001:db8:1000::/48 em1/1/64 em2/0x2/64/1",
      "my network metric 200",
    ]);
  });

  it("takes a delegation apart", () => {
    const statement = statementsOf(parseDhcpcd(new Source("x", GOOD))).find((one) => one.name === "ia_pd");
    const { request, problems } = readDelegation(GOOD, statement as NonNullable<typeof statement>);
    expect(problems).toEqual([]);
    expect(request.iaid).toBe("2");
    expect(`${request.prefix?.address}/${request.prefix?.length}`).toBe("2001:db8:1000::/48");
    expect(request.parts.map((one) => `${one.interface} ${one.number} ${one.length}`)).toEqual([
      "em1 1 64",
      "em2 2 64",
    ]);
  });

  const cases: [string, string, string, string[]][] = [
    ["an option of another name", "ipv6only", "ipv6_only", ["3:1 unknown-option"]],
    ["nothing behind an option", "timeout 30", "timeout", ["8:1 missing-argument"]],
    ["a block for nobody", "interface em0", "interface", ["11:1 missing-argument"]],
    ["something behind a switch", "ipv6only", "ipv6only em0", ["3:10 unused-argument"]],
    ["no number", "timeout 30", "timeout soon", ["8:9 number"]],
    ["a switch of the program inside a block", "\tia_na 1", "\tduid", ["13:2 global-in-block"]],
    ["a delegation above all blocks", "duid", "ia_pd 1", ["5:1 outside-block"]],
    ["no IAID", "ia_na 1", "iaid toolong", ["13:7 iaid"]],
    ["no prefix", "2/2001:db8:1000::/48", "2/192.0.2.0/24", ["14:8 prefix"]],
    ["a prefix too short", "::/48", "::/4", ["14:8 prefix"]],
    ["one number twice", "em2/0x2", "em2/1", ["14:38 delegated-part"]],
    ["a number that does not fit", "em1/1/64", "em1/65536/64", ["14:29 delegated-part"]],
    ["numbers for some", "em2/0x2/64/1", "em2", ["14:38 delegated-part"]],
    ["the line itself", "em2/0x2/64/1", "em0/2/64", ["14:38 delegated-part"]],
    ["an interface that dhcpcd is kept off", "em0 em1,em2", "em0 em1", ["14:38 delegated-elsewhere"]],
    ["patterns", "em0 em1,em2", "em?", []],
    ["denied after all", "ipv6only", "denyinterfaces em2", ["14:38 delegated-elsewhere", "2:25 allowed-and-denied"]],
    ["no router", "\tipv6rs\n", "", ["13:2 no-routers"]],
    ["no assignment", "ia_na 1", "static ip_address", ["13:9 static"]],
    ["no address", "ia_na 1", "static ip_address=192.0.2", ["13:9 static"]],
    ["routers by name", "ia_na 1", "static routers=gw", ["13:9 static"]],
    ["a DUID of words", "duid\n", "duid mine\n", ["5:6 duid"]],
    ["a DUID of octets", "duid\n", "duid 00:03:00:01:52:54:00:12:34:56\n", []],
  ];
  for (const [name, from, to, expected] of cases) {
    it(`says: ${name}`, () => {
      expect(GOOD).toContain(from);
      expect(findings(GOOD.replace(from, to))).toEqual(expected);
    });
  }
});
