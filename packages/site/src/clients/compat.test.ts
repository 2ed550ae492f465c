import { parseSystem, Source, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { espWords, type HeadEnd, readHeadEnd } from "@pierhead/engine/vpn";
import { phase1Proposal, suitesProposal } from "@pierhead/lang/ike";
import { parseProposal } from "@pierhead/lang/swanctl";
import { describe, expect, it } from "vitest";
import { CLIENTS } from "./catalogue.ts";
import { compatibility } from "./compat.ts";
import { type AskedOffer, offersOf, type PlatformOffer, probedCompatibility } from "./probe.ts";
import { type IpsecKind, sameNatSummary } from "./same-nat.ts";

function headEnd(files: Record<string, string>, system = "openbsd-7.8"): HeadEnd {
  const found = readHeadEnd(buildMachine(files, parseSystem(system) as System));
  if (found === null) throw new Error("no head-end");
  return found;
}

function l2tp(ipsec: string, system?: string): HeadEnd {
  return headEnd(
    { "etc/ipsec.conf": ipsec, "etc/rc.conf.local": "isakmpd_flags=-K\nipsec=YES\nnpppd_flags=\n" },
    system,
  );
}

function verdicts(end: HeadEnd): Record<string, string> {
  return Object.fromEntries(
    compatibility(end).map((one) => [one.platform.name, `${one.verdict} ${one.proposal ?? ""}`.trim()]),
  );
}

const RULE = "ike passive esp transport proto udp from 192.0.2.1 to any port 1701";

describe("compatibility", () => {
  it("says who gets in by the defaults of 5.7 and of 5.8, which asks for a larger group", () => {
    expect([
      verdicts(l2tp(`${RULE} psk "x"\n`, "openbsd-5.7")),
      verdicts(l2tp(`${RULE} psk "x"\n`, "openbsd-5.8")),
    ]).toMatchInlineSnapshot(`
      [
        {
          "android-11": "connects aes-256 sha1 modp1024",
          "android-12": "not offered",
          "apple-2015": "fails",
          "chromeos": "fails",
          "ios": "connects aes-256 sha1 modp1024",
          "macos": "connects aes-256 sha1 modp1024",
          "mikrotik": "connects aes-128 sha1 modp1024",
          "networkmanager": "connects aes-256 sha1 modp1024",
          "windows-10": "fails",
          "windows-11": "fails",
          "windows-7": "fails",
        },
        {
          "android-11": "fails",
          "android-12": "not offered",
          "apple-2015": "fails",
          "chromeos": "fails",
          "ios": "fails",
          "macos": "fails",
          "mikrotik": "fails",
          "networkmanager": "fails",
          "windows-10": "fails",
          "windows-11": "fails",
          "windows-7": "fails",
        },
      ]
    `);
  });

  it("takes the client's first transform that any rule allows", () => {
    const both = `${RULE} main auth hmac-sha1 enc 3des group modp1024 psk "x"\n${RULE} main auth hmac-sha1 enc aes-256 group modp2048 psk "x"\n`;
    expect(verdicts(l2tp(both))).toMatchObject({
      "windows-10": "connects aes-256 sha1 modp2048",
      "apple-2015": "connects 3des sha1 modp1024",
      "android-11": "connects 3des sha1 modp1024",
      "android-12": "not offered",
      mikrotik: "connects 3des sha1 modp1024",
    });
  });

  it("goes on to phase 2, and says what is missing there", () => {
    const found = (childsa: string, name: string) => {
      const text = `ikev2 "r" passive esp from any to dynamic peer any ${childsa}\n`;
      const one = compatibility(headEnd({ "etc/iked.conf": text })).find(({ platform }) => platform.name === name);
      return [one?.verdict, one?.proposal, one?.phase2, one?.reason, one?.change];
    };
    expect([
      found("", "windows-11"),
      found("childsa enc aes-256 auth hmac-sha2-256", "windows-11"),
      found("childsa enc aes-256-gcm", "chromeos"),
      found("childsa enc aes-256 auth hmac-sha2-256 esn", "macos"),
      found("childsa enc aes-256 auth hmac-sha2-256 group modp2048", "ios"),
      found("childsa enc chacha20-poly1305", "apple-2015"),
    ]).toMatchInlineSnapshot(`
      [
        [
          "connects",
          "AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
          "AES_CBC_256 HMAC_SHA1_96",
          "a 1024-bit group, which a state can break",
          null,
        ],
        [
          "fails",
          "AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
          null,
          "the IKE SA is made, ESP is not: no integrity in common: it offers HMAC_SHA1_96, iked takes HMAC_SHA2_256_128",
          "a \`childsa\` with enc aes-256 auth hmac-sha1 in iked.conf",
        ],
        [
          "connects",
          "AES_GCM_16_128 HMAC_SHA2_256 CURVE25519",
          "AES_GCM_16_256",
          "",
          null,
        ],
        [
          "fails",
          "AES_GCM_16_256 HMAC_SHA2_256 ECP_256",
          null,
          "the IKE SA is made, ESP is not: no sequence numbers in common: it offers noesn, iked takes esn",
          "\`noesn\` in its \`childsa\`",
        ],
        [
          "connects",
          "AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
          "AES_CBC_256 HMAC_SHA2_256_128",
          "",
          null,
        ],
        [
          "connects",
          "AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
          null,
          "",
          null,
        ],
      ]
    `);
  });

  it("lets isakmpd take the client's first transform in quick mode", () => {
    const rule = `${RULE} main auth hmac-sha1 enc aes-128 group modp2048 psk "x"\n`;
    const found = compatibility(l2tp(rule)).filter((one) => ["chromeos", "mikrotik"].includes(one.platform.name));
    expect(found.map(({ verdict, proposal, phase2, cost }) => [verdict, proposal, phase2, cost])).toEqual([
      ["connects", "aes-128 sha1 modp2048", "AES_GCM_16_128", ""],
      ["connects", "aes-128 sha1 modp2048", "AES_CBC_256 HMAC_SHA1_96", ""],
    ]);
  });

  it("names what differs, the smallest change, and what it costs", () => {
    const found = compatibility(l2tp(`${RULE} psk "x"\n`)).find((one) => one.platform.name === "apple-2015");
    expect([found?.reason, found?.change, found?.cost]).toMatchInlineSnapshot(`
      [
        "phase 1 ends with NO_PROPOSAL_CHOSEN: it offers only 3des sha1 modp1024; isakmpd takes aes-128 to 256 sha1 modp3072 (nearest: encryption and group differ)",
        "one more rule like the one there is, with \`main auth hmac-sha1 enc 3des group modp1024\`",
        "a 1024-bit group, which a state can break and 3DES with its short blocks",
      ]
    `);
  });

  it("wants a transform of each type in common for IKEv2", () => {
    const policy = (ikesa: string): HeadEnd =>
      headEnd({ "etc/iked.conf": `ikev2 "r" passive esp from any to dynamic peer any ${ikesa}\n` });
    expect([
      verdicts(policy("")),
      compatibility(policy("ikesa enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256 group modp2048")).find(
        (one) => one.platform.name === "windows-11",
      )?.reason,
    ]).toMatchInlineSnapshot(`
      [
        {
          "android-11": "connects AES_GCM_16_128 HMAC_SHA2_256 CURVE25519",
          "android-12": "connects AES_GCM_16_128 HMAC_SHA2_256 CURVE25519",
          "apple-2015": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
          "chromeos": "connects AES_GCM_16_128 HMAC_SHA2_256 CURVE25519",
          "ios": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
          "macos": "connects AES_GCM_16_256 HMAC_SHA2_256 ECP_256",
          "mikrotik": "connects AES_CBC_128 HMAC_SHA1_96 HMAC_SHA1 MODP_2048",
          "networkmanager": "unknown",
          "windows-10": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
          "windows-11": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
          "windows-7": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
        },
        "no group in common: it offers MODP_1024, iked takes MODP_2048",
      ]
    `);
  });
});

it("can be asked with everything it says a platform offers", () => {
  for (const { version, transforms, suites } of offersOf(CLIENTS)) {
    // What has no number on the wire throws.
    if (version === 1) expect(phase1Proposal(transforms).transforms).toHaveLength(transforms.length);
    else for (const [index, one] of suites.entries()) suitesProposal(one, index + 1);
  }
  const esp = CLIENTS.flatMap(({ l2tp: a, ikev2: b }) => [
    ...("phase2" in a ? (a.phase2 ?? []) : []),
    ...("esp" in b ? (b.esp ?? []) : []),
  ]);
  const readable = esp.map((one) =>
    parseProposal(espWords(one), "esp", { source: new Source("", ""), span: { start: 0, end: 0 } }),
  );
  expect(readable.filter((one) => "problem" in one)).toEqual([]);
  expect(readable.length).toBeGreaterThan(20);
});

it("has a source for everything it says a platform offers", () => {
  const known = CLIENTS.flatMap(({ l2tp: a, ikev2: b }) => [a, b]).filter((one) => "sources" in one);
  expect(known.length).toBeGreaterThan(10);
  for (const one of known) expect(one.sources.length).toBeGreaterThan(0);
});

describe("two behind one NAT", () => {
  const answer = (kind: IpsecKind, protocol: "l2tp-ipsec" | "ikev2"): Record<string, string> =>
    Object.fromEntries(
      sameNatSummary(kind, protocol).flatMap((one) =>
        one.platforms.map((platform) => [platform.name, one.answer.verdict] as const),
      ),
    );

  it("are one flow in transport mode when they ask for the same ports, and two in tunnel mode", () => {
    expect([
      answer("isakmpd", "l2tp-ipsec"),
      answer("iked", "ikev2"),
      answer("strongswan-connmark", "l2tp-ipsec"),
    ]).toMatchInlineSnapshot(`
      [
        {
          "android-11": "one at a time",
          "apple-2015": "unknown",
          "chromeos": "one at a time",
          "ios": "unknown",
          "macos": "unknown",
          "mikrotik": "unknown",
          "networkmanager": "one at a time",
          "windows-10": "one at a time",
          "windows-11": "one at a time",
          "windows-7": "one at a time",
        },
        {
          "android-11": "both work",
          "android-12": "both work",
          "apple-2015": "both work",
          "chromeos": "both work",
          "ios": "both work",
          "macos": "both work",
          "mikrotik": "both work",
          "windows-10": "both work",
          "windows-11": "both work",
          "windows-7": "both work",
        },
        {
          "android-11": "both work",
          "apple-2015": "unknown",
          "chromeos": "one at a time",
          "ios": "unknown",
          "macos": "unknown",
          "mikrotik": "unknown",
          "networkmanager": "one at a time",
          "windows-10": "one at a time",
          "windows-11": "one at a time",
          "windows-7": "one at a time",
        },
      ]
    `);
  });

  it("have a source for every answer but unknown", () => {
    for (const kind of ["isakmpd", "strongswan-transport", "strongswan-connmark"] as const) {
      for (const { answer: one } of sameNatSummary(kind, "l2tp-ipsec")) {
        expect(one.sources.length > 0).toBe(one.verdict !== "unknown");
      }
    }
  });
});

describe("what a head-end answered", () => {
  const asked = (taken: (offer: PlatformOffer) => boolean): AskedOffer[] =>
    offersOf(CLIENTS).map((offer) => {
      const [transform, suites] = [offer.transforms[0], offer.suites[0]];
      if (!taken(offer)) return { offer, outcome: { kind: "refused", text: "it says NO_PROPOSAL_CHOSEN" } };
      if (transform !== undefined) return { offer, outcome: { kind: "phase1", transform } };
      const [encryption = "", integrity = null, prf = "", group = ""] = [
        suites?.encryption[0],
        suites?.integrity[0],
        suites?.prf[0],
        suites?.groups[0],
      ];
      return { offer, outcome: { kind: "suite", suite: { encryption, integrity, prf, group } } };
    });

  it("is asked once for platforms that offer the same", () => {
    expect(
      offersOf(CLIENTS).map((one) => `${one.version} ${one.platforms.map(({ name }) => name).join(" ")}`),
    ).toMatchInlineSnapshot(`
      [
        "1 windows-7 windows-10 windows-11",
        "2 windows-7 windows-10 windows-11",
        "1 apple-2015",
        "2 apple-2015 ios",
        "1 ios macos",
        "2 macos",
        "1 android-11",
        "2 android-11 android-12",
        "1 networkmanager",
        "1 chromeos",
        "2 chromeos",
        "1 mikrotik",
        "2 mikrotik",
      ]
    `);
  });

  it("is a verdict for the versions that take somebody's offer", () => {
    const protocols = (list: readonly AskedOffer[]): string[] => [
      ...new Set(probedCompatibility(CLIENTS, list).map((one) => `${one.protocol} ${one.verdict}`)),
    ];
    expect(protocols(asked((offer) => offer.version === 2))).toEqual(["ikev2 connects", "ikev2 unknown"]);
    expect(protocols(asked(() => false)).sort()).toEqual([
      "ikev2 fails",
      "ikev2 unknown",
      "l2tp-ipsec fails",
      "l2tp-ipsec not offered",
    ]);
  });
});
