import { type Address, type Family, PROTOCOL } from "@pierhead/core";
import { IN } from "./constants.ts";
import type { Description } from "./description.ts";
import { keyAddresses } from "./icmp-state.ts";
import { StateKey } from "./state.ts";

/** One side of a state that is being made: what translation rules change (`struct pf_state_key_cmp`). */
export interface KeyDraft {
  family: Family;
  protocol: number;
  address0: Address;
  address1: Address;
  port0: number;
  port1: number;
}

/** The side the packet came from, and the one that translation changes: `sk` and `nk` of the kernel. */
export interface KeyDrafts {
  readonly own: KeyDraft;
  readonly other: KeyDraft;
}

/** `pf_state_key_setup()` of the kernels that translate first. @returns null when there is nothing to know a state by */
export function draftKeys(packet: Description): KeyDrafts | null {
  const ends = keyAddresses(
    packet.core.kernel,
    {
      family: packet.family,
      protocol: packet.protocol,
      source: packet.source,
      destination: packet.destination,
      packet: packet.packet,
      icmpType: packet.icmpType,
    },
    false,
  );
  if (ends === null) return null;
  const draft = (): KeyDraft =>
    place(packet, ends.source, ends.destination, packet.newSourcePort, packet.newDestinationPort);
  const own = draft();
  const other = draft();
  if (packet.family === packet.newFamily) return { own, other };
  const sourceFirst = packet.sourceIndex === 0;
  own.port0 = sourceFirst ? packet.oldSourcePort : packet.oldDestinationPort;
  own.port1 = sourceFirst ? packet.oldDestinationPort : packet.oldSourcePort;
  other.family = packet.newFamily;
  // The translated packet leaves: what is its source stands where destinations of arriving packets do.
  const newSourceFirst = packet.direction === IN ? !sourceFirst : sourceFirst;
  other.address0 = newSourceFirst ? packet.newSource : packet.newDestination;
  other.address1 = newSourceFirst ? packet.newDestination : packet.newSource;
  other.port0 = newSourceFirst ? packet.newSourcePort : packet.newDestinationPort;
  other.port1 = newSourceFirst ? packet.newDestinationPort : packet.newSourcePort;
  if (packet.protocol === PROTOCOL.icmp) other.protocol = PROTOCOL.icmp6;
  else if (packet.protocol === PROTOCOL.icmp6) other.protocol = PROTOCOL.icmp;
  return { own, other };
}

function place(
  packet: Description,
  source: Address,
  destination: Address,
  sourcePort: number,
  destinationPort: number,
): KeyDraft {
  const first = packet.sourceIndex === 0;
  return {
    family: packet.family,
    protocol: packet.protocol,
    address0: first ? source : destination,
    address1: first ? destination : source,
    port0: first ? sourcePort : destinationPort,
    port1: first ? destinationPort : sourcePort,
  };
}

export function addressOf(draft: KeyDraft, index: number): Address {
  return index === 0 ? draft.address0 : draft.address1;
}

export function portOf(draft: KeyDraft, index: number): number {
  return index === 0 ? draft.port0 : draft.port1;
}

export function sameDraft(a: KeyDraft, b: KeyDraft): boolean {
  return (
    a.family === b.family &&
    a.protocol === b.protocol &&
    a.port0 === b.port0 &&
    a.port1 === b.port1 &&
    a.address0.equals(b.address0) &&
    a.address1.equals(b.address1)
  );
}

export function finishKey(draft: KeyDraft): StateKey {
  return new StateKey(draft.family, draft.protocol, draft.address0, draft.address1, draft.port0, draft.port1, 0);
}
