/** Commands for isakmpd(8)'s fifo: what ipsecctl(8) makes of an `ike` rule (isakmpd(8), FIFO USER INTERFACE). */
import { maskAddress } from "@pierhead/core";
import type { IpsecDialect } from "./dialect.ts";
import {
  type KeyLength,
  type Phase1Proposal,
  type Phase2Proposal,
  phase1Proposal,
  phase2Proposal,
} from "./proposal.ts";
import type { IdentityType, IkeRule, IpsecHost } from "./rule.ts";
import { suitePhase1, suitePhase2 } from "./suites.ts";

/** Names isakmpd's sections have for one rule. */
export interface IkeNames {
  readonly phase1: string;
  readonly phase2: string;
  readonly localId: string;
  readonly remoteId: string;
  readonly natId: string | null;
}

export interface IkeCommands {
  readonly text: string;
  /** Set when isakmpd cannot be told: the text ends where that was found. */
  readonly problem: string | null;
}

const CHECK_INTERVAL = 30;
const DEAD_PEER_INTERVAL = 5;

export function ikeNames(rule: IkeRule): IkeNames {
  const phase1 =
    rule.peer === null
      ? "peer-default"
      : `peer-${rule.peer.name}${rule.local === null ? "" : `-local-${rule.local.name}`}`;
  if (rule.interfaceUnit !== null) {
    const localId = `from-sec${rule.interfaceUnit}`;
    const remoteId = `to-sec${rule.interfaceUnit}`;
    return { phase1, phase2: `${localId}-${remoteId}`, localId, remoteId, natId: null };
  }
  const protocol = rule.protocol === 0 ? "" : `=${rule.protocol}`;
  const sourcePort = rule.sourcePort === 0 ? "" : `:${rule.sourcePort}`;
  const destinationPort = rule.destinationPort === 0 ? "" : `:${rule.destinationPort}`;
  const localId = `from-${rule.source.name}${protocol}${sourcePort}`;
  const remoteId = `to-${rule.destination.name}${protocol}${destinationPort}`;
  const nat = rule.source.nat;
  const natId = nat === null || nat.name === null ? null : `nat-${nat.name}${protocol}${sourcePort}`;
  return { phase1, phase2: `${localId}-${remoteId}`, localId, remoteId, natId };
}

/**
 * The commands that set a rule up.
 *
 * @param hostName identity of `dynamic` rules that name none; it is put into the rule, as ipsecctl does, which is why
 *   two such rules for the default peer are said to differ
 */
export function ikeCommands(rule: IkeRule, dialect: IpsecDialect, hostName: string): IkeCommands {
  const names = ikeNames(rule);
  const lines: string[] = [];
  const set = (section: string, tag: string, value: string | number): void => {
    lines.push(`C set [${section}]:${tag}=${value} force\n`);
  };
  if (rule.mode === "dynamic") {
    set("General", "Check-interval", CHECK_INTERVAL);
    set("General", "DPD-check-interval", DEAD_PEER_INTERVAL);
  }
  if (!dialect.spellsTransforms) {
    if (rule.phase1Lifetime !== null) set("General", "Default-phase-1-lifetime", rule.phase1Lifetime);
    if (rule.phase2Lifetime !== null) set("General", "Default-phase-2-lifetime", rule.phase2Lifetime);
  }
  set("Phase 1", rule.peer?.name ?? "Default", names.phase1);
  set(names.phase1, "Phase", 1);
  if (rule.peer !== null) set(names.phase1, "Address", rule.peer.name ?? "");
  if (rule.local !== null) set(names.phase1, "Local-address", rule.local.name ?? "");
  if (rule.preSharedKey !== null) set(names.phase1, "Authentication", rule.preSharedKey.reveal());

  set(names.phase1, "Configuration", `phase1-${names.phase1}`);
  set(`phase1-${names.phase1}`, "EXCHANGE_TYPE", rule.exchange === "main" ? "ID_PROT" : "AGGRESSIVE");
  const phase1 = phase1Proposal(rule, dialect);
  if (!dialect.spellsTransforms) {
    const suite = suitePhase1(rule, phase1);
    lines.push(`C add [phase1-${names.phase1}]:Transforms=${suite.text}`);
    if (suite.problem !== null) return { text: lines.join(""), problem: suite.problem };
    lines.push(" force\n");
  } else if ("unsupported" in phase1) return { text: lines.join(""), problem: phase1.unsupported };
  else phase1Transform(lines, set, names, phase1);

  identities(rule, names, dialect, hostName, set);

  set(names.phase2, "Phase", 2);
  set(names.phase2, "ISAKMP-peer", names.phase1);
  set(names.phase2, "Configuration", `phase2-${names.phase2}`);
  set(names.phase2, "Local-ID", names.localId);
  if (names.natId !== null) set(names.phase2, "NAT-ID", names.natId);
  set(names.phase2, "Remote-ID", names.remoteId);
  if (rule.tag !== null) set(names.phase2, "PF-Tag", rule.tag);
  if (rule.interfaceUnit !== null) set(names.phase2, "Interface", rule.interfaceUnit);

  set(`phase2-${names.phase2}`, "EXCHANGE_TYPE", "QUICK_MODE");
  const phase2 = phase2Proposal(rule, dialect);
  if (!dialect.spellsTransforms) {
    const suite = suitePhase2(rule, phase2);
    lines.push(`C set [phase2-${names.phase2}]:Suites=${suite.text}`);
    if (suite.problem !== null) return { text: lines.join(""), problem: suite.problem };
    lines.push("-SUITE force\n");
  } else {
    const problem = phase2Transform(lines, set, names, rule, phase2);
    if (problem !== null) return { text: lines.join(""), problem };
  }
  phase2Identities(rule, names, set);
  const list = rule.mode === "passive" ? "Passive-Connections" : "Connections";
  lines.push(`C add [Phase 2]:${list}=${names.phase2}\n`);
  return { text: lines.join(""), problem: null };
}

/** The commands that take a rule away. */
export function ikeDeleteCommands(rule: IkeRule): string {
  const { phase2 } = ikeNames(rule);
  const list = rule.mode === "passive" ? "Passive-Connections" : "Connections";
  return `t ${phase2}\nC rmv [Phase 2]:${list}=${phase2}\nC rms [${phase2}]\nC rms [phase2-${phase2}]\n`;
}

type Set = (section: string, tag: string, value: string | number) => void;

function phase1Transform(lines: string[], set: Set, names: IkeNames, proposal: Phase1Proposal): void {
  const bits = proposal.keyLength?.proposed ?? "";
  const transform = `phase1-transform-${names.phase1}-${proposal.authentication}-${proposal.hash}-${proposal.encryption}${bits}-${proposal.group}`;
  lines.push(`C add [phase1-${names.phase1}]:Transforms=${transform} force\n`);
  set(transform, "AUTHENTICATION_METHOD", proposal.authentication);
  set(transform, "HASH_ALGORITHM", proposal.hash);
  set(transform, "ENCRYPTION_ALGORITHM", `${proposal.encryption}_CBC`);
  if (proposal.keyLength !== null) set(transform, "KEY_LENGTH", keyLengthText(proposal.keyLength));
  set(transform, "GROUP_DESCRIPTION", proposal.group);
  lifetime(set, transform, proposal.lifetime, "LIFE_MAIN_MODE");
}

/** Returns the problem when there is one; the lines before it have then been written, as ipsecctl does. */
function phase2Transform(
  lines: string[],
  set: Set,
  names: IkeNames,
  rule: IkeRule,
  proposal: Phase2Proposal | { readonly unsupported: string },
): string | null {
  set(`phase2-${names.phase2}`, "Suites", `phase2-suite-${names.phase2}`);
  set(`phase2-suite-${names.phase2}`, "Protocols", `phase2-protocol-${names.phase2}`);
  const protocol = `phase2-protocol-${names.phase2}`;
  if (rule.encapsulation !== "esp" && rule.encapsulation !== "ah") {
    lines.push(`C set [${protocol}]:PROTOCOL_ID=`);
    return "unsupported" in proposal ? proposal.unsupported : null;
  }
  set(protocol, "PROTOCOL_ID", rule.encapsulation === "esp" ? "IPSEC_ESP" : "IPSEC_AH");
  if ("unsupported" in proposal) return proposal.unsupported;
  const bits = proposal.keyLength?.proposed ?? "";
  const transform = `phase2-transform-${names.phase2}-${proposal.encryption ?? "NONE"}${bits}-${proposal.authentication ?? "NONE"}-${proposal.group ?? "NONE"}-${proposal.encapsulation}`;
  set(protocol, "Transforms", transform);
  // printf writes a missing string so; AH without a hash cannot be written in the file.
  const id = proposal.protocol === "IPSEC_AH" ? proposal.authentication : proposal.encryption;
  set(transform, "TRANSFORM_ID", id ?? "(null)");
  if (proposal.keyLength !== null) set(transform, "KEY_LENGTH", keyLengthText(proposal.keyLength));
  set(transform, "ENCAPSULATION_MODE", proposal.encapsulation);
  if (proposal.authentication !== null) set(transform, "AUTHENTICATION_ALGORITHM", `HMAC_${proposal.authentication}`);
  if (proposal.group !== null) set(transform, "GROUP_DESCRIPTION", proposal.group);
  lifetime(set, transform, proposal.lifetime, "LIFE_QUICK_MODE");
  return null;
}

function keyLengthText(length: KeyLength): string {
  return `${length.proposed},${length.minimum}:${length.maximum}`;
}

function lifetime(set: Set, transform: string, seconds: number | null, standard: string): void {
  if (seconds === null) {
    set(transform, "Life", standard);
    return;
  }
  set(transform, "Life", `${transform}-life`);
  set(`${transform}-life`, "LIFE_TYPE", "SECONDS");
  set(`${transform}-life`, "LIFE_DURATION", seconds);
}

const IDENTITY_TYPES: Record<IdentityType, string> = {
  none: "",
  ipv4: "IPV4_ADDR",
  ipv6: "IPV6_ADDR",
  fqdn: "FQDN",
  "user-fqdn": "USER_FQDN",
};

function identities(rule: IkeRule, names: IkeNames, dialect: IpsecDialect, hostName: string, set: Set): void {
  const ids = rule.identities;
  if (rule.mode === "dynamic" && ids.source === null) {
    ids.source = hostName;
    ids.sourceType = "fqdn";
  }
  const write = (tag: string, id: string, type: IdentityType): void => {
    set(names.phase1, tag, `id-${id}`);
    set(`id-${id}`, "ID-type", IDENTITY_TYPES[type]);
    const isAddress = dialect.addressIdentities && (type === "ipv4" || type === "ipv6");
    set(`id-${id}`, isAddress ? "Address" : "Name", id);
  };
  if (ids.source !== null) write("ID", ids.source, ids.sourceType);
  if (ids.destination !== null) write("Remote-ID", ids.destination, ids.destinationType);
}

function phase2Identities(rule: IkeRule, names: IkeNames, set: Set): void {
  hostIdentity(set, names.localId, rule.source, rule.source.family);
  if (rule.source.nat !== null) hostIdentity(set, names.natId ?? "(null)", rule.source.nat, rule.source.family);
  hostIdentity(set, names.remoteId, rule.destination, rule.destination.family);
  if (rule.protocol !== 0) {
    set(names.localId, "Protocol", rule.protocol);
    set(names.remoteId, "Protocol", rule.protocol);
  }
  if (rule.sourcePort !== 0) set(names.localId, "Port", rule.sourcePort);
  if (rule.destinationPort !== 0) set(names.remoteId, "Port", rule.destinationPort);
}

function hostIdentity(set: Set, section: string, host: IpsecHost, family: 4 | 6 | null): void {
  const version = family === 4 ? 4 : 6;
  const name = host.name ?? "";
  const slash = name.lastIndexOf("/");
  const bare = slash === -1 ? name : name.slice(0, slash);
  if (!host.network) {
    set(section, "ID-type", `IPV${version}_ADDR`);
    set(section, "Address", bare);
    return;
  }
  set(section, "ID-type", `IPV${version}_ADDR_SUBNET`);
  set(section, "Network", bare);
  set(section, "Netmask", `${maskAddress(version, host.mask)}`);
}
