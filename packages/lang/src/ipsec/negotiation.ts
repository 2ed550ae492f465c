/** What isakmpd(8) ends up with when ipsecctl has told it all rules: peers with their proposals and connections. */
import type { Secret } from "@pierhead/core";
import { type IpsecDialect, ipsecDialect } from "./dialect.ts";
import { ikeNames } from "./isakmpd.ts";
import type { IpsecConfiguration } from "./load.ts";
import { type Phase1Proposal, type Phase2Proposal, phase1Proposal, phase2Proposal } from "./proposal.ts";
import type { Identities, IkeMode, IkeRule, IpsecHost } from "./rule.ts";

/** One section of isakmpd's `[Phase 1]`. Its settings are those of the last rule, its proposals those of all. */
export interface IkePeer {
  /** `peer-192.0.2.1`, or `peer-default` for any address. */
  readonly name: string;
  /** Null: any address. */
  peer: IpsecHost | null;
  local: IpsecHost | null;
  preSharedKey: Secret | null;
  exchange: "main" | "aggressive";
  identities: Identities;
  /** In the order isakmpd offers and looks through them. */
  readonly proposals: Phase1Proposal[];
  readonly connections: IkeConnection[];
  /** The rules that made it. */
  readonly rules: IkeRule[];
}

/** One connection: what flows through the tunnel. */
export interface IkeConnection {
  readonly name: string;
  mode: IkeMode;
  source: IpsecHost;
  destination: IpsecHost;
  protocol: number;
  sourcePort: number;
  destinationPort: number;
  /** isakmpd keeps one, that of the last rule. */
  proposal: Phase2Proposal;
  rule: IkeRule;
}

/** Peers in the order of their first rules. Rules that isakmpd cannot be told about are left out. */
export function ikePeers(configuration: IpsecConfiguration): IkePeer[] {
  const dialect: IpsecDialect = ipsecDialect(configuration.system);
  const peers = new Map<string, IkePeer>();
  const connections = new Map<string, IkeConnection>();
  for (const rule of configuration.rules) {
    if (rule.kind !== "ike") continue;
    const phase1 = phase1Proposal(rule, dialect);
    const phase2 = phase2Proposal(rule, dialect);
    if ("unsupported" in phase1 || "unsupported" in phase2) continue;
    const names = ikeNames(rule);
    const { peer, local, preSharedKey, exchange, identities } = rule;
    let section = peers.get(names.phase1);
    if (section === undefined) {
      const empty = { proposals: [], connections: [], rules: [] };
      section = { name: names.phase1, peer, local, preSharedKey, exchange, identities, ...empty };
      peers.set(names.phase1, section);
    } else Object.assign(section, { peer, local, preSharedKey, exchange, identities });
    section.rules.push(rule);
    if (!section.proposals.some((known) => sameTransform(known, phase1))) section.proposals.push(phase1);
    const key = `${names.phase1} ${names.phase2}`;
    const { mode, source, destination, protocol, sourcePort, destinationPort } = rule;
    const settings = { mode, source, destination, protocol, sourcePort, destinationPort, proposal: phase2, rule };
    const connection = connections.get(key);
    if (connection !== undefined) Object.assign(connection, settings);
    else {
      const added: IkeConnection = { name: names.phase2, ...settings };
      connections.set(key, added);
      section.connections.push(added);
    }
  }
  return [...peers.values()];
}

/** Transforms of one name are one for isakmpd. */
function sameTransform(a: Phase1Proposal, b: Phase1Proposal): boolean {
  return (
    a.authentication === b.authentication &&
    a.hash === b.hash &&
    a.encryption === b.encryption &&
    a.keyLength?.proposed === b.keyLength?.proposed &&
    a.group === b.group
  );
}
