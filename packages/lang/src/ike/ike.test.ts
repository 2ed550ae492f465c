import { describe, expect, it } from "vitest";
import {
  decodeIke,
  EXCHANGE,
  encodeIke,
  FLAG,
  type IkeHeader,
  type IkePayload,
  isOffered,
  NOTIFY2,
  phase1Proposal,
  readChosen,
  readPhase1,
  suitesProposal,
  vendorOf,
} from "./index.ts";

function bytes(digits: string): Uint8Array {
  return Uint8Array.from(digits.replace(/\s+/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function header(major: number, exchange: number, more: Partial<IkeHeader> = {}): IkeHeader {
  const initiator = bytes("0102030405060708");
  return { initiator, responder: new Uint8Array(8), major, minor: 0, exchange, flags: 0, messageId: 0, ...more };
}

/** What is written is read back as it was, without a problem. */
function roundTrip(head: IkeHeader, payloads: readonly IkePayload[]): Uint8Array {
  const wire = encodeIke(head, payloads);
  expect(decodeIke(wire)).toEqual({ header: head, payloads, problems: [] });
  return wire;
}

const AES = { encryption: "AES", keyLength: 256, hash: "SHA", group: "MODP_2048" };
const TRIPLE = { encryption: "3DES", keyLength: null, hash: "MD5", group: "MODP_1024" };
const none = new Uint8Array(0);

describe("messages", () => {
  it("come out as they went in", () => {
    roundTrip(header(1, EXCHANGE.mainMode), [
      { kind: "association", proposals: [phase1Proposal([AES, TRIPLE])] },
      { kind: "vendor-id", data: bytes("afcad71368a1f1c96b8696fc77570100") },
    ]);
    roundTrip(header(1, EXCHANGE.aggressive), [
      { kind: "key-exchange", group: 0, data: bytes("00ff") },
      { kind: "nonce", data: bytes("aabb") },
      { kind: "identity", identity: 1, protocol: 17, port: 500, data: bytes("c0000201") },
      { kind: "hash", data: bytes("0011") },
      { kind: "nat-detection", data: bytes("22") },
      { kind: "notify", protocol: 1, spi: bytes("0102"), notification: 14, data: bytes("99") },
      { kind: "other", type: 7, data: bytes("04") },
    ]);
    roundTrip(header(2, EXCHANGE.ikeSaInit, { flags: FLAG.initiator, messageId: 4_294_967_295 }), [
      { kind: "notify", protocol: 0, spi: none, notification: NOTIFY2.cookie, data: bytes("c0") },
      {
        kind: "association",
        proposals: [
          suitesProposal(
            {
              encryption: ["AES_CBC_256", "3DES"],
              integrity: ["HMAC_SHA1_96"],
              prf: ["HMAC_SHA1"],
              groups: ["ECP_256"],
            },
            1,
          ),
          suitesProposal(
            { encryption: ["CHACHA20_POLY1305_256"], integrity: [], prf: ["HMAC_SHA2_256"], groups: ["CURVE25519"] },
            2,
          ),
        ],
      },
      { kind: "key-exchange", group: 31, data: bytes("01") },
      { kind: "nonce", data: bytes("02") },
      { kind: "vendor-id", data: bytes("03") },
    ]);
    roundTrip(header(1, EXCHANGE.informational1, { flags: FLAG.encrypted }), [
      { kind: "other", type: 8, data: bytes("dead") },
    ]);
  });

  it("are what other programs send: a packet of strongSwan's", () => {
    // NO_PROPOSAL_CHOSEN of charon 5.9.8, in both versions.
    expect([
      decodeIke(bytes("01020304050607081112131415161718 0b100500 a1b2c3d4 00000028 0000000c 000000010100000e")),
      decodeIke(bytes("01020304050607080000000000000000 29202220 00000000 00000024 00000008 0000000e")),
    ]).toMatchObject([
      { payloads: [{ kind: "notify", protocol: 1, notification: 14 }], problems: [] },
      { payloads: [{ kind: "notify", protocol: 0, notification: 14 }], problems: [] },
    ]);
  });

  it("that are broken say where", () => {
    const wire = roundTrip(header(1, EXCHANGE.mainMode), [{ kind: "association", proposals: [phase1Proposal([AES])] }]);
    const broken = (at: number, octet: number): string => {
      const copy = Uint8Array.from(wire);
      copy[at] = octet;
      const read = decodeIke(copy);
      return read.header === null ? "" : read.problems.map(({ offset, message }) => `${offset}: ${message}`).join("; ");
    };
    const short = decodeIke(wire.subarray(0, 27));
    expect([
      short.header === null ? short.problem.message : "",
      broken(17, 0x30),
      broken(16, 13),
      broken(27, 27),
      broken(31, 2),
      broken(28, 5),
      broken(39, 2),
      broken(43, 3),
      broken(47, 2),
      broken(51, 200),
      broken(53, 0x01),
    ]).toMatchInlineSnapshot(`
      [
        "a message has a header of 28 octets, this one is 27 long",
        "17: version 3.0 is neither IKEv1 nor IKEv2",
        "",
        "24: the header says 27 octets, 84 came; 28: payload 1 is announced, and the message ends",
        "30: payload 1 of 2 octets does not fit in the message",
        "84: payload 5 is announced, and the message ends",
        "32: the situation is not the one of IPsec, identity only",
        "42: a proposal of 3 octets does not fit",
        "47: 2 transforms are announced, 1 are there",
        "50: a transform of 200 octets does not fit",
        "",
      ]
    `);
  });

  it("are cut after so many payloads", () => {
    const many = encodeIke(header(2, EXCHANGE.ikeSaInit), Array(80).fill({ kind: "nonce", data: none }));
    expect(decodeIke(many)).toMatchObject({
      payloads: { length: 64 },
      problems: [{ message: "more than 64 payloads" }],
    });
  });
});

describe("proposals", () => {
  it("of IKEv1 have names", () => {
    const [first, second] = phase1Proposal([AES, TRIPLE]).transforms;
    expect([first, second].map((one) => (one === undefined ? null : readPhase1(one)))).toEqual([
      { ...AES, authentication: 1 },
      { ...TRIPLE, authentication: 1 },
    ]);
    expect(readPhase1({ number: 1, type: 0, id: 1, attributes: [] })).toBeNull();
  });

  it("of IKEv2 that were chosen have one of each kind, and only what was offered", () => {
    const suites = {
      encryption: ["CHACHA20_POLY1305_256"],
      integrity: [],
      prf: ["HMAC_SHA2_256"],
      groups: ["CURVE25519"],
    };
    const chosen = readChosen(suitesProposal(suites, 1));
    expect(chosen).toEqual({
      encryption: "CHACHA20_POLY1305",
      integrity: null,
      prf: "HMAC_SHA2_256",
      group: "CURVE25519",
    });
    expect(chosen !== null && isOffered([suites], chosen)).toBe(true);
    expect(chosen !== null && isOffered([{ ...suites, groups: ["ECP_256"] }], chosen)).toBe(false);
    expect(readChosen(suitesProposal({ ...suites, prf: ["HMAC_SHA1", "HMAC_MD5"] }, 1))).toBeNull();
  });
});

it("knows vendor IDs whole, by their beginning, and as text", () => {
  const text = (words: string): Uint8Array => new TextEncoder().encode(words);
  const ids = [
    bytes("882fe56d6fd20dbc2251613b2ebe5beb"),
    bytes("1e2b516905991c7d7c96fcbfb587e46100000009"),
    bytes("4048b7d56ebce88525e7de7f00d6c2d380000000"),
    bytes("1f07f70eaa6514d3b0fa96542a500407"),
    text("OpenIKED-7.2"),
    text("OE-Libreswan-4.9"),
    bytes("00"),
    none,
  ];
  expect(ids.map((id) => vendorOf(id)?.name ?? null)).toEqual([
    "strongSwan",
    "Windows 8 and later",
    "fragmentation of IKE messages",
    "Cisco VPN 3000 concentrator",
    "OpenIKED-7.2",
    "Libreswan 3.6 and later",
    null,
    null,
  ]);
});
