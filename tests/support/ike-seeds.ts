/** Messages of IKE to break, octets as characters; what is read without a problem must come out the same. */
import { isDeepStrictEqual } from "node:util";
import {
  decodeIke,
  EXCHANGE,
  encodeIke,
  FLAG,
  type IkeHeader,
  type IkePayload,
  phase1Proposal,
  readable,
  readChosen,
  readPhase1,
  suitesProposal,
  vendorOf,
} from "@pierhead/lang/ike";

const none = new Uint8Array(0);
const octets = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, index) => (index * 37) & 255);

function message(major: number, exchange: number, flags: number, payloads: readonly IkePayload[]): string {
  const header: IkeHeader = {
    initiator: octets(8),
    responder: octets(8),
    major,
    minor: 0,
    exchange,
    flags,
    messageId: 7,
  };
  return String.fromCharCode(...encodeIke(header, payloads));
}

const AES = { encryption: "AES", keyLength: 256, hash: "SHA2_256", group: "MODP_2048" };
const TRIPLE = { encryption: "3DES", keyLength: null, hash: "SHA", group: "MODP_1024" };

/** One message of every kind a head-end could send. */
export function ikeSeeds(): string[] {
  const plain = {
    encryption: ["AES_CBC_256", "3DES"],
    integrity: ["HMAC_SHA1_96"],
    prf: ["HMAC_SHA1"],
    groups: ["ECP_256"],
  };
  const combined = { encryption: ["AES_GCM_16_128"], integrity: [], prf: ["HMAC_SHA2_256"], groups: ["CURVE25519"] };
  const notify = (notification: number, data: Uint8Array): IkePayload => ({
    kind: "notify",
    protocol: 1,
    spi: octets(4),
    notification,
    data,
  });
  return [
    message(1, EXCHANGE.mainMode, 0, [
      { kind: "association", proposals: [phase1Proposal([AES, TRIPLE])] },
      { kind: "vendor-id", data: octets(16) },
    ]),
    message(1, EXCHANGE.aggressive, 0, [
      { kind: "association", proposals: [phase1Proposal([TRIPLE])] },
      { kind: "key-exchange", group: 0, data: octets(128) },
      { kind: "nonce", data: octets(20) },
      { kind: "identity", identity: 2, protocol: 0, port: 0, data: octets(9) },
      { kind: "hash", data: octets(20) },
    ]),
    message(1, EXCHANGE.informational1, FLAG.encrypted, [{ kind: "other", type: 8, data: octets(24) }]),
    message(1, EXCHANGE.informational1, 0, [notify(14, octets(3)), { kind: "nat-detection", data: octets(20) }]),
    message(2, EXCHANGE.ikeSaInit, FLAG.response, [
      { kind: "association", proposals: [suitesProposal(plain, 1), suitesProposal(combined, 2)] },
      { kind: "key-exchange", group: 31, data: octets(32) },
      { kind: "nonce", data: octets(32) },
      notify(16_388, octets(20)),
      { kind: "vendor-id", data: new TextEncoder().encode("OpenIKED-7.2") },
    ]),
    message(2, EXCHANGE.ikeSaInit, FLAG.response, [notify(16_390, octets(64)), notify(17, Uint8Array.of(0, 19))]),
    message(2, EXCHANGE.informational2, FLAG.response, [{ kind: "other", type: 46, data: octets(40) }]),
    message(2, EXCHANGE.ikeSaInit, 0, [{ kind: "nonce", data: none }]),
  ];
}

export function runIke(text: string): void {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
  // As it is, and with the length of the header put right, so that what is behind it is read.
  const right = Uint8Array.from(bytes);
  if (right.length >= 28) right.set([0, 0, right.length >> 8, right.length & 255], 24);
  for (const one of [bytes, right]) look(one);
}

function look(bytes: Uint8Array): void {
  const read = decodeIke(bytes);
  if (read.header === null) return;
  for (const problem of read.problems) {
    if (problem.offset < 0 || problem.offset > bytes.length) throw new Error(`a problem at ${problem.offset}`);
  }
  for (const payload of read.payloads) {
    if (payload.kind === "vendor-id") {
      vendorOf(payload.data);
      readable(payload.data);
    }
    if (payload.kind !== "association") continue;
    for (const proposal of payload.proposals) {
      readChosen(proposal);
      for (const transform of proposal.transforms) readPhase1(transform);
    }
  }
  if (read.problems.length > 0) return;
  const again = decodeIke(encodeIke(read.header, read.payloads));
  if (!isDeepStrictEqual(again, read)) throw new Error("what was read is not what is written");
}
