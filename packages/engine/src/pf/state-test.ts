import { PROTOCOL } from "@pierhead/core";
import { sendTcp } from "./answer.ts";
import { type Action, AF_TRANSLATE, DROP, IN, LEVEL, PASS, STATE_FLAG, TCPS, TH } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { isNewAssociation, trackSctp } from "./sctp-state.ts";
import { setTimeoutIndex } from "./source-tracking.ts";
import type { Peer, State } from "./state.ts";
import { removeState } from "./state-life.ts";
import { testSynproxy } from "./synproxy.ts";
import { trackSloppy, trackTcp } from "./tcp-state.ts";
import { TIMEOUT } from "./timeout.ts";

/** What a packet of an existing state came to; `forgotten`: the state was let go, rules decide. */
export interface StateOutcome {
  readonly action: Action;
  readonly forgotten: boolean;
}

const PASSED: StateOutcome = { action: PASS, forgotten: false };
const TRANSLATED: StateOutcome = { action: AF_TRANSLATE, forgotten: false };
const DROPPED: StateOutcome = { action: DROP, forgotten: false };
const FORGOTTEN: StateOutcome = { action: DROP, forgotten: true };

/** A packet of an existing state that is not ICMP (`pf_test_state()`). */
export function testState(core: FilterCore, packet: Description, state: State): StateOutcome {
  const reversed = state.isReversed(packet.family);
  // OpenBSD takes the family into account for TCP only.
  const forward = (packet.direction === state.direction) !== (reversed && core.kernel.separateTranslation);
  const from = forward ? state.source : state.destination;
  const to = forward ? state.destination : state.source;
  switch (packet.virtualProtocol) {
    case PROTOCOL.tcp: {
      if (state.source.state >= TCPS.proxySource) {
        const action = testSynproxy(core, packet, state);
        if (action !== PASS) return { action, forgotten: false };
      }
      if ((packet.flags & (TH.syn | TH.ack)) === TH.syn) {
        if (to.state >= TCPS.finWait2 && from.state >= TCPS.finWait2) {
          // The same ports again for a new connection.
          forget(core, state);
          return FORGOTTEN;
        }
        if (core.kernel.challengesSyn && to.state >= TCPS.established && from.state >= TCPS.established) {
          challenge(core, packet, state, from, to);
          return DROPPED;
        }
      }
      if ((state.flags & STATE_FLAG.sloppy) !== 0) {
        if (!trackSloppy(core, packet, state, forward)) return DROPPED;
      } else if (!trackTcp(core, packet, state, reversed)) return DROPPED;
      break;
    }
    case PROTOCOL.sctp:
      if (core.kernel.tracksSctp) {
        if (isNewAssociation(packet, from, to)) {
          forget(core, state);
          return FORGOTTEN;
        }
        trackSctp(core, packet, state, forward);
        break;
      }
      raiseLevels(core, state, from, to, forward);
      setTimeoutIndex(state, isTwoWay(from, to) ? TIMEOUT.otherMultiple : TIMEOUT.otherSingle);
      break;
    case PROTOCOL.udp:
      raiseLevels(core, state, from, to, forward);
      setTimeoutIndex(state, isTwoWay(from, to) ? TIMEOUT.udpMultiple : TIMEOUT.udpSingle);
      break;
    default:
      raiseLevels(core, state, from, to, forward);
      setTimeoutIndex(state, isTwoWay(from, to) ? TIMEOUT.otherMultiple : TIMEOUT.otherSingle);
      break;
  }
  return state.wire === state.stack ? PASSED : applyState(packet, state);
}

function forget(core: FilterCore, state: State): void {
  if (!core.kernel.removesReused) {
    setTimeoutIndex(state, TIMEOUT.purge);
    return;
  }
  if (state.wire.protocol === PROTOCOL.tcp) core.states.setLevel(state, "both", TCPS.closed);
  removeState(core, state);
}

function raiseLevels(core: FilterCore, state: State, from: Peer, to: Peer, forward: boolean): void {
  if (from.state < LEVEL.single) core.states.setLevel(state, forward ? "source" : "destination", LEVEL.single);
  if (to.state === LEVEL.single) core.states.setLevel(state, forward ? "destination" : "source", LEVEL.multiple);
  state.expire = core.seconds();
}

function isTwoWay(from: Peer, to: Peer): boolean {
  return from.state === LEVEL.multiple && to.state === LEVEL.multiple;
}

/** Gives the packet the addresses and ports of the other side. */
function applyState(packet: Description, state: State): StateOutcome {
  const key = state.key(state.isReversed(packet.family) ? packet.sourceIndex : packet.destinationIndex);
  const translated = packet.family !== key.family;
  const turned = translated && state.direction === IN;
  const sourceIndex = turned ? packet.destinationIndex : packet.sourceIndex;
  const destinationIndex = turned ? packet.sourceIndex : packet.destinationIndex;
  const source = key.address(sourceIndex);
  const destination = key.address(destinationIndex);
  if (translated || !packet.destination.equals(destination)) packet.destinationChanged = true;
  if (translated) {
    packet.newSource = source;
    packet.newDestination = destination;
    packet.newFamily = key.family;
  } else {
    packet.setSource(source);
    packet.setDestination(destination);
  }
  packet.setPorts(key.port(sourceIndex), key.port(destinationIndex));
  packet.enterDomain(key.routingDomain);
  packet.writeHeader();
  return translated ? TRANSLATED : PASSED;
}

/** A SYN in the middle of a connection: both ends find out what they think of it (RFC 5961, "challenge ACK"). */
function challenge(core: FilterCore, packet: Description, state: State, from: Peer, to: Peer): void {
  sendTcp(core, {
    rule: state.rule,
    family: packet.family,
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    sequence: to.sequenceLow,
    acknowledgement: from.sequenceLow,
    flags: TH.ack,
    window: 0,
    mss: 0,
    ttl: state.rule.rule.returnTtl,
    generated: true,
    tag: null,
    routingDomain: packet.routingDomain,
    reason: "challenge ACK: a SYN for an established connection",
  });
}
