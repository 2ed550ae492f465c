import { type Address, copyPacket, type Packet, transportHeaderLength } from "@pierhead/core";
import type { PacketContext } from "./types.ts";

/** Most fragments of one packet in each sixteenth of it (`PF_FRAG_ENTRY_LIMIT`). */
const ENTRY_LIMIT = 64;
/** Fragments a second that one pair of hosts may have on average (`PF_FRAG_STALE`). */
const STALE_RATE = 200;
const MAXIMUM_PACKET = 65_535;

interface Piece {
  readonly packet: Packet;
  readonly context: PacketContext;
  offset: number;
  length: number;
  readonly more: boolean;
}

/** One packet on its way to being whole. */
interface Assembly {
  readonly id: number;
  readonly flow: Flow;
  readonly pieces: Piece[];
  /** When the first fragment came. */
  readonly since: number;
  readonly generation: number;
  longest: number;
}

/** Fragments with the same addresses and protocol. */
interface Flow {
  readonly key: string;
  readonly family: 4 | 6;
  readonly assemblies: Map<number, Assembly>;
  generation: number;
}

/** What became of a fragment. */
export type FragmentOutcome =
  | { readonly kind: "held" }
  | { readonly kind: "dropped"; readonly reason: "fragment" | "memory" | "short" | null }
  /** The whole packet, with the context of its first fragment and the size of its largest. */
  | { readonly kind: "complete"; readonly packet: Packet; readonly context: PacketContext; readonly largest: number };

const HELD: FragmentOutcome = { kind: "held" };

/** Fragments that wait for the others (pf_norm.c, `pf_reassemble()` and `pf_reassemble6()`). */
export class FragmentCache {
  readonly #flows = new Map<string, Flow>();
  /** Newest first, as they are used. */
  readonly #recent = new Set<Assembly>();
  readonly #limit: number;
  /** Fragments held. */
  count = 0;
  searches = 0;
  inserts = 0;
  removals = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(packet: Packet, context: PacketContext, now: number, timeout: number): FragmentOutcome {
    const fragment = packet.fragment;
    if (fragment === null) return { kind: "complete", packet, context, largest: 0 };
    if (this.count >= this.#limit) {
      this.#evict();
      if (this.count >= this.#limit) return { kind: "dropped", reason: "memory" };
    }
    const piece: Piece = {
      packet,
      context,
      offset: fragment.offset,
      length: fragmentLength(packet),
      more: fragment.more,
    };
    if (piece.length <= 0 || (piece.more && piece.length % 8 !== 0) || piece.offset + piece.length > MAXIMUM_PACKET) {
      return { kind: "dropped", reason: "fragment" };
    }
    const flow = this.#flow(packet);
    this.searches++;
    let assembly = flow.assemblies.get(fragment.id);
    if (assembly !== undefined && flow.generation - assembly.generation >= timeout * STALE_RATE) {
      this.#drop(assembly);
      assembly = undefined;
    }
    if (assembly === undefined) {
      const started: Assembly = {
        id: fragment.id,
        flow,
        pieces: [piece],
        since: now,
        generation: flow.generation++,
        longest: piece.length,
      };
      this.#flows.set(flow.key, flow);
      flow.assemblies.set(fragment.id, started);
      this.#touch(started);
      this.count++;
      this.inserts++;
      return this.#finish(started);
    }
    this.#touch(assembly);
    const verdict = this.#insert(assembly, piece);
    if (verdict !== null) return verdict;
    return this.#finish(assembly);
  }

  /** Lets go of packets whose first fragment came before `before`. */
  purge(before: number): void {
    for (const assembly of [...this.#recent]) if (assembly.since <= before) this.#drop(assembly);
  }

  clear(): void {
    for (const assembly of [...this.#recent]) this.#drop(assembly);
  }

  /** `pf_fillup_fragment()`, the part with neighbours. @returns what to answer, or null when the piece is in */
  #insert(assembly: Assembly, piece: Piece): FragmentOutcome | null {
    const { pieces } = assembly;
    const six = assembly.flow.family === 6;
    const bad = (): FragmentOutcome => {
      // RFC 5722: an IPv6 packet with overlapping fragments goes as a whole.
      if (six) this.#drop(assembly);
      return { kind: "dropped", reason: "fragment" };
    };
    if (piece.length > assembly.longest) assembly.longest = piece.length;
    const last = pieces[pieces.length - 1] as Piece;
    const total = last.offset + last.length;
    const end = piece.offset + piece.length;
    if (end < total && !piece.more) return bad();
    if (!last.more) {
      if (end > total || (end === total && piece.more)) return bad();
    } else if (end === total && !piece.more) return bad();

    let at = pieces.length;
    while (at > 0 && (pieces[at - 1] as Piece).offset > piece.offset) at--;
    const previous = pieces[at - 1];
    if (previous !== undefined && previous.offset + previous.length > piece.offset) {
      if (six) return bad();
      const cut = previous.offset + previous.length - piece.offset;
      if (cut >= piece.length) return { kind: "dropped", reason: null };
      piece.offset += cut;
      piece.length -= cut;
    }
    for (let after = pieces[at]; after !== undefined && end > after.offset; after = pieces[at]) {
      if (six) return bad();
      const cut = end - after.offset;
      if (cut < after.length) {
        after.offset += cut;
        after.length -= cut;
        break;
      }
      pieces.splice(at, 1);
      this.count--;
      this.removals++;
    }
    const sixteenth = piece.offset >> 12;
    if (pieces.filter((one) => one.offset >> 12 === sixteenth).length >= ENTRY_LIMIT) {
      this.#drop(assembly);
      return { kind: "dropped", reason: "fragment" };
    }
    pieces.splice(at, 0, piece);
    this.count++;
    this.inserts++;
    return null;
  }

  /** The whole packet, when nothing is missing. */
  #finish(assembly: Assembly): FragmentOutcome {
    let next = 0;
    for (const piece of assembly.pieces) {
      if (piece.offset !== next) return HELD;
      next = piece.offset + piece.length;
    }
    const first = assembly.pieces[0] as Piece;
    if ((assembly.pieces[assembly.pieces.length - 1] as Piece).more) return HELD;
    this.#drop(assembly);
    const packet = copyPacket(first.packet);
    packet.fragment = null;
    packet.payloadLength = next - transportHeaderLength(packet);
    if (next + 20 > MAXIMUM_PACKET && packet.family === 4) return { kind: "dropped", reason: "short" };
    return { kind: "complete", packet, context: first.context, largest: assembly.longest };
  }

  #flow(packet: Packet): Flow {
    const { family } = packet;
    // The protocol of an IPv6 fragment is known from the first one only.
    const protocol = family === 4 ? packet.protocol : 0;
    const key = `${family} ${protocol} ${words(packet.source)} ${words(packet.destination)}`;
    return this.#flows.get(key) ?? { key, family, assemblies: new Map(), generation: 0 };
  }

  #touch(assembly: Assembly): void {
    this.#recent.delete(assembly);
    this.#recent.add(assembly);
  }

  #drop(assembly: Assembly): void {
    this.#recent.delete(assembly);
    assembly.flow.assemblies.delete(assembly.id);
    if (assembly.flow.assemblies.size === 0) this.#flows.delete(assembly.flow.key);
    this.count -= assembly.pieces.length;
    this.removals += assembly.pieces.length;
  }

  /** Makes room: a tenth of all goes, least recently used first (`pf_flush_fragments()`). */
  #evict(): void {
    const goal = Math.trunc((this.count * 9) / 10);
    for (const assembly of this.#recent) {
      if (this.count <= goal) break;
      this.#drop(assembly);
    }
  }
}

/** Octets of IP payload that one fragment carries. */
export function fragmentLength(packet: Packet): number {
  return transportHeaderLength(packet) + packet.payloadLength;
}

function words(address: Address): string {
  return address.family === 4 ? `${address.w0}` : `${address.w0} ${address.w1} ${address.w2} ${address.w3}`;
}
