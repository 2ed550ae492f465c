import { type Address, PROTOCOL } from "@pierhead/core";
import { ICMP, OUT } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { translateFamily } from "./family-translation.ts";
import { ADDRESS, type LoadedAddress } from "./loaded-address.ts";
import { type LoadedPool, POOL } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { snapshot } from "./nat.ts";
import { combine } from "./pool.ts";
import { mapFromList } from "./pool-list.ts";
import { allocateSource, allocateWithPortSet } from "./port-search.ts";
import type { RuleContext } from "./rule-context.ts";
import { NODE } from "./source-node.ts";
import { addressOf, draftKeys, type KeyDraft, portOf, sameDraft } from "./translation-key.ts";

/** Translated; nothing to translate; no address or port to be had. */
export type Translated = "yes" | "no" | "failed";

/** How often rdr tries another source port (`net.pf.rdr_srcport_rewrite_tries`). */
const SOURCE_PORT_TRIES = 16;
const PROXY_LOW = 50_001;
const PROXY_HIGH = 65_535;

/** The translation of nat-to, rdr-to or af-to on a filter rule (`pf_rule_apply_nat()`). */
export function translateByRule(core: FilterCore, rule: LoadedRule, context: RuleContext): Translated {
  if (rule.afTo === 0 && rule.nat === null && rule.rdr === null) return "no";
  // One translation is all a packet gets.
  if (context.natRule !== null) return "failed";
  const packet = context.description;
  const before = context.steps === null ? null : snapshot(context);
  context.natRule = rule;
  if (rule.afTo !== 0) {
    context.natPool = rule.nat;
    packet.newFamily = rule.afTo;
    const done = translateFamily(rule, context, {
      source: (pool) => {
        const present = { address: packet.newSource, port: packet.newSourcePort };
        return allocateSource(core, rule, context, pool, pool.portLow, pool.portHigh, present, false);
      },
      destination: (pool, source) =>
        mapFromList(core, {
          rule,
          pool,
          source,
          family: packet.newFamily,
          node: NODE.nat,
          nodeFamily: packet.newFamily,
          first: null,
          present: null,
        })?.address ?? null,
      keepsPort: true,
    });
    if (!done) return "failed";
    note(context, rule, "af-to", before);
    return "yes";
  }
  const isNat = rule.nat !== null;
  context.natPool = isNat ? rule.nat : rule.rdr;
  const result = draftTranslation(core, rule, context, isNat ? "nat" : "rdr", context.natPool as LoadedPool);
  if (result !== "yes") return result;
  applyDraft(context);
  note(context, rule, isNat ? "nat" : "rdr", before);
  return "yes";
}

/** The translation of a nat, binat or rdr rule that was found before the filter rules (`pf_get_translation()`). */
export function translateByTranslationRule(core: FilterCore, rule: LoadedRule, context: RuleContext): Translated {
  const before = context.steps === null ? null : snapshot(context);
  const kind = rule.isBinat ? "binat" : rule.nat !== null ? "nat" : "rdr";
  const pool = rule.nat ?? rule.rdr;
  if (pool === null) return "no";
  const result = draftTranslation(core, rule, context, kind, pool);
  if (result !== "yes") return result;
  context.natRule = rule;
  context.natPool = pool;
  applyDraft(context);
  note(context, rule, kind, before);
  return "yes";
}

function note(
  context: RuleContext,
  rule: LoadedRule,
  what: "nat" | "rdr" | "binat" | "af-to",
  before: ReturnType<typeof snapshot> | null,
): void {
  if (before !== null)
    context.steps?.push({ kind: "translate", rule: rule.rule, what, before, after: snapshot(context) });
}

/** Works out the key of the translated side (`pf_get_transaddr()`). */
function draftTranslation(
  core: FilterCore,
  rule: LoadedRule,
  context: RuleContext,
  kind: "nat" | "binat" | "rdr",
  pool: LoadedPool,
): Translated {
  const packet = context.description;
  context.keys ??= draftKeys(packet);
  const keys = context.keys;
  if (keys === null) return "failed";
  const { other } = keys;
  let done: boolean;
  if (kind === "nat") done = draftNat(core, rule, context, pool, other);
  else if (kind === "rdr") done = draftRdr(core, rule, context, pool, other);
  else {
    const target =
      packet.direction === OUT ? networkOf(pool.address, packet.family) : networkOf(rule.source, packet.family);
    done = target !== null;
    if (target !== null) {
      other.address1 = combine(target, packet.direction === OUT ? packet.newSource : packet.newDestination);
    }
  }
  if (done && !sameDraft(keys.own, other)) return "yes";
  context.keys = null;
  return done ? "no" : "failed";
}

function draftNat(
  core: FilterCore,
  rule: LoadedRule,
  context: RuleContext,
  pool: LoadedPool,
  other: KeyDraft,
): boolean {
  const packet = context.description;
  const present = { address: other.address1, port: other.port1 };
  const { mapE } = pool.pool;
  const found =
    mapE !== null && mapE.offset > 0
      ? allocateWithPortSet(core, rule, context, pool, mapE, present)
      : packet.protocol === PROTOCOL.icmp
        ? allocateSource(core, rule, context, pool, 1, 65_535, present, true)
        : allocateSource(core, rule, context, pool, pool.portLow, pool.portHigh, present, true);
  if (found === null) return false;
  other.address1 = found.address;
  other.port1 = found.port;
  return true;
}

function draftRdr(
  core: FilterCore,
  rule: LoadedRule,
  context: RuleContext,
  pool: LoadedPool,
  other: KeyDraft,
): boolean {
  const packet = context.description;
  const mapped = mapFromList(core, {
    rule,
    pool,
    source: packet.newSource,
    family: packet.family,
    node: NODE.nat,
    nodeFamily: packet.family,
    first: null,
    present: other.address1,
  });
  if (mapped === null) return false;
  let { address } = mapped;
  if (pool.type === POOL.bitmask) {
    address = combine({ address, length: pool.address.length }, packet.newDestination);
  }
  other.address1 = address;
  // The port of an SCTP association stays: addresses may come and go in it, ports may not.
  if (packet.protocol === PROTOCOL.sctp && core.kernel.tracksSctp) return true;
  let port = packet.newDestinationPort;
  if (pool.portHigh !== 0) {
    const span = (pool.portHigh - pool.portLow + 1) & 0xffff || 1;
    const shifted = (((packet.newDestinationPort - rule.destination.portFirst) % span) + pool.portLow) >>> 0;
    port = (shifted > 65_535 ? shifted - 65_535 : shifted) & 0xffff;
  } else if (pool.portLow !== 0) port = pool.portLow;
  other.port1 = port;
  if (core.kernel.rdrChangesSourcePort) avoidConflict(core, context, address, port, other);
  return true;
}

/** Gives a redirected connection another source port when one that looks the same is there already. */
function avoidConflict(core: FilterCore, context: RuleContext, target: Address, port: number, other: KeyDraft): void {
  const packet = context.description;
  const isTaken = (sourcePort: number): boolean =>
    core.states.isTaken(packet.family, packet.protocol, packet.newSource, target, sourcePort, port, 0, OUT);
  if (!isTaken(packet.newSourcePort)) return;
  const cut = core.randomBelow(1 + PROXY_HIGH - PROXY_LOW) + PROXY_LOW;
  core.possible.push({ what: "source port", outcomes: [`${PROXY_LOW}-${PROXY_HIGH}`] });
  let tries = 0;
  for (let at = cut; at <= PROXY_HIGH && tries < SOURCE_PORT_TRIES; at++, tries++) {
    if (isTaken(at)) continue;
    other.port0 = at;
    return;
  }
  for (let at = cut - 1; at >= PROXY_LOW && tries < SOURCE_PORT_TRIES; at--, tries++) {
    if (isTaken(at)) continue;
    other.port0 = at;
    return;
  }
}

/** The network that binat puts in front; null when the interface has no address of this family. */
function networkOf(
  address: LoadedAddress,
  family: 4 | 6,
): { readonly address: Address; readonly length: number } | null {
  if (address.dynamic !== null) {
    address.dynamic.refresh();
    return family === 4 ? address.dynamic.first4 : address.dynamic.first6;
  }
  if (address.kind !== ADDRESS.prefix || address.address === null) return null;
  return { address: address.address, length: address.length };
}

/** Gives the packet, at once, what the draft says (`pf_translate_compat()`). */
function applyDraft(context: RuleContext): void {
  const packet = context.description;
  const draft = (context.keys as NonNullable<RuleContext["keys"]>).other;
  const source = addressOf(draft, packet.sourceIndex);
  const destination = addressOf(draft, packet.destinationIndex);
  const sourcePort = portOf(draft, packet.sourceIndex);
  const destinationPort = portOf(draft, packet.destinationIndex);
  if (packet.setSource(source)) packet.newSource = source;
  if (packet.setDestination(destination)) {
    packet.newDestination = destination;
    packet.destinationChanged = true;
  }
  if (packet.hasPorts) {
    packet.setPorts(sourcePort, destinationPort);
    packet.newSourcePort = sourcePort;
    packet.newDestinationPort = destinationPort;
  } else if (packet.virtualProtocol === PROTOCOL.icmp && isIdentified(context)) {
    // Where the key holds no type, the id stands on both sides of it.
    if (packet.core.kernel.icmpKeys === "id") draft.port0 = draft.port1;
    packet.icmpId = portOf(draft, packet.sourceIndex);
  }
  packet.writeHeader();
}

/** ICMP messages whose id is translated: echoes, or where the key knows no type, all. */
function isIdentified(context: RuleContext): boolean {
  return context.description.core.kernel.icmpKeys === "id" || context.virtualType === ICMP.echo;
}
