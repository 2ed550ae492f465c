/** Translations in vain: rules that translate packets which a later rule then blocks. */
import {
  type Address,
  type Diagnostic,
  diagnostic,
  type Packet,
  PROTOCOL,
  parseAddress,
  TCP_FLAG,
} from "@pierhead/core";
import { type Direction, formatRule, type Rule, type RuleAddress } from "@pierhead/lang/pf";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import { createContext } from "../pf/context.ts";
import { isNamed } from "../prove/constraints.ts";

/** What people send: protocol and destination port. */
const USUAL: readonly (readonly [number, number])[] = [
  [PROTOCOL.tcp, 80],
  [PROTOCOL.tcp, 443],
  [PROTOCOL.tcp, 22],
  [PROTOCOL.udp, 53],
  [PROTOCOL.udp, 123],
  [PROTOCOL.icmp, 0],
];

/** Looks at rules whose source, destination and interface say which packets they are for. Uses the machine's filter. */
export function checkTranslations(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  const { main } = pf.load.configuration;
  // An anchor that is filled later may pass what is blocked now.
  const waits = main.filter.some((rule) => rule.anchor !== null && !rule.anchor.inline);
  if (waits || !build.machine.pf.enabled) return [];
  const found: Diagnostic[] = [];
  for (const rule of [...main.filter, ...main.nat, ...main.rdr]) {
    if (rule.action !== "match" && rule.action !== "nat" && rule.action !== "rdr") continue;
    if (rule.translationPass || rule.tagged !== null || rule.interface === null || rule.interfaceNegated) continue;
    if (rule.origin === null || rule.afTo !== null) continue;
    const blocked = allBlocked(rule, build);
    if (blocked === null) continue;
    const by = blocked.rule === null ? "" : ` by \`${formatRule(blocked.rule, build.system)}\``;
    const message = `What this rule translates is blocked afterwards${by}: a translation does not pass anything by itself. Add a pass rule for it.`;
    const related =
      blocked.rule?.origin == null ? [] : [{ ...blocked.rule.origin, message: "this rule blocks, and no rule passes" }];
    found.push(
      diagnostic("pf/translated-and-blocked", "warning", message, rule.origin.source, rule.origin.span, { related }),
    );
  }
  build.machine.pf.flush("states");
  return found;
}

/** The rule that blocks every packet tried; null when one passes, or none can be made that the rule translates. */
function allBlocked(rule: Rule, build: MachineBuild): { readonly rule: Rule | null } | null {
  const isNat = rule.nat !== null && rule.action !== "rdr";
  const direction: Direction = isNat ? "out" : "in";
  if (rule.direction !== null && rule.direction !== direction) return null;
  const on = build.machine.interfaces().find((one) => isNamed(one, rule.interface ?? ""));
  const source = isNat ? memberOf(rule.from, build) : far();
  const destination = isNat ? far() : memberOf(rule.to, build);
  if (on === undefined || source === null || destination === null || source.family !== destination.family) return null;
  if (isNat && rule.to.address.kind !== "any") return null;
  if (!isNat && rule.from.address.kind !== "any") return null;
  let last: Rule | null = null;
  let tried = 0;
  for (const [protocol, port] of candidates(rule)) {
    const packet = packetOf(source, destination, protocol, port);
    build.machine.pf.flush("states");
    const result = build.machine.pf.test(
      packet,
      direction,
      on.name,
      createContext(direction === "in" ? on.name : null),
    );
    const translated =
      !packet.source.equals(source) ||
      !packet.destination.equals(destination) ||
      result.matchRules.some((one) => one.rule === rule);
    if (!translated && result.verdict === "pass") return null;
    if (result.verdict !== "block") return null;
    if (result.reason !== "match") continue;
    tried++;
    last = result.rule?.rule ?? null;
  }
  return tried === 0 ? null : { rule: last };
}

function candidates(rule: Rule): readonly (readonly [number, number])[] {
  const { port } = rule.to;
  const fits = USUAL.filter(([protocol]) => rule.protocol === 0 || rule.protocol === protocol);
  if (port === null) return fits;
  if (port.operator !== "=" && port.operator !== ":") return [];
  return [...new Set(fits.map(([protocol]) => protocol))]
    .filter((protocol) => protocol !== PROTOCOL.icmp)
    .map((protocol) => [protocol, port.first] as const);
}

/** An address that a rule's `from` or `to` surely means; null when that is not plain. */
function memberOf({ address, negated, port }: RuleAddress, build: MachineBuild): Address | null {
  if (negated || (port !== null && port.operator !== "=" && port.operator !== ":")) return null;
  if (address.kind === "prefix" && address.address.family === 4) {
    const first = address.address.masked(address.length);
    return address.length >= 31 ? first : (first.next()?.next() ?? null);
  }
  if (address.kind === "dynamic" && !address.modifiers.network) {
    for (const one of build.machine.interfaces()) {
      if (!isNamed(one, address.interface)) continue;
      const own = one.addresses.find((each) => each.address.family === 4);
      if (own !== undefined) return own.address;
    }
  }
  return null;
}

function far(): Address {
  return parseAddress("93.184.216.34") as Address;
}

function packetOf(source: Address, destination: Address, protocol: number, port: number): Packet {
  return {
    family: 4,
    source,
    destination,
    protocol,
    sourcePort: port === 0 ? 0 : 40_000,
    destinationPort: port,
    ttl: 64,
    tos: 0,
    dontFragment: false,
    id: 1,
    fragment: null,
    options: [],
    payloadLength: 8,
    tcp:
      protocol === PROTOCOL.tcp
        ? {
            flags: TCP_FLAG.S,
            sequence: 1,
            acknowledgement: 0,
            window: 65535,
            mss: null,
            windowScale: null,
            timestamps: null,
            sackPermitted: false,
            rawOptions: null,
          }
        : null,
    icmp:
      protocol === PROTOCOL.icmp ? { type: 8, code: 0, id: 1, sequence: 1, mtu: 0, target: null, inner: null } : null,
    sctpChunk: null,
  };
}
