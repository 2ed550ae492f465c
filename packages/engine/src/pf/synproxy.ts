import { sendTcp } from "./answer.ts";
import { type Action, DROP, PASS, SYNPROXY_DROP, TCPS, TH } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { countConnection } from "./source-tracking.ts";
import type { State } from "./state.ts";

/**
 * `synproxy state`: pf shakes hands with the client first, then with the server, then gets out of the way
 * (`pf_synproxy()`).
 */
export function testSynproxy(core: FilterCore, packet: Description, state: State): Action {
  if (state.source.state === TCPS.proxySource) {
    const action = withClient(core, packet, state);
    if (action !== PASS) return action;
  }
  return state.source.state === TCPS.proxyDestination ? withServer(core, packet, state) : PASS;
}

/** The client has to answer pf's SYN+ACK. */
function withClient(core: FilterCore, packet: Description, state: State): Action {
  const { source } = state;
  if (packet.direction !== state.direction) {
    packet.drop("synproxy");
    return SYNPROXY_DROP;
  }
  if ((packet.flags & TH.syn) !== 0) {
    packet.drop("synproxy");
    if (packet.sequence !== source.sequenceLow) return DROP;
    answerClient(core, packet, state);
    return SYNPROXY_DROP;
  }
  if (
    (packet.flags & (TH.ack | TH.rst | TH.fin)) !== TH.ack ||
    packet.acknowledgement !== (source.sequenceHigh + 1) >>> 0 ||
    packet.sequence !== (source.sequenceLow + 1) >>> 0
  ) {
    packet.drop("synproxy");
    return DROP;
  }
  if (state.sourceNodes.length > 0 && countConnection(core, state)) {
    packet.drop("src-limit");
    return DROP;
  }
  core.states.setLevel(state, "source", TCPS.proxyDestination);
  return PASS;
}

/** pf's SYN+ACK in the server's place. */
export function answerClient(core: FilterCore, packet: Description, state: State): void {
  sendTcp(core, {
    rule: state.rule,
    family: packet.family,
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    sequence: state.source.sequenceHigh,
    acknowledgement: packet.sequence + 1,
    flags: TH.syn | TH.ack,
    window: 0,
    mss: state.source.mss,
    ttl: 0,
    generated: true,
    tag: null,
    routingDomain: packet.routingDomain,
    reason: "synproxy answers in the server's place",
  });
}

/** The client is real: now the server. */
function withServer(core: FilterCore, packet: Description, state: State): Action {
  const { source, destination } = state;
  const key = state.key(packet.destinationIndex);
  const toServer = (
    sequence: number,
    acknowledgement: number,
    flags: number,
    window: number,
    mss: number,
    generated: boolean,
    tag: string | null,
    reason: string,
  ): void =>
    sendTcp(core, {
      rule: state.rule,
      family: packet.family,
      source: key.address(packet.sourceIndex),
      destination: key.address(packet.destinationIndex),
      sourcePort: key.port(packet.sourceIndex),
      destinationPort: key.port(packet.destinationIndex),
      sequence,
      acknowledgement,
      flags,
      window,
      mss,
      ttl: 0,
      generated,
      tag,
      routingDomain: key.routingDomain,
      reason,
    });
  packet.drop("synproxy");
  if (packet.direction === state.direction) {
    if (
      (packet.flags & (TH.syn | TH.ack)) !== TH.ack ||
      packet.acknowledgement !== (source.sequenceHigh + 1) >>> 0 ||
      packet.sequence !== (source.sequenceLow + 1) >>> 0
    ) {
      return DROP;
    }
    source.maximumWindow = Math.max(packet.window, 1);
    if (destination.sequenceHigh === 1) destination.sequenceHigh = core.random();
    toServer(
      destination.sequenceHigh,
      0,
      TH.syn,
      0,
      source.mss,
      false,
      state.tag,
      "synproxy opens the connection to the server",
    );
    return SYNPROXY_DROP;
  }
  if (
    (packet.flags & (TH.syn | TH.ack)) !== (TH.syn | TH.ack) ||
    packet.acknowledgement !== (destination.sequenceHigh + 1) >>> 0
  ) {
    return DROP;
  }
  destination.maximumWindow = Math.max(packet.window, 1);
  destination.sequenceLow = packet.sequence;
  sendTcp(core, {
    rule: state.rule,
    family: packet.family,
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    sequence: packet.acknowledgement,
    acknowledgement: packet.sequence + 1,
    flags: TH.ack,
    window: source.maximumWindow,
    mss: 0,
    ttl: 0,
    generated: false,
    tag: state.tag,
    routingDomain: packet.routingDomain,
    reason: "synproxy completes the handshake with the server",
  });
  toServer(
    source.sequenceHigh + 1,
    source.sequenceLow + 1,
    TH.ack,
    destination.maximumWindow,
    0,
    true,
    null,
    "synproxy tells the client that the server is there",
  );
  source.sequenceDifference = (destination.sequenceHigh - source.sequenceLow) >>> 0;
  destination.sequenceDifference = (source.sequenceHigh - destination.sequenceLow) >>> 0;
  source.sequenceHigh = (source.sequenceLow + destination.maximumWindow) >>> 0;
  destination.sequenceHigh = (destination.sequenceLow + source.maximumWindow) >>> 0;
  source.windowScale = 0;
  destination.windowScale = 0;
  core.states.setLevel(state, "both", TCPS.established);
  return SYNPROXY_DROP;
}
