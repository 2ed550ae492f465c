/** RADIUS packets as texts of one octet a character, and everything that reads them after they were checked. */
import {
  AttributeSet,
  attribute,
  attributeName,
  CODE,
  encodePacket,
  PacketStream,
  readVendor,
} from "@pierhead/lang/radius-wire";
import { readAnswerOf } from "../../packages/gateway/src/radius/answer.ts";
import { checkAnswer, checkRequest } from "../../packages/gateway/src/radius/digest.ts";
import { readDynamicRequest } from "../../packages/gateway/src/radius/dynamic-request.ts";
import { roundTrip } from "../../packages/lang/src/radius-wire/round-trip.test-helper.ts";

const SECRET = Buffer.from("secret");
const NAS = { nasIdentifier: "nas", nasAddress: "192.0.2.1", swapOctets: false };

export function radiusSeeds(): string[] {
  const authenticator = new Uint8Array(16).fill(7);
  const accept = [
    attribute("Message-Authenticator", new Uint8Array(16)),
    attribute("User-Name", "ann"),
    attribute("Class", Uint8Array.of(1, 2, 3)),
    attribute("Reply-Message", "Hello"),
    attribute("Session-Timeout", 3600),
    attribute("Acct-Interim-Interval", 300),
    attribute("WISPr-Bandwidth-Max-Up", 64_000),
    attribute("WISPr-Redirection-URL", "https://example.org/"),
    attribute("WISPr-Session-Terminate-Time", "2026-11-24T18:00:00+01:00"),
    attribute("ChilliSpot-Max-Total-Gigawords", 1),
    { type: 81, value: Uint8Array.of(1, 52, 50) },
    attribute("State", Uint8Array.of(9)),
  ];
  const coa = [
    attribute("Acct-Session-Id", "s1"),
    attribute("NAS-Identifier", "nas"),
    attribute("Calling-Station-Id", "02-00-00-00-00-01"),
    attribute("Framed-IPv6-Address", "2001:db8::1"),
    attribute("NAS-Port-Id", "00000007"),
  ];
  const lists = [
    [CODE.accessAccept, accept],
    [CODE.accessChallenge, accept],
    [CODE.accessReject, [attribute("MS-CHAP-Error", Buffer.from("xE=691 R=1 M=no"))]],
    [CODE.coaRequest, [...coa, attribute("ChilliSpot-Bandwidth-Max-Down", 512)]],
    [CODE.disconnectRequest, [...coa, attribute("Event-Timestamp", 1), attribute("Proxy-State", Uint8Array.of(1))]],
  ] as const;
  return lists.map(([code, attributes]) =>
    Buffer.from(encodePacket({ code, identifier: 1, authenticator, attributes })).toString("latin1"),
  );
}

export function runRadius(text: string): void {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
  read(bytes);
  // With a length that is right the attributes are what is wrong.
  if (bytes.length >= 20 && bytes.length <= 4096) {
    bytes[2] = bytes.length >> 8;
    bytes[3] = bytes.length & 255;
    read(bytes);
  }
  const stream = new PacketStream();
  const half = bytes.length >> 1;
  for (const part of [bytes.subarray(0, half), bytes.subarray(half), bytes]) {
    const packets = stream.take(part);
    if (packets === null) break;
    for (const packet of packets) roundTrip(packet);
  }
}

function read(bytes: Uint8Array): void {
  const packet = roundTrip(bytes);
  if (packet === null) return;
  const exact = bytes.subarray(0, ((bytes[2] as number) << 8) | (bytes[3] as number));
  if (checkRequest(exact, SECRET) === "good" || checkAnswer(exact, packet.authenticator, SECRET, true) === "good") {
    throw new Error("a signature nobody made is good");
  }
  const set = new AttributeSet(packet.attributes);
  for (const { type, value } of packet.attributes) {
    attributeName(0, type);
    readVendor(value);
  }
  readAnswerOf(packet, false, 0);
  readDynamicRequest(CODE.coaRequest, set, NAS);
  readDynamicRequest(CODE.disconnectRequest, set, NAS);
}
