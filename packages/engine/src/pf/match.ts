import { type Address, PROTOCOL } from "@pierhead/core";
import type { Rule } from "@pierhead/lang/pf";
import { FRAGMENT_PROTOCOL, ICMP6, IN } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import type { Kif } from "./interface-table.ts";
import { ADDRESS, type LoadedAddress, matchOperator } from "./loaded-address.ts";
import { KEEP_STATE, type LoadedRule, SKIP } from "./loaded-rule.ts";
import { matchFingerprint } from "./os-fingerprint.ts";
import type { RuleContext } from "./rule-context.ts";

/** What of a rule did not fit. The first nine are skip steps plus one. */
export const MISMATCH: readonly string[] = [
  "",
  "interface",
  "direction",
  "routing domain",
  "address family",
  "protocol",
  "source address",
  "destination address",
  "source port",
  "destination port",
  "expired once rule",
  "fragment without ports",
  "fragment without TCP flags",
  "fragment without ICMP type",
  "fragment without user or group",
  "TCP flags",
  "operating system",
  "user",
  "group",
  "ICMP type",
  "ICMP code",
  "ICMP answer that would keep state",
  "not a fragment",
  "tos",
  "probability",
  "tag",
  "received-on",
  "prio",
  "max-pkt-rate",
  "limiter",
  "translated address",
];

const M = {
  expired: 10,
  fragmentPorts: 11,
  fragmentFlags: 12,
  fragmentIcmp: 13,
  fragmentOwner: 14,
  flags: 15,
  os: 16,
  user: 17,
  group: 18,
  icmpType: 19,
  icmpCode: 20,
  icmpAnswer: 21,
  fragment: 22,
  tos: 23,
  probability: 24,
  tag: 25,
  receivedOn: 26,
  prio: 27,
  rate: 28,
  limiter: 29,
} as const;

/** A uid or gid that is not known, and `unknown` in a rule. */
const UNKNOWN_ID = 0xffffffff;

/**
 * Compares a packet with one rule in the kernel's order (`pf_match_rule()`). Counts the evaluation, and a packet of
 * max-pkt-rate when everything else fits.
 *
 * @returns 0 when the rule matches, else an index into {@link MISMATCH}
 */
export function mismatch(core: FilterCore, rule: LoadedRule, context: RuleContext): number {
  if (rule.expired) return M.expired;
  rule.evaluations++;
  const packet = context.description;
  // `on ! rdomain N` keeps its negation in the same flag without an interface: in the kernel it never matches.
  if (rule.kif === null ? rule.kifNegated : core.interfaces.matches(rule.kif, packet.kif) === rule.kifNegated) {
    return SKIP.interface + 1;
  }
  if (rule.direction !== 0 && rule.direction !== packet.direction) return SKIP.direction + 1;
  if (rule.onRoutingDomain >= 0 && (rule.onRoutingDomain === packet.routingDomain) === rule.kifNegated) {
    return SKIP.routingDomain + 1;
  }
  if (rule.family !== 0 && rule.family !== packet.family) return SKIP.family + 1;
  if (rule.protocol !== 0 && rule.protocol !== packet.protocol) return SKIP.protocol + 1;
  if (
    rule.source.kind === ADDRESS.any
      ? rule.source.negated
      : addressMismatch(core, rule.source, packet.newSource, packet.kif, context)
  ) {
    return SKIP.source + 1;
  }
  if (
    rule.destination.kind === ADDRESS.any
      ? rule.destination.negated
      : addressMismatch(core, rule.destination, packet.newDestination, null, context)
  ) {
    return SKIP.destination + 1;
  }
  switch (packet.virtualProtocol) {
    case PROTOCOL.tcp:
      if ((rule.flagSet & packet.flags) !== rule.flags) return M.flags;
      if (rule.os !== null && !matchFingerprint(core.fingerprints, packet.packet, rule.os)) return M.os;
      {
        const failed = portMismatch(rule, packet);
        if (failed !== 0) return failed;
      }
      break;
    case PROTOCOL.udp: {
      const failed = portMismatch(rule, packet);
      if (failed !== 0) return failed;
      break;
    }
    case PROTOCOL.sctp:
      if (core.kernel.tracksSctp) {
        const failed = portMismatch(rule, packet);
        if (failed !== 0) return failed;
      }
      break;
    case PROTOCOL.icmp:
    case PROTOCOL.icmp6:
      if (rule.icmpType !== 0 && rule.icmpType !== context.icmpType + 1) return M.icmpType;
      if (rule.icmpCode !== 0 && rule.icmpCode !== context.icmpCode + 1) return M.icmpCode;
      if (
        core.kernel.answersMakeNoState &&
        rule.keepState !== KEEP_STATE.none &&
        !context.isIcmpError &&
        !rule.sloppy &&
        context.icmpDirection !== IN &&
        !(packet.virtualProtocol === PROTOCOL.icmp6 && context.icmpType === ICMP6.neighborAdvertisement)
      ) {
        return M.icmpAnswer;
      }
      break;
    case FRAGMENT_PROTOCOL:
      if (rule.source.portOperator !== 0 || rule.destination.portOperator !== 0) return M.fragmentPorts;
      if (packet.protocol === PROTOCOL.tcp && rule.flagSet !== 0) return M.fragmentFlags;
      if (rule.icmpType !== 0 || rule.icmpCode !== 0) return M.fragmentIcmp;
      if (rule.userOperator !== 0 || rule.groupOperator !== 0) return M.fragmentOwner;
      break;
  }
  return rule.isPlain ? 0 : rareMismatch(core, rule, context);
}

/** What few rules ask for. */
function rareMismatch(core: FilterCore, rule: LoadedRule, context: RuleContext): number {
  const packet = context.description;
  if (rule.fragmentOnly && packet.virtualProtocol !== FRAGMENT_PROTOCOL) return M.fragment;
  if (rule.tos !== 0 && rule.tos !== packet.tos) return M.tos;
  if (rule.probability !== 0) {
    const passed = rule.probability > core.randomBelow(0xfffffffe) + 1;
    core.possible.push({ what: `probability of rule ${rule.number}`, outcomes: ["matches", "does not match"] });
    if (!passed) return M.probability;
  }
  if (rule.tagged !== null) {
    // Having looked at the packet's tag makes it the tag of a state that comes of this evaluation.
    context.tagSet = true;
    if ((rule.tagged === context.tag) === rule.taggedNegated) return M.tag;
  }
  if (rule.receivedOn !== null && isReceivedOn(core, rule.receivedOn, packet) === rule.receivedOnNegated) {
    return M.receivedOn;
  }
  if (rule.prio !== -1 && rule.prio !== packet.context.prio) return M.prio;
  if (rule.rule.limiters !== null && isLimited(core, rule.rule.limiters, context)) return M.limiter;
  if (rule.rate !== null) {
    rule.rate.add(core.seconds());
    if (rule.rate.isOver) return M.rate;
  }
  return 0;
}

/** Whether a limiter of the rule would let no state be made (a limiter that is not there lets none). */
function isLimited(core: FilterCore, uses: NonNullable<Rule["limiters"]>, context: RuleContext): boolean {
  const packet = context.description;
  const now = core.host.now();
  context.stateLimiter = null;
  context.sourceLimiter = null;
  if (uses.state !== null) {
    const limiter = core.limiters.states.get(uses.state.id);
    if (limiter === undefined) return true;
    if (limiter.refuses(now) !== null) {
      if (uses.state.whenFull === "block") context.limited = "state-limit";
      return true;
    }
    context.stateLimiter = limiter;
  }
  if (uses.source !== null) {
    const limiter = core.limiters.sources.get(uses.source.id);
    if (limiter === undefined) return true;
    if (limiter.refuses(limiter.find(packet.source, packet.routingDomain), now) !== null) {
      if (uses.source.whenFull === "block") context.limited = "src-limit";
      return true;
    }
    context.sourceLimiter = limiter;
  }
  return false;
}

function isReceivedOn(core: FilterCore, kif: Kif, packet: Description): boolean {
  if (packet.context.receivedOn === null) return false;
  return core.interfaces.matches(kif, core.interfaces.get(packet.context.receivedOn));
}

function portMismatch(rule: LoadedRule, packet: Description): number {
  const { source, destination } = rule;
  if (
    source.portOperator !== 0 &&
    !matchOperator(source.portOperator, source.portFirst, source.portLast, packet.newSourcePort)
  ) {
    return SKIP.sourcePort + 1;
  }
  if (
    destination.portOperator !== 0 &&
    !matchOperator(destination.portOperator, destination.portFirst, destination.portLast, packet.newDestinationPort)
  ) {
    return SKIP.destinationPort + 1;
  }
  if (rule.userOperator !== 0 || rule.groupOperator !== 0) {
    const owner = socketOwner(packet);
    const { user, group } = rule.rule;
    if (user !== null && !matchId(rule.userOperator, user.first, user.last, owner?.user ?? UNKNOWN_ID)) return M.user;
    if (group !== null && !matchId(rule.groupOperator, group.first, group.last, owner?.group ?? UNKNOWN_ID)) {
      return M.group;
    }
  }
  return 0;
}

function matchId(operator: number, first: number, last: number, id: number): boolean {
  if (id === UNKNOWN_ID && operator !== 2 && operator !== 3) return false;
  return matchOperator(operator, first >>> 0, last >>> 0, id >>> 0);
}

/** `pf_socket_lookup()`. A forwarded packet has no local socket. */
function socketOwner(packet: Description): { readonly user: number; readonly group: number } | null {
  if (packet.owner === undefined) {
    packet.owner = packet.forwarded
      ? null
      : (packet.context.socket ?? packet.core.host.socketOwner(packet.packet, packet.direction === IN ? "in" : "out"));
  }
  return packet.owner;
}

/** The routing table that `no-route`, `urpf-failed` and route labels are looked up in. */
export interface LookupTable {
  readonly lookupTable: number;
}

/** `PF_MISMATCHAW`: whether an address is not what the rule wants, negation included. */
export function addressMismatch(
  core: FilterCore,
  wanted: LoadedAddress,
  address: Address,
  receivedOn: Kif | null,
  tables: LookupTable,
): boolean {
  let differs: boolean;
  switch (wanted.kind) {
    case ADDRESS.any:
      differs = false;
      break;
    case ADDRESS.prefix:
      differs =
        (address.w0 & wanted.m0) >>> 0 !== wanted.a0 ||
        (address.family === 6 &&
          ((address.w1 & wanted.m1) >>> 0 !== wanted.a1 ||
            (address.w2 & wanted.m2) >>> 0 !== wanted.a2 ||
            (address.w3 & wanted.m3) >>> 0 !== wanted.a3));
      break;
    case ADDRESS.table:
      differs = wanted.table === null || !wanted.table.match(address);
      break;
    case ADDRESS.dynamic:
      differs = wanted.dynamic === null || !wanted.dynamic.match(address);
      break;
    case ADDRESS.range:
      differs = !isInRange(wanted, address);
      break;
    case ADDRESS.noRoute:
      differs = isRoutable(core, address, null, tables.lookupTable);
      break;
    case ADDRESS.urpfFailed:
      differs = receivedOn !== null && isRoutable(core, address, receivedOn, tables.lookupTable);
      break;
    default:
      differs = core.host.route(address, Math.max(tables.lookupTable, 0))?.label !== wanted.label;
  }
  return differs !== wanted.negated;
}

function isInRange(wanted: LoadedAddress, address: Address): boolean {
  if (address.family === 4) return address.w0 >= wanted.a0 && address.w0 <= wanted.m0;
  return (
    compareWords(address, wanted.a0, wanted.a1, wanted.a2, wanted.a3) >= 0 &&
    compareWords(address, wanted.m0, wanted.m1, wanted.m2, wanted.m3) <= 0
  );
}

function compareWords(address: Address, w0: number, w1: number, w2: number, w3: number): number {
  return address.w0 - w0 || address.w1 - w1 || address.w2 - w2 || address.w3 - w3;
}

/** `pf_routable()`: whether there is a route, and for uRPF whether it leads back out of the interface. */
function isRoutable(core: FilterCore, address: Address, kif: Kif | null, rtable: number): boolean {
  // Scoped addresses always match; so does everything on IPsec interfaces.
  if (address.family === 6 && isScoped(address)) return true;
  if (kif !== null && kif.interface !== null && /^enc\d/.test(kif.name)) return true;
  const route = core.host.route(address, Math.max(rtable, 0));
  if (route === null) return false;
  return kif === null || route.interface === kif.name;
}

function isScoped(address: Address): boolean {
  if (address.isLinkLocal()) return true;
  const scope = (address.w0 >>> 16) & 0x0f;
  return address.w0 >>> 24 === 0xff && (scope === 1 || scope === 2);
}
