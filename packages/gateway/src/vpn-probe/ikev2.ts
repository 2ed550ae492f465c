/** IKE_SA_INIT of IKEv2 (RFC 7296 1.2): one request with a key exchange, as a client sends it, and what comes back. */
import { createHash, randomBytes } from "node:crypto";
import { sameBytes, u16 } from "@pierhead/lang/bytes";
import {
  EXCHANGE,
  encodeIke,
  FLAG,
  GROUPS,
  groupNumber,
  type IkeMessage,
  type IkePayload,
  type Ikev2Suites,
  isOffered,
  NOTIFY2,
  notificationName,
  readChosen,
  suitesProposal,
} from "@pierhead/lang/ike";
import type { Endpoint } from "./endpoint.ts";
import type { PublicValues } from "./keys.ts";
import { octetsOf } from "./octets.ts";
import type { Answer, NatSeen } from "./types.ts";

const NONCE = 32;
/** A cookie, then another group: more rounds than that are the responder's game, not ours. */
const MOST_ROUNDS = 4;

export interface SaInitOptions {
  /** Group of the key exchange payload; the first of the first proposal when absent. */
  readonly group?: string;
  /** Begin again with the group the responder wants, as clients do. */
  readonly follow: boolean;
}

/** Asks with these proposals. A cookie is sent back as is asked for. */
export async function saInit(
  endpoint: Endpoint,
  suites: readonly Ikev2Suites[],
  values: PublicValues,
  options: SaInitOptions,
): Promise<Answer> {
  const initiator = randomBytes(8);
  const nonce = randomBytes(NONCE);
  let group = options.group ?? suites[0]?.groups[0] ?? "";
  let cookie: Uint8Array | null = null;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const value = values.of(group);
    const number = groupNumber(group);
    if (value === null || number === null) {
      return { kind: "garbled", why: `it wants group ${group}, for which no key exchange can be made here` };
    }
    const header = {
      initiator,
      responder: new Uint8Array(8),
      major: 2,
      minor: 0,
      exchange: EXCHANGE.ikeSaInit,
      flags: FLAG.initiator,
      messageId: 0,
    };
    const { local } = endpoint;
    const packet = encodeIke(header, [
      // RFC 7296 2.6: the cookie stands first.
      ...(cookie === null ? [] : [notify(NOTIFY2.cookie, cookie)]),
      { kind: "association", proposals: suites.map((one, index) => suitesProposal(one, index + 1)) },
      { kind: "key-exchange", group: number, data: value },
      { kind: "nonce", data: nonce },
      notify(NOTIFY2.natDetectionSource, addressHash(header, local.address, local.port)),
      notify(NOTIFY2.natDetectionDestination, addressHash(header, endpoint.remote, endpoint.port)),
    ]);
    const reply = await endpoint.ask(packet, isAnswer);
    if (reply.kind !== "message") return reply;
    const { message } = reply;
    const read = readAnswer(message, endpoint, cookie !== null);
    if (read.kind === "chosen" && read.chosen.version === 2) {
      const { suite } = read.chosen;
      if (suite.group !== group || !isOffered(suites, suite)) {
        return { kind: "garbled", why: "it chose what was not offered" };
      }
    }
    if (read.kind === "cookie") {
      if (cookie !== null && sameBytes(cookie, read.cookie)) {
        return { kind: "garbled", why: "it asks for the cookie it was just sent" };
      }
      cookie = read.cookie;
      continue;
    }
    // RFC 7296 2.6.1: the cookie may be kept; a responder that wants a new one says so.
    if (read.kind === "other-group" && options.follow && offered(suites, read.group) && read.group !== group) {
      group = read.group;
      continue;
    }
    return read;
  }
  return { kind: "garbled", why: "it goes on asking for cookies and groups" };
}

function offered(suites: readonly Ikev2Suites[], group: string): boolean {
  return suites.some(({ groups }) => groups.includes(group));
}

function notify(notification: number, data: Uint8Array): IkePayload {
  return { kind: "notify", protocol: 0, spi: new Uint8Array(0), notification, data };
}

/** RFC 7296 2.23: SHA-1 of both SPIs, address and port. */
function addressHash(
  { initiator, responder }: { readonly initiator: Uint8Array; readonly responder: Uint8Array },
  address: string,
  port: number,
): Uint8Array {
  const hash = createHash("sha1").update(initiator).update(responder).update(octetsOf(address));
  return hash.update(Uint8Array.of(port >>> 8, port & 255)).digest();
}

/** A response to the first message; one of version 1 with our SPI is let through, to be told about. */
function isAnswer({ header }: IkeMessage): boolean {
  return header.major !== 2 || (header.exchange === EXCHANGE.ikeSaInit && (header.flags & FLAG.response) !== 0);
}

type Read = Answer | { readonly kind: "cookie"; readonly cookie: Uint8Array };

function readAnswer(message: IkeMessage, endpoint: Endpoint, cookie: boolean): Read {
  const { header, payloads, problems } = message;
  if (header.major !== 2) return { kind: "garbled", why: `it answers in version ${header.major}.${header.minor}` };
  const notifications = payloads.filter((one) => one.kind === "notify");
  const find = (type: number): Extract<IkePayload, { kind: "notify" }> | undefined =>
    notifications.find((one) => one.notification === type);
  const asked = find(NOTIFY2.cookie);
  // RFC 7296 2.6: 1 to 64 octets.
  if (asked !== undefined && asked.data.length > 0 && asked.data.length <= 64) {
    return { kind: "cookie", cookie: asked.data };
  }
  const wanted = find(NOTIFY2.invalidKeyExchange);
  if (wanted !== undefined && wanted.data.length === 2) {
    const number = u16(wanted.data, 0);
    return { kind: "other-group", group: GROUPS.get(number) ?? `${number}?` };
  }
  const error = notifications.find((one) => one.notification < 16_384);
  if (error !== undefined) return { kind: "refused", notification: notificationName(2, error.notification) };
  if (find(NOTIFY2.redirect) !== undefined) return { kind: "refused", notification: "REDIRECT to another gateway" };
  const association = payloads.find((one) => one.kind === "association");
  const proposal = association?.proposals[0];
  const suite = proposal === undefined || association?.proposals.length !== 1 ? null : readChosen(proposal);
  if (suite === null) {
    return {
      kind: "garbled",
      why: problems[0]?.message ?? "its answer has no proposal with one transform of each kind",
    };
  }
  return {
    kind: "chosen",
    chosen: { version: 2, suite },
    vendorIds: payloads.flatMap((one) => (one.kind === "vendor-id" ? [one.data] : [])),
    nat: natSeen(message, endpoint),
    cookie,
  };
}

/** Null when the responder sent no hashes: it knows no NAT traversal. */
function natSeen({ header, payloads }: IkeMessage, { local, remote, port }: Endpoint): NatSeen | null {
  const hashes = (type: number): Uint8Array[] =>
    payloads.flatMap((one) => (one.kind === "notify" && one.notification === type ? [one.data] : []));
  const [sources, destinations] = [hashes(NOTIFY2.natDetectionSource), hashes(NOTIFY2.natDetectionDestination)];
  if (sources.length === 0 || destinations.length === 0) return null;
  const ours = addressHash(header, local.address, local.port);
  const theirs = addressHash(header, remote, port);
  return {
    us: !destinations.some((one) => sameBytes(one, ours)),
    them: !sources.some((one) => sameBytes(one, theirs)),
  };
}
