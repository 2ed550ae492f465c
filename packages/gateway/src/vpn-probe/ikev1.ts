/** Phase 1 of IKEv1 (RFC 2409 5): the first exchange of main mode, its second for NAT's sake, aggressive mode once. */
import { createHash, randomBytes } from "node:crypto";
import { sameBytes } from "@pierhead/lang/bytes";
import {
  AUTHENTICATION1,
  EXCHANGE,
  encodeIke,
  IDENTITY,
  type IkeHeader,
  type IkeMessage,
  type IkePayload,
  NAT_TRAVERSAL_IDS,
  notificationName,
  type Phase1Transform,
  phase1Proposal,
  readPhase1,
  sameTransform,
  vendorOf,
} from "@pierhead/lang/ike";
import type { Endpoint } from "./endpoint.ts";
import type { PublicValues } from "./keys.ts";
import { octetsOf } from "./octets.ts";
import type { Answer, NatSeen } from "./types.ts";

const NONCE = 32;

const HASHES: Readonly<Record<string, string>> = {
  MD5: "md5",
  SHA: "sha1",
  SHA2_256: "sha256",
  SHA2_384: "sha384",
  SHA2_512: "sha512",
};

function header1(initiator: Uint8Array, responder: Uint8Array, exchange: number): IkeHeader {
  return { initiator, responder, major: 1, minor: 0, exchange, flags: 0, messageId: 0 };
}

const VENDOR_IDS: readonly IkePayload[] = NAT_TRAVERSAL_IDS.map((data) => ({ kind: "vendor-id", data }));

/** What is needed to go on with main mode. */
export interface MainMode {
  readonly answer: Answer;
  readonly cookies: { readonly initiator: Uint8Array; readonly responder: Uint8Array } | null;
}

/** Packets 1 and 2 of main mode: which transform is chosen. The negotiation stays half open at the other end. */
export async function mainMode(endpoint: Endpoint, transforms: readonly Phase1Transform[]): Promise<MainMode> {
  const initiator = randomBytes(8);
  const packet = encodeIke(header1(initiator, new Uint8Array(8), EXCHANGE.mainMode), [
    { kind: "association", proposals: [phase1Proposal(transforms)] },
    ...VENDOR_IDS,
  ]);
  const reply = await endpoint.ask(packet, (message) => isAnswer(message, EXCHANGE.mainMode));
  if (reply.kind !== "message") return { answer: reply, cookies: null };
  const answer = readAnswer(reply.message, transforms);
  return { answer, cookies: answer.kind === "chosen" ? reply.message.header : null };
}

/** The exchange itself, or an informational one with the error. */
function isAnswer({ header }: IkeMessage, exchange: number): boolean {
  return header.major !== 1 || header.exchange === exchange || header.exchange === EXCHANGE.informational1;
}

function readAnswer({ header, payloads, problems }: IkeMessage, offered: readonly Phase1Transform[]): Answer {
  if (header.major !== 1) return { kind: "garbled", why: `it answers in version ${header.major}.${header.minor}` };
  const error = payloads.find((one) => one.kind === "notify" && one.notification < 16_384);
  if (error?.kind === "notify") return { kind: "refused", notification: notificationName(1, error.notification) };
  const association = payloads.find((one) => one.kind === "association");
  const transforms = association?.proposals.length === 1 ? association.proposals[0]?.transforms : undefined;
  const chosen = transforms?.length === 1 && transforms[0] !== undefined ? readPhase1(transforms[0]) : null;
  if (chosen === null) {
    return { kind: "garbled", why: problems[0]?.message ?? "its answer has no proposal with one transform" };
  }
  const { encryption, keyLength, hash, group } = chosen;
  if (!offered.some((one) => sameTransform(one, chosen)))
    return { kind: "garbled", why: "it chose what was not offered" };
  return {
    kind: "chosen",
    chosen: { version: 1, transform: { encryption, keyLength, hash, group } },
    vendorIds: payloads.flatMap((one) => (one.kind === "vendor-id" ? [one.data] : [])),
    nat: null,
    cookie: false,
  };
}

/** Whether the vendor IDs promise NAT traversal as RFC 3947 has it, or as its drafts had it. */
export function speaksNatTraversal(vendorIds: readonly Uint8Array[]): boolean {
  return vendorIds.some((id) => vendorOf(id)?.about === "nat-traversal");
}

/**
 * Packets 3 and 4: the hashes of addresses (RFC 3947 3.2). No identity and nothing of a key is in them; packet 5, which
 * would have both, is not sent.
 */
export async function natOfMainMode(
  endpoint: Endpoint,
  { answer, cookies }: MainMode,
  values: PublicValues,
): Promise<NatSeen | null> {
  if (answer.kind !== "chosen" || answer.chosen.version !== 1 || cookies === null) return null;
  const { hash, group } = answer.chosen.transform;
  const [value, algorithm] = [values.of(group), HASHES[hash]];
  if (value === null || algorithm === undefined) return null;
  const hashed = (address: string, port: number): Uint8Array =>
    createHash(algorithm)
      .update(cookies.initiator)
      .update(cookies.responder)
      .update(octetsOf(address))
      .update(Uint8Array.of(port >>> 8, port & 255))
      .digest();
  const { local, remote, port } = endpoint;
  const [ours, theirs] = [hashed(local.address, local.port), hashed(remote, port)];
  const packet = encodeIke(header1(cookies.initiator, cookies.responder, EXCHANGE.mainMode), [
    { kind: "key-exchange", group: 0, data: value },
    { kind: "nonce", data: randomBytes(NONCE) },
    // RFC 3947 3.2: the other end first, then ours.
    { kind: "nat-detection", data: theirs },
    { kind: "nat-detection", data: ours },
  ]);
  const isFourth = (message: IkeMessage): boolean =>
    isAnswer(message, EXCHANGE.mainMode) && !message.payloads.some((one) => one.kind === "association");
  const reply = await endpoint.ask(packet, isFourth);
  if (reply.kind !== "message") return null;
  const [first, ...rest] = reply.message.payloads.flatMap((one) => (one.kind === "nat-detection" ? [one.data] : []));
  if (first === undefined || rest.length === 0) return null;
  return { us: !sameBytes(first, ours), them: !rest.some((one) => sameBytes(one, theirs)) };
}

/**
 * The first packet of aggressive mode, with our own address as identity. A responder that answers has sent a hash made
 * with the pre-shared key to somebody it knows nothing about (RFC 2409 5.4).
 */
export async function aggressiveMode(
  endpoint: Endpoint,
  transforms: readonly Phase1Transform[],
  values: PublicValues,
): Promise<{ readonly answer: Answer; readonly leaks: boolean }> {
  const value = values.of(transforms[0]?.group ?? "");
  if (value === null) return { answer: { kind: "garbled", why: "no such group here" }, leaks: false };
  const own = octetsOf(endpoint.local.address);
  const packet = encodeIke(header1(randomBytes(8), new Uint8Array(8), EXCHANGE.aggressive), [
    { kind: "association", proposals: [phase1Proposal(transforms, AUTHENTICATION1.preSharedKey)] },
    { kind: "key-exchange", group: 0, data: value },
    { kind: "nonce", data: randomBytes(NONCE) },
    { kind: "identity", identity: own.length === 4 ? IDENTITY.ipv4 : IDENTITY.ipv6, protocol: 0, port: 0, data: own },
    ...VENDOR_IDS,
  ]);
  const reply = await endpoint.ask(packet, (message) => isAnswer(message, EXCHANGE.aggressive));
  if (reply.kind !== "message") return { answer: reply, leaks: false };
  const answer = readAnswer(reply.message, transforms);
  const leaks = answer.kind === "chosen" && reply.message.payloads.some((one) => one.kind === "hash");
  return { answer, leaks };
}
