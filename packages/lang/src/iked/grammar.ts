/** The grammar of iked.conf(5), production by production as iked's parser has it. */
import type { Family } from "@pierhead/core";
import { FAIL, type Production, type Reduction } from "../lexer/index.ts";
import { protocolByName, serviceByName } from "../names/index.ts";
import { defaultAuthentication, EAP_RADIUS, eapByWord, keyOfFile, keyOfWord, methodByWord } from "./authentication.ts";
import { findConfigOption } from "./config-options.ts";
import type { IkedConfigItem, IkedSettings } from "./configuration.ts";
import type { IkedContext } from "./context.ts";
import { toAddress } from "./flows.ts";
import { anyHost, dynamicHost, type HostNode } from "./hosts.ts";
import type { Placed, PolicyStatement, ProposalWords } from "./policy.ts";
import { radiusProductions } from "./radius.ts";
import {
  CHILD_ENCRYPTION,
  ESN,
  findEntry,
  GROUPS,
  IKE_ENCRYPTION,
  INTEGRITY,
  PRF,
  type TransformEntry,
} from "./transforms.ts";

type Rule = Production<IkedContext>;

/** All keywords; the token of each is its text. */
export const KEYWORDS: readonly string[] = (
  "accounting active ah any auth bytes cert_partial_chain childsa client config couple dae decouple default " +
  "dpd_check_interval dstid dynamic eap enc enforcesingleikesa esn esp file flow fragmentation from group iface ike " +
  "ikelifetime ikesa ikev2 include inet inet6 ipcomp lifetime listen local max-failovers max-tries maxage mobike name " +
  "natt noenforcesingleikesa noesn nofragmentation nomobike nostickyaddress novendorid ocsp on passive peer port prf " +
  "proto psk quick radius rdomain request sa secret server set skip srcid stickyaddress tag tap tcpmd5 to tolerate " +
  "transport tunnel user vendorid"
).split(" ");

export const PRODUCTIONS: readonly Rule[] = [
  ["grammar", ""],
  ["grammar", "grammar include nl"],
  ["grammar", "grammar nl"],
  ["grammar", "grammar set nl"],
  ["grammar", "grammar user nl"],
  ["grammar", "grammar ikev2rule nl"],
  ["grammar", "grammar radius nl"],
  ["grammar", "grammar varset nl"],
  ["grammar", "grammar otherrule skipline nl"],
  ["grammar", "grammar error nl", (context) => context.report.lexer.countError()],
  ["comma", "','"],
  ["comma", ""],
  ["include", "'include' STRING", (context, at) => context.include(at)],
  ["user", "'user' STRING STRING", (context, at) => context.addUser(at)],
  ["varset", "STRING '=' string", (context, at) => context.define(at)],
  ["string", "string STRING", (_, at) => `${at.get<string>(1)} ${at.get<string>(2)}`],
  ["string", "STRING"],
  ...settings(),
  ...policyRule(),
  ...hosts(),
  ...transforms(),
  ...values(),
  ...radiusProductions(),
  ...others(),
];

function settings(): Rule[] {
  const switches: [word: string, field: keyof IkedSettings, value: boolean][] = [
    ["active", "passive", false],
    ["passive", "passive", true],
    ["couple", "decoupled", false],
    ["decouple", "decoupled", true],
    ["fragmentation", "fragmentation", true],
    ["nofragmentation", "fragmentation", false],
    ["mobike", "mobike", true],
    ["nomobike", "mobike", false],
    ["vendorid", "vendorId", true],
    ["novendorid", "vendorId", false],
    ["enforcesingleikesa", "enforceSingleIkeSa", true],
    ["noenforcesingleikesa", "enforceSingleIkeSa", false],
    ["stickyaddress", "stickyAddress", true],
    ["nostickyaddress", "stickyAddress", false],
    ["cert_partial_chain", "certificatePartialChain", true],
  ];
  const ocsp =
    (tolerate: number, maximumAge: number) =>
    ({ settings: target }: IkedContext, at: Reduction) => {
      target.ocsp = {
        url: at.get(3),
        tolerate: tolerate === 0 ? 0 : Number(at.get<bigint>(tolerate)),
        maximumAge: maximumAge === 0 ? -1 : Number(at.get<bigint>(maximumAge)),
      };
    };
  return [
    ...switches.map(
      ([word, field, value]): Rule => [
        "set",
        `'set' '${word}'`,
        ({ settings: target }) => {
          (target as unknown as Record<string, boolean>)[field] = value;
        },
      ],
    ),
    ["set", "'set' 'ocsp' STRING", ocsp(0, 0)],
    ["set", "'set' 'ocsp' STRING 'tolerate' time_spec", ocsp(5, 0)],
    ["set", "'set' 'ocsp' STRING 'tolerate' time_spec 'maxage' time_spec", ocsp(5, 7)],
    ["set", "'set' 'dpd_check_interval' NUMBER", deadPeerInterval],
  ];
}

function deadPeerInterval({ settings: target, report }: IkedContext, at: Reduction): unknown {
  const seconds = at.get<bigint>(3);
  if (seconds < 0n) {
    report.error("iked/dpd-interval", "timeout outside range", at.origin(3), "The interval is 0 seconds or more.");
    return FAIL;
  }
  target.deadPeerInterval = Number(BigInt.asIntN(32, seconds));
  return null;
}

function policyRule(): Rule[] {
  type Flags = PolicyStatement["flags"];
  const constant =
    <Value>(value: Value) =>
    (): Value =>
      value;
  return [
    [
      "ikev2rule",
      "'ikev2' name ikeflags satype af proto rdomain hosts_list peers ike_sas child_sas ids ikelifetime lifetime " +
        "ikeauth ikecfg iface filters",
      (context, at) => {
        const pair = at.get<{ source: HostNode; destination: HostNode }>(8);
        const peers = at.get<Pick<PolicyStatement, "peer" | "local">>(9);
        const ids = at.get<Pick<PolicyStatement, "sourceId" | "destinationId">>(12);
        const lifetime = at.get<Pick<PolicyStatement, "lifetimeSeconds" | "lifetimeBytes">>(14);
        const filters = at.get<Pick<PolicyStatement, "tag" | "tap">>(18);
        return context.addPolicy({
          name: at.get(2),
          flags: at.get(3),
          protocol: at.get(4),
          family: at.get(5),
          ipProtocols: at.get(6),
          routingDomain: at.get(7),
          ...pair,
          ...peers,
          ikeProposals: at.get(10),
          childProposals: at.get(11),
          ...ids,
          ikeLifetime: at.get(13),
          ...lifetime,
          authentication: at.get(15),
          config: at.get(16),
          interface: at.get(17),
          ...filters,
          origin: at.whole,
        });
      },
    ],
    ["name", "", constant(null)],
    ["name", "STRING", placed],
    [
      "ikeflags",
      "ikematch ikemode ipcomp tmode natt_force",
      (_, at): Flags => ({
        match: at.get(1),
        active: at.get(2),
        ipcomp: at.get(3),
        transport: at.get(4),
        forcesNatTraversal: at.get(5),
      }),
    ],
    ["ikematch", "", constant(null)],
    ["ikematch", "'quick'", constant("quick")],
    ["ikematch", "'skip'", constant("skip")],
    ["ikematch", "'default'", constant("default")],
    ["ikemode", "", constant(false)],
    ["ikemode", "'passive'", constant(false)],
    ["ikemode", "'active'", constant(true)],
    ["ipcomp", "", constant(false)],
    ["ipcomp", "'ipcomp'", constant(true)],
    ["tmode", "", constant(false)],
    ["tmode", "'tunnel'", constant(false)],
    ["tmode", "'transport'", constant(true)],
    ["natt_force", "", constant(false)],
    ["natt_force", "'natt'", constant(true)],
    ["satype", "", constant("esp")],
    ["satype", "'esp'", constant("esp")],
    ["satype", "'ah'", constant("ah")],
    ["af", "", constant<Family | null>(null)],
    ["af", "'inet'", constant<Family | null>(4)],
    ["af", "'inet6'", constant<Family | null>(6)],
    ["proto", "", constant<number[]>([])],
    ["proto", "'proto' protoval", (_, at) => [at.get(2)]],
    ["proto", "'proto' '{' proto_list '}'", (_, at) => at.get(3)],
    ["proto_list", "protoval", (_, at) => [at.get(1)]],
    ["proto_list", "proto_list comma protoval", (_, at) => [...at.get<number[]>(1), at.get<number>(3)]],
    ["protoval", "STRING", protocolOfName],
    ["protoval", "NUMBER", protocolOfNumber],
    ["rdomain", "", constant(-1)],
    ["rdomain", "'rdomain' NUMBER", routingDomain],
    ["ikecfg", "", constant<IkedConfigItem[]>([])],
    ["ikecfg", "ikecfgvals"],
    ["ikecfgvals", "cfg", (_, at) => [...at.get<IkedConfigItem[]>(1)]],
    ["ikecfgvals", "ikecfgvals cfg", (_, at) => [...at.get<IkedConfigItem[]>(1), ...at.get<IkedConfigItem[]>(2)]],
    ["cfg", "'config' STRING host_spec", (context, at) => configItems(context, at, "config")],
    ["cfg", "'request' STRING anyhost", (context, at) => configItems(context, at, "request")],
    ["iface", "", constant(null)],
    ["iface", "'iface' STRING", (_, at): Placed<string> => ({ value: at.get(2), origin: at.origin(2) })],
    ["filters", "filters_begin filters_l", ({ filters }) => ({ ...filters })],
    ["filters", "", constant({ tag: null, tap: 0 })],
    [
      "filters_begin",
      "",
      (context) => {
        context.filters = { tag: null, tap: 0 };
      },
    ],
    ["filters_l", "filters_l filter"],
    ["filters_l", "filter"],
    [
      "filter",
      "'tag' STRING",
      ({ filters }, at) => {
        filters.tag = at.get(2);
      },
    ],
    ["filter", "'tap' STRING", tapInterface],
  ];
}

function placed(_: IkedContext, at: Reduction): Placed<string> {
  return { value: at.get(1), origin: at.origin(1) };
}

/** Every host of the chain becomes an item; the first one names the option. */
function configItems({ report }: IkedContext, at: Reduction, action: "config" | "request"): unknown {
  const host = at.get<HostNode>(3);
  const option = findConfigOption(at.get(2), host.family);
  if (option === null) {
    report.error(
      "iked/config-option",
      "not a valid ikecfg option",
      at.origin(2),
      `"${at.get<string>(2)}" is no option for an address of this family; see iked.conf(5), AUTOMATIC CONFIGURATION.`,
    );
    return FAIL;
  }
  const items: IkedConfigItem[] = [{ action, option, value: toAddress(host), origin: at.whole }];
  for (let next = host.next; next !== null; next = next.next) {
    // The rest of the chain has action and type 0, which print as a request of something unknown.
    items.push({ action: "request", option: "unknown", value: toAddress(next), origin: at.whole });
  }
  return items;
}

function tapInterface({ report, filters }: IkedContext, at: Reduction): unknown {
  const name = at.get<string>(2);
  const digits = name.replace(/^[^0-9]*/, "");
  if (name.slice(0, name.length - digits.length) !== "enc") {
    report.error(
      "iked/tap",
      `invalid tap interface name: ${name}`,
      at.origin(2),
      `"${name}" is no enc(4) interface; write \`tap "enc1"\`.`,
    );
    return FAIL;
  }
  const problem = !/^\d+$/.test(digits) ? "invalid" : BigInt(digits) > 0xffffffffn ? "too large" : null;
  if (problem !== null) {
    report.error("iked/tap", `invalid tap interface unit: ${problem}`, at.origin(2));
    return FAIL;
  }
  filters.tap = Number(digits);
  return null;
}

function routingDomain({ report }: IkedContext, at: Reduction): unknown {
  const number = at.get<bigint>(2);
  if (number <= 255n && number >= 0n) return Number(number);
  report.error("iked/rdomain-range", "rdomain outside range", at.origin(2), "Routing domains are 0 to 255.");
  return FAIL;
}

function protocolOfName({ report, environment }: IkedContext, at: Reduction): unknown {
  const name = at.get<string>(1);
  const protocol = protocolByName(environment.system, name);
  if (protocol !== null) return protocol;
  report.error("iked/unknown-protocol", `unknown protocol: ${name}`, at.origin(1), `protocols(5) has no "${name}".`);
  return FAIL;
}

function protocolOfNumber({ report }: IkedContext, at: Reduction): unknown {
  const number = at.get<bigint>(1);
  if (number <= 255n && number >= 0n) return Number(number);
  report.error("iked/protocol-range", "protocol outside range", at.origin(1), "Protocol numbers are 0 to 255.");
  return FAIL;
}

function hosts(): Rule[] {
  const pair = (source: number, destination: number) => (context: IkedContext, at: Reduction) => {
    for (let host = at.get<HostNode | null>(destination); host !== null; host = host.next) {
      if (host.nat === null) continue;
      context.report.error(
        "iked/nat-destination",
        `no flow NAT support for destination network: ${host.name ?? "(null)"}`,
        at.origin(destination),
        "Only the source of a flow can be translated: put `(network)` behind the network after `from`.",
      );
      return FAIL;
    }
    const from = at.get<HostNode>(source);
    const to = at.get<HostNode>(destination);
    from.port = at.get(source + 1);
    to.port = at.get(destination + 1);
    return { source: from, destination: to };
  };
  const peers = (peer: number, local: number) => (_: IkedContext, at: Reduction) => ({
    peer: peer === 0 ? null : { value: at.get<HostNode>(peer), origin: at.origin(peer) },
    local: local === 0 ? null : { value: at.get<HostNode>(local), origin: at.origin(local) },
  });
  return [
    ["hosts_list", "hosts"],
    ["hosts_list", "hosts_list comma hosts", joinPairs],
    ["hosts", "'from' host port 'to' host port", pair(2, 5)],
    ["hosts", "'to' host port 'from' host port", pair(5, 2)],
    ["port", "", () => 0],
    ["port", "'port' portval", (_, at) => at.get(2)],
    ["portval", "STRING", portOfName],
    ["portval", "NUMBER", portOfNumber],
    ["peers", "", peers(0, 0)],
    ["peers", "'peer' anyhost 'local' anyhost", peers(2, 4)],
    ["peers", "'local' anyhost 'peer' anyhost", peers(4, 2)],
    ["peers", "'peer' anyhost", peers(2, 0)],
    ["peers", "'local' anyhost", peers(0, 2)],
    ["anyhost", "host_spec"],
    ["anyhost", "'any'", anyHost],
    ["host_spec", "STRING", (context, at) => context.host(at.get(1), at.origin(1))],
    [
      "host_spec",
      "STRING '/' NUMBER",
      (context, at) => context.host(`${at.get<string>(1)}/${at.get<bigint>(3)}`, at.whole),
    ],
    ["host", "host_spec"],
    ["host", "host_spec '(' host_spec ')'", translatedHost],
    ["host", "'any'", anyHost],
    ["host", "'dynamic'", dynamicHost],
  ];
}

function joinPairs(_: IkedContext, at: Reduction): unknown {
  const first = at.get<{ source: HostNode; destination: HostNode }>(1);
  const second = at.get<{ source: HostNode; destination: HostNode }>(3);
  first.source.tail.next = second.source;
  first.source.tail = second.source.tail;
  first.destination.tail.next = second.destination;
  first.destination.tail = second.destination.tail;
  return first;
}

function translatedHost({ report }: IkedContext, at: Reduction): unknown {
  const host = at.get<HostNode>(1);
  const nat = at.get<HostNode>(3);
  if (host.family !== null && nat.family !== null && host.family !== nat.family) {
    report.error(
      "iked/nat-family",
      "Flow NAT address family mismatch",
      at.whole,
      "The network in parentheses must be of the same address family as the one before it.",
    );
    return FAIL;
  }
  host.nat = nat;
  return host;
}

function portOfName({ report, environment }: IkedContext, at: Reduction): unknown {
  const name = at.get<string>(1);
  const port = serviceByName(environment.system, name, "tcp") ?? serviceByName(environment.system, name, "udp");
  if (port !== null) return port;
  report.error("iked/unknown-port", `unknown port: ${name}`, at.origin(1), `services(5) has no "${name}".`);
  return FAIL;
}

function portOfNumber({ report }: IkedContext, at: Reduction): unknown {
  const number = at.get<bigint>(1);
  if (number <= 65535n && number >= 0n) return Number(number);
  report.error("iked/port-range", "port outside range", at.origin(1), "Port numbers are 0 to 65535.");
  return FAIL;
}

function transforms(): Rule[] {
  const word =
    (table: (context: IkedContext) => readonly TransformEntry[], index: number) =>
    (context: IkedContext, at: Reduction): unknown => {
      const name = at.get<string>(index);
      const entry = findEntry(table(context), name);
      if (entry === null) {
        const known = table(context).map((candidate) => candidate.word);
        context.report.error(
          "iked/unknown-transform",
          `${name} not a valid transform`,
          at.origin(index),
          `"${name}" is not known here; known are ${known.join(", ")}.`,
        );
        return FAIL;
      }
      context.transforms.push({ entry, origin: at.whole });
      return null;
    };
  const begin = (context: IkedContext): void => {
    context.proposals = [];
  };
  const proposal = (cipherTable: readonly TransformEntry[]) => (context: IkedContext) => {
    context.ciphers = cipherTable;
  };
  const finish = (context: IkedContext, at: Reduction): void => {
    const words = at.get<ProposalWords["words"]>(3);
    context.proposals.push({ words, origin: at.whole });
  };
  return [
    ["transforms", "transforms_begin transforms_l", ({ transforms: words }) => words],
    ["transforms", "", () => null],
    [
      "transforms_begin",
      "",
      (context) => {
        context.transforms = [];
      },
    ],
    ["transforms_l", "transforms_l transform"],
    ["transforms_l", "transform"],
    ["transform", "'auth' STRING", word(() => INTEGRITY, 2)],
    ["transform", "'enc' STRING", word((context) => context.ciphers, 2)],
    ["transform", "'prf' STRING", word(() => PRF, 2)],
    ["transform", "'group' STRING", word(() => GROUPS, 2)],
    ["transform", "transform_esn", word(() => ESN, 1)],
    ["transform_esn", "'esn'"],
    ["transform_esn", "'noesn'"],
    ["ike_sas", "ike_sas_begin ike_sas_l", ({ proposals }) => proposals],
    ["ike_sas", "", () => []],
    ["ike_sas_begin", "", begin],
    ["ike_sas_l", "ike_sas_l ike_sa"],
    ["ike_sas_l", "ike_sa"],
    ["ike_sa", "'ikesa' ike_sa_begin transforms", finish],
    ["ike_sa_begin", "", proposal(IKE_ENCRYPTION)],
    ["child_sas", "child_sas_begin child_sas_l", ({ proposals }) => proposals],
    ["child_sas", "", () => []],
    ["child_sas_begin", "", begin],
    ["child_sas_l", "child_sas_l child_sa"],
    ["child_sas_l", "child_sa"],
    ["child_sa", "'childsa' child_sa_begin transforms", finish],
    ["child_sa_begin", "", proposal(CHILD_ENCRYPTION)],
  ];
}

/** Standard lifetime of a child SA: 3 hours, 4 gigabytes. */
const STANDARD_SECONDS = 10800n;
const STANDARD_BYTES = 4294967296n;

function values(): Rule[] {
  const ids = (source: number, destination: number) => (_: IkedContext, at: Reduction) => ({
    sourceId: source === 0 ? null : at.get<Placed<string>>(source),
    destinationId: destination === 0 ? null : at.get<Placed<string>>(destination),
  });
  return [
    ["ids", "", ids(0, 0)],
    ["ids", "'srcid' id 'dstid' id", ids(2, 4)],
    ["ids", "'srcid' id", ids(2, 0)],
    ["ids", "'dstid' id", ids(0, 2)],
    ["id", "STRING", placed],
    ["ikeauth", "", defaultAuthentication],
    ["ikeauth", "'psk' keyspec", (_, at) => at.get(2)],
    ["ikeauth", "'eap' 'radius'", (_, at) => ({ ...EAP_RADIUS, origin: at.whole })],
    ["ikeauth", "'eap' STRING", ({ report }, at) => eapByWord(report, at.get(2), at.origin(2))],
    ["ikeauth", "STRING", ({ report }, at) => methodByWord(report, at.get(1), at.origin(1))],
    ["keyspec", "STRING", ({ report }, at) => keyOfWord(report, at.get(1), at.origin(1))],
    [
      "keyspec",
      "'file' STRING",
      ({ report, environment }, at) => keyOfFile(report, environment, at.get(2), at.origin(2)),
    ],
    ["byte_spec", "NUMBER"],
    ["byte_spec", "STRING", byteSpec],
    ["time_spec", "NUMBER"],
    ["time_spec", "STRING", timeSpec],
    ["lifetime", "", () => ({ lifetimeSeconds: STANDARD_SECONDS, lifetimeBytes: STANDARD_BYTES })],
    ["lifetime", "'lifetime' time_spec", (_, at) => ({ lifetimeSeconds: at.get(2), lifetimeBytes: STANDARD_BYTES })],
    [
      "lifetime",
      "'lifetime' time_spec 'bytes' byte_spec",
      (_, at) => ({ lifetimeSeconds: at.get(2), lifetimeBytes: at.get(4) }),
    ],
    ["ikelifetime", "", () => 0n],
    ["ikelifetime", "'ikelifetime' time_spec", (_, at) => at.get(2)],
  ];
}

/** sscanf("%llu%c"): a number with a character right behind it. */
function numberAndUnit(text: string): { readonly value: bigint; readonly unit: string } | null {
  const match = /^[ \t\n\v\f\r]*([+-]?\d+)(\D)/.exec(text);
  if (match === null) return null;
  const value = BigInt(match[1] as string);
  // strtoull(3) stops at the largest number.
  const largest = 2n ** 64n - 1n;
  return { value: value > largest ? largest : BigInt.asUintN(64, value), unit: match[2] as string };
}

function byteSpec({ report }: IkedContext, at: Reduction): unknown {
  const text = at.get<string>(1);
  const advice = `"${text}" is no size; write octets, or a number with K, M or G.`;
  const parts = numberAndUnit(text);
  if (parts === null) {
    report.error("iked/byte-spec", `invalid byte specification: ${text}`, at.origin(1), advice);
    return FAIL;
  }
  const factor = { K: 1024n, M: 1024n ** 2n, G: 1024n ** 3n }[parts.unit.toUpperCase()];
  if (factor === undefined) {
    report.error("iked/byte-spec", "invalid byte unit", at.origin(1), advice);
    return FAIL;
  }
  return BigInt.asUintN(64, parts.value * factor);
}

function timeSpec({ report }: IkedContext, at: Reduction): unknown {
  const text = at.get<string>(1);
  const advice = `"${text}" is no time; write seconds, or a number with m or h (a day is 24h).`;
  const parts = numberAndUnit(text);
  if (parts === null) {
    report.error("iked/time-spec", `invalid time specification: ${text}`, at.origin(1), advice);
    return FAIL;
  }
  const factor = { m: 60n, h: 3600n }[parts.unit.toLowerCase()];
  if (factor === undefined) {
    report.error("iked/time-spec", "invalid time unit", at.origin(1), advice);
    return FAIL;
  }
  return BigInt.asUintN(64, parts.value * factor);
}

/** Rules of ipsec.conf(5) that iked passes over. */
function others(): Rule[] {
  const words = ["ike", "flow", "tcpmd5", "sa", "from", "to", "tunnel", "transport"];
  return [
    ...words.map((word): Rule => ["otherrule", `'${word}'`, (context, at) => context.noteOther(word, at.origin(1))]),
    ["skipline", "", ({ report }) => report.lexer.skipLine()],
  ];
}
