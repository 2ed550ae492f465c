import { SCTP_CHUNK, SCTP_LEVEL } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { setTimeoutIndex } from "./source-tracking.ts";
import type { Peer, State } from "./state.ts";
import { TIMEOUT } from "./timeout.ts";

/** An INIT with the ports of an association that is over: it begins a new one. */
export function isNewAssociation(packet: Description, from: Peer, to: Peer): boolean {
  return packet.packet.sctpChunk === SCTP_CHUNK.init && isOver(from.state) && isOver(to.state);
}

function isOver(level: number): boolean {
  return level >= SCTP_LEVEL.shutdownSent || level === SCTP_LEVEL.closed;
}

/**
 * Follows an SCTP association by its chunks (`pf_test_state()` of FreeBSD). Of a packet only its first chunk is known,
 * and no verification tag.
 */
export function trackSctp(core: FilterCore, packet: Description, state: State, forward: boolean): void {
  const from = forward ? state.source : state.destination;
  const side = forward ? "source" : "destination";
  const raise = (below: number, level: number, timeout: number): void => {
    if (from.state >= below) return;
    core.states.setLevel(state, side, level);
    setTimeoutIndex(state, timeout);
  };
  if (state.kif === core.interfaces.all && state.rule.ifBound) state.kif = packet.kif;
  switch (packet.packet.sctpChunk) {
    case SCTP_CHUNK.init:
      raise(SCTP_LEVEL.cookieWait, SCTP_LEVEL.cookieWait, TIMEOUT.sctpOpening);
      break;
    case SCTP_CHUNK.cookieEcho:
    case SCTP_CHUNK.heartbeatAck:
      raise(SCTP_LEVEL.established, SCTP_LEVEL.established, TIMEOUT.sctpEstablished);
      break;
    case SCTP_CHUNK.shutdown:
    case SCTP_CHUNK.shutdownAck:
      raise(SCTP_LEVEL.shutdownPending, SCTP_LEVEL.shutdownPending, TIMEOUT.sctpClosing);
      break;
    case SCTP_CHUNK.shutdownComplete:
    case SCTP_CHUNK.abort:
      core.states.setLevel(state, side, SCTP_LEVEL.closed);
      setTimeoutIndex(state, TIMEOUT.sctpClosed);
      break;
    default:
      break;
  }
  state.expire = core.seconds();
}
