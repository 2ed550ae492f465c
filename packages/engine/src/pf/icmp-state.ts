import { Address, type Family, ipHeaderLength, type Packet, PROTOCOL } from "@pierhead/core";
import { type Action, AF_TRANSLATE, DROP, ICMP, ICMP6, IN, OUT, PASS, STATE_FLAG, WSCALE_MASK } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { findState } from "./find-state.ts";
import { translateIcmp } from "./icmp-family.ts";
import { type IcmpMapping, mapIcmp } from "./icmp-mapping.ts";
import type { Kernel } from "./kernel.ts";
import { sequenceAtLeast } from "./sequence.ts";
import { setTimeoutIndex } from "./source-tracking.ts";
import type { State, StateKey } from "./state.ts";
import { TIMEOUT } from "./timeout.ts";

/** What an ICMP message came to: an action, and the state that was found, even when the message is not let through. */
export interface IcmpOutcome {
  readonly action: Action;
  readonly state: State | null;
}

const NOTHING: IcmpOutcome = { action: DROP, state: null };

/** Looks for the state of an ICMP message: its own, or that of the packet it quotes (`pf_test_state_icmp()`). */
export function testIcmpState(core: FilterCore, packet: Description): IcmpOutcome {
  const mapping = mapIcmp(core.kernel, packet.family, packet.packet, packet.icmpType, packet.icmpId);
  return mapping.isError ? testError(core, packet) : testQuery(core, packet, mapping);
}

/** What is looked up: the message itself, or the one inside an error. */
interface Subject {
  readonly family: Family;
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  readonly sourceIndex: number;
  readonly destinationIndex: number;
  readonly packet: Packet;
  readonly icmpType: number;
}

interface Lookup {
  readonly state: State | null;
  /** The state is there, but the message goes the wrong way. */
  readonly refused: boolean;
  /** Place of the id in the key. */
  readonly idIndex: number;
}

/** `pf_icmp_state_lookup()`. */
function lookup(
  core: FilterCore,
  packet: Description,
  subject: Subject,
  mapping: IcmpMapping,
  multicast: boolean,
  inner: boolean,
): Lookup {
  const asks = mapping.direction === IN;
  const idIndex = asks ? subject.sourceIndex : subject.destinationIndex;
  const ends = keyAddresses(core.kernel, subject, multicast);
  if (ends === null) return { state: null, refused: false, idIndex };
  const sourceFirst = subject.sourceIndex === 0;
  const sourcePort = asks ? mapping.id : mapping.type;
  const destinationPort = asks ? mapping.type : mapping.id;
  const state = findState(
    core,
    packet,
    subject.family,
    subject.protocol,
    sourceFirst ? ends.source : ends.destination,
    sourceFirst ? ends.destination : ends.source,
    sourceFirst ? sourcePort : destinationPort,
    sourceFirst ? destinationPort : sourcePort,
  );
  const { icmpDirection } = core.kernel;
  if (
    state === null ||
    (state.flags & STATE_FLAG.sloppy) !== 0 ||
    icmpDirection === "unchecked" ||
    (icmpDirection === "typed" && state.rule.icmpType === 0)
  ) {
    return { state, refused: false, idIndex };
  }
  const direction = state.isFamilyTranslated ? (subject.family === state.wire.family ? IN : OUT) : state.direction;
  const forward = inner ? direction !== packet.direction : direction === packet.direction;
  const refused = (forward ? IN : OUT) !== mapping.direction;
  // Where the check is not made for all, a message that fails it has no state, and rules decide.
  return refused && icmpDirection === "typed" ? { state: null, refused: false, idIndex } : { state, refused, idIndex };
}

/** Addresses in the key of a message: neighbour discovery is known by its target (`pf_state_key_addr_setup()`). */
export function keyAddresses(
  kernel: Kernel,
  subject: Pick<Subject, "family" | "protocol" | "source" | "destination" | "packet" | "icmpType">,
  multicast: boolean,
): { readonly source: Address; readonly destination: Address } | null {
  const { source, destination } = subject;
  if (subject.family === 4 || subject.protocol !== PROTOCOL.icmp6 || kernel.discovery === "plain") {
    return { source, destination };
  }
  const target = subject.packet.icmp?.target ?? null;
  switch (subject.icmpType) {
    case ICMP6.neighborSolicitation:
      return multicast ? null : { source, destination: target ?? destination };
    case ICMP6.neighborAdvertisement:
      if (multicast) return null;
      return {
        source: target ?? source,
        destination: subject.packet.destination.isMulticast() ? UNSPECIFIED6 : destination,
      };
    default:
      return { source: multicast ? ALL_NODES : source, destination };
  }
}

const UNSPECIFIED6 = new Address(6, 0);
const ALL_NODES = new Address(6, 0xff020000, 0, 0, 1);

/** A question or an answer: it has a state of its own. */
function testQuery(core: FilterCore, packet: Description, mapping: IcmpMapping): IcmpOutcome {
  const subject = subjectOf(packet);
  let found = lookup(core, packet, subject, mapping, false, false);
  if ((found.state === null || found.refused) && packet.family === 6 && mapping.direction === OUT) {
    const again = lookup(core, packet, subject, mapping, true, false);
    found = {
      ...again,
      state: again.state ?? found.state,
      refused: again.state === null ? found.refused : again.refused,
    };
  }
  const { state } = found;
  if (state === null) return NOTHING;
  if (found.refused) return { action: DROP, state };
  state.expire = core.seconds();
  setTimeoutIndex(state, TIMEOUT.icmpError);
  if (state.wire === state.stack) return { action: PASS, state };

  const key = state.key(state.isReversed(packet.family) ? packet.sourceIndex : packet.destinationIndex);
  const translated = packet.family !== key.family;
  const turned = translated && state.direction === IN;
  const sourceIndex = turned ? packet.destinationIndex : packet.sourceIndex;
  const destinationIndex = turned ? packet.sourceIndex : packet.destinationIndex;
  const idIndex = turned ? 1 - found.idIndex : found.idIndex;
  packet.enterDomain(key.routingDomain);
  if (translated) {
    packet.newSource = key.address(sourceIndex);
    packet.newDestination = key.address(destinationIndex);
    packet.newFamily = key.family;
    const header = { type: packet.icmpType, code: packet.icmpCode, mtu: packet.icmpMtu };
    if (!translateIcmp(header, key.family)) return { action: DROP, state };
    packet.icmpType = header.type;
    packet.icmpCode = header.code;
    packet.icmpMtu = header.mtu;
    packet.protocol = key.family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  } else {
    if (!packet.destination.equals(key.address(destinationIndex))) packet.destinationChanged = true;
    packet.setSource(key.address(sourceIndex));
    packet.setDestination(key.address(destinationIndex));
  }
  packet.icmpId = key.port(idIndex);
  packet.writeHeader();
  return { action: translated ? AF_TRANSLATE : PASS, state };
}

function subjectOf(packet: Description): Subject {
  return {
    family: packet.family,
    protocol: packet.protocol,
    source: packet.source,
    destination: packet.destination,
    sourceIndex: packet.sourceIndex,
    destinationIndex: packet.destinationIndex,
    packet: packet.packet,
    icmpType: packet.icmpType,
  };
}

/** An error: the packet it quotes went the other way and has the state. */
function testError(core: FilterCore, packet: Description): IcmpOutcome {
  const inner = packet.packet.icmp?.inner ?? null;
  if (inner === null || inner.family !== packet.family) {
    packet.drop("short");
    return NOTHING;
  }
  if (inner.fragment !== null && inner.fragment.offset > 0) {
    packet.drop("fragment");
    return NOTHING;
  }
  if (!packet.destination.equals(inner.source)) {
    packet.drop("state-mismatch");
    return NOTHING;
  }
  const subject: Subject = {
    family: inner.family,
    protocol: inner.protocol,
    source: inner.source,
    destination: inner.destination,
    sourceIndex: packet.destinationIndex,
    destinationIndex: packet.sourceIndex,
    packet: inner,
    icmpType: inner.icmp?.type ?? 0,
  };
  switch (inner.protocol) {
    case PROTOCOL.tcp:
      return testTcpError(core, packet, subject);
    case PROTOCOL.udp: {
      const state = findPortState(core, packet, subject);
      return state === null ? NOTHING : finishPortError(packet, subject, state);
    }
    case PROTOCOL.icmp:
    case PROTOCOL.icmp6:
      return testIcmpError(core, packet, subject);
    default: {
      const sourceFirst = subject.sourceIndex === 0;
      const state = findState(
        core,
        packet,
        subject.family,
        subject.protocol,
        sourceFirst ? subject.source : subject.destination,
        sourceFirst ? subject.destination : subject.source,
        0,
        0,
      );
      if (state === null) return NOTHING;
      if (state.wire !== state.stack) {
        const key = state.key(packet.destinationIndex);
        translateInner(packet, subject, key, false);
      }
      return { action: PASS, state };
    }
  }
}

function findPortState(core: FilterCore, packet: Description, subject: Subject): State | null {
  const inner = subject.packet;
  const sourceFirst = subject.sourceIndex === 0;
  return findState(
    core,
    packet,
    subject.family,
    subject.protocol,
    sourceFirst ? subject.source : subject.destination,
    sourceFirst ? subject.destination : subject.source,
    sourceFirst ? inner.sourcePort : inner.destinationPort,
    sourceFirst ? inner.destinationPort : inner.sourcePort,
  );
}

function testTcpError(core: FilterCore, packet: Description, subject: Subject): IcmpOutcome {
  const state = findPortState(core, packet, subject);
  if (state === null) return NOTHING;
  const tcp = subject.packet.tcp;
  // The quoted packet went the other way than the error.
  const fromSource = (packet.direction === state.direction) === state.isReversed(packet.family);
  const from = fromSource ? state.source : state.destination;
  const to = fromSource ? state.destination : state.source;
  const scale = from.windowScale !== 0 && to.windowScale !== 0 ? to.windowScale & WSCALE_MASK : 0;
  const quoted = tcp?.sequence ?? 0;
  const sequence = (quoted - from.sequenceDifference) >>> 0;
  if (
    (state.flags & STATE_FLAG.sloppy) === 0 &&
    (!sequenceAtLeast(from.sequenceHigh, sequence) ||
      !sequenceAtLeast(sequence, from.sequenceLow - (to.maximumWindow << scale)))
  ) {
    packet.drop("state-mismatch");
    return { action: DROP, state };
  }
  if (from.sequenceDifference !== 0 && tcp !== null) tcp.sequence = sequence;
  return finishPortError(packet, subject, state);
}

/** Puts the addresses and ports of the other side into an error about TCP or UDP. */
function finishPortError(packet: Description, subject: Subject, state: State): IcmpOutcome {
  if (state.wire === state.stack) return { action: PASS, state };
  const key = state.key(state.isReversed(packet.family) ? packet.sourceIndex : packet.destinationIndex);
  if (packet.family !== key.family) {
    const turned = state.direction === IN;
    const sourceIndex = turned ? subject.destinationIndex : subject.sourceIndex;
    const destinationIndex = turned ? subject.sourceIndex : subject.destinationIndex;
    if (!translateErrorFamily(packet, subject, key, turned)) return { action: DROP, state };
    subject.packet.sourcePort = key.port(sourceIndex);
    subject.packet.destinationPort = key.port(destinationIndex);
    return { action: AF_TRANSLATE, state };
  }
  translateInner(packet, subject, key, true);
  return { action: PASS, state };
}

/** `pf_translate_icmp()` for both ends: the quoted packet, and the outer address that equals it. */
function translateInner(packet: Description, subject: Subject, key: StateKey, ports: boolean): void {
  const inner = subject.packet;
  const source = key.address(subject.sourceIndex);
  const destination = key.address(subject.destinationIndex);
  if (!inner.source.equals(source) || (ports && key.port(subject.sourceIndex) !== inner.sourcePort)) {
    if (ports) inner.sourcePort = key.port(subject.sourceIndex);
    inner.source = source;
    packet.setDestination(source);
  }
  const changed = !inner.destination.equals(destination);
  if (changed) packet.destinationChanged = true;
  packet.enterDomain(key.routingDomain);
  if (changed || (ports && key.port(subject.destinationIndex) !== inner.destinationPort)) {
    if (ports) inner.destinationPort = key.port(subject.destinationIndex);
    inner.destination = destination;
    packet.setSource(destination);
  }
}

/** An error about an ICMP message. */
function testIcmpError(core: FilterCore, packet: Description, subject: Subject): IcmpOutcome {
  const inner = subject.packet;
  const icmp = inner.icmp;
  if ((subject.protocol === PROTOCOL.icmp) !== (packet.family === 4)) {
    packet.drop("normalize");
    return NOTHING;
  }
  const mapping = mapIcmp(core.kernel, packet.family, inner, icmp?.type ?? 0, icmp?.id ?? 0);
  let found = lookup(core, packet, subject, mapping, false, true);
  if ((found.state === null || found.refused) && packet.family === 6 && mapping.direction === OUT) {
    const again = lookup(core, packet, subject, mapping, true, true);
    found = {
      ...again,
      state: again.state ?? found.state,
      refused: again.state === null ? found.refused : again.refused,
    };
  }
  const { state } = found;
  if (state === null) return NOTHING;
  if (found.refused) return { action: DROP, state };
  if (state.wire === state.stack) return { action: PASS, state };

  const key = state.key(state.isReversed(packet.family) ? packet.sourceIndex : packet.destinationIndex);
  const isEcho =
    core.kernel.icmpKeys === "id" || mapping.type === (packet.family === 4 ? ICMP.echo : ICMP6.echoRequest);
  if (packet.family !== key.family) {
    const turned = state.direction === IN;
    const idIndex = turned ? 1 - found.idIndex : found.idIndex;
    if (!translateErrorFamily(packet, subject, key, turned)) return { action: DROP, state };
    if (icmp !== null) {
      if (!translateIcmp(icmp, key.family)) return { action: DROP, state };
      if (isEcho) icmp.id = key.port(idIndex);
    }
    return { action: AF_TRANSLATE, state };
  }
  const id = key.port(packet.family === 4 ? found.idIndex : subject.sourceIndex);
  const source = key.address(subject.sourceIndex);
  if (!inner.source.equals(source) || (isEcho && id !== (icmp?.id ?? 0))) {
    if (isEcho && icmp !== null) icmp.id = key.port(found.idIndex);
    inner.source = source;
    packet.setDestination(source);
  }
  const destination = key.address(subject.destinationIndex);
  const changed = !inner.destination.equals(destination);
  if (changed) packet.destinationChanged = true;
  packet.enterDomain(key.routingDomain);
  if (changed) {
    inner.destination = destination;
    packet.setSource(destination);
  }
  return { action: PASS, state };
}

/**
 * Turns an error and the header it quotes into the other family. IPv4 errors become IPv6 ones that come from the
 * router's IPv4 address in the prefix, so that traceroute shows it.
 */
function translateErrorFamily(packet: Description, subject: Subject, key: StateKey, turned: boolean): boolean {
  const header = { type: packet.icmpType, code: packet.icmpCode, mtu: packet.icmpMtu };
  if (!translateIcmp(header, key.family)) return false;
  packet.icmpType = header.type;
  packet.icmpCode = header.code;
  packet.icmpMtu = header.mtu;
  packet.writeHeader();
  const inner = subject.packet;
  // What is counted is the packet with the quoted header changed, its own not yet (pf_change_icmp_af).
  packet.totalLength += (key.family === 4 ? 20 : 40) - ipHeaderLength(inner);
  inner.family = key.family;
  inner.source = key.address(turned ? subject.destinationIndex : subject.sourceIndex);
  inner.destination = key.address(turned ? subject.sourceIndex : subject.destinationIndex);
  if (key.family === 4) {
    if (inner.protocol === PROTOCOL.icmp6) inner.protocol = PROTOCOL.icmp;
    inner.dontFragment = true;
  } else {
    if (inner.protocol === PROTOCOL.icmp) inner.protocol = PROTOCOL.icmp6;
    inner.dontFragment = false;
    if (inner.ttl === 0 || inner.ttl > 64) inner.ttl = 64;
  }
  inner.tos = 0;
  inner.options = [];
  packet.enterDomain(key.routingDomain);
  packet.destinationChanged = true;
  packet.newSource = key.address(subject.sourceIndex);
  packet.newDestination = key.address(subject.destinationIndex);
  if (key.family === 6) {
    const from = packet.newSource;
    packet.newSource = new Address(6, from.w0, from.w1, from.w2, packet.source.w0);
  }
  packet.protocol = key.family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  packet.newFamily = key.family;
  return true;
}
