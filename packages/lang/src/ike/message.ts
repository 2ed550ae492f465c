/**
 * Messages of IKEv1 (RFC 2408) and IKEv2 (RFC 7296) as they are on the wire. Reading never throws: what is wrong is a
 * problem with its place, and what came before it is kept.
 */
import { u16, u32 } from "../bytes/index.ts";
import { readSecurityAssociation, type WireProposal, writeSecurityAssociation } from "./association.ts";
import { PAYLOAD1, PAYLOAD2 } from "./names.ts";
import { append, type IkeProblem, push16, push32 } from "./octets.ts";

export interface IkeHeader {
  /** Eight octets: initiator cookie, or initiator's SPI. */
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
  readonly major: number;
  readonly minor: number;
  readonly exchange: number;
  readonly flags: number;
  readonly messageId: number;
}

/** `type` is the number of the payload: `PAYLOAD1`, `PAYLOAD2`. */
export type IkePayload =
  | { readonly kind: "association"; readonly proposals: readonly WireProposal[] }
  /** `group` is 0 in IKEv1, where the association says it. */
  | { readonly kind: "key-exchange"; readonly group: number; readonly data: Uint8Array }
  | { readonly kind: "nonce"; readonly data: Uint8Array }
  | { readonly kind: "vendor-id"; readonly data: Uint8Array }
  | { readonly kind: "nat-detection"; readonly data: Uint8Array }
  | { readonly kind: "hash"; readonly data: Uint8Array }
  | {
      readonly kind: "identity";
      /** `IDENTITY`. */
      readonly identity: number;
      readonly protocol: number;
      readonly port: number;
      readonly data: Uint8Array;
    }
  | {
      readonly kind: "notify";
      readonly protocol: number;
      readonly spi: Uint8Array;
      readonly notification: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: "other"; readonly type: number; readonly data: Uint8Array };

export interface IkeMessage {
  readonly header: IkeHeader;
  readonly payloads: readonly IkePayload[];
  readonly problems: readonly IkeProblem[];
}

export const IKE_HEADER_LENGTH = 28;

export const FLAG = {
  /** IKEv1 3.1: everything behind the header is encrypted. */
  encrypted: 0x01,
  /** IKEv2 3.1: sent by who began. */
  initiator: 0x08,
  response: 0x20,
} as const;

/** Payloads of one message that are read; a chain that is longer is cut (RFC 7296 names no bound). */
const MOST_PAYLOADS = 64;

/** Reads a message without the non-ESP marker of UDP 4500; null `header` only when it is shorter than one. */
export function decodeIke(bytes: Uint8Array): IkeMessage | { readonly header: null; readonly problem: IkeProblem } {
  if (bytes.length < IKE_HEADER_LENGTH) {
    const message = `a message has a header of ${IKE_HEADER_LENGTH} octets, this one is ${bytes.length} long`;
    return { header: null, problem: { offset: 0, message } };
  }
  const problems: IkeProblem[] = [];
  const version = bytes[17] as number;
  const header: IkeHeader = {
    initiator: bytes.slice(0, 8),
    responder: bytes.slice(8, 16),
    major: version >> 4,
    minor: version & 15,
    exchange: bytes[18] as number,
    flags: bytes[19] as number,
    messageId: u32(bytes, 20),
  };
  const length = u32(bytes, 24);
  if (length !== bytes.length) {
    problems.push({ offset: 24, message: `the header says ${length} octets, ${bytes.length} came` });
  }
  const end = Math.min(bytes.length, Math.max(length, IKE_HEADER_LENGTH));
  const isOne = header.major === 1;
  if (header.major !== 1 && header.major !== 2) {
    problems.push({ offset: 17, message: `version ${header.major}.${header.minor} is neither IKEv1 nor IKEv2` });
    return { header, payloads: [], problems };
  }
  let type = bytes[16] as number;
  const payloads: IkePayload[] = [];
  if (isOne && (header.flags & FLAG.encrypted) !== 0) {
    payloads.push({ kind: "other", type, data: bytes.slice(IKE_HEADER_LENGTH, end) });
    return { header, payloads, problems };
  }
  let at = IKE_HEADER_LENGTH;
  while (type !== 0) {
    if (payloads.length === MOST_PAYLOADS) {
      problems.push({ offset: at, message: `more than ${MOST_PAYLOADS} payloads` });
      return { header, payloads, problems };
    }
    if (at + 4 > end) {
      problems.push({ offset: at, message: `payload ${type} is announced, and the message ends` });
      return { header, payloads, problems };
    }
    const size = u16(bytes, at + 2);
    if (size < 4 || at + size > end) {
      problems.push({ offset: at + 2, message: `payload ${type} of ${size} octets does not fit in the message` });
      return { header, payloads, problems };
    }
    const next = bytes[at] as number;
    payloads.push(readPayload(bytes, type, at + 4, at + size, isOne, problems));
    at += size;
    // What is behind an encrypted payload is in it (RFC 7296 3.14).
    if (!isOne && (type === PAYLOAD2.encrypted || type === PAYLOAD2.fragment)) break;
    type = next;
  }
  if (at < end) problems.push({ offset: at, message: `${end - at} octets behind the last payload` });
  return { header, payloads, problems };
}

function readPayload(
  bytes: Uint8Array,
  type: number,
  start: number,
  end: number,
  isOne: boolean,
  problems: IkeProblem[],
): IkePayload {
  const other = (what: string): IkePayload => {
    if (what !== "") problems.push({ offset: start, message: `${what} payload of ${end - start} octets is too short` });
    return { kind: "other", type, data: bytes.slice(start, end) };
  };
  const data = (from: number): Uint8Array => bytes.slice(from, end);
  switch (isOne ? ONE.get(type) : TWO.get(type)) {
    case "association": {
      const proposals = readSecurityAssociation(bytes, start, end, isOne, problems);
      return proposals === null ? other("") : { kind: "association", proposals };
    }
    case "key-exchange":
      if (isOne) return { kind: "key-exchange", group: 0, data: data(start) };
      if (end - start < 4) return other("a key exchange");
      return { kind: "key-exchange", group: u16(bytes, start), data: data(start + 4) };
    case "nonce":
      return { kind: "nonce", data: data(start) };
    case "vendor-id":
      return { kind: "vendor-id", data: data(start) };
    case "nat-detection":
      return { kind: "nat-detection", data: data(start) };
    case "hash":
      return { kind: "hash", data: data(start) };
    case "identity": {
      if (end - start < 4) return other("an identity");
      const identity = bytes[start] as number;
      const protocol = isOne ? (bytes[start + 1] as number) : 0;
      return { kind: "identity", identity, protocol, port: isOne ? u16(bytes, start + 2) : 0, data: data(start + 4) };
    }
    case "notify": {
      // RFC 2408 3.14 puts a DOI in front; RFC 7296 3.10 does not.
      const fixed = isOne ? start + 4 : start;
      if (end - fixed < 4) return other("a notify");
      const behind = fixed + 4 + (bytes[fixed + 1] as number);
      if (behind > end) return other("a notify");
      return {
        kind: "notify",
        protocol: bytes[fixed] as number,
        spi: bytes.slice(fixed + 4, behind),
        notification: u16(bytes, fixed + 2),
        data: data(behind),
      };
    }
    default:
      return other("");
  }
}

type Kind = Exclude<IkePayload["kind"], "other">;

const ONE: ReadonlyMap<number, Kind> = new Map([
  [PAYLOAD1.association, "association"],
  [PAYLOAD1.keyExchange, "key-exchange"],
  [PAYLOAD1.identity, "identity"],
  [PAYLOAD1.hash, "hash"],
  [PAYLOAD1.nonce, "nonce"],
  [PAYLOAD1.notify, "notify"],
  [PAYLOAD1.vendorId, "vendor-id"],
  [PAYLOAD1.natDetection, "nat-detection"],
]);

// Identities are left as they are: they only come encrypted.
const TWO: ReadonlyMap<number, Kind> = new Map([
  [PAYLOAD2.association, "association"],
  [PAYLOAD2.keyExchange, "key-exchange"],
  [PAYLOAD2.nonce, "nonce"],
  [PAYLOAD2.notify, "notify"],
  [PAYLOAD2.vendorId, "vendor-id"],
]);

const DOI_IPSEC = 1;

/** The other way round: what `decodeIke` reads without a problem comes out with the same meaning. */
export function encodeIke(header: IkeHeader, payloads: readonly IkePayload[]): Uint8Array {
  const isOne = header.major === 1;
  const out: number[] = [...header.initiator, ...header.responder];
  const types = payloads.map((one) => typeOf(one, isOne));
  out.push(types[0] ?? 0, (header.major << 4) | header.minor, header.exchange, header.flags);
  push32(out, header.messageId);
  push32(out, 0);
  if (isOne && (header.flags & FLAG.encrypted) !== 0) {
    for (const one of payloads) if (one.kind === "other") append(out, one.data);
  } else {
    payloads.forEach((one, index) => {
      const body = writePayload(one, isOne);
      out.push(types[index + 1] ?? 0, 0);
      push16(out, body.length + 4);
      append(out, body);
    });
  }
  const bytes = Uint8Array.from(out);
  bytes.set([out.length >>> 24, (out.length >>> 16) & 255, (out.length >>> 8) & 255, out.length & 255], 24);
  return bytes;
}

function typeOf(payload: IkePayload, isOne: boolean): number {
  if (payload.kind === "other") return payload.type;
  for (const [type, kind] of isOne ? ONE : TWO) if (kind === payload.kind) return type;
  throw new RangeError(`IKEv${isOne ? 1 : 2} has no ${payload.kind} payload`);
}

function writePayload(payload: IkePayload, isOne: boolean): number[] {
  const out: number[] = [];
  switch (payload.kind) {
    case "association":
      return writeSecurityAssociation(payload.proposals, isOne);
    case "key-exchange":
      if (!isOne) {
        push16(out, payload.group);
        push16(out, 0);
      }
      break;
    case "identity":
      out.push(payload.identity, payload.protocol);
      push16(out, payload.port);
      break;
    case "notify":
      if (isOne) push32(out, DOI_IPSEC);
      out.push(payload.protocol, payload.spi.length);
      push16(out, payload.notification);
      append(out, payload.spi);
      break;
    default:
  }
  append(out, payload.data);
  return out;
}
