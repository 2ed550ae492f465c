import type { Packet } from "@pierhead/core";
import { STATE_FLAG, TCPS, TH } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { sequenceAfter, sequenceAtLeast, sequenceBefore } from "./sequence.ts";
import { type Peer, PeerScrub, type State } from "./state.ts";
import { findOptions, hasOptions, optionOctets, read32, TCP_OPTION, write32 } from "./tcp-options.ts";
import { TIMEOUT } from "./timeout.ts";

/** Seconds after which timestamps may have wrapped (24 days idle, 12 days old). */
const LONGEST_IDLE = 24 * 86_400;
const LONGEST_AGE = 12 * 86_400;
/** RFC 7323 allows a timestamp clock of 1 kHz; pf allows a tenth more. */
const FASTEST_CLOCK = 1100;

/**
 * Drops segments with flags that make no sense (`pf_normalize_tcp()`).
 *
 * @param clearsFin FIN beside SYN is cleared, else it is illegal
 * @returns false when the segment is illegal
 */
export function normalizeTcp(packet: Description, clearsFin: boolean): boolean {
  let { flags } = packet;
  if ((flags & TH.syn) !== 0) {
    if ((flags & TH.rst) !== 0) return illegal(packet);
    if (!clearsFin && (flags & TH.fin) !== 0) return illegal(packet);
    flags &= ~TH.fin;
  } else if ((flags & (TH.ack | TH.rst)) === 0) return illegal(packet);
  if ((flags & TH.ack) === 0 && (flags & (TH.fin | TH.push | TH.urg)) !== 0) return illegal(packet);
  if (flags !== packet.flags) {
    packet.flags = flags;
    packet.writeHeader();
  }
  return true;
}

/** The kernel counts it as not normal, but does not tell pflog. */
function illegal(packet: Description): false {
  packet.count("normalize");
  return false;
}

/** Begins to watch the timestamps of one end (`pf_normalize_tcp_init()`). */
export function startTimestamps(core: FilterCore, packet: Description, peer: Peer): void {
  const scrub = new PeerScrub();
  peer.scrub = scrub;
  scrub.ttl = packet.packet.ttl;
  const tcp = packet.packet.tcp;
  if (tcp === null || (packet.flags & TH.syn) === 0 || !hasOptions(tcp)) return;
  const octets = optionOctets(tcp);
  for (const at of findOptions(octets, TCP_OPTION.timestamps, 10)) {
    scrub.timestamp = true;
    scrub.modulator = core.random();
    scrub.tsval0 = read32(octets, at + 2);
    scrub.tsval = scrub.tsval0;
    scrub.tsecr = read32(octets, at + 6);
    scrub.last = core.host.now();
  }
}

/**
 * `scrub (reassemble tcp)`: keeps the TTL from falling, modulates timestamps and drops what they give away as stale
 * (`pf_normalize_tcp_stateful()`, RFC 7323 PAWS).
 *
 * @returns false when the segment is dropped; the reason is set
 */
export function checkTimestamps(core: FilterCore, packet: Description, state: State, from: Peer, to: Peer): boolean {
  const own = from.scrub;
  const other = to.scrub;
  if (own !== null) {
    if (packet.packet.ttl > own.ttl) own.ttl = packet.packet.ttl;
    packet.packet.ttl = own.ttl;
  }
  const tcp = packet.packet.tcp;
  let found = false;
  let tsval = 0;
  let tsecr = 0;
  if (tcp !== null && hasOptions(tcp) && (own?.timestamp === true || other?.timestamp === true)) {
    const octets = optionOctets(tcp).slice();
    const places = findOptions(octets, TCP_OPTION.timestamps, 10);
    for (const at of places) {
      if (found) return packet.drop("bad-timestamp");
      found = true;
      tsval = read32(octets, at + 2);
      tsecr = read32(octets, at + 6);
      if (tsval !== 0 && own?.timestamp === true) write32(octets, at + 2, (tsval + own.modulator) >>> 0);
      if (tsecr !== 0 && other?.timestamp === true) {
        tsecr = (tsecr - other.modulator) >>> 0;
        write32(octets, at + 6, tsecr);
      }
      if (tcp.rawOptions !== null) tcp.rawOptions = octets;
      tcp.timestamps = { value: read32(octets, at + 2), echo: read32(octets, at + 6) };
    }
  }
  const now = core.host.now();
  if (own?.paws === true && (now - own.last > LONGEST_IDLE || core.seconds() - state.creation > LONGEST_AGE)) {
    own.paws = false;
    own.pawsIdled = true;
  }
  if (other?.paws === true && now - other.last > LONGEST_IDLE) {
    other.paws = false;
    other.pawsIdled = true;
  }
  const checked = own !== null && other !== null && own.paws && other.paws;
  if (found && checked) {
    const leeway = core.timeout(state.rule, TIMEOUT.timestampDifference);
    const elapsed = now - own.last;
    const seconds = Math.floor(elapsed);
    const microseconds = Math.round((elapsed - seconds) * 1e6);
    const ticks = (seconds + leeway) * FASTEST_CLOCK + Math.trunc(microseconds / Math.trunc(1e6 / FASTEST_CLOCK));
    if (
      from.state >= TCPS.established &&
      to.state >= TCPS.established &&
      (sequenceBefore(tsval, other.tsecr) ||
        sequenceAfter(tsval, own.tsval + ticks) ||
        (tsecr !== 0 && (sequenceAfter(tsecr, other.tsval) || sequenceBefore(tsecr, other.tsval0))))
    ) {
      return packet.drop("bad-timestamp");
    }
  } else if (
    !found &&
    (packet.flags & TH.rst) === 0 &&
    ((from.state === TCPS.established && to.state === TCPS.established) ||
      packet.dataLength > 0 ||
      (packet.flags & TH.syn) !== 0) &&
    checked &&
    packet.dataLength > 0 &&
    own.dataTimestamps
  ) {
    // Data without a timestamp on a connection whose data had them: somebody else sent it.
    return packet.drop("bad-timestamp");
  }
  if (packet.dataLength > 0 && own !== null && own.timestamp && !own.dataTimestamps && !own.dataWithout) {
    if (found) own.dataTimestamps = true;
    else own.dataWithout = true;
  }
  if (found && own?.timestamp && !own.pawsIdled) {
    own.last = now;
    if (sequenceAtLeast(tsval, own.tsval) || !own.paws) own.tsval = tsval;
    if (tsecr !== 0) {
      if (sequenceAtLeast(tsecr, own.tsecr) || !own.paws) own.tsecr = tsecr;
      if (!own.paws && (sequenceBefore(tsval, own.tsval0) || own.tsval0 === 0)) own.tsval0 = tsval;
      own.paws = true;
    }
  }
  return true;
}

/** `no-df`, `min-ttl`, `set tos`, `random-id` (`pf_scrub()`). */
export function scrub(core: FilterCore, packet: Packet, flags: number, minTtl: number, tos: number): void {
  if ((flags & STATE_FLAG.noDf) !== 0 && packet.family === 4) packet.dontFragment = false;
  if (minTtl !== 0 && packet.ttl < minTtl) packet.ttl = minTtl;
  if ((flags & STATE_FLAG.setTos) !== 0) packet.tos = tos | (packet.tos & 3);
  const isFragment = packet.fragment !== null && (packet.fragment.more || packet.fragment.offset > 0);
  if ((flags & STATE_FLAG.randomId) !== 0 && packet.family === 4 && !isFragment) {
    packet.id = core.random() & 0xffff;
  }
}
