/** The grammar of ipsec.conf(5), production by production as ipsecctl's parser has it, for every release. */
import { PROTOCOL } from "@pierhead/core";
import { FAIL, type Origin, type Production, type Reduction } from "../lexer/index.ts";
import { protocolByName, serviceByName } from "../names/index.ts";
import type { IpsecContext } from "./context.ts";
import type { IpsecDialect } from "./dialect.ts";
import { anyHost, type HostNode, resolveHosts } from "./hosts.ts";
import { type KeyPair, readKeys } from "./keys.ts";
import type { Encapsulation, FlowDirection, FlowType, IkeMode, TunnelMode } from "./rule.ts";
import { readSpi, type SpiPair, spiOfNumber } from "./spi.ts";
import {
  emptyTransforms,
  type Hosts,
  type IdentityWords,
  type Keys,
  type Peers,
  type Phase,
  type Placed,
} from "./statement.ts";

type Rule = Production<IpsecContext>;

/** Keyword text by token name; the characters and STRING, NUMBER are not here. */
export function keywordsOf(dialect: IpsecDialect): [word: string, token: string][] {
  const words = [
    "acquire active aggressive ah any authkey bypass deny dontacq dstid dynamic enckey esp flow from group ike in",
    "include ipcomp ipip local main out passive peer port proto psk quick require rsa spi srcid tag tcpmd5 to",
    "transport tunnel type use",
  ]
    .join(" ")
    .split(" ")
    .map((word): [string, string] => [word, word.toUpperCase()]);
  words.push(["auth", "AUTHXF"], ["comp", "COMPXF"], ["enc", "ENCXF"], ["file", "FILENAME"]);
  words.push([dialect.lifetimeWord, "LIFETIME"]);
  if (dialect.bundles) words.push(["bundle", "BUNDLE"]);
  if (dialect.udpEncapsulation) words.push(["udpencap", "UDPENCAP"]);
  if (dialect.interfaces) words.push(["interface", "INTERFACE"]);
  return words;
}

export function productionsOf(dialect: IpsecDialect): readonly Rule[] {
  return [
    ...statements(dialect),
    ...associations(dialect),
    ...words(),
    ...hosts(dialect),
    ...phases(dialect),
    ...values(dialect),
  ];
}

function statements(dialect: IpsecDialect): Rule[] {
  const rules: Rule[] = [
    ["grammar", ""],
    ["grammar", "grammar include nl"],
    ["grammar", "grammar nl"],
    ["grammar", "grammar ikerule nl"],
    ["grammar", "grammar flowrule nl"],
    ["grammar", "grammar sarule nl"],
    ["grammar", "grammar tcpmd5rule nl"],
    ["grammar", "grammar varset nl"],
    ["grammar", "grammar error nl", (context) => context.report.lexer.countError()],
    ["comma", "','"],
    ["comma", ""],
    ["include", "INCLUDE STRING", (context, at) => (context.include(at.get(2), at.origin(2), at.whole) ? null : FAIL)],
    [
      "flowrule",
      "FLOW satype dir proto hosts peers ids type",
      (context, at) =>
        context.flow({
          kind: "flow",
          encapsulation: at.get(2),
          direction: at.get(3),
          protocol: at.get(4),
          hosts: at.get(5),
          peers: at.get(6),
          identities: at.get(7),
          type: at.get(8),
          origin: at.whole,
          rules: [],
        })
          ? null
          : FAIL,
    ],
    [
      "ikerule",
      "IKE ikemode satype tmode proto hosts peers phase1mode phase2mode ids ikeauth tag",
      (context, at) =>
        context.ike({
          kind: "ike",
          mode: at.get(2),
          encapsulation: at.get(3),
          tunnelMode: at.get(4),
          protocol: at.get(5),
          hosts: at.get(6),
          peers: at.get(7),
          phase1: at.get(8),
          phase2: at.get(9),
          identities: at.get(10),
          preSharedKey: at.get(11),
          tag: at.get(12),
          interfaceUnit: null,
          origin: at.whole,
          rules: [],
        })
          ? null
          : FAIL,
    ],
    ["varset", "STRING '=' string", defineMacro],
    ["string", "string STRING", (_, at) => `${at.get<string>(1)} ${at.get<string>(2)}`],
    ["string", "STRING"],
  ];
  if (dialect.interfaces) {
    rules.push(
      ["ikerule", "IKE ikemode iface peers phase1mode phase2mode ids ikeauth", interfaceRule],
      ["iface", "INTERFACE STRING", interfaceUnit],
    );
  }
  return rules;
}

function interfaceRule(context: IpsecContext, at: Reduction): unknown {
  const everything = (): HostNode => {
    const result = resolveHosts("0.0.0.0/0", context.environment, context.dialect);
    return result.hosts ?? anyHost();
  };
  const origin = at.origin(3);
  return context.ike({
    kind: "ike",
    mode: at.get(2),
    encapsulation: "esp",
    tunnelMode: "tunnel",
    protocol: 0,
    hosts: {
      source: everything(),
      destination: everything(),
      sourceOrigin: origin,
      destinationOrigin: origin,
      sourcePort: 0,
      destinationPort: 0,
    },
    peers: at.get(4),
    phase1: at.get(5),
    phase2: at.get(6),
    identities: at.get(7),
    preSharedKey: at.get(8),
    tag: null,
    interfaceUnit: at.get(3),
    origin: at.whole,
    rules: [],
  })
    ? null
    : FAIL;
}

function interfaceUnit({ report }: IpsecContext, at: Reduction): unknown {
  const name = at.get<string>(2);
  if (name.length <= 3 || !name.startsWith("sec")) {
    report.error(
      "ipsec/sec-interface",
      "invalid sec interface name",
      at.origin(2),
      `"${name}" is no sec(4) interface; write \`interface sec0\`, with the number of yours.`,
    );
    return FAIL;
  }
  const digits = name.slice(3);
  // strtonum(3): blanks and a sign are fine, anything else behind the digits is not.
  const problem = !/^\s*[+-]?\d+$/.test(digits)
    ? "invalid"
    : BigInt(digits) < 0n
      ? "too small"
      : BigInt(digits) > 0xffffffffn
        ? "too large"
        : null;
  if (problem === null) return Number(digits);
  report.error("ipsec/sec-interface", `invalid sec interface unit: ${problem}`, at.origin(2));
  return FAIL;
}

function defineMacro(context: IpsecContext, at: Reduction): unknown {
  const name = at.get<string>(1);
  const value = at.get<string>(3);
  const accepted = context.define({ value: name, origin: at.origin(1) }, { value, origin: at.origin(3) }, at.whole);
  return accepted ? null : FAIL;
}

function associations(dialect: IpsecDialect): Rule[] {
  const noKeys: Keys = { out: null, in: null, unknown: false, origin: null };
  const keySpec = (_: IpsecContext, at: Reduction): Keys => ({ ...at.get<KeyPair>(2), origin: at.origin(2) });
  const udp = dialect.udpEncapsulation ? " udpencap" : "";
  const bundle = dialect.bundles ? " bundlestring" : "";
  const shift = dialect.udpEncapsulation ? 1 : 0;
  const rules: Rule[] = [
    [
      "tcpmd5rule",
      "TCPMD5 hosts spispec authkeyspec",
      (context, at) => {
        const spis = at.get<SpiPair>(3);
        return context.association(
          {
            kind: "sa",
            encapsulation: "tcpmd5",
            mode: "transport",
            hosts: at.get(2),
            spiOut: spis.out,
            spiIn: spis.in,
            udpEncapsulation: null,
            transforms: null,
            authenticationKeys: at.get(4),
            encryptionKeys: noKeys,
            bundle: null,
            origin: at.whole,
            rules: [],
          },
          "tcpmd5rule",
        )
          ? null
          : FAIL;
      },
    ],
    [
      "sarule",
      `satype tmode hosts spispec${udp} transforms authkeyspec enckeyspec${bundle}`,
      (context, at) => {
        const spis = at.get<SpiPair>(4);
        return context.association(
          {
            kind: "sa",
            encapsulation: at.get(1),
            mode: at.get(2),
            hosts: at.get(3),
            spiOut: spis.out,
            spiIn: spis.in,
            udpEncapsulation: shift === 1 ? at.get(5) : null,
            transforms: at.get(5 + shift),
            authenticationKeys: at.get(6 + shift),
            encryptionKeys: at.get(7 + shift),
            bundle: bundle === "" ? null : at.get(8 + shift),
            origin: at.whole,
            rules: [],
          },
          "sarule",
        )
          ? null
          : FAIL;
      },
    ],
    ["spispec", "SPI STRING", (context, at) => readSpi(context.report, context.dialect, at.get(2), at.origin(2))],
    ["spispec", "SPI NUMBER", (context, at) => spiOfNumber(context.report, at.get(2), at.origin(2))],
    ["authkeyspec", "", () => noKeys],
    ["authkeyspec", "AUTHKEY keyspec", keySpec],
    ["enckeyspec", "", () => noKeys],
    ["enckeyspec", "ENCKEY keyspec", keySpec],
    ["keyspec", "STRING", (context, at) => readKeys(context, at.get(1), at.origin(1), false)],
    ["keyspec", "FILENAME STRING", (context, at) => readKeys(context, at.get(2), at.origin(2), true)],
  ];
  if (dialect.udpEncapsulation) {
    rules.push(
      ["udpencap", "", () => null],
      ["udpencap", "UDPENCAP", () => 0],
      ["udpencap", "UDPENCAP PORT NUMBER", (_, at) => Number(BigInt.asUintN(16, at.get<bigint>(3)))],
    );
  }
  if (dialect.bundles) {
    rules.push(["bundlestring", "", () => null], ["bundlestring", "BUNDLE STRING", (_, at) => at.get(2)]);
  }
  return rules;
}

function words(): Rule[] {
  const constant =
    <Value>(value: Value) =>
    (): Value =>
      value;
  return [
    ["satype", "", constant<Encapsulation>("esp")],
    ["satype", "ESP", constant<Encapsulation>("esp")],
    ["satype", "AH", constant<Encapsulation>("ah")],
    ["satype", "IPCOMP", constant<Encapsulation>("ipcomp")],
    ["satype", "IPIP", constant<Encapsulation>("ipip")],
    ["tmode", "", constant<TunnelMode>("tunnel")],
    ["tmode", "TUNNEL", constant<TunnelMode>("tunnel")],
    ["tmode", "TRANSPORT", constant<TunnelMode>("transport")],
    ["dir", "", constant<FlowDirection | "both">("both")],
    ["dir", "IN", constant<FlowDirection | "both">("in")],
    ["dir", "OUT", constant<FlowDirection | "both">("out")],
    ["ikemode", "", constant<IkeMode>("active")],
    ["ikemode", "PASSIVE", constant<IkeMode>("passive")],
    ["ikemode", "DYNAMIC", constant<IkeMode>("dynamic")],
    ["ikemode", "ACTIVE", constant<IkeMode>("active")],
    ["type", "", constant<FlowType | null>(null)],
    ["type", "TYPE USE", constant<FlowType>("use")],
    ["type", "TYPE ACQUIRE", constant<FlowType>("acquire")],
    ["type", "TYPE REQUIRE", constant<FlowType>("require")],
    ["type", "TYPE DENY", constant<FlowType>("deny")],
    ["type", "TYPE BYPASS", constant<FlowType>("bypass")],
    ["type", "TYPE DONTACQ", constant<FlowType>("dontacq")],
  ];
}

function hosts(dialect: IpsecDialect): Rule[] {
  const pair = (source: number, destination: number) => (context: IpsecContext, at: Reduction) => {
    for (let host = at.get<HostNode | null>(destination); host !== null; host = host.next) {
      if (host.nat === null) continue;
      context.report.error(
        "ipsec/nat-destination",
        `no flow NAT support for destination network: ${host.name ?? "(null)"}`,
        at.origin(destination),
        "Only the source of a flow can be translated: put `(network)` behind the network after `from`.",
      );
      return FAIL;
    }
    const result: Hosts = {
      source: at.get(source),
      destination: at.get(destination),
      sourceOrigin: at.origin(source),
      destinationOrigin: at.origin(destination),
      sourcePort: at.get(source + 1),
      destinationPort: at.get(destination + 1),
    };
    return result;
  };
  const peers =
    (peer: number, local: number) =>
    (_: IpsecContext, at: Reduction): Peers => ({
      peer: peer === 0 ? null : at.get(peer),
      peerOrigin: peer === 0 ? null : at.origin(peer),
      local: local === 0 ? null : at.get(local),
      localOrigin: local === 0 ? null : at.origin(local),
    });
  const anyOrSingle = dialect.peerAny ? "anyhost" : "singlehost";
  const spec = dialect.sourceNat ? "host_spec" : "host";
  const host = (context: IpsecContext, at: Reduction): unknown => lookup(context, at.get(1), at.origin(1));
  const rules: Rule[] = [
    ["hosts", "FROM host port TO host port", pair(2, 5)],
    ["hosts", "TO host port FROM host port", pair(5, 2)],
    ["peers", "", peers(0, 0)],
    ["peers", `PEER ${anyOrSingle} LOCAL singlehost`, peers(2, 4)],
    ["peers", `LOCAL singlehost PEER ${anyOrSingle}`, peers(4, 2)],
    ["peers", `PEER ${anyOrSingle}`, peers(2, 0)],
    ["peers", "LOCAL singlehost", peers(0, 2)],
    ["singlehost", "", () => null],
    ["singlehost", "STRING", host],
    ["host_list", "host"],
    ["host_list", "host_list comma host", (_, at) => join(at.get(1), at.get(3))],
    [spec, "STRING", host],
    [
      spec,
      "STRING '/' NUMBER",
      (context, at) => lookup(context, `${at.get<string>(1)}/${at.get<bigint>(3)}`, at.whole),
    ],
  ];
  if (dialect.sourceNat) {
    rules.push(["host", "host_spec"], ["host", "host_spec '(' host_spec ')'", translatedHost]);
  }
  rules.push(["host", "ANY", anyHost], ["host", "'{' host_list '}'", (_, at) => at.get(2)]);
  if (dialect.peerAny) rules.push(["anyhost", "singlehost"], ["anyhost", "ANY", anyHost]);
  return rules;
}

function lookup(context: IpsecContext, text: string, origin: Origin): unknown {
  const result = resolveHosts(text, context.environment, context.dialect);
  if (result.hosts !== null) return result.hosts;
  const { report } = context;
  if (result.fatal) {
    report.fatal(
      "ipsec/netmask",
      result.text,
      origin,
      `"${text}" has no valid mask; lengths are 0 to 32, or to 128 for IPv6.`,
    );
    return FAIL;
  }
  report.stderr.push(`${result.text}\n`);
  report.error(
    "ipsec/unknown-host",
    "could not parse host specification",
    origin,
    `"${text}" is no address, no interface or group with an address, and does not resolve. Interfaces take no modifiers here.`,
  );
  return FAIL;
}

function translatedHost({ report }: IpsecContext, at: Reduction): unknown {
  const host = at.get<HostNode>(1);
  const nat = at.get<HostNode>(3);
  if (host.family !== nat.family) {
    report.error(
      "ipsec/nat-family",
      "Flow NAT address family mismatch",
      at.whole,
      "The network in parentheses must be of the same address family as the one before it.",
    );
    return FAIL;
  }
  host.nat = nat;
  return host;
}

function join(first: HostNode | null, second: HostNode | null): HostNode | null {
  if (second === null) return first;
  if (first === null) return second;
  first.tail.next = second;
  first.tail = second.tail;
  return first;
}

function phases(dialect: IpsecDialect): Rule[] {
  const phase =
    (exchange: Phase["exchange"]) =>
    (_: IpsecContext, at: Reduction): Phase => ({
      exchange,
      transforms: at.get(2),
      lifetime: at.get(3),
      origin: at.whole,
    });
  const none = (exchange: Phase["exchange"]) => (): Phase => ({
    exchange,
    transforms: null,
    lifetime: null,
    origin: null,
  });
  const rules: Rule[] = [
    ["phase1mode", "", none("main")],
    ["phase1mode", "MAIN transforms lifetime", phase("main")],
    ["phase1mode", "AGGRESSIVE transforms lifetime", phase("aggressive")],
    ["phase2mode", "", none("quick")],
    ["phase2mode", "QUICK transforms lifetime", phase("quick")],
    ["transforms", "transforms_begin transforms_l", ({ transforms }) => transforms],
    ["transforms", "", emptyTransforms],
    [
      "transforms_begin",
      "",
      (context) => {
        context.transforms = emptyTransforms();
      },
    ],
    ["transforms_l", "transforms_l transform"],
    ["transforms_l", "transform"],
    ["transform", "AUTHXF STRING", (context, at) => context.transform("authentication", "auth", at)],
    ["transform", "ENCXF STRING", (context, at) => context.transform("encryption", "enc", at)],
    ["transform", "COMPXF STRING", (context, at) => context.transform("compression", "comp", at)],
    ["transform", "GROUP STRING", (context, at) => context.transform("group", "group", at)],
    ["lifetime", "", () => null],
    ["lifetime", "LIFETIME NUMBER", lifetimeOfNumber],
  ];
  if (dialect.spellsTransforms) rules.push(["lifetime", "LIFETIME STRING", lifetimeOfWord]);
  return rules;
}

function lifetimeOfNumber({ report, dialect }: IpsecContext, at: Reduction): unknown {
  const seconds = at.get<bigint>(2);
  if (!dialect.spellsTransforms && (seconds > 0x7fffffffn || seconds < 0n)) {
    report.error(
      "ipsec/lifetime",
      `${seconds} not a valid lifetime`,
      at.origin(2),
      "Lifetimes are 0 to 2147483647 seconds.",
    );
    return FAIL;
  }
  return known(BigInt.asIntN(32, seconds));
}

/** sscanf("%d%c"): a number and, right behind it, `m` or `h`. */
function lifetimeOfWord({ report }: IpsecContext, at: Reduction): unknown {
  const text = at.get<string>(2);
  const match = /^\s*([+-]?\d+)([\s\S]?)/.exec(text);
  // err(3) adds the last error of the system, which was looking for an interface group of the host's name.
  if (match === null) {
    report.fatal(
      "ipsec/lifetime",
      `ipsecctl: invalid time specification: ${text}: No such file or directory`,
      at.origin(2),
      `"${text}" is no time; write seconds, or a number with m or h.`,
    );
    return FAIL;
  }
  const factor = { m: 60n, h: 3600n, "": 1n }[(match[2] as string).toLowerCase()];
  if (factor === undefined) {
    report.fatal(
      "ipsec/lifetime",
      "ipsecctl: invalid time unit: No such file or directory",
      at.origin(2),
      `"${text}" has a unit that is not known; minutes are m, hours are h, days are 24h.`,
    );
    return FAIL;
  }
  return known(BigInt.asIntN(32, BigInt.asIntN(32, BigInt(match[1] as string)) * factor));
}

/** -1 stands for no lifetime. */
function known(seconds: bigint): number | null {
  return seconds === -1n ? null : Number(seconds);
}

function values(_dialect: IpsecDialect): Rule[] {
  const placed =
    (index: number) =>
    (_: IpsecContext, at: Reduction): Placed<string> => ({
      value: at.get(index),
      origin: at.origin(index),
    });
  const identities =
    (source: number, destination: number) =>
    (_: IpsecContext, at: Reduction): IdentityWords => ({
      source: source === 0 ? null : at.get(source),
      destination: destination === 0 ? null : at.get(destination),
    });
  return [
    ["proto", "", () => 0],
    ["proto", "PROTO protoval", (_context, at) => at.get(2)],
    ["proto", "PROTO ESP", () => PROTOCOL.esp],
    ["proto", "PROTO AH", () => PROTOCOL.ah],
    ["protoval", "STRING", protocolOfName],
    ["protoval", "NUMBER", protocolOfNumber],
    ["port", "", () => 0],
    ["port", "PORT portval", (_context, at) => at.get(2)],
    ["portval", "STRING", portOfName],
    ["portval", "NUMBER", portOfNumber],
    ["ids", "", identities(0, 0)],
    ["ids", "SRCID id DSTID id", identities(2, 4)],
    ["ids", "SRCID id", identities(2, 0)],
    ["ids", "DSTID id", identities(0, 2)],
    ["id", "STRING", placed(1)],
    ["ikeauth", "", () => null],
    ["ikeauth", "RSA", () => null],
    ["ikeauth", "PSK STRING", (context, at) => context.secret(at.get(2), at.origin(2))],
    ["tag", "", () => null],
    ["tag", "TAG STRING", (_context, at) => at.get(2)],
  ];
}

function protocolOfName({ report, environment }: IpsecContext, at: Reduction): unknown {
  const name = at.get<string>(1);
  const protocol = protocolByName(environment.system, name);
  if (protocol !== null) return protocol;
  report.error("ipsec/unknown-protocol", `unknown protocol: ${name}`, at.origin(1), `protocols(5) has no "${name}".`);
  return FAIL;
}

function protocolOfNumber({ report }: IpsecContext, at: Reduction): unknown {
  const number = at.get<bigint>(1);
  if (number <= 255n && number >= 0n) return Number(number);
  report.error("ipsec/protocol-range", "protocol outside range", at.origin(1), "Protocol numbers are 0 to 255.");
  return FAIL;
}

function portOfName({ report, environment }: IpsecContext, at: Reduction): unknown {
  const name = at.get<string>(1);
  const port = serviceByName(environment.system, name, "tcp") ?? serviceByName(environment.system, name, "udp");
  if (port !== null) return port;
  report.error("ipsec/unknown-port", `unknown port: ${name}`, at.origin(1), `services(5) has no "${name}".`);
  return FAIL;
}

function portOfNumber({ report }: IpsecContext, at: Reduction): unknown {
  const number = at.get<bigint>(1);
  if (number <= 65535n && number >= 0n) return Number(number);
  report.error("ipsec/port-range", "port outside range", at.origin(1), "Port numbers are 0 to 65535.");
  return FAIL;
}
