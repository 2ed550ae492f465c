/** From an `ikev2` rule to a policy: what create_ike() of iked's parser does. */
import type { Family } from "@pierhead/core";
import type { Origin, ParseReport } from "../lexer/index.ts";
import type { IkedAuthentication, IkedConfigItem, IkedFlow, IkedPolicy, IkedProposal } from "./configuration.ts";
import { expandFlow, FlowTree, toAddress } from "./flows.ts";
import type { HostNode, IkedEnvironment } from "./hosts.ts";
import { utf8Length } from "./octets.ts";
import {
  DEFAULT_CHILD,
  DEFAULT_IKE,
  type IkedTransform,
  type TransformEntry,
  type TransformType,
} from "./transforms.ts";

/** A word with its place. */
export interface Placed<Value> {
  readonly value: Value;
  readonly origin: Origin;
}

/** `ikesa` or `childsa` with its words; `words` is null when none follow, on which iked crashes. */
export interface ProposalWords {
  readonly words: readonly { readonly entry: TransformEntry; readonly origin: Origin }[] | null;
  readonly origin: Origin;
}

/** An `ikev2` rule as written. */
export interface PolicyStatement {
  readonly name: Placed<string> | null;
  readonly flags: {
    readonly match: IkedPolicy["match"];
    readonly active: boolean;
    readonly ipcomp: boolean;
    readonly transport: boolean;
    readonly forcesNatTraversal: boolean;
  };
  readonly protocol: "esp" | "ah";
  readonly family: Family | null;
  readonly ipProtocols: readonly number[];
  readonly routingDomain: number;
  readonly source: HostNode;
  readonly destination: HostNode;
  readonly peer: Placed<HostNode> | null;
  readonly local: Placed<HostNode> | null;
  readonly ikeProposals: readonly ProposalWords[];
  readonly childProposals: readonly ProposalWords[];
  readonly sourceId: Placed<string> | null;
  readonly destinationId: Placed<string> | null;
  readonly ikeLifetime: bigint;
  readonly lifetimeSeconds: bigint;
  readonly lifetimeBytes: bigint;
  readonly authentication: IkedAuthentication;
  readonly config: readonly IkedConfigItem[];
  readonly interface: Placed<string> | null;
  readonly tag: string | null;
  readonly tap: number;
  readonly origin: Origin;
}

const PROTOCOL_LIMIT = 16;
const ID_LIMIT = 1023;
const CONFIG_LIMIT = 16;
const TAG_LENGTH = 63;

/** Makes the policy, or reports why there is none (null). `number` counts all rules, good or not. */
export function createPolicy(
  statement: PolicyStatement,
  number: number,
  report: ParseReport,
  environment: IkedEnvironment,
): IkedPolicy | null {
  const { origin, flags } = statement;
  const refuse = (code: string, text: string, place: Origin, advice?: string): null => {
    report.error(code, text, place, advice);
    return null;
  };
  if (statement.ipProtocols.length > PROTOCOL_LIMIT) {
    return refuse("iked/too-many-protocols", "too many protocols", origin, "A rule takes 16 protocols; split it.");
  }
  if (statement.name !== null && utf8Length(statement.name.value) > ID_LIMIT) {
    return refuse("iked/name-too-long", "name too long", statement.name.origin);
  }
  if (statement.interface !== null) {
    const name = statement.interface.value;
    const known = environment.machineUnknown === true || environment.interfaces.some((entry) => entry.name === name);
    if (!known) {
      const advice = `There is no interface ${name} on this machine; create it first, or correct the name.`;
      return refuse("iked/unknown-interface", "invalid iface", statement.interface.origin, advice);
    }
  }
  for (const [id, which] of [
    [statement.sourceId, "srcid"],
    [statement.destinationId, "dstid"],
  ] as const) {
    if (id !== null && utf8Length(id.value) > ID_LIMIT) {
      return refuse("iked/id-too-long", `${which} too long`, id.origin);
    }
  }
  const local = statement.local?.value ?? null;
  const peer = statement.peer?.value ?? null;
  if (local?.family != null && peer?.family != null && local.family !== peer.family) {
    report.fatal(
      "iked/peer-family",
      "parent: create_ike: peer address family mismatch",
      origin,
      "`local` and `peer` are of different address families; iked ends here.",
    );
    return null;
  }
  const family = statement.family;
  if (family !== null && [local, peer].some((host) => host?.family != null && host.family !== family)) {
    report.fatal(
      "iked/policy-family",
      "parent: create_ike: policy address family mismatch",
      origin,
      "`inet` or `inet6` contradicts the addresses of `local` and `peer`; iked ends here.",
    );
    return null;
  }
  let [ourSide, theirSide] = [local, peer];
  if (local === null && peer === null) {
    if (statement.source.next === null) ourSide = statement.source;
    if (statement.destination.next === null) theirSide = statement.destination;
  }
  if (ourSide === null && theirSide === null) {
    const advice = "Neither `local` nor `peer` is given, and the flows name more than one host; say who the peer is.";
    return refuse("iked/no-peer", "could not get local/peer specification", origin, advice);
  }
  if (flags.active && (theirSide === null || theirSide.network || ourSide?.network === true)) {
    const advice = "An active rule calls its peer, so `peer` must be one address, and `local` too when it is given.";
    return refuse("iked/active-peer", "active mode requires local/peer address", origin, advice);
  }
  const proposals = ikeProposals(statement, report);
  if (proposals === null || !childProposals(statement, report, proposals)) return null;
  const flows = policyFlows(statement, report);
  if (flows === null) return null;
  return {
    name: statement.name?.value ?? `policy${number}`,
    nameOrigin: statement.name?.origin ?? null,
    ...flags,
    protocol: statement.protocol,
    ipProtocols: statement.ipProtocols,
    family: family ?? ourSide?.family ?? theirSide?.family ?? null,
    routingDomain: statement.routingDomain,
    flows,
    local: { ...toAddress(ourSide), port: 0 },
    peer: { ...toAddress(theirSide), port: 0 },
    localOrigin: statement.local?.origin ?? null,
    peerOrigin: statement.peer?.origin ?? null,
    proposals,
    sourceId: statement.sourceId?.value ?? null,
    destinationId: statement.destinationId?.value ?? null,
    ikeLifetime: Number(BigInt.asUintN(32, statement.ikeLifetime)),
    lifetimeSeconds: BigInt.asUintN(64, statement.lifetimeSeconds),
    lifetimeBytes: BigInt.asUintN(64, statement.lifetimeBytes),
    authentication: statement.authentication,
    config: statement.config.slice(0, CONFIG_LIMIT),
    interface: statement.interface?.value ?? null,
    tag: statement.tag === null ? null : statement.tag.slice(0, TAG_LENGTH),
    tap: statement.tap,
    origin,
  };
}

function policyFlows(statement: PolicyStatement, report: ParseReport): readonly IkedFlow[] | null {
  const tree = new FlowTree();
  const protocols = statement.ipProtocols.length === 0 ? [0] : statement.ipProtocols;
  let source: HostNode | null = statement.source;
  let destination: HostNode | null = statement.destination;
  for (; source !== null && destination !== null; source = source.next, destination = destination.next) {
    for (const protocol of protocols) {
      const pairs = expandFlow(source, destination);
      if (pairs === null) {
        report.error(
          "iked/flow-family",
          "cannot mix different address families.",
          statement.origin,
          `A flow leads from ${source.name} to ${destination.name}: both sides must be IPv4, or both IPv6.`,
        );
        report.end("parent: create_ike: invalid flow");
        return null;
      }
      for (const [from, to] of pairs) {
        const translated = from.nat === null ? null : toAddress(from.nat);
        if (!tree.add({ protocol, source: toAddress(from), destination: toAddress(to), translated })) {
          report.stderr.push("iked: create_ike: duplicate flow\n");
          report.note(
            "iked/duplicate-flow",
            "warning",
            "A flow is given twice; one of them is left out.",
            statement.origin,
          );
        }
      }
    }
  }
  return tree.flows;
}

const TYPES: readonly TransformType[] = ["integrity", "encryption", "group", "prf", "esn"];

function ikeProposals(statement: PolicyStatement, report: ParseReport): IkedProposal[] | null {
  if (statement.ikeProposals.length === 0) {
    return [
      { protocol: "ike", transforms: DEFAULT_IKE.combined, words: [] },
      { protocol: "ike", transforms: DEFAULT_IKE.separate, words: [] },
    ];
  }
  const proposals: IkedProposal[] = [];
  for (const { words, origin } of statement.ikeProposals) {
    if (words === null) return crash(report, origin, "ikesa");
    const none = words.find(({ entry }) => entry.type === "group" && entry.id === "NONE");
    if (none !== undefined) {
      report.error("iked/ikesa-group-none", 'IKE group can not be "none".', none.origin, "An IKE SA needs a group.");
      return null;
    }
    const esn = words.find(({ entry }) => entry.type === "esn");
    if (esn !== undefined) {
      const advice = "`esn` and `noesn` belong to `childsa`; an IKE SA has no sequence numbers of that kind.";
      report.error("iked/ikesa-esn", "cannot use ESN with ikesa.", esn.origin, advice);
      return null;
    }
    if (
      !addProposals(proposals, "ike", words, DEFAULT_IKE, ["integrity", "encryption", "group", "prf"], report, origin)
    ) {
      return null;
    }
  }
  return proposals;
}

function childProposals(statement: PolicyStatement, report: ParseReport, proposals: IkedProposal[]): boolean {
  const { protocol } = statement;
  if (statement.childProposals.length === 0) {
    proposals.push({ protocol, transforms: DEFAULT_CHILD.combined, words: [] });
    proposals.push({ protocol, transforms: DEFAULT_CHILD.separate, words: [] });
    return true;
  }
  for (const { words, origin } of statement.childProposals) {
    if (words === null) return crash(report, origin, "childsa") !== null;
    const types: TransformType[] = ["integrity", "encryption", "group", "esn"];
    if (!addProposals(proposals, protocol, words, DEFAULT_CHILD, types, report, origin)) return false;
  }
  return true;
}

/** iked follows a null pointer here. */
function crash(report: ParseReport, origin: Origin, word: string): null {
  report.note(
    "iked/empty-proposal",
    "error",
    `\`${word}\` has no transforms behind it, and iked crashes on that; add some, or leave the word out for the defaults.`,
    origin,
  );
  report.halted = true;
  report.exit = 139;
  return null;
}

/** One `ikesa` or `childsa`: a proposal for ciphers that authenticate themselves, one for the others, or both. */
function addProposals(
  proposals: IkedProposal[],
  protocol: IkedProposal["protocol"],
  words: NonNullable<ProposalWords["words"]>,
  defaults: typeof DEFAULT_IKE,
  types: readonly TransformType[],
  report: ParseReport,
  origin: Origin,
): boolean {
  const ciphers = words.filter(({ entry }) => entry.type === "encryption");
  const combined = ciphers.filter(({ entry }) => entry.implicitAuthentication).length;
  const integrity = words.find(({ entry }) => entry.type === "integrity");
  if (combined > 0 && combined !== ciphers.length) {
    report.error(
      "iked/mixed-ciphers",
      "cannot mix encryption transforms with implicit and non-implicit authentication",
      origin,
      "GCM, GMAC and ChaCha20 authenticate themselves and cannot stand in one proposal with others; write two.",
    );
    return false;
  }
  if (combined > 0 && integrity !== undefined) {
    report.error(
      "iked/implicit-authentication",
      "authentication is implicit for given encryption transforms",
      integrity.origin,
      "The ciphers of this proposal authenticate themselves; leave out `auth`.",
    );
    return false;
  }
  const transformsOf = (wanted: readonly TransformType[], standard: readonly IkedTransform[]): IkedTransform[] =>
    TYPES.filter((type) => wanted.includes(type)).flatMap((type) => {
      const given = words.filter(({ entry }) => entry.type === type).map(({ entry }) => entry);
      const chosen: readonly IkedTransform[] =
        given.length > 0 ? given : standard.filter((entry) => entry.type === type);
      return chosen.map(({ name, id, bits }) => ({ type, name, id, bits }));
    });
  const separate = ciphers.length > combined || integrity !== undefined;
  if (!separate) {
    const wanted = types.filter((type) => type !== "integrity");
    proposals.push({ protocol, transforms: transformsOf(wanted, defaults.combined), words });
  }
  if (combined === 0) proposals.push({ protocol, transforms: transformsOf(types, defaults.separate), words });
  return true;
}
