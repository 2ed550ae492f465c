import { type Address, type Family, PROTOCOL } from "@pierhead/core";
import { protocolByNumber } from "@pierhead/lang/names";
import { OUT, SCTP_LEVEL, STATE_FLAG, TCPS, WSCALE_MASK } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { NODE_KINDS } from "./source-node-print.ts";
import { type Peer, type State, TCP_STATE_NAMES } from "./state.ts";
import { stateExpires } from "./state-life.ts";
import { clock } from "./text.ts";

const SCTP_STATE_NAMES: ReadonlyMap<number, string> = new Map([
  [SCTP_LEVEL.closed, "CLOSED"],
  [SCTP_LEVEL.cookieWait, "COOKIE_WAIT"],
  [SCTP_LEVEL.established, "ESTABLISHED"],
  [SCTP_LEVEL.shutdownSent, "SHUTDOWN_SENT"],
  [SCTP_LEVEL.shutdownPending, "SHUTDOWN_PENDING"],
] as const);
const LEVEL_NAMES = ["NO_TRAFFIC", "SINGLE", "MULTIPLE"];

/**
 * One state as `pfctl -ss` prints it (`print_state()`); more lines with `-v` and `-vv`.
 *
 * @param verbosity number of `-v`
 */
export function stateLines(core: FilterCore, state: State, verbosity: number): string[] {
  const out = state.direction === OUT;
  const from = out ? state.source : state.destination;
  const to = out ? state.destination : state.source;
  const own = out ? state.stack : state.wire;
  const other = out ? state.wire : state.stack;
  const protocol = state.wire.protocol;
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6;
  const translated = state.isFamilyTranslated;
  // ICMP has its id on one side only; pfctl shows the translated one on both.
  const ownPort0 = out && isIcmp ? other.port0 : own.port0;
  const ownPort1 = !out && isIcmp ? other.port1 : own.port1;
  const ownPort = (index: number): number => (index === 0 ? ownPort0 : ownPort1);
  const end = (index: number, otherPort: number): string => {
    const shown = host(other.address(index), otherPort, other.family, other.routingDomain);
    const differs =
      other.family !== own.family ||
      !other.address(index).equals(own.address(index)) ||
      otherPort !== ownPort(index) ||
      other.routingDomain !== own.routingDomain;
    if (!differs) return shown;
    const before = translated ? 1 - index : index;
    return `${shown} (${host(own.address(before), ownPort(before), own.family, own.routingDomain)})`;
  };
  const openbsd = core.kernel.shows === "openbsd";
  const gateway =
    !openbsd || !state.route?.gateway || state.route.gateway.isUnspecified() ? "" : ` {${state.route.gateway}}`;
  const arrow = out || translated ? " -> " : " <- ";
  const head = `${state.kif.name} ${protocolByNumber(core.system, protocol) ?? protocol} ${end(1, other.port1)}${out ? "" : gateway}${arrow}${end(0, other.port0)}${out ? gateway : ""}`;
  const lines = [`${head}       ${levels(protocol, isIcmp, core.kernel.tracksSctp, from, to)}`];
  if (verbosity > 0) {
    if (protocol === PROTOCOL.tcp && !isIcmp) lines.push(`   ${sequences(from, to, from)}  ${sequences(from, to, to)}`);
    lines.push(`   ${details(core, state)}`);
  }
  if (verbosity > 1) {
    const id = state.id.toString(16).padStart(16, "0");
    const way = core.kernel.shows === "freebsd" ? wayOf(state) : "";
    lines.push(`   id: ${id} creatorid: ${core.hostId.toString(16).padStart(8, "0")}${way}`);
    if (core.kernel.shows === "freebsd" && state.originalKif !== state.kif) {
      lines.push(`   origif: ${state.originalKif.name}`);
    }
  }
  return lines;
}

/** Route and routing table of a state, as FreeBSD shows them. */
function wayOf(state: State): string {
  const by = state.route?.interface == null ? "" : `@${state.route.interface}`;
  const route = state.route === null ? "" : ` ${state.route.option}: ${state.route.gateway}${by}`;
  return `${route}${state.rtableWire === -1 ? "" : ` rtable: ${state.rtableWire}`}`;
}

function host(address: Address, port: number, family: Family, routingDomain: number): string {
  const domain = routingDomain === 0 ? "" : `(${routingDomain}) `;
  if (port === 0) return `${domain}${address}`;
  return family === 4 ? `${domain}${address}:${port}` : `${domain}${address}[${port}]`;
}

function levels(protocol: number, isIcmp: boolean, sctp: boolean, from: Peer, to: Peer): string {
  if (protocol === PROTOCOL.tcp) {
    if (from.state <= TCPS.timeWait && to.state <= TCPS.timeWait) {
      return `${TCP_STATE_NAMES[from.state]}:${TCP_STATE_NAMES[to.state]}`;
    }
    const proxySource = from.state === TCPS.proxySource || to.state === TCPS.proxySource;
    return proxySource ? "PROXY:SRC" : "PROXY:DST";
  }
  if (protocol === PROTOCOL.sctp && sctp) {
    return `${SCTP_STATE_NAMES.get(from.state) ?? "?"}:${SCTP_STATE_NAMES.get(to.state) ?? "?"}`;
  }
  if (isIcmp || from.state >= LEVEL_NAMES.length || to.state >= LEVEL_NAMES.length) return `${from.state}:${to.state}`;
  return `${LEVEL_NAMES[from.state]}:${LEVEL_NAMES[to.state]}`;
}

function sequences(from: Peer, to: Peer, peer: Peer): string {
  const difference = peer.sequenceDifference === 0 ? "" : `(+${peer.sequenceDifference})`;
  const window = (peer.sequenceHigh - peer.sequenceLow) >>> 0;
  const scale = from.windowScale !== 0 && to.windowScale !== 0 ? ` wscale ${peer.windowScale & WSCALE_MASK}` : "";
  return `[${peer.sequenceLow} + ${window}]${difference}${scale}`;
}

function details(core: FilterCore, state: State): string {
  const now = core.seconds();
  const expires = Math.max(0, stateExpires(core, state, state.timeout) - now);
  const rule = state.rule === core.defaultRule || state.rule.number < 0 ? null : state.rule.number;
  const anchor = state.anchor === null || state.anchor.number < 0 ? null : state.anchor.number;
  const { flags } = state;
  const has = (flag: number, text: string): string[] => ((flags & flag) === 0 ? [] : [text]);
  const common = [
    `age ${clock(now - state.creation)}, expires in ${clock(expires)}`,
    `${state.packets0}:${state.packets1} pkts, ${state.bytes0}:${state.bytes1} bytes`,
    ...(anchor === null ? [] : [`anchor ${anchor}`]),
    ...(rule === null ? [] : [`rule ${rule}`]),
  ];
  const sloppy = has(STATE_FLAG.sloppy, "sloppy");
  const pflow = has(STATE_FLAG.pflow, "pflow");
  const nodes = state.sourceNodes;
  if (core.kernel.shows !== "freebsd") {
    return [...common, ...sloppy, ...pflow, ...(nodes.length === 0 ? [] : ["source-track"])].join(", ");
  }
  return [
    ...common,
    ...has(STATE_FLAG.allowOptions, "allow-opts"),
    ...sloppy,
    ...has(STATE_FLAG.noSync, "no-sync"),
    ...pflow,
    ...has(STATE_FLAG.noDf, "no-df"),
    ...has(STATE_FLAG.setTos, `set-tos 0x${hex2(state.actions.setTos)}`),
    ...has(STATE_FLAG.randomId, "random-id"),
    ...has(STATE_FLAG.scrubTcp, "reassemble-tcp"),
    ...has(
      STATE_FLAG.setPrio,
      `set-prio (0x${hex2(state.actions.setPrioNormal)} 0x${hex2(state.actions.setPrioLowDelay)})`,
    ),
    ...(state.actions.dummynet === null
      ? []
      : [`dummynet ${state.actions.dummynet.kind} (${state.actions.dummynet.number} ${state.actions.dummynet.reply})`]),
    ...nodes.map((node) => NODE_KINDS[node.type] ?? ""),
    ...(state.rule.rule.log === null ? [] : [`log${state.rule.rule.log.all ? " (all)" : ""}`]),
    ...(state.actions.minTtl === 0 ? [] : [`min-ttl ${state.actions.minTtl}`]),
    ...(state.actions.maxMss === 0 ? [] : [`max-mss ${state.actions.maxMss}`]),
  ].join(", ");
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, "0");
}
