import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkSwanctl,
  chooseProposal,
  loadSwanctl,
  parsePool,
  parseProposal,
  parseSelector,
  readSettings,
  SWANCTL,
} from "./index.ts";

const system = parseSystem("freebsd-15.0") as System;

function load(text: string, files: Record<string, string> = {}): ReturnType<typeof loadSwanctl> {
  return loadSwanctl(new Source("swanctl.conf", text), system, (pattern) =>
    files[pattern] === undefined ? [] : [new Source(pattern, files[pattern])],
  );
}

/** Codes with the text they point at. */
function findings(text: string): string[] {
  const loaded = load(text);
  return [...loaded.diagnostics, ...checkSwanctl(loaded)].map(
    ({ code, source, span }) => `${code} ${JSON.stringify(source?.text.slice(span.start, span.end))}`,
  );
}

function values(text: string): Record<string, string | null> {
  const { root } = readSettings(new Source("f", text));
  return Object.fromEntries([...root.settings].map(([key, { value }]) => [key, value]));
}

const HEAD_END = `
connections {
  ikev2 {
    version = 2
    proposals = aes256-sha256-ecp256, aes256gcm16-prfsha256-x25519
    pools = clients
    local {
      auth = pubkey
      certs = vpn.pem
      id = vpn.example.org
    }
    remote {
      auth = eap-mschapv2
      eap_id = %any
    }
    children {
      all {
        local_ts = 0.0.0.0/0, ::/0
        esp_proposals = aes256gcm16-x25519,aes256-sha256
      }
    }
  }
  l2tp {
    version = 1
    proposals = aes256-sha1-modp2048
    local { # one
      auth = psk
    }
    remote {
      auth = psk
    }
    children {
      l2tp {
        mode = transport
        local_ts = dynamic[udp/1701]
        esp_proposals = aes256-sha1
      }
    }
  }
}
secrets {
  ike {
    secret = "k9#vR2 mQ8zL4xW7"
  }
  eap-anna {
    id = anna
    secret = 0x6b3976523271
  }
}
pools {
  clients {
    addrs = 10.3.0.0/24
    dns = 10.0.0.1
  }
}
`;

describe("settings", () => {
  it.each([
    ["a = b c\td # x", { a: "b c d" }],
    ["a = b {c} = d", { a: "b {c" }],
    ['a = "x  y" z"w"', { a: "x  y z w" }],
    ['a = "l1\nl2\\n\\t\\q\\\nl3"', { a: "l1\nl2\n\tql3" }],
    ["a =\nb = 1", { a: null, b: "1" }],
    ["a=b=c", { a: "b=c" }],
    ["a = 1\na = 2", { a: "2" }],
    ["a = x\r\nb = y\r\n", { a: "x", b: "y" }],
    ["include = 1", { include: "1" }],
  ] as [string, Record<string, string | null>][])("reads %j", (text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  it("joins sections of one name, and takes from those referred to what is not there", () => {
    const { connections } = load(
      "connections {\n a {\n version = 1\n aggressive = yes\n }\n a {\n version = 2\n }\n b : connections.a {\n aggressive = \n }\n}",
    );
    expect(connections.map(({ name, version, aggressive }) => [name, version, aggressive])).toEqual([
      ["a", 2, true],
      ["b", 2, false],
    ]);
  });

  it("reads included files where they stand", () => {
    const { connections, settings } = load("connections {\n include one.conf\n}", {
      "one.conf": "a {\n version = 1\n}",
    });
    expect(connections.map(({ name, version }) => [name, version])).toEqual([["a", 1]]);
    expect(settings.complete).toBe(true);
    expect(loadSwanctl(new Source("f", "include x"), system).settings.complete).toBe(false);
  });

  it("never shows secrets", () => {
    const loaded = load(HEAD_END);
    const setting = loaded.settings.root.sections.get("secrets")?.sections.get("ike")?.settings.get("secret");
    expect([setting?.value, `${setting?.secret}`]).toEqual(["[secret]", "[secret]"]);
    expect(loaded.secrets[0]?.secret?.reveal()).toBe("k9#vR2 mQ8zL4xW7");
  });
});

describe("a head-end", () => {
  it("has nothing wrong", () => {
    expect(findings(HEAD_END)).toEqual(['swanctl/psk-any "psk"']);
  });

  it("is typed", () => {
    const { connections, pools } = load(HEAD_END);
    const [ikev2, l2tp] = connections;
    expect(ikev2?.proposals.map(({ transforms }) => transforms.map(({ word }) => word).join("-"))).toEqual([
      "aes256-sha256-ecp256-prfsha256",
      "aes256gcm16-prfsha256-x25519",
    ]);
    expect(ikev2?.remote.map(({ method, detail }) => [method, detail])).toEqual([["eap", "mschapv2"]]);
    expect(ikev2?.children[0]).toMatchObject({ mode: "tunnel", rekeyTime: 3600, lifeTime: 3960 });
    expect(l2tp?.children[0]?.localSelectors[0]?.value).toMatchObject({ network: null, protocol: 17, firstPort: 1701 });
    expect(`${pools[0]?.range?.first}-${pools[0]?.range?.last}`).toBe("10.3.0.1-10.3.0.254");
  });

  it("goes on with the others when one is refused", () => {
    const { connections } = load("connections {\n a {\n proposals = aes128-sha1\n }\n b {\n version = 2\n }\n}");
    expect(connections.map(({ problem }) => problem)).toEqual(["invalid value for: proposals, config discarded", null]);
  });
});

describe("values", () => {
  it.each([
    ["10.3.0.0/24", "10.3.0.1-10.3.0.254"],
    ["10.3.0.5/24", "10.3.0.5-10.3.0.254"],
    ["10.3.0.0/31", "10.3.0.0-10.3.0.1"],
    ["10.3.0.1", "10.3.0.1-10.3.0.1"],
    ["10.3.0.9 - 10.3.0.12", "10.3.0.9-10.3.0.12"],
    ["10.3.0.255/24", null],
    ["10.3.0.9-10.3.0.1", null],
    ["fec0::1-fed0::1", null],
    ["fec0::/120", "fec0::1-fec0::fe"],
  ] as [string, string | null][])("takes pool %s", (text, expected) => {
    const range = parsePool(text);
    expect(range === null ? null : `${range.first}-${range.last}`).toBe(expected);
  });

  it.each([
    ["10.0.0.0/8[tcp/http]", [6, 80, 80]],
    ["dynamic[/1701]", [0, 1701, 1701]],
    ["dynamic[17/1000-2000]", [17, 1000, 2000]],
    ["::/0[gre]", [47, 0, 65535]],
    ["10.0.0.1-10.0.0.5[any/any]", [0, 0, 65535]],
    ["dynamic[tcp", null],
    ["10.0.0.0-10.0.0.0/8", null],
    ["10.0.0.1[300]", null],
    ["10.0.0.1[tcp/99999]", null],
  ] as [string, number[] | null][])("takes selector %s", (text, expected) => {
    const selector = parseSelector(text, system);
    expect(selector === null ? null : [selector.protocol, selector.firstPort, selector.lastPort]).toEqual(expected);
  });

  const origin = { source: new Source("f", ""), span: { start: 0, end: 0 } };
  const proposal = (text: string): ReturnType<typeof parseProposal> => parseProposal(text, "ike", origin);

  it("agrees on a proposal as charon does", () => {
    const words = (ours: string, theirs: string): string | null => {
      const [a, b] = [proposal(ours), proposal(theirs)];
      if ("problem" in a || "problem" in b) throw new Error("refused");
      return (
        chooseProposal([a], [b])
          ?.map(({ word }) => word)
          .join("-") ?? null
      );
    };
    expect(words("aes256-aes128-sha256-modp2048", "aes128-aes256-sha1-sha256-modp1024-modp2048")).toBe(
      "aes256-sha256-modp2048-prfsha256",
    );
    expect(words("aes256-sha256-modp2048", "aes256-sha256-modp1024")).toBeNull();
    expect(words("aes256gcm16-prfsha256-x25519", "aes256gcm16-sha256-x25519")).toBe("aes256gcm16-prfsha256-x25519");
    expect(words("aes256-sha256-x25519-ke1_mlkem768-ke1_none", "aes256-sha256-x25519")).toBe(
      "aes256-sha256-x25519-prfsha256",
    );
  });

  it.each([
    ["aes128-sha1", "group"],
    ["sha1-modp1024", "encryption"],
    ["aes128-aes128gcm16-sha1-modp1024", "cannot be in one"],
    ["aes128gcm16-modp1024", "pseudo-random"],
    ["aes256-sha256-group14", "modp2048"],
    ["AES256-sha256-modp2048", "write it as aes256"],
    ["aes256-hmac_sha256-modp2048", "sha256"],
    ["", "at least one"],
  ])("says what is wrong with %j", (text, words) => {
    const read = proposal(text);
    expect("problem" in read ? read.problem : "").toContain(words);
  });
});

describe("findings", () => {
  const connection = (inside: string): string => `connections {\nc {\n${inside}\nchildren {\nx {\n}\n}\n}\n}\n`;
  it.each([
    [connection("verson = 2"), ['swanctl/unknown-option "verson"']],
    [
      connection("version = 1 aggressive = yes"),
      ['swanctl/value-swallows "="', 'swanctl/invalid-value "1 aggressive = yes"'],
    ],
    [connection("version = 3"), ['swanctl/version "version"']],
    [connection("proposals = aes256-sha256-grp14"), ['swanctl/proposal "aes256-sha256-grp14"']],
    [
      connection("proposals = 3des-md5-modp1024"),
      ['swanctl/weak-encryption "3des"', 'swanctl/weak-integrity "md5"', 'swanctl/weak-group "modp1024"'],
    ],
    [connection("lokal {\n}"), ['swanctl/unknown-section "lokal"']],
    [connection("pools = p"), ['swanctl/pool-unknown "p"']],
    [connection("remote {\nauth = eap-mschapv2\n}"), ['swanctl/no-secret "eap-mschapv2"']],
    [connection("version = 2\nremote {\nauth = xauth-pam\n}"), ['swanctl/version "xauth-pam"']],
    [connection("remote {\nauth = eap-foo\n}"), ['swanctl/eap-method "eap-foo"']],
    [connection("remote {\nauth = eap-md5\n}"), ['swanctl/weak-eap "eap-md5"']],
    [connection("local {\ncert {\n}\n}"), ['swanctl/certificate "cert"']],
    ["connections {\nc {\n}\n}", ['swanctl/no-children "c"']],
    [
      "connections {\nc {\naggressive = yes\nremote_addrs = 1.2.3.4\nlocal {\nauth = psk\n}\nchildren {\nx {\n}\n}\n}\n}\nsecrets {\nike {\nsecret = password\n}\n}",
      ['swanctl/psk-aggressive "aggressive"', 'swanctl/psk-weak "password"'],
    ],
    [
      "connections {\nc {\nchildren {\nx {\nlocal_ts = dynamic[udp/1701], 10.0.0.0/33, 10.0.0.9-10.0.0.1\nlife_time = 1h\nrekey_time = 2h\nstart_action = start\n}\n}\n}\n}",
      [
        'swanctl/l2tp-mode "dynamic[udp/1701]"',
        'swanctl/prefix "10.0.0.0/33"',
        'swanctl/range "10.0.0.9-10.0.0.1"',
        'swanctl/life-time "life_time"',
        'swanctl/start-any "start_action"',
      ],
    ],
    ["secrets {\nfoo {\nsecret = x\n}\nike {\n}\n}", ['swanctl/secret-kind "foo"', 'swanctl/secret-missing "ike"']],
    [
      "secrets {\neap-a {\nid = u\nsecret = mypass\n}\neap-b {\nid = u\nsecret = Xy7pQm2kLw\nowner = x\n}\n}",
      ['swanctl/secret-key "owner"', 'swanctl/password-weak "mypass"', 'swanctl/owner-twice "u"'],
    ],
    [
      "pools {\np {\ndsn = 1.1.1.1\n}\n}",
      ['swanctl/pool-attribute "dsn"', 'swanctl/pool-addresses "p"', 'swanctl/pool-unused "p"'],
    ],
    [
      "pools {\np {\naddrs = 10.0.0.0/24\n}\nq {\naddrs = 10.0.0.9\ndns = 1.2.3.400\n}\n}\nconnections {\nc {\npools = p, q\nchildren {\nx {\n}\n}\n}\n}",
      ['swanctl/pool-attribute "1.2.3.400"', 'swanctl/pool-overlap "10.0.0.9"'],
    ],
    ["connection {\n}", ['swanctl/outside "connection"']],
    ["a = 1\nconnections {\nb = 2\n}", ['swanctl/outside "a"', 'swanctl/outside "b"']],
    ["connections {", ['swanctl/section-open "connections"']],
    ["}", ['swanctl/syntax-error "}"']],
    ["a.b = c", ['swanctl/syntax-error "."', 'swanctl/outside "b"']],
    ['"a" = b', ['swanctl/unexpected-string "\\"a\\""']],
    ['a = "b', ['swanctl/unterminated-string "\\"b"', 'swanctl/outside "a"']],
    ["include ", ['swanctl/syntax-error ""']],
    ["include \n", ['swanctl/include-empty "include "']],
    ["pools {\na : pools.b {\naddrs = 10.0.0.1\n}\nb : pools.a {\n}\n}", ['swanctl/reference-circle "pools.a"']],
    [
      "authorities {\na : authorities.c {\ncrl = x\n}\n}",
      ['swanctl/reference "authorities.c"', 'swanctl/unknown-option "crl"'],
    ],
    ["pools {\na {\naddrs = 10.0.0.1\naddrs = 10.0.0.2\n}\n}", ['swanctl/key-twice "addrs"']],
  ] as [string, string[]][])("in %j", (text, expected) => {
    const found = findings(text).filter(
      (finding) => !/pool-unused|psk-any/.test(finding) || expected.includes(finding),
    );
    expect(found).toEqual(expected);
  });

  it("stop where files include each other", () => {
    const loaded = load("include f", { f: "include f" });
    expect(loaded.diagnostics.map(({ code }) => code)).toEqual(["swanctl/include-depth"]);
  });

  it("are fewer for a part of a configuration", () => {
    const text = connection("pools = p");
    const read = (path: string): number => SWANCTL.read(new Source("f", text), system, path).diagnostics.length;
    expect(read("/usr/local/etc/swanctl/conf.d/a.conf")).toBe(0);
    expect(read("/usr/local/etc/swanctl/swanctl.conf")).toBe(1);
  });
});

describe("any text", () => {
  const pieces =
    'connections { } a b = \n version 2 "x y" " \\ # : , . include conf.d local remote auth psk children local_ts 10.0.0.0/8[tcp/80] proposals aes256-sha256-modp2048 pools addrs 10.0.0.1-10.0.0.9 secrets ike secret é \r \0 connections.a'.split(
      " ",
    );

  it("is read without loss, and nothing breaks", () => {
    const words = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(" "));
    const damaged = fc
      .tuple(fc.nat(HEAD_END.length), fc.nat(20), fc.constantFrom("", ...pieces))
      .map(([at, gone, put]) => HEAD_END.slice(0, at) + put + HEAD_END.slice(at + gone));
    fc.assert(
      fc.property(fc.oneof(words, damaged, fc.string({ maxLength: 300 })), (text) => {
        for (const variant of [text, `\uFEFF${text.replaceAll("\n", "\r\n")}`]) {
          const loaded = load(variant);
          expect(loaded.settings.syntax.print()).toBe(variant);
          checkSwanctl(loaded);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("takes time in proportion to its length", () => {
    const many = Array.from(
      { length: 10_000 },
      (_, i) => `c${i} : connections.c${Math.max(0, i - 1)}x {\n version = 2\n}\n`,
    );
    expect(load(`connections {\n${many.join("")}}`).connections).toHaveLength(10_000);
    expect(load("a {\n".repeat(100_000)).accepted).toBe(false);
    expect(load(`a = ${'"x" '.repeat(100_000)}`).accepted).toBe(true);
    const chain = Array.from({ length: 3000 }, (_, i) => `c${i} : connections.c${i + 1} {\n}\n`).join("");
    expect(load(`connections {\n${chain}}`).connections).toHaveLength(3000);
  });
});
