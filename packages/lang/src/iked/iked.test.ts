import { type Address, parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkIked, IKED, type IkedEnvironment, ikedPrint, loadIked } from "./index.ts";

function environment(files: Record<string, string> = {}): IkedEnvironment {
  return {
    system: parseSystem("openbsd-7.8") as System,
    interfaces: [
      {
        name: "em0",
        addresses: [{ address: parseAddress("203.0.113.5") as Address, length: 24 }],
        groups: ["egress"],
        link: "up",
        up: true,
        kind: "broadcast",
        mtu: 1500,
        routingDomain: 0,
      },
    ],
    resolveHost: () => [],
    readFile: (path) => files[path] ?? null,
  };
}

function codes(text: string): string[] {
  const loaded = loadIked(new Source("iked.conf", text), environment());
  return [...loaded.diagnostics, ...checkIked(loaded)].map(
    ({ code, span }) => `${code} ${JSON.stringify(text.slice(span.start, span.end))}`,
  );
}

const RULE = "ikev2 esp from 10.0.0.0/24 to 10.1.0.0/24 peer 198.51.100.1";

describe("iked -n", () => {
  it.each([
    [`${RULE} ikesa group none\n`, '1: IKE group can not be "none".|1: create_ike failed'],
    [`${RULE} ikesa enc aes-256 esn\n`, "1: cannot use ESN with ikesa.|1: create_ike failed"],
    [
      `${RULE} childsa enc aes-256-gcm auth hmac-sha1\n`,
      "1: authentication is implicit for given encryption transforms|1: create_ike failed",
    ],
    [`${RULE} ikesa enc blowfish\n`, "1: blowfish not a valid transform"],
    [`${RULE} eap "tls-x"\n`, "1: unsupported EAP method: tls_x"],
    [`${RULE} "none"\n`, "1: not a valid authentication mode"],
    [`${RULE} config foo 10.0.0.1\n`, "1: not a valid ikecfg option"],
    [`${RULE} config netmask ::1\n`, "1: not a valid ikecfg option"],
    [`${RULE} tap em0\n`, "1: invalid tap interface name: em0"],
    [`${RULE} iface nope0\n`, "1: invalid iface|1: create_ike failed"],
    [`${RULE} lifetime x\n`, "1: invalid time specification: x"],
    [`${RULE} lifetime 1h bytes 5T\n`, "1: invalid byte unit"],
    [`${RULE.replace("esp", "esp rdomain 256")}\n`, "1: rdomain outside range"],
    [`${RULE.replace("esp", `esp proto { ${"tcp ".repeat(17)}}`)}\n`, "1: too many protocols|1: create_ike failed"],
    ["ikev2 active from any to any peer any\n", "1: active mode requires local/peer address|1: create_ike failed"],
    ["ikev2 from 10.0.0.0/129 to any\n", "netmask is too large: /129|1: could not parse host specification"],
    ["ikev2 from foo to any\n", "no IP address found for foo|1: could not parse host specification"],
    ['user "" "x"\n', "1: invalid user name"],
    [`user "a" "${"x".repeat(256)}"\n`, "1: invalid password"],
    ["set dpd_check_interval -1\n", "1: timeout outside range"],
    ["radius max-tries 0\n", "1: max-tries must a positive value"],
    ["radius accounting max-failovers -1\n", "1: max-failovers must be 0 or a positive value"],
    ["radius config address 0x1000000 1\n", "1: vendor-id must be in 0-0xffffff"],
    ["radius config address 256\n", "1: attribute type must be in 0-255"],
    ["radius config address 1x\n", "1: `1x' is invalid"],
    ["radius config protected-subnet 1\n", "1: not a valid ikecfg option"],
  ])("says of %j", (text, expected) => {
    const { stderr, exit } = ikedPrint(text, "f", environment());
    const lines = expected.split("|").map((line) => (/^\d/.test(line) ? `f: ${line}` : line));
    expect(stderr).toBe(`${lines.join("\n")}\nf: no valid configuration rules found\n`);
    expect(exit).toBe(1);
  });

  it("needs no line end at the end, and numbers included lines from 1", () => {
    expect(ikedPrint(RULE, "f", environment()).exit).toBe(0);
    const { stderr } = ikedPrint('include "/a"\nbogus', "f", environment({ "/a": "\nbogus" }));
    expect(stderr).toBe("/a: 2: syntax error\nf: 2: syntax error\nf: no valid configuration rules found\n");
  });

  it("keeps a key's length in one octet", () => {
    const { stderr } = ikedPrint(`${RULE} psk "${"x".repeat(257)}"\n`, "f", environment());
    expect(stderr).toContain(" psk 0x78\n");
    expect(codes(`${RULE} psk "${"xYz4".repeat(65)}"\n`).map((code) => code.split(" ")[0])).toContain("iked/psk-cut");
  });

  it("crashes on an empty proposal", () => {
    expect(ikedPrint(`${RULE} ikesa\n`, "f", environment())).toEqual({ stderr: "", exit: 139 });
    expect(codes(`${RULE} ikesa\n`)[0]).toBe('iked/empty-proposal "ikesa"');
  });

  it("tells of flows given twice, and sorts them by octets from the right", () => {
    const text =
      "ikev2 esp from 10.0.0.0/24 to 10.2.0.0/16 from 10.0.0.0/24 to 10.1.9.0/24 from 10.0.0.0/24 to 10.2.0.0/16 peer 192.0.2.1\n";
    const { stderr } = ikedPrint(text, "f", environment());
    expect(stderr.startsWith("iked: create_ike: duplicate flow\n")).toBe(true);
    expect(stderr).toContain(" from 10.0.0.0/24 to 10.2.0.0/16 from 10.0.0.0/24 to 10.1.9.0/24 local any");
  });
});

describe("checks of iked.conf", () => {
  it.each([
    [`${RULE} psk "changeme"\n`, ['iked/psk-default "\\"changeme\\""']],
    [
      `${RULE} ikesa enc 3des prf hmac-md5 auth hmac-sha1 group modp1024\n`,
      ['iked/weak-transform "enc 3des"', 'iked/weak-transform "prf hmac-md5"', 'iked/weak-transform "group modp1024"'],
    ],
    [
      'ikev2 from any to dynamic peer any psk "aR4nd0mKeyOfManyChars" config address 10.0.5.0/24\n',
      ['iked/psk-any "\\"aR4nd0mKeyOfManyChars\\""'],
    ],
    [
      'ikev2 from any to 10.0.0.0/8 peer any eap "mschap-v2" config address 10.0.5.0/24\n',
      ['iked/eap-no-users "\\"mschap-v2\\""', 'iked/config-without-dynamic "config address 10.0.5.0/24"'],
    ],
    ["ikev2 from any to dynamic peer any eap radius\n", ['iked/eap-no-server "eap radius"']],
    [
      'user "a" "password123"\nuser "a" "Xy7pQm2kLw"\n',
      [
        'iked/user-password-weak "\\"password123\\""',
        'iked/user-twice "\\"a\\""',
        'iked/users-unused "user \\"a\\" \\"password123\\""',
      ],
    ],
    ["x = y\n", ['iked/unused-macro "x = y"', 'iked/no-rules "x"']],
    [`ike esp from any to any\n${RULE}\n`, ['iked/ignored-rule "ike"']],
    [
      [1, 2].map((n) => `ikev2 "r${n}" from any to dynamic peer any config address 10.0.${n}.0/22\n`).join(""),
      ['iked/pool-overlap "config address 10.0.2.0/22"'],
    ],
  ] as [string, string[]][])("finds in %j", (text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  it("takes names to be right when the machine is not known", () => {
    const text =
      'include "/etc/iked-common.conf"\nikev2 esp from lan to 10.1.0.0/16 local egress peer gw.example.com psk file "/etc/iked/key" iface sec0\n';
    const system = parseSystem("openbsd-7.8") as System;
    expect(IKED.read(new Source("iked.conf", text), system, "/etc/iked.conf").diagnostics).toEqual([]);
  });
});

describe("any text", () => {
  const pieces =
    'ikev2 esp ah from to any dynamic peer local ikesa childsa enc auth prf group aes-256 aes-128-gcm hmac-sha1 modp2048 srcid dstid psk eap radius config request address lifetime 1h bytes 5M tag tap enc1 iface em0 set user include proto { } tcp port 80 10.0.0.0/24 10.0.0.1 ::1 ( ) , = $x x "a b" " \' \\ \n # \r \0 \x01 \x02 é ike flow'.split(
      " ",
    );

  it("is read without loss, and nothing breaks", () => {
    const words = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(" "));
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ maxLength: 300 })), (text) => {
        const loaded = loadIked(new Source("f", text), environment());
        expect(loaded.syntax.print()).toBe(text);
        expect(loaded.accepted).toBe(ikedPrint(text, "f", environment()).exit === 0);
        checkIked(loaded);
      }),
      { numRuns: 3000 },
    );
  });

  it("takes time in proportion to its length", () => {
    expect(loadIked(new Source("f", `${RULE}\n`.repeat(20_000)), environment()).policies).toHaveLength(20_000);
    expect(loadIked(new Source("f", "(".repeat(1_000_000)), environment()).accepted).toBe(false);
  });
});
