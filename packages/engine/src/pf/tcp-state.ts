import { sendTcp } from "./answer.ts";
import { STATE_FLAG, TCPS, TH, WSCALE_FLAG, WSCALE_MASK } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { checkTimestamps, startTimestamps } from "./normalize.ts";
import { sequenceAfter, sequenceAtLeast, sequenceAtMost } from "./sequence.ts";
import { countConnection, setTimeoutIndex } from "./source-tracking.ts";
import type { Peer, State } from "./state.ts";
import { findOptions, read32, TCP_OPTION, windowScaleOf, write32 } from "./tcp-options.ts";
import { TIMEOUT } from "./timeout.ts";

/** How far an acknowledgement may be off: one window, and an arbitrary bit more (`MAXACKWINDOW`). */
const MAXIMUM_SKEW = 0xffff + 1500;

/**
 * Follows a connection by its sequence numbers (`pf_tcp_track_full()`, after Guido van Rooij, "Real Stateful TCP Packet
 * Filtering in IP Filter").
 *
 * @param reversed the packet is of the translated family
 * @returns false when the segment does not fit; it is dropped
 */
export function trackTcp(core: FilterCore, packet: Description, state: State, reversed: boolean): boolean {
  const forward = (packet.direction === state.direction) !== reversed;
  const from = forward ? state.source : state.destination;
  const to = forward ? state.destination : state.source;
  const fromSide = forward ? "source" : "destination";
  const toSide = forward ? "destination" : "source";
  const { flags } = packet;
  let { window } = packet;
  let fromScale = 0;
  let toScale = 0;
  if (from.windowScale !== 0 && to.windowScale !== 0 && (flags & TH.syn) === 0) {
    fromScale = from.windowScale & WSCALE_MASK;
    toScale = to.windowScale & WSCALE_MASK;
  }
  const original = packet.sequence;
  let sequence = original;
  let acknowledgement: number;
  let end: number;
  let dataEnd: number;
  let rewritten = false;

  if (from.sequenceLow === 0) {
    // First segment from this end.
    if (((state.flags & STATE_FLAG.scrubTcp) !== 0 || to.scrub !== null) && from.scrub === null) {
      startTimestamps(core, packet, from);
    }
    if (to.sequenceDifference !== 0 && from.sequenceDifference === 0) {
      // The modulator of the answering end was waiting for its first sequence number.
      from.sequenceDifference = (core.random() - sequence) >>> 0 || 1;
      acknowledgement = (packet.acknowledgement - to.sequenceDifference) >>> 0;
      packet.sequence = (sequence + from.sequenceDifference) >>> 0;
      packet.acknowledgement = acknowledgement;
      rewritten = true;
    } else acknowledgement = packet.acknowledgement;
    end = sequence + packet.dataLength;
    if ((flags & TH.syn) !== 0) {
      end++;
      if ((to.windowScale & WSCALE_FLAG) !== 0) {
        from.windowScale = packet.packet.tcp === null ? 0 : windowScaleOf(packet.packet.tcp);
        if ((from.windowScale & WSCALE_FLAG) !== 0) {
          // Window scaling does not apply to the first window.
          fromScale = from.windowScale & WSCALE_MASK;
          window = (window + (1 << fromScale) - 1) >>> fromScale;
          toScale = to.windowScale & WSCALE_MASK;
        } else {
          to.maximumWindow = Math.min(65_535, to.maximumWindow << (to.windowScale & WSCALE_MASK));
          to.windowScale = 0;
        }
      }
    }
    dataEnd = end;
    if ((flags & TH.fin) !== 0) end++;
    end >>>= 0;
    dataEnd >>>= 0;
    from.sequenceLow = sequence;
    if (from.state < TCPS.synSent) core.states.setLevel(state, fromSide, TCPS.synSent);
    const reach = (end + Math.max(1, to.maximumWindow << toScale)) >>> 0;
    if (from.sequenceHigh === 1 || sequenceAtLeast(reach, from.sequenceHigh)) from.sequenceHigh = reach;
    if (window > from.maximumWindow) from.maximumWindow = window;
  } else {
    acknowledgement = (packet.acknowledgement - to.sequenceDifference) >>> 0;
    if (from.sequenceDifference !== 0) {
      packet.sequence = (sequence + from.sequenceDifference) >>> 0;
      packet.acknowledgement = acknowledgement;
      rewritten = true;
    }
    end = sequence + packet.dataLength;
    if ((flags & TH.syn) !== 0) end++;
    dataEnd = end >>> 0;
    if ((flags & TH.fin) !== 0) end++;
    end >>>= 0;
  }

  if ((flags & TH.ack) === 0) acknowledgement = to.sequenceLow;
  else if ((acknowledgement === 0 && (flags & (TH.ack | TH.rst)) === (TH.ack | TH.rst)) || to.state < TCPS.synSent) {
    // Many stacks acknowledge nothing in the segment that ends a failed attempt.
    acknowledgement = to.sequenceLow;
  }
  if (sequence === end) {
    // Segments without data may be a little off.
    sequence = from.sequenceLow;
    dataEnd = sequence;
    end = sequence;
  }
  const skew = (to.sequenceLow - acknowledgement) | 0;
  if (to.sequenceDifference !== 0 && demodulateSack(packet, to)) rewritten = true;

  const lowest = from.sequenceLow - (to.maximumWindow << toScale);
  const inWindow =
    sequenceAtLeast(from.sequenceHigh, dataEnd) &&
    sequenceAtLeast(sequence, lowest) &&
    skew >= -MAXIMUM_SKEW &&
    skew <= MAXIMUM_SKEW << fromScale &&
    ((flags & TH.rst) === 0 ||
      core.kernel.resets === "any" ||
      hitsSequence(original, from) ||
      (core.kernel.resets === "window" && isInWindow(flags, original, from, lowest, skew)));
  if (inWindow) {
    if ((to.scrub !== null || from.scrub !== null) && !checkTimestamps(core, packet, state, from, to)) return false;
    follow(from, to, window, fromScale, end, acknowledgement);
    if ((flags & TH.syn) !== 0 && from.state < TCPS.synSent) core.states.setLevel(state, fromSide, TCPS.synSent);
    if ((flags & TH.fin) !== 0 && from.state < TCPS.closing) core.states.setLevel(state, fromSide, TCPS.closing);
    if ((flags & TH.ack) !== 0) {
      if (to.state === TCPS.synSent) {
        core.states.setLevel(state, toSide, TCPS.established);
        if (from.state === TCPS.established && state.sourceNodes.length > 0 && countConnection(core, state)) {
          return packet.drop("src-limit");
        }
      } else if (to.state === TCPS.closing) core.states.setLevel(state, toSide, TCPS.finWait2);
    }
    if ((flags & TH.rst) !== 0) core.states.setLevel(state, "both", TCPS.timeWait);
    state.expire = core.seconds();
    setTimeoutIndex(state, timeoutFor(from.state, to.state));
  } else if (
    (to.state < TCPS.synSent || to.state >= TCPS.finWait2 || from.state >= TCPS.finWait2) &&
    sequenceAtLeast(from.sequenceHigh + MAXIMUM_SKEW, dataEnd) &&
    sequenceAtLeast(sequence, from.sequenceLow - MAXIMUM_SKEW)
  ) {
    // Near enough: SYNs before an answer, a stream picked up in the middle, stragglers after the end. The time of the
    // state is not renewed.
    if ((to.scrub !== null || from.scrub !== null) && !checkTimestamps(core, packet, state, from, to)) return false;
    follow(from, to, window, fromScale, end, acknowledgement);
    if ((flags & TH.fin) !== 0 && from.state < TCPS.closing) core.states.setLevel(state, fromSide, TCPS.closing);
    if ((flags & TH.rst) !== 0) core.states.setLevel(state, "both", TCPS.timeWait);
  } else {
    if (state.destination.state === TCPS.synSent && state.source.state === TCPS.synSent) {
      // A mismatch during the handshake is answered with a reset.
      if ((flags & TH.rst) === 0) {
        sendTcp(core, {
          rule: state.rule,
          family: packet.family,
          source: packet.destination,
          destination: packet.source,
          sourcePort: packet.destinationPort,
          destinationPort: packet.sourcePort,
          sequence: packet.acknowledgement,
          acknowledgement: 0,
          flags: TH.rst,
          window: 0,
          mss: 0,
          ttl: state.rule.rule.returnTtl,
          generated: true,
          tag: null,
          routingDomain: packet.routingDomain,
          reason: "the segment does not fit the handshake",
        });
      }
      from.sequenceLow = 0;
      from.sequenceHigh = 1;
      from.maximumWindow = 1;
    }
    return packet.drop("state-mismatch");
  }
  if (rewritten) packet.writeHeader();
  return true;
}

/** The sequence number is the next one, or off by one. */
function hitsSequence(original: number, from: Peer): boolean {
  return (
    original === from.sequenceLow ||
    original === (from.sequenceLow + 1) >>> 0 ||
    (original + 1) >>> 0 === from.sequenceLow
  );
}

/** A reset in the window, with an exact acknowledgement. */
function isInWindow(flags: number, original: number, from: Peer, lowest: number, skew: number): boolean {
  return (
    sequenceAtLeast(original, lowest) &&
    sequenceAtMost(original, (from.sequenceLow + 1) >>> 0) &&
    skew === 0 &&
    (flags & (TH.ack | TH.rst)) === (TH.ack | TH.rst)
  );
}

/** Moves the windows along. */
function follow(from: Peer, to: Peer, window: number, scale: number, end: number, acknowledgement: number): void {
  if (from.maximumWindow < window) from.maximumWindow = window;
  if (sequenceAfter(end, from.sequenceLow)) from.sequenceLow = end;
  const open = window << scale;
  if (sequenceAtLeast(acknowledgement + open, to.sequenceHigh)) {
    to.sequenceHigh = (acknowledgement + Math.max(open, 1)) >>> 0;
  }
}

/** Timeout of a connection by the levels of its ends. */
export function timeoutFor(from: number, to: number): number {
  if (from >= TCPS.finWait2 && to >= TCPS.finWait2) return TIMEOUT.tcpClosed;
  if (from >= TCPS.closing && to >= TCPS.closing) return TIMEOUT.tcpFinWait;
  if (from < TCPS.established || to < TCPS.established) return TIMEOUT.tcpOpening;
  if (from >= TCPS.closing || to >= TCPS.closing) return TIMEOUT.tcpClosing;
  return TIMEOUT.tcpEstablished;
}

/** `sloppy`: follows a connection by flags only (`pf_tcp_track_sloppy()`). */
export function trackSloppy(core: FilterCore, packet: Description, state: State, forward: boolean): boolean {
  const from = forward ? state.source : state.destination;
  const to = forward ? state.destination : state.source;
  const fromSide = forward ? "source" : "destination";
  const toSide = forward ? "destination" : "source";
  const { flags } = packet;
  if ((flags & TH.syn) !== 0 && from.state < TCPS.synSent) core.states.setLevel(state, fromSide, TCPS.synSent);
  if ((flags & TH.fin) !== 0 && from.state < TCPS.closing) core.states.setLevel(state, fromSide, TCPS.closing);
  if ((flags & TH.ack) !== 0) {
    if (to.state === TCPS.synSent) {
      core.states.setLevel(state, toSide, TCPS.established);
      if (from.state === TCPS.established && state.sourceNodes.length > 0 && countConnection(core, state)) {
        return packet.drop("src-limit");
      }
    } else if (to.state === TCPS.closing) core.states.setLevel(state, toSide, TCPS.finWait2);
    else if (from.state === TCPS.synSent && to.state < TCPS.synSent) {
      // Only one half of the connection comes by here.
      core.states.setLevel(state, "both", TCPS.established);
      if (state.sourceNodes.length > 0 && countConnection(core, state)) return packet.drop("src-limit");
    } else if (from.state === TCPS.closing && to.state === TCPS.established && to.sequenceLow === 0) {
      core.states.setLevel(state, toSide, TCPS.closing);
    }
  }
  if ((flags & TH.rst) !== 0) core.states.setLevel(state, "both", TCPS.timeWait);
  state.expire = core.seconds();
  setTimeoutIndex(state, timeoutFor(from.state, to.state));
  return true;
}

/** Selective acknowledgements speak of modulated numbers too (`pf_modulate_sack()`). */
function demodulateSack(packet: Description, to: Peer): boolean {
  const tcp = packet.packet.tcp;
  if (tcp === null || tcp.rawOptions === null) return false;
  const places = findOptions(tcp.rawOptions, TCP_OPTION.sack, 10);
  if (places.length === 0) return false;
  const octets = tcp.rawOptions.slice();
  for (const at of places) {
    const length = Math.min(octets[at + 1] ?? 0, octets.length - at);
    for (let i = 2; i + 8 <= length; i += 8) {
      write32(octets, at + i, (read32(octets, at + i) - to.sequenceDifference) >>> 0);
      write32(octets, at + i + 4, (read32(octets, at + i + 4) - to.sequenceDifference) >>> 0);
    }
  }
  tcp.rawOptions = octets;
  return true;
}
