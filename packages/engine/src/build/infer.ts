/** Interfaces of a machine from the evidence in its files, when no file declares them. */
import { Address, type InterfaceAddress, type Prefix } from "@pierhead/core";
import type { Evidence, EvidencePlace } from "./evidence.ts";

/** How sure an address is. */
export type Certainty =
  /** A file says it. */
  | "known"
  /** It follows from what files say, but for the mask. */
  | "inferred"
  /** Something has to stand there: only the network, or nothing at all, is known. */
  | "assumed";

export interface InferredInterface {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly certainty: Certainty;
  /** What it follows from, most telling first; at least one. */
  readonly evidence: readonly Evidence[];
}

export interface Inference {
  readonly interfaces: readonly InferredInterface[];
  /** Gateway of the default route at boot; null when nothing tells. */
  readonly defaultGateway: {
    readonly address: Address;
    readonly certainty: Certainty;
    readonly place: EvidencePlace;
  } | null;
}

interface Draft {
  readonly name: string;
  readonly evidence: Evidence[];
  own: InterfaceAddress | null;
  certainty: Certainty;
}

/** Interfaces that exist on their own, or never carry an address of interest. */
const PSEUDO = /^(lo|enc|pflog|pfsync|pflow)\d+$/;

/** Works out interfaces and default gateway. Deterministic: the order of the evidence decides between equals. */
export function inferInterfaces(evidence: readonly Evidence[]): Inference {
  const drafts = new Map<string, Draft>();
  for (const one of evidence) {
    if (!("interface" in one) || one.interface === null || PSEUDO.test(one.interface)) continue;
    let draft = drafts.get(one.interface);
    if (draft === undefined) {
      draft = { name: one.interface, evidence: [], own: null, certainty: "assumed" };
      drafts.set(one.interface, draft);
    }
    draft.evidence.push(one);
  }
  const all = [...drafts.values()].sort((a, b) => compareNames(a.name, b.name));
  const taken: InterfaceAddress[] = [];
  placeOwnAddresses(all, evidence, taken);
  placeByNetwork(all, evidence, taken);
  placeTheRest(all, taken);
  const interfaces = all.map((draft): InferredInterface => {
    const evidence = [...draft.evidence].sort((a, b) => WEIGHT[a.kind] - WEIGHT[b.kind]);
    return {
      name: draft.name,
      addresses: draft.own === null ? [] : [draft.own],
      certainty: draft.certainty,
      evidence: evidence.slice(0, 4),
    };
  });
  return { interfaces, defaultGateway: findDefaultGateway(evidence, all) };
}

const WEIGHT: Record<Evidence["kind"], number> = {
  "own-address": 0,
  neighbour: 1,
  network: 2,
  outside: 3,
  interface: 4,
  "default-gateway": 5,
};

/** Addresses the files give: on the interface they name, or the one whose neighbour answers. */
function placeOwnAddresses(drafts: readonly Draft[], evidence: readonly Evidence[], taken: InterfaceAddress[]): void {
  for (const one of evidence) {
    if (one.kind !== "own-address") continue;
    if (taken.some((other) => other.address.equals(one.address))) continue;
    const draft =
      drafts.find((each) => each.name === one.interface) ??
      drafts.find(
        (each) => one.neighbour !== null && neighbours(each).some((next) => next.equals(one.neighbour as Address)),
      ) ??
      drafts.find((each) => neighbours(each).some((next) => sameNetwork(next, one.address))) ??
      drafts.find((each) => networks(each).some((prefix) => one.address.isIn(prefix.address, prefix.length)));
    if (draft === undefined || draft.own !== null) continue;
    draft.evidence.push(one);
    draft.own = { address: one.address, length: lengthFor(one.address, draft) };
    draft.certainty = "inferred";
    taken.push(draft.own);
  }
}

/** The network is known, the machine's own address in it is not: a free one stands for it. */
function placeByNetwork(drafts: readonly Draft[], evidence: readonly Evidence[], taken: InterfaceAddress[]): void {
  const used: Address[] = [];
  for (const one of evidence) if ("address" in one) used.push(one.address);
  for (const draft of drafts) {
    if (draft.own !== null) continue;
    const next = neighbours(draft)[0];
    const prefix =
      networks(draft).find(
        (each) => isPrivate(each.address) || neighbours(draft).some((n) => n.isIn(each.address, each.length)),
      ) ??
      (next === undefined ? undefined : { address: next.masked(standardLength(next)), length: standardLength(next) });
    if (prefix === undefined) continue;
    const overlaps = taken.some(
      (other) =>
        other.address.isIn(prefix.address, Math.min(prefix.length, other.length)) &&
        other.address.family === prefix.address.family,
    );
    if (overlaps) continue;
    const address = freeHost(prefix, used);
    if (address === null) continue;
    draft.own = { address, length: prefix.length };
    taken.push(draft.own);
  }
}

/** Nothing is known: an address of the range for benchmarks (RFC 2544), which no real network uses. */
function placeTheRest(drafts: readonly Draft[], taken: InterfaceAddress[]): void {
  let number = 0;
  for (const draft of drafts) {
    if (draft.own !== null) continue;
    draft.own = { address: new Address(4, 0xc6120001 + (number++ << 8)), length: 24 };
    taken.push(draft.own);
    if (number > 255) return;
  }
}

function findDefaultGateway(evidence: readonly Evidence[], drafts: readonly Draft[]): Inference["defaultGateway"] {
  for (const one of evidence) {
    if (one.kind === "default-gateway" && one.address.family === 4) {
      return { address: one.address, certainty: "inferred", place: one.place };
    }
  }
  const outside = drafts.filter((draft) => draft.evidence.some((one) => one.kind === "outside"));
  const only = outside[0];
  const why = only?.evidence.find((one) => one.kind === "outside");
  if (only === undefined || only.own === null || why === undefined || outside.length > 1) return null;
  const next = neighbours(only)[0];
  if (next !== undefined) return { address: next, certainty: "inferred", place: why.place };
  const last = only.own.address.filled(only.own.length);
  return { address: new Address(4, last.w0 - 1), certainty: "assumed", place: why.place };
}

function neighbours(draft: Draft): Address[] {
  const found: Address[] = [];
  for (const one of draft.evidence) if (one.kind === "neighbour") found.push(one.address);
  return found;
}

function networks(draft: Draft): Prefix[] {
  const found: Prefix[] = [];
  for (const one of draft.evidence) if (one.kind === "network") found.push(one.prefix);
  return found;
}

function lengthFor(address: Address, draft: Draft): number {
  const containing = networks(draft).find((prefix) => address.isIn(prefix.address, prefix.length));
  if (containing !== undefined) return containing.length;
  let length = standardLength(address);
  for (const next of neighbours(draft)) {
    if (next.family !== address.family) continue;
    while (length > 8 && !next.isIn(address, length)) length--;
  }
  return length;
}

function standardLength(address: Address): number {
  return address.family === 4 ? 24 : 64;
}

function sameNetwork(a: Address, b: Address): boolean {
  return a.family === b.family && a.isIn(b, standardLength(b));
}

/** RFC 1918 and RFC 4193: networks that are behind the machine rather than somewhere in the world. */
function isPrivate(address: Address): boolean {
  if (address.family === 6) return address.w0 >>> 25 === 0xfc >> 1;
  return address.w0 >>> 24 === 10 || address.w0 >>> 20 === 0xac1 || address.w0 >>> 16 === 0xc0a8;
}

function freeHost(prefix: Prefix, used: readonly Address[]): Address | null {
  let address = prefix.address.masked(prefix.length).next();
  for (let i = 0; i < 1000 && address !== null; i++) {
    const candidate: Address = address;
    if (!candidate.isIn(prefix.address, prefix.length)) return null;
    if (!used.some((one) => one.equals(candidate))) return candidate;
    address = candidate.next();
  }
  return null;
}

/** `em2` before `em10`. */
function compareNames(a: string, b: string): number {
  const driver = (name: string): string => name.replace(/\d+$/, "");
  const unit = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 0);
  if (driver(a) !== driver(b)) return driver(a) < driver(b) ? -1 : 1;
  return unit(a) - unit(b);
}
