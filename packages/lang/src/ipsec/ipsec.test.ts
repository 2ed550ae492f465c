import { parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkIpsec, IPSEC, type IpsecEnvironment, ikePeers, ipsecctlPrint, loadIpsec } from "./index.ts";

function environment(system = "openbsd-7.8", files: Record<string, string> = {}): IpsecEnvironment {
  return {
    system: parseSystem(system) as System,
    interfaces: [],
    resolveHost: (name) =>
      (name === "peer.example" ? [parseAddress("192.0.2.9"), parseAddress("2001:db8::9")] : []).flatMap((a) => a ?? []),
    readFile: (path) => files[path] ?? null,
    hostName: "gw.example",
  };
}

/** Codes with the text they stand at, of reading and checking. */
function codes(text: string, system = "openbsd-7.8"): string[] {
  const loaded = loadIpsec(new Source("ipsec.conf", text), environment(system));
  return [...loaded.diagnostics, ...checkIpsec(loaded)].map(
    ({ code, span }) => `${code} ${JSON.stringify(text.slice(span.start, span.end))}`,
  );
}

function errors(text: string, system = "openbsd-7.8", files: Record<string, string> = {}): string {
  return ipsecctlPrint(text, "stdin", environment(system, files)).stderr;
}

describe("ipsecctl -n", () => {
  it.each([
    // A line that the lexer gave up on takes the next one with it.
    [
      "ike esp from $x to 10.0.0.1\nbogus\nike esp from 10.0.0.1 to bogus1\n",
      "1: macro 'x' not defined|1: syntax error|no IP address found for bogus1|3: could not parse host specification",
    ],
    ["bogus\nbogus\n", "1: syntax error"],
    ["flow esp from 10.0.0.0/24 to 10.1.0.0/24\n", "1: no peer specified for destination 10.1.0.0/24"],
    ["ike from 10.0.0.1 to 10.0.0.2 proto tcp\n", "1: syntax error"],
    ["ike proto foo from 10.0.0.1 to 10.0.0.2\n", "1: unknown protocol: foo"],
    ["ike proto 256 from 10.0.0.1 to 10.0.0.2\n", "1: protocol outside range"],
    ["ike proto tcp from 10.0.0.1 port foo to 10.0.0.2\n", "1: unknown port: foo"],
    ["ike proto tcp from 10.0.0.1 port 65536 to 10.0.0.2\n", "1: port outside range"],
    ["ike from 10.0.0.1 to 10.0.0.2 main auth foo\n", "1: foo not a valid transform"],
    [
      "ike from 10.0.0.1 to 10.0.0.2 quick enc aes-128-gcm auth hmac-sha1\n",
      "1: authentication is implicit for aes-128-gcm",
    ],
    ["esp from 10.0.0.1 to 10.0.0.2 spi 99999999999 authkey 0x00\n", "1: 99999999999 not a valid spi"],
    ["esp from 10.0.0.1 to 10.0.0.2 spi 0x10\n", "1: 16 within reserved spi range"],
    ["esp from 10.0.0.1 to 10.0.0.2 spi 0\n", "1: no SPI specified"],
    ["esp from 10.0.0.1 to 10.0.0.2 spi 4096 enc aesctr\n", "1: aesctr is disallowed with static keys"],
    ["esp from 10.0.0.1 to 10.0.0.2 spi 4096\n", "1: no authentication key specified"],
    [
      "ah from 10.0.0.1 to 10.0.0.2 spi 4096 authkey 0x0011\n",
      "1: wrong authentication key length, needs to be 256 bits",
    ],
    ["ipip from 10.0.0.1 to 10.0.0.2 spi 4096 enc aes\n", "1: no encryption, authentication or compression with ipip"],
    [
      "esp from 10.0.0.1 to 10.0.0.2 spi 4096 auth none enc null authkey 0xzz\n",
      "1: keys need to be specified in hex digits|1: wrong authentication key length, needs to be 0 bits",
    ],
    ['"a b" = "c"\n', "1: macro name cannot contain whitespace"],
    ["ike interface em0 peer 10.0.0.1\n", "1: invalid sec interface name"],
    ["ike interface sec4294967296 peer 10.0.0.1\n", "1: invalid sec interface unit: too large"],
    ["ike from 10.0.0.1 to 10.0.0.2 peer 10.0.0.3", "1: syntax error"],
  ])("says of %j", (text, expected) => {
    const lines = expected.split("|").map((line) => (/^\d/.test(line) ? `stdin: ${line}` : line));
    expect(errors(text)).toBe(`${lines.join("\n")}\nipsecctl: Syntax error in config file: ipsec rules not loaded\n`);
  });

  it("ends at once where the program does", () => {
    expect(ipsecctlPrint("ike from 10.0.0.0/200 to 10.0.0.2\nx = y\n", "stdin", environment())).toEqual({
      stdout: "",
      stderr: "ipsecctl: host: invalid netmask '/200'\n",
      exit: 1,
    });
    expect(errors('esp from 1.1.1.1 to 2.2.2.2 spi 4096 authkey file "/k"\n')).toBe(
      "ipsecctl: open /k: No such file or directory\n",
    );
    expect(errors('esp from 1.1.1.1 to 2.2.2.2 spi 4096 authkey file "/k"\n', "openbsd-7.8", { "/k": "" })).toBe(
      "ipsecctl: /k: key too small\n",
    );
    const reverse = `esp from 1.1.1.1 to 2.2.2.2 spi 4096:4097 enc null auth hmac-md5 authkey 0x${"00".repeat(16)}\n`;
    expect(errors(reverse)).toBe("stdin: 1: no authentication key specified\nipsecctl: sarule: expand_rule\n");
  });

  it("reads included files, and counts their lines as ipsecctl does", () => {
    const files = { "/a": "x = 10.0.0.1\nbogus\n" };
    expect(errors('include "/a"\nike from $x to 10.0.0.2\n', "openbsd-7.8", files)).toContain("/a: 3: syntax error\n");
    expect(errors('include "/b"\n')).toBe(
      "ipsecctl: pushfile: /b: No such file or directory\nstdin: 1: failed to include file /b\n" +
        "ipsecctl: Syntax error in config file: ipsec rules not loaded\n",
    );
    const loop = loadIpsec(new Source("/c", 'include "/c"\n'), environment("openbsd-7.8", { "/c": 'include "/c"\n' }));
    expect(loop.diagnostics.map(({ code }) => code)).toContain("ipsec/include-loop");
  });

  it("resolves names to every address", () => {
    const { stdout } = ipsecctlPrint("flow esp out from peer.example to 192.0.2.1\n", "stdin", environment());
    expect(stdout).toBe("flow esp out from 192.0.2.9 to 192.0.2.1 peer 192.0.2.1 type require\n");
  });

  it("proposes what each release proposes", () => {
    const text = "ike from 10.0.0.1 to 10.0.0.2 psk x\n";
    const transform = (system: string): string =>
      /Transforms=(\S+)/.exec(ipsecctlPrint(text, "stdin", environment(system)).stdout)?.[1] ?? "";
    expect(transform("openbsd-4.6")).toBe("AES-SHA");
    expect(transform("openbsd-5.7")).toBe("phase1-transform-peer-10.0.0.2-PRE_SHARED-SHA-AES128-MODP_1024");
    expect(transform("openbsd-5.8")).toBe("phase1-transform-peer-10.0.0.2-PRE_SHARED-SHA-AES128-MODP_3072");
  });
});

describe("checks of ipsec.conf", () => {
  it("finds what is wrong with the article's file", () => {
    const text = 'ike passive esp transport proto udp from 1.2.3.4 to any port 1701 psk "password"\n';
    expect(codes(text)).toEqual(['ipsec/psk-default "\\"password\\""', 'ipsec/psk-any "\\"password\\""']);
  });

  it.each([
    [
      "ike from 10.0.0.1 to 10.0.0.2 main auth hmac-md5 enc 3des-cbc group modp1024 quick group none\n",
      [
        'ipsec/weak-authentication "auth hmac-md5"',
        'ipsec/weak-encryption "enc 3des-cbc"',
        'ipsec/weak-group "group modp1024"',
        'ipsec/no-pfs "group none"',
      ],
    ],
    ["ike from 10.0.0.1 to any aggressive psk aR4nd0mKeyOfManyChars\n", ['ipsec/psk-aggressive "aggressive"']],
    ["ike from 10.0.0.1 to 10.0.0.2 psk shortOne\n", ['ipsec/psk-weak "shortOne"']],
    ["a = 10.0.0.1\nike from 10.0.0.1 to 10.0.0.2\n", ['ipsec/unused-macro "a = 10.0.0.1"']],
    [
      "ike from 10.0.0.1 to 10.0.0.2 quick enc chacha20-poly1305\n",
      ['ipsec/unsupported-proposal "ike from 10.0.0.1 to 10.0.0.2 quick enc chacha20-poly1305"'],
    ],
    [
      "ike from 10.0.0.1 to 10.0.1.0/24 peer 10.0.0.2\nike from 10.0.0.1 to 10.0.1.0/24 peer 10.0.0.3\n",
      ['ipsec/same-connection "ike from 10.0.0.1 to 10.0.1.0/24 peer 10.0.0.3"'],
    ],
    ["ike from 10.0.0.1 to 10.0.0.2 main life 3600\n", ['ipsec/syntax-error "life"', 'ipsec/renamed-lifetime "life"']],
  ] as [string, string[]][])("finds in %j", (text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  it("lets alternatives be: the same hosts with other transforms", () => {
    const rule = "ike from 10.0.0.1 to 10.0.1.0/24 peer 10.0.0.2 main group";
    expect(codes(`${rule} modp2048\n${rule} modp4096\n`)).toEqual([]);
  });

  it("warns of small default groups before 5.8", () => {
    expect(codes("ike from 10.0.0.1 to 10.0.0.2\n", "openbsd-5.7")).toHaveLength(1);
    expect(codes("ike from 10.0.0.1 to 10.0.0.2\n", "openbsd-5.8")).toEqual([]);
  });

  it("names every bad line once", () => {
    const text = "bogus a\nike from 10.0.0.1 to\nflow b\nike from 10.0.0.1 to 10.0.0.2\nx y\n";
    expect(codes(text)).toEqual([
      'ipsec/syntax-error "a"',
      'ipsec/syntax-error "\\n"',
      'ipsec/syntax-error "b"',
      'ipsec/syntax-error "y"',
    ]);
  });

  it("takes names to be right when the machine is not known", () => {
    const system = parseSystem("openbsd-7.8") as System;
    const text =
      'ike passive esp transport proto udp from egress to any port 1701\nesp from em0 to gw.example.com spi 4096 authkey file "/etc/k" enckey file "/etc/e"\n';
    expect(IPSEC.read(new Source("ipsec.conf", text), system, "/etc/ipsec.conf").diagnostics).toEqual([]);
  });

  it("never shows a secret", () => {
    const text = 'ike from 10.0.0.1 to any psk "hunter2hunter2"\n';
    const loaded = loadIpsec(new Source("ipsec.conf", text), environment());
    const shown = JSON.stringify(
      {
        ...loaded,
        source: null,
        diagnostics: [...loaded.diagnostics, ...checkIpsec(loaded)].map(({ message }) => message),
        statements: loaded.statements.map((s) => ({ ...s, origin: null, rules: [] })),
      },
      (key, value) => (key === "source" || key === "text" || key === "hosts" || key === "destination" ? null : value),
    );
    expect(shown).toContain("[secret]");
    expect(shown).not.toContain("hunter2");
  });
});

const PIECES =
  'ike esp ah ipcomp ipip flow tcpmd5 from to any peer local main aggressive quick auth enc group comp lifetime psk rsa srcid dstid tag spi authkey enckey file include bundle udpencap interface sec0 proto tcp udp port 1701 10.0.0.1 10.0.0.0/24 2001:db8::1 { } ( ) , = $x x "a b" \' " \\ \n # 4096 0x1000:0x1001 aes hmac-sha1 modp1024 /k type use dynamic passive transport in out \r \0 \ufeff é'.split(
    " ",
  );

describe("what isakmpd gets", () => {
  it("is one section for a peer, with the proposals of all its rules", () => {
    const head = "ike passive esp transport proto udp from 192.0.2.1 to any port 1701";
    const text = [
      `${head} main auth hmac-sha1 enc 3des group modp1024 psk aR4nd0mKeyOfManyChars`,
      `${head} main auth hmac-sha2-256 enc aes-256 group modp2048 quick enc aes-256 psk aR4nd0mKeyOfManyChars`,
      "ike esp from 10.0.0.0/24 to 10.1.0.0/24 peer 198.51.100.1",
      "",
    ].join("\n");
    const peers = ikePeers(loadIpsec(new Source("f", text), environment()));
    expect(
      peers.map(({ name, proposals }) => [
        name,
        proposals.map(({ encryption, hash, group }) => `${encryption}-${hash}-${group}`),
      ]),
    ).toEqual([
      ["peer-default", ["3DES-SHA-MODP_1024", "AES-SHA2_256-MODP_2048"]],
      ["peer-198.51.100.1", ["AES-SHA-MODP_3072"]],
    ]);
    expect(
      peers[0]?.connections.map(
        ({ name, proposal }) => `${name} ${proposal.encryption}${proposal.keyLength?.proposed}`,
      ),
    ).toEqual(["from-192.0.2.1=17-to-0.0.0.0/0=17:1701 AES256"]);
  });
});

describe("any text", () => {
  it("is read without loss, and nothing breaks", () => {
    const words = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((parts) => parts.join(" "));
    const systems = fc.constantFrom("openbsd-4.6", "openbsd-5.8", "openbsd-7.8");
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ maxLength: 300 })), systems, (text, system) => {
        const loaded = loadIpsec(new Source("f", text), environment(system, { "/k": "00".repeat(20) }));
        expect(loaded.syntax.print()).toBe(text);
        const { exit } = ipsecctlPrint(text, "f", environment(system, { "/k": "00".repeat(20) }));
        expect(loaded.accepted).toBe(exit === 0);
        for (const { span } of [...loaded.diagnostics, ...checkIpsec(loaded)]) {
          expect(span.start).toBeLessThanOrEqual(span.end);
          expect(span.end).toBeLessThanOrEqual(Math.max(text.length, 40));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it.each(["\ufeff", ""])("survives Windows line ends after %j", (mark) => {
    const text = `${mark}x = 10.0.0.1\r\nike from $x to 10.0.0.2\r\n# end\r\n`;
    const found = codes(text);
    expect(loadIpsec(new Source("f", text), environment()).syntax.print()).toBe(text);
    expect(found.some((code) => code.startsWith("encoding/carriage-return"))).toBe(true);
    expect(found.length).toBeLessThan(8);
  });

  it("takes time in proportion to its length", () => {
    const rule = 'ike esp from { 10.0.0.1, 10.0.0.2 } to $net peer 192.0.2.1 psk "averylongkeyindeed"\n';
    const text = `net = "10.1.0.0/16"\n${rule.repeat(20_000)}`;
    const loaded = loadIpsec(new Source("f", text), environment());
    expect(loaded.rules).toHaveLength(40_000);
    expect(loadIpsec(new Source("f", `x = ${"a ".repeat(500_000)}`), environment()).accepted).toBe(false);
    expect(loadIpsec(new Source("f", "{".repeat(1_000_000)), environment()).accepted).toBe(false);
    expect(loadIpsec(new Source("f", `ike from ${"{ ".repeat(100_000)}`), environment()).accepted).toBe(false);
  });
});
