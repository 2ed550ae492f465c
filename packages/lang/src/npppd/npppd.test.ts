import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AddressPool,
  checkNpppd,
  checkNpppdUsers,
  loadNpppd,
  loadNpppdUsers,
  npppdJson,
  npppdPrint,
  parsePoolRange,
} from "./index.ts";

const system = parseSystem("openbsd-7.8") as System;

function codes(text: string): string[] {
  const loaded = loadNpppd(new Source("npppd.conf", text), system);
  return [...loaded.diagnostics, ...checkNpppd(loaded)].map(
    ({ code, span }) => `${code} ${JSON.stringify(text.slice(span.start, span.end))}`,
  );
}

const GOOD = `authentication LOCAL type local {
	users-file "/etc/npppd/npppd-users"
}
tunnel L2TP protocol l2tp {
	l2tp-require-ipsec yes
}
ipcp IPCP {
	pool-address 10.0.0.2-10.0.0.254
	pool-address 10.0.1.1 for static
	dns-servers 9.9.9.9
}
interface pppx0 address 10.0.0.1 ipcp IPCP
bind tunnel from L2TP authenticated by LOCAL to pppx0
`;

describe("npppd -n", () => {
  it.each([
    ["set max-session x\n", "1: syntax error"],
    ["tunnel P protocol pptp {\n\tlisten on ::1\n}\n", "2: listen on IPv6 address is not supported by pptp tunnel"],
    ["tunnel T protocol l2tp {\n\tmppe-key-length 64\n}\n", "2: 64: unknown mppe key length"],
    [
      "authentication A type local {\n}\nauthentication A type radius {\n}\n",
      "3: authentication name A is already in use.",
    ],
    [
      "ipcp I {\n}\ninterface pppx0 address 10.0.0.1 ipcp I\ninterface pppx0 address 10.0.0.2 ipcp I\n",
      "4: interface pppx0 is already in used.",
    ],
    [
      `authentication R type radius {\n\tauthentication-server {\n\t\taddress 192.0.2.1 secret "${"x".repeat(128)}"\n\t}\n}\n`,
      "3: `secret' is too long.  use less than 127 chars.",
    ],
    [
      `authentication R type radius {\n\taccounting-server {\n${'\t\taddress 192.0.2.1 secret "x"\n'.repeat(17)}\t}\n}\n`,
      "19: too many radius servers.  use less than or equal to 16 servers.",
    ],
    [`radius nas-id "${"x".repeat(32)}"\n`, "1: `radius nas-id' is too long.  use less than 31 chars."],
    ['ipcp I {\n\tpool-address "10.0.0.1/24"\n}\n', "2: Invalid argument"],
    ["ipcp I {\n\tpool-address 10.0.0.1-x\n}\n", "2: Invalid argument"],
    [GOOD.replace("from L2TP", "from L2TPx"), "13: tunnel L2TPx is not found"],
    [
      `tunnel ${"L".repeat(16)} protocol l2tp\n${GOOD.replace("from L2TP", `from ${"L".repeat(16)}`)}`,
      `14: tunnel ${"L".repeat(16)} is not found`,
    ],
    ["tunnel T protocol l2tp {", "1: syntax error"],
    [`tunnel T protocol l2tp {\n${"\n".repeat(10_010)}}\n`, /: yacc stack overflow$/],
  ])("says of %j", (text, expected) => {
    const { stderr, exit } = npppdPrint(text, "npppd.conf", system);
    expect(exit).toBe(1);
    if (typeof expected === "string") expect(stderr).toBe(`npppd.conf:${expected}\n`);
    else expect(stderr.trimEnd()).toMatch(expected);
  });

  it("knows `radius` statements from 7.6 on", () => {
    const text = 'radius nas-id "gw"\n';
    expect(npppdPrint(text, "f", parseSystem("openbsd-5.8") as System).exit).toBe(1);
    expect(npppdPrint(text, "f", system).exit).toBe(0);
  });

  it("keeps the options as npppd keeps them", () => {
    const text = `tunnel A protocol l2tp {
	authentication-method mschapv2 pap
	mppe required
	mppe-key-state stateless
	callnum-check yes
	debug-dump-pktin lcp ip
	mru 4294967297
}
`;
    const [tunnel] = npppdJson(loadNpppd(new Source("f", text), system).settings).tunnels as object[];
    expect(tunnel).toMatchObject({
      authenticationMethods: ["pap", "mschapv2"],
      mppe: true,
      mppeRequired: false,
      mppeKeyState: ["stateless"],
      callnumCheck: 1,
      debugDumpPktin: ["ip", "lcp"],
      mru: 1,
    });
  });
});

describe("address pools", () => {
  it("come out as if every address were added by itself", () => {
    // The walk of in_addr_range_list_add(), on a small space.
    const range = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), (ranges) => {
        const pool = new AddressPool();
        const members = new Set<number>();
        for (const [first, last] of ranges) {
          const parsed = parsePoolRange(`10.0.0.${first}-10.0.0.${last}`);
          if ("problem" in parsed) throw new Error(parsed.problem);
          pool.add(parsed);
          for (let i = first; i <= last; i++) members.add(i);
        }
        const found = pool.entries.map(({ address, length }) => [address.w0 & 255, 2 ** (32 - length)] as const);
        const covered = found.flatMap(([start, size]) => Array.from({ length: size }, (_, i) => start + i));
        expect(covered).toEqual([...members].sort((a, b) => a - b));
        expect(pool.size).toBe(members.size);
        // Largest blocks: no two neighbours make up one.
        for (let i = 1; i < found.length; i++) {
          const [a, sizeA] = found[i - 1] as readonly [number, number];
          const [b, sizeB] = found[i] as readonly [number, number];
          expect(sizeA === sizeB && b === a + sizeA && a % (2 * sizeA) === 0).toBe(false);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("keep what a second network left inside", () => {
    const pool = new AddressPool();
    for (const text of ["10.0.0.2-10.0.0.3", "10.0.0.8-10.0.0.9", "10.0.0.0/24"]) {
      const range = parsePoolRange(text);
      if (!("problem" in range)) pool.add(range);
    }
    expect(pool.entries.map(({ address, length }) => `${address}/${length}`)).toEqual(["10.0.0.0/24", "10.0.0.8/31"]);
    expect(pool.size).toBe(256);
  });
});

describe("checks of npppd.conf", () => {
  it("finds nothing in a good one", () => {
    expect(codes(GOOD)).toEqual([]);
  });

  it.each([
    [GOOD.replace("	l2tp-require-ipsec yes\n", ""), ['npppd/l2tp-without-ipsec "L2TP"']],
    [GOOD.replace("npppd/npppd-users", "npppd-users"), ['npppd/users-file-path "users-file \\"/etc/npppd-users\\""']],
    [GOOD.replace('	users-file "/etc/npppd/npppd-users"\n', ""), ['npppd/no-users-file "LOCAL"']],
    [GOOD.replace("for static", ""), []],
    [GOOD.replace("10.0.0.2-", "10.0.0.1-"), ['npppd/pool-has-interface "interface pppx0 address 10.0.0.1 ipcp IPCP"']],
    [
      GOOD.replace("10.0.1.1 for static", "10.0.0.9-10.0.0.12"),
      ['npppd/pool-overlap "pool-address 10.0.0.9-10.0.0.12"'],
    ],
    [GOOD.replace(/bind.*\n/, ""), ['npppd/nothing-bound "L2TP"']],
    [
      GOOD.replace("yes\n", "yes\n\tauthentication-method pap\n\tmru 1460\n\tidle-timeout 60\n\tpptp-hostname x\n"),
      [
        'npppd/foreign-option "pptp-hostname"',
        'npppd/pap "authentication-method pap"',
        'npppd/mru "mru 1460"',
        'npppd/idle-timeout "idle-timeout 60"',
      ],
    ],
    [`${GOOD}tunnel P protocol pptp\nipcp J {\n}\n`, ['npppd/pptp "P"', 'npppd/unused "P"', 'npppd/unused "J"']],
    [
      'authentication R type radius {\n\tauthentication-server {\n\t\taddress 192.0.2.1 secret "hogehoge"\n\t}\n}\n',
      ['npppd/radius-secret "address 192.0.2.1 secret \\"hogehoge\\""'],
    ],
  ] as [string, string[]][])("finds in %j", (text, expected) => {
    expect(codes(text)).toEqual(expected);
  });
});

describe("npppd-users", () => {
  function users(text: string, conf: string | null = null): string[] {
    const file = loadNpppdUsers(new Source("npppd-users", text));
    const settings = conf === null ? null : loadNpppd(new Source("npppd.conf", conf), system).settings;
    return [...file.diagnostics, ...checkNpppdUsers(file, settings)].map(
      ({ code, span }) => `${code} ${JSON.stringify(text.slice(span.start, span.end))}`,
    );
  }

  it("reads records over several lines, names and escapes", () => {
    const text =
      "anna|a.meyer:\\\n\t:password=a\\cb\\072c\\\\^M\\e:\\\n\t:framed-ip-address=10.0.0.5:\nbert:password=x^^y:calling-number=5:\n";
    const { users: found, diagnostics } = loadNpppdUsers(new Source("f", text));
    expect(diagnostics).toEqual([]);
    expect(found.map((user) => user.names.map(({ name }) => name))).toEqual([["anna", "a.meyer"], ["bert"]]);
    expect(found.map((user) => user.password?.reveal())).toEqual(["a:b:c\\\r\x1b", "x\x1ey"]);
    expect(`${found[0]?.framedAddress?.address}`).toBe("10.0.0.5");
    expect(found[1]?.callingNumber).toBe("5");
    expect(JSON.stringify(found)).not.toContain("a:b");
  });

  it("finds what is wrong with the article's file", () => {
    const text = "myuser:\\\n    :password=mypass:\\\n    :framed-ip-address=10.0.0.111:\n";
    expect(users(text, GOOD)).toEqual(['npppd/user-password-weak "mypass"']);
  });

  it.each([
    ["a:password=Xy7pQm2kLw:\na:password=Xy7pQm2kLx:\n", ['npppd/user-twice "a"']],
    [
      "a:\n\t:password=Xy7pQm2kLw:\n",
      ['npppd/user-no-password "a"', 'npppd/user-continuation "\\t:password=Xy7pQm2kLw:"'],
    ],
    ["# one \\\na:password=Xy7pQm2kLw:\n", ['npppd/user-comment-continues "# one \\\\\\na:password=Xy7pQm2kLw:"']],
    ["a:password=Xy7p:Qm2kLw:\n", ['npppd/user-unknown-field "Qm2kLw"', 'npppd/user-password-weak "Xy7p"']],
    ["a:password=Xy7pQm2kLw\\:\n", ['npppd/user-escape "Xy7pQm2kLw\\\\"']],
    ["a:password=Xy7pQm2k\\qLw:\n", ['npppd/user-escape "Xy7pQm2k\\\\qLw"']],
    ["a:password=@Xy7pQm2kLw:\n", ['npppd/user-no-value "password=@Xy7pQm2kLw"']],
    ["a:password:\n", ['npppd/user-no-value "password"']],
    ["a:password=Xy7pQm2kLw:framed-ip-address=10.0.0:\n", ['npppd/user-address "10.0.0"']],
    ["a:password=Xy7pQm2kLw:password=z:\n", ['npppd/user-field-twice "password=z"']],
    ["a:password=Xy7pQm2kLw\n", ['npppd/user-open-end "w"']],
    [
      `a:password=${"Xy7pQm2kLw".repeat(26)}:\n`,
      [`npppd/user-password-long ${JSON.stringify("Xy7pQm2kLw".repeat(26))}`],
    ],
    ["a:password=Xy7pQm2kLw:framed-ip-address=10.9.0.1:\n", ['npppd/framed-outside-pool "10.9.0.1"']],
    ["a:password=Xy7pQm2kLw:framed-ip-address=10.0.0.1:\n", ['npppd/framed-is-interface "10.0.0.1"']],
    [
      "a:password=Xy7pQm2kLw:framed-ip-address=10.0.1.1:\nb:password=Xy7pQm2kLx:framed-ip-address=10.0.1.1:\n",
      ['npppd/framed-twice "10.0.1.1"'],
    ],
    [
      "a:\\\r\n\t:password=Xy7pQm2kLw:\r\n",
      [
        'npppd/user-unknown-field "\\\\\\r"',
        'npppd/user-no-password "a"',
        'npppd/user-continuation "\\t:password=Xy7pQm2kLw:\\r"',
        'encoding/carriage-return "\\r\\n"',
      ],
    ],
  ] as [string, string[]][])("finds in %j", (text, expected) => {
    expect(users(text, GOOD)).toEqual(expected);
  });
});

describe("any text", () => {
  const pieces =
    'tunnel authentication ipcp interface bind radius set protocol l2tp pptp pppoe type local { } \n listen on address port 1701 10.0.0.1 10.0.0.1-10.0.0.9 "10.0.0.0/24" ::1 pool-address for static dns-servers resolver yes no mru 1300 A B "x" secret users-file authentication-server max-session from authenticated by to pppx0 \\ " # é \r \0 = $x'.split(
      " ",
    );

  it("is read without loss, and nothing breaks", () => {
    const words = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(" "));
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ maxLength: 300 })), (text) => {
        const loaded = loadNpppd(new Source("f", text), system);
        expect(loaded.syntax.print()).toBe(text);
        checkNpppd(loaded);
        npppdJson(loaded.settings);
        expect(loaded.accepted).toBe(npppdPrint(text, "f", system).exit === 0);
        checkNpppdUsers(loadNpppdUsers(new Source("f", text)), loaded.settings);
      }),
      { numRuns: 3000 },
    );
  });

  it("takes time in proportion to its length", () => {
    const tunnels = Array.from({ length: 20_000 }, (_, i) => `tunnel T${i} protocol l2tp {\n\tmru 1300\n}\n`).join("");
    expect(loadNpppd(new Source("f", tunnels), system).settings.tunnels).toHaveLength(20_000);
    const file = loadNpppdUsers(new Source("f", "user:\\\n\t:password=Xy7pQm2kLw:\n".repeat(50_000)));
    expect(file.users).toHaveLength(50_000);
    expect(loadNpppdUsers(new Source("f", `a:${"\\\n".repeat(200_000)}:`)).users).toHaveLength(1);
  });
});
