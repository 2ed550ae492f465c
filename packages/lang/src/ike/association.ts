/** Security association payloads: proposals, transforms, attributes (RFC 2408 3.4 to 3.6, RFC 7296 3.3). */
import { u16 } from "../bytes/index.ts";
import { append, type IkeProblem, push16 } from "./octets.ts";

export interface WireAttribute {
  readonly type: number;
  readonly data: Uint8Array;
  /** Two octets without a length before them (RFC 2408 3.3: the AF bit). */
  readonly isShort: boolean;
}

export interface WireTransform {
  /** IKEv1: the transform's number in the list; 0 in IKEv2. */
  readonly number: number;
  /** IKEv2: `TRANSFORM`; 0 in IKEv1. */
  readonly type: number;
  readonly id: number;
  readonly attributes: readonly WireAttribute[];
}

export interface WireProposal {
  readonly number: number;
  /** 1 is IKE itself. */
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly transforms: readonly WireTransform[];
}

const MORE_PROPOSALS = 2;
const MORE_TRANSFORMS = 3;
/** DOI and situation of IKEv1: IPsec, identity only (RFC 2407 4.2). */
const SITUATION = [0, 0, 0, 1, 0, 0, 0, 1];

/** Null when nothing in it can be used; `problems` says why. */
export function readSecurityAssociation(
  bytes: Uint8Array,
  start: number,
  end: number,
  isOne: boolean,
  problems: IkeProblem[],
): WireProposal[] | null {
  const problem = (offset: number, message: string): null => {
    problems.push({ offset, message });
    return null;
  };
  let at = start;
  if (isOne) {
    if (end - start < 8) return problem(start, "a security association has a DOI and a situation");
    if (SITUATION.some((octet, index) => bytes[start + index] !== octet)) {
      return problem(start, "the situation is not the one of IPsec, identity only");
    }
    at += 8;
  }
  const proposals: WireProposal[] = [];
  while (at < end) {
    if (at + 8 > end) return problem(at, "a proposal has eight octets in front");
    const size = u16(bytes, at + 2);
    const spiSize = bytes[at + 6] as number;
    if (size < 8 + spiSize || at + size > end) return problem(at + 2, `a proposal of ${size} octets does not fit`);
    const transforms = readTransforms(bytes, at + 8 + spiSize, at + size, isOne, problem);
    if (transforms === null) return null;
    if (transforms.length !== bytes[at + 7]) {
      return problem(at + 7, `${bytes[at + 7]} transforms are announced, ${transforms.length} are there`);
    }
    proposals.push({
      number: bytes[at + 4] as number,
      protocol: bytes[at + 5] as number,
      spi: bytes.slice(at + 8, at + 8 + spiSize),
      transforms,
    });
    const more = (bytes[at] as number) === MORE_PROPOSALS;
    at += size;
    if (more !== at < end) return problem(at, "the chain of proposals and the length of the payload differ");
  }
  return proposals;
}

type Report = (offset: number, message: string) => null;

function readTransforms(
  bytes: Uint8Array,
  start: number,
  end: number,
  isOne: boolean,
  problem: Report,
): WireTransform[] | null {
  const transforms: WireTransform[] = [];
  let at = start;
  while (at < end) {
    if (at + 8 > end) return problem(at, "a transform has eight octets in front");
    const size = u16(bytes, at + 2);
    if (size < 8 || at + size > end) return problem(at + 2, `a transform of ${size} octets does not fit`);
    const attributes = readAttributes(bytes, at + 8, at + size, problem);
    if (attributes === null) return null;
    const first = bytes[at + 4] as number;
    transforms.push(
      isOne
        ? { number: first, type: 0, id: bytes[at + 5] as number, attributes }
        : { number: 0, type: first, id: u16(bytes, at + 6), attributes },
    );
    const more = (bytes[at] as number) === MORE_TRANSFORMS;
    at += size;
    if (more !== at < end) return problem(at, "the chain of transforms and the length of the proposal differ");
  }
  return transforms;
}

function readAttributes(bytes: Uint8Array, start: number, end: number, problem: Report): WireAttribute[] | null {
  const attributes: WireAttribute[] = [];
  let at = start;
  while (at < end) {
    if (at + 4 > end) return problem(at, "an attribute has four octets at least");
    const word = u16(bytes, at);
    const isShort = (word & 0x8000) !== 0;
    const size = isShort ? 2 : u16(bytes, at + 2);
    const from = isShort ? at + 2 : at + 4;
    if (from + size > end) return problem(at + 2, `an attribute of ${size} octets does not fit`);
    attributes.push({ type: word & 0x7fff, data: bytes.slice(from, from + size), isShort });
    at = from + size;
  }
  return attributes;
}

export function writeSecurityAssociation(proposals: readonly WireProposal[], isOne: boolean): number[] {
  const out: number[] = isOne ? [...SITUATION] : [];
  proposals.forEach((proposal, index) => {
    const body: number[] = [];
    proposal.transforms.forEach((transform, position) => {
      const attributes = transform.attributes.flatMap(writeAttribute);
      body.push(position === proposal.transforms.length - 1 ? 0 : MORE_TRANSFORMS, 0);
      push16(body, attributes.length + 8);
      if (isOne) body.push(transform.number, transform.id, 0, 0);
      else {
        body.push(transform.type, 0);
        push16(body, transform.id);
      }
      append(body, attributes);
    });
    out.push(index === proposals.length - 1 ? 0 : MORE_PROPOSALS, 0);
    push16(out, body.length + proposal.spi.length + 8);
    out.push(proposal.number, proposal.protocol, proposal.spi.length, proposal.transforms.length);
    append(out, proposal.spi);
    append(out, body);
  });
  return out;
}

function writeAttribute({ type, data, isShort }: WireAttribute): number[] {
  const out: number[] = [];
  push16(out, isShort ? type | 0x8000 : type);
  if (!isShort) push16(out, data.length);
  append(out, data);
  return out;
}

/** An attribute of two octets: TV where there is a choice, as everybody sends it. */
export function shortAttribute(type: number, value: number): WireAttribute {
  return { type, data: Uint8Array.of((value >>> 8) & 255, value & 255), isShort: true };
}

/** Value of an attribute of a transform; null when it has none, or one of more than six octets. */
export function attributeOf(transform: WireTransform, type: number): number | null {
  const found = transform.attributes.find((one) => one.type === type);
  if (found === undefined || found.data.length > 6) return null;
  return found.data.reduce((value, octet) => value * 256 + octet, 0);
}
