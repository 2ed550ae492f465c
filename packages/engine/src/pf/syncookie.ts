import { type Address, copyPacket, type Packet } from "@pierhead/core";
import { buildTcp, sendTcp } from "./answer.ts";
import { DEFAULT_MSS, TH } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { sipHash24 } from "./siphash.ts";
import { ZERO_KEY } from "./syncookie-state.ts";
import { mssOf, windowScaleOf } from "./tcp-options.ts";

/** Seconds that one key serves. */
const KEY_LIFETIME = 15;
const MSS_TABLE = [216, 536, 1200, 1360, 1400, 1440, 1452, 1460];
const SCALE_TABLE = [0, 0, 1, 2, 4, 6, 7, 8];

/** `set syncookies`. */
export function setSyncookies(core: FilterCore, mode: "never" | "always" | "adaptive"): void {
  const cookies = core.syncookies;
  if (cookies.mode === mode) return;
  cookies.mode = mode;
  if (mode !== "always") return;
  newKey(core);
  cookies.active = true;
}

/** Whether SYNs are answered with cookies now (`pf_synflood_check()`). */
export function wantsSyncookie(core: FilterCore): boolean {
  const cookies = core.syncookies;
  if (cookies.mode === "never") return false;
  if (cookies.mode === "always") return true;
  if (!cookies.active && core.states.halfOpen > cookies.high) {
    newKey(core);
    cookies.active = true;
    core.counters.limit("synfloods detected");
  }
  return cookies.active;
}

/** Answers a SYN without keeping anything about it (`pf_syncookie_send()`). */
export function sendSyncookie(core: FilterCore, packet: Description): void {
  const cookies = core.syncookies;
  const tcp = packet.packet.tcp;
  if (tcp === null) return;
  const mss = Math.max(mssOf(tcp, DEFAULT_MSS), DEFAULT_MSS);
  const scale = windowScaleOf(tcp);
  const cookie = indexBelow(MSS_TABLE, mss) * 32 + indexBelow(SCALE_TABLE, scale) * 4 + cookies.turn;
  const hash = mac(core, packet, cookie, packet.sequence);
  sendTcp(core, {
    rule: null,
    family: packet.family,
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    sequence: ((hash & ~0xff) | (cookie ^ (hash >>> 24))) >>> 0,
    acknowledgement: packet.sequence + 1,
    flags: TH.syn | TH.ack,
    window: 0,
    mss,
    ttl: 0,
    generated: true,
    tag: null,
    routingDomain: packet.routingDomain,
    reason: "syncookie",
  });
  cookies.inFlight[cookies.turn as 0 | 1]++;
  core.counters.limit("syncookies sent");
}

/** Largest entry that is not above `value`. */
function indexBelow(table: readonly number[], value: number): number {
  let i = table.length - 1;
  while (i > 0 && (table[i] as number) > value) i--;
  return i;
}

/** Whether an ACK brings back a cookie of ours (`pf_syncookie_validate()`). */
export function validateSyncookie(core: FilterCore, packet: Description): boolean {
  const cookies = core.syncookies;
  const acknowledged = (packet.acknowledgement - 1) >>> 0;
  const cookie = cookieOf(acknowledged);
  const turn = (cookie & 1) as 0 | 1;
  if (cookies.inFlight[turn] === 0) return false;
  const hash = mac(core, packet, cookie, (packet.sequence - 1) >>> 0);
  if ((acknowledged & ~0xff) !== (hash & ~0xff)) return false;
  cookies.inFlight[turn]--;
  core.counters.limit("syncookies validated");
  return true;
}

/** The SYN that a valid cookie stands for (`pf_syncookie_recreate_syn()`). */
export function recreateSyn(packet: Description): Packet {
  const cookie = cookieOf((packet.acknowledgement - 1) >>> 0);
  const syn = buildTcp({
    rule: null,
    family: packet.family,
    source: packet.source,
    destination: packet.destination,
    sourcePort: packet.sourcePort,
    destinationPort: packet.destinationPort,
    sequence: packet.sequence - 1,
    acknowledgement: 0,
    flags: TH.syn,
    // The kernel hands the scale over in place of the window.
    window: SCALE_TABLE[(cookie >> 2) & 7] as number,
    mss: MSS_TABLE[(cookie >> 5) & 7] as number,
    ttl: packet.ttl,
    generated: false,
    tag: null,
    routingDomain: packet.routingDomain,
    reason: "",
  });
  return copyPacket(syn);
}

function cookieOf(acknowledged: number): number {
  return ((acknowledged & 0xff) ^ (acknowledged >>> 24)) & 0xff;
}

/** One second of the key's timer (`pf_syncookie_rotate()`). */
export function rotateSyncookies(core: FilterCore): void {
  const cookies = core.syncookies;
  if (cookies.rotateAt === null || core.seconds() < cookies.rotateAt) return;
  cookies.rotateAt = null;
  const waiting = cookies.inFlight[0] + cookies.inFlight[1];
  if (
    cookies.active &&
    (cookies.mode === "never" || (cookies.mode === "adaptive" && core.states.halfOpen + waiting < cookies.low))
  ) {
    cookies.active = false;
  }
  if (!cookies.active && waiting === 0) {
    cookies.keys[0] = ZERO_KEY;
    cookies.keys[1] = ZERO_KEY;
    return;
  }
  newKey(core);
}

function newKey(core: FilterCore): void {
  const cookies = core.syncookies;
  cookies.turn = 1 - cookies.turn;
  cookies.inFlight[cookies.turn as 0 | 1] = 0;
  cookies.keys[cookies.turn] = { words: [core.random(), core.random(), core.random(), core.random()] };
  cookies.rotateAt = core.seconds() + KEY_LIFETIME;
}

/** `pf_syncookie_mac()`. */
function mac(core: FilterCore, packet: Description, cookie: number, sequence: number): number {
  const octets: number[] = [...octetsOf(packet.source), ...octetsOf(packet.destination)];
  octets.push(
    packet.sourcePort >>> 8,
    packet.sourcePort & 255,
    packet.destinationPort >>> 8,
    packet.destinationPort & 255,
  );
  octets.push(sequence & 255, (sequence >>> 8) & 255, (sequence >>> 16) & 255, sequence >>> 24, cookie);
  const { low, high } = sipHash24(core.syncookies.keys[cookie & 1] ?? ZERO_KEY, Uint8Array.from(octets));
  return (low ^ high) >>> 0;
}

function octetsOf(address: Address): number[] {
  const octets: number[] = [];
  for (let i = 0; i < (address.family === 4 ? 4 : 16); i++) {
    octets.push((address.word(i >> 2) >>> (24 - (i & 3) * 8)) & 255);
  }
  return octets;
}
