import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkXl2tpd, loadXl2tpd } from "./index.ts";

const SERVER = `[global]
listen-addr = 192.0.2.1
; a comment
[lns default]
ip range = 10.4.0.10 - 10.4.0.99
no ip range = 10.4.0.50
local ip = 10.4.0.1
require chap = yes
refuse pap = yes
require authentication = yes
pppoptfile = /usr/local/etc/ppp/options.xl2tpd
`;

function findings(text: string): string[] {
  const loaded = loadXl2tpd(new Source("xl2tpd.conf", text));
  return [...loaded.diagnostics, ...checkXl2tpd(loaded)].map(
    ({ code, span }) => `${code} ${JSON.stringify(text.slice(span.start, span.end))}`,
  );
}

function problem(text: string): string | null {
  return loadXl2tpd(new Source("f", text)).problem;
}

describe("xl2tpd.conf", () => {
  it("is read", () => {
    const { sections, problem: found } = loadXl2tpd(new Source("f", SERVER));
    expect(found).toBeNull();
    const server = sections[1];
    expect(server?.isDefault).toBe(true);
    expect(server?.pool.map(({ denied, first, last }) => [denied, `${first}`, `${last}`])).toEqual([
      [false, "10.4.0.10", "10.4.0.99"],
      [true, "10.4.0.50", "10.4.0.50"],
    ]);
    expect(`${server?.localAddress}`).toBe("10.4.0.1");
    expect(findings(SERVER)).toEqual([]);
  });

  it.each([
    ["[lns a]\nip range = 10.0.0.1-20", "10.0.0.20"],
    ["[lns a]\nip range = 10.0.0.1 - 1.5", "10.0.1.5"],
    ["[lns a]\nIP Range = 10.0.0.1 - 10.2.0.5", "10.2.0.5"],
  ])("completes the end of a range in %j", (text, last) => {
    expect(`${loadXl2tpd(new Source("f", text)).sections[0]?.pool[0]?.last}`).toBe(last);
  });

  it.each([
    ["port = 1", "line 1: data 'port = 1' occurs with no context"],
    ["[foo bar]", "line 1: unknown context 'foo'"],
    ["[ lns x]", "line 1: unknown context ''"],
    ["[lns x", "line 1: No closing bracket"],
    ["\n[global]\n# x", "line 3: line too long or no '=' in data"],
    ["[global]\nPorts = 1", "line 2: Unknown field 'Ports'"],
    ["[lac x]\nport = 1", "line 2: 'port' not valid in this context"],
    ["[global]\nrequire pap = maybe", "line 2: require pap must be 'yes' or 'no'"],
    ["[global]\nrequire pap = yes", "line 2: 'require pap' not valid in this context"],
    ["[lac x]\nredial timeout = 0", "line 2: rtimeout value must be at least 1"],
    ["[lns x]\ntunnel rws = 0", "line 2: receive window size for tunnels must be at least 1"],
    ["[lns x]\ntunnel rws = -2", "line 2: receive window size must be at least -1"],
    ["[lns x]\nbps = x", "line 2: bps must be greater than zero"],
    ["[global]\nauth file =", "line 2: no filename specified for authentication"],
    ["[lns x]\nip range = 10.0.0.9 - 1", "line 2: start is greater than end!"],
    ["[lns x]\nip range = 10.0.0.9 -", "line 2: format is 'ip range <host or ip> - <host or ip>'"],
    ["[lns x]\nip range = 10.0.0.900", "line 2: Unknown host 10.0.0.900"],
    ["[lns x]\nlocal ip = 10.0.0.900", "line 2: set_ip: host '10.0.0.900' not found"],
    [
      "[lns x]\nlocal ip = 10.0.0.1\nlocal ip range = 10.0.0.1-9",
      "line 3: 'local ip range' and 'local ip' are mutually exclusive",
    ],
    ["[global]\nrand source =", "line 2: no randomness source specified"],
    [`[global]\n${" ".repeat(1023)}port = 1`, null],
    [`[lns a]\nname = ${"x".repeat(1020)}`, "line 3: line too long or no '=' in data"],
    [`[lns a]\n; ${"x".repeat(3000)}\nname = a`, null],
  ] as [string, string | null][])("ends at what xl2tpd ends at: %j", (text, expected) => {
    expect(problem(text)).toBe(expected === null ? null : `parse_config: ${expected}`);
  });

  it.each([
    ["[lns default]\n", ["xl2tpd/listen-any", "xl2tpd/no-pool", "xl2tpd/no-local-address"]],
    [SERVER.replace("local ip = 10.4.0.1", "local ip = 10.4.0.11"), ["xl2tpd/pool-has-local"]],
    [SERVER.replace("local ip = 10.4.0.1", "local ip = 10.4.0.50"), []],
    [SERVER.replace("no ip range = 10.4.0.50", "ip range = 10.4.0.50"), ["xl2tpd/pool-overlap"]],
    [SERVER.replace("local ip", "assign ip = no\nlocal ip"), ["xl2tpd/pool-unused"]],
    [SERVER.replace("require chap", "require pap"), ["xl2tpd/pap"]],
    [SERVER.replace("refuse pap", "refuse chap"), ["xl2tpd/contradiction"]],
    [SERVER.replace("refuse pap = yes", "refuse pap = yes\nrefuse chap = yes"), ["xl2tpd/contradiction"]],
    [SERVER.replace("refuse pap", "unix authentication"), ["xl2tpd/contradiction"]],
    [SERVER.replace("authentication = yes", "authentication = no"), ["xl2tpd/no-authentication"]],
    [SERVER.replace("192.0.2.1", "192.0.2.1\naccess control = yes"), ["xl2tpd/nobody"]],
    [SERVER.replace("192.0.2.1", "vpn.example.org"), ["xl2tpd/lookup"]],
    [SERVER.replace("192.0.2.1", "192.0.2.1\nport = many"), ["xl2tpd/number"]],
    [`${SERVER}name = ${"x".repeat(90)}\n`, ["xl2tpd/too-long"]],
    [SERVER.replace("no ip range", "No ip range"), ["xl2tpd/capital-no", "xl2tpd/pool-overlap"]],
    [`${SERVER}refuse pap = yes\n`, ["xl2tpd/word-twice"]],
    [`${SERVER}[lac office]\n`, ["xl2tpd/no-server"]],
    [`${SERVER}[lac office] x\nlns = a\n[lac office]\n`, ["xl2tpd/behind-section", "xl2tpd/section-twice"]],
  ] as [string, string[]][])("finds in %j", (text, expected) => {
    expect(findings(text).map((finding) => finding.split(" ")[0])).toEqual(expected);
  });

  it("is read without loss, and nothing breaks", () => {
    const pieces =
      "[global] [lns default] [lac a] ] [ = ; # ip range local lac lns 10.0.0.1 - 20 yes no require pap bps 1 \n \n \r\n é \0".split(
        " ",
      );
    const words = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(" "));
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ maxLength: 300 })), (text) => {
        for (const variant of [text, `\uFEFF${SERVER}${text.replaceAll("\n", "\r\n")}`]) {
          const loaded = loadXl2tpd(new Source("f", variant));
          expect(loaded.syntax.print()).toBe(variant);
          checkXl2tpd(loaded);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("takes time in proportion to its length", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `[lns n${i}]\nassign ip = no\n`).join("");
    expect(loadXl2tpd(new Source("f", many)).sections).toHaveLength(20_000);
    expect(problem(`[global]\n${"x".repeat(1_000_000)}`)).not.toBeNull();
    expect(problem(`[lns a]\n${"ip range = 10.0.0.1\n".repeat(50_000)}`)).toBeNull();
  });
});
