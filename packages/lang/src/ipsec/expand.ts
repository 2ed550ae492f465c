/** From statements to rules: what `create_*` and `expand_rule` of ipsecctl's parser do. */
import { PROTOCOL, parseAddress, type Secret } from "@pierhead/core";
import type { Origin, ParseReport } from "../lexer/index.ts";
import { transformNamed } from "./algorithms.ts";
import type { IpsecDialect } from "./dialect.ts";
import { expandAny, HostNode } from "./hosts.ts";
import type {
  Encapsulation,
  FlowDirection,
  FlowRule,
  Identities,
  IdentityType,
  IkeRule,
  IpsecHost,
  IpsecRule,
  SecurityAssociationRule,
  Transforms,
} from "./rule.ts";
import type {
  AssociationStatement,
  FlowStatement,
  Hosts,
  IdentityWords,
  IkeStatement,
  Peers,
  TransformList,
} from "./statement.ts";

/** Expands statements into rules, in the order of the file; one per run of the parser. */
export class Expander {
  readonly #report: ParseReport;
  readonly #dialect: IpsecDialect;
  /** Called for every rule as it is added. */
  readonly #add: (rule: IpsecRule) => void;
  #number = 0;
  /** First rule for the default peer; the others are compared with it. */
  #defaultPeer: IkeRule | null = null;
  /** Last SA of each bundle, by hosts and name. */
  readonly #bundles = new Map<string, SecurityAssociationRule>();

  constructor(report: ParseReport, dialect: IpsecDialect, add: (rule: IpsecRule) => void) {
    this.#report = report;
    this.#dialect = dialect;
    this.#add = add;
  }

  /** Returns false when the parser is to treat the statement as an error (`YYERROR`). */
  ike(statement: IkeStatement): boolean {
    if (!this.#portsHaveProtocol(statement.hosts, statement.protocol, statement.origin)) return false;
    const { phase1, phase2 } = statement;
    const encryption = phase2.transforms?.encryption;
    if (encryption?.implicitAuthentication === true && phase2.transforms?.authentication != null) {
      this.#implicit(encryption.name, phase2.origin ?? statement.origin);
      return false;
    }
    this.#expand(statement.hosts, statement.origin, (source, destination) => {
      const rule: IkeRule = {
        kind: "ike",
        number: 0,
        origin: statement.origin,
        mode: statement.mode,
        encapsulation: statement.encapsulation,
        tunnelMode: statement.tunnelMode,
        protocol: statement.protocol,
        source,
        destination,
        sourcePort: statement.hosts.sourcePort,
        destinationPort: statement.hosts.destinationPort,
        local: null,
        peer: null,
        exchange: phase1.exchange === "aggressive" ? "aggressive" : "main",
        phase1: copyTransforms(phase1.transforms),
        phase1Lifetime: phase1.lifetime,
        phase2: copyTransforms(phase2.transforms),
        phase2Lifetime: phase2.lifetime,
        identities: this.#identities(statement.identities),
        preSharedKey: statement.preSharedKey?.value ?? null,
        tag: statement.tag,
        interfaceUnit: statement.interfaceUnit,
      };
      rule.local = copyHost(statement.peers.local);
      rule.peer = copyHost(statement.peers.peer) ?? (destination.network ? null : copyHost(destination));
      if (rule.peer?.family === null) rule.peer = null;
      if (rule.peer === null && this.#dialect.peerAny) this.#compareDefaultPeer(rule);
      this.#push(rule);
      statement.rules.push(rule);
      return true;
    });
    return true;
  }

  flow(statement: FlowStatement): boolean {
    if (!this.#portsHaveProtocol(statement.hosts, statement.protocol, statement.origin)) return false;
    const soft = statement.encapsulation === "ipcomp" || statement.encapsulation === "ipip";
    const type = statement.type ?? (soft && this.#dialect.softCompressionFlows ? "use" : "require");
    const plain = type === "deny" || type === "bypass";
    const direction: FlowDirection = statement.direction === "in" ? "in" : "out";
    this.#expand(statement.hosts, statement.origin, (source, destination) => {
      const rule: FlowRule = {
        kind: "flow",
        number: 0,
        origin: statement.origin,
        encapsulation: statement.encapsulation,
        direction,
        protocol: statement.protocol,
        source,
        destination,
        sourcePort: statement.hosts.sourcePort,
        destinationPort: statement.hosts.destinationPort,
        local: null,
        peer: null,
        identities: plain ? null : this.#identities(statement.identities),
        type,
      };
      if (!plain && !this.#flowPeers(rule, statement.peers)) return false;
      this.#push(rule);
      statement.rules.push(rule);
      if (statement.direction === "both") {
        const reverse: FlowRule = {
          ...rule,
          direction: "in",
          source: destination,
          destination: source,
          sourcePort: rule.destinationPort,
          destinationPort: rule.sourcePort,
        };
        this.#push(reverse);
        statement.rules.push(reverse);
      }
      return true;
    });
    return true;
  }

  association(statement: AssociationStatement, rule: "sarule" | "tcpmd5rule"): boolean {
    const transforms = statement.transforms;
    const { authenticationKeys, encryptionKeys, origin } = statement;
    const valid = (spi: number, authentication: Secret | null, encryption: Secret | null): boolean =>
      this.#validAssociation(statement, spi, authentication, encryption, transforms);
    if (!valid(statement.spiOut, authenticationKeys.out, encryptionKeys.out)) return false;
    this.#expand(statement.hosts, origin, (source, destination) => {
      const out: SecurityAssociationRule = {
        kind: "sa",
        number: 0,
        origin,
        encapsulation: statement.encapsulation,
        mode: statement.mode,
        source,
        destination,
        spi: statement.spiOut,
        transforms: copyTransforms(transforms),
        authenticationKey: authenticationKeys.out,
        encryptionKey: encryptionKeys.out,
        udpEncapsulation: statement.udpEncapsulation,
      };
      this.#push(out);
      statement.rules.push(out);
      this.#bundle(out, statement);
      if (statement.spiIn !== 0 || authenticationKeys.in !== null || encryptionKeys.in !== null) {
        if (!valid(statement.spiIn, authenticationKeys.in, encryptionKeys.in)) {
          // The program takes this for a failure of its own and ends.
          this.#report.fatal(
            "ipsec/incomplete-reverse",
            `ipsecctl: ${rule}: expand_rule`,
            origin,
            "The inbound half of the SA is not complete; give SPI and keys of both directions, as `out:in`.",
          );
          return false;
        }
        const reverse: SecurityAssociationRule = {
          ...out,
          source: destination,
          destination: source,
          spi: statement.spiIn,
          transforms: copyTransforms(transforms),
          authenticationKey: authenticationKeys.in,
          encryptionKey: encryptionKeys.in,
        };
        this.#push(reverse);
        statement.rules.push(reverse);
        this.#bundle(reverse, statement);
      }
      return true;
    });
    return true;
  }

  /** expand_rule(): calls `each` for every pair of hosts of one family. */
  #expand(hosts: Hosts, origin: Origin, each: (source: HostNode, destination: HostNode) => boolean): void {
    if (familiesDiffer(hosts.source, hosts.destination)) {
      this.#report.error(
        "ipsec/family-mismatch",
        "source/destination address families do not match",
        origin,
        "Source and destination have no address family in common; use IPv4 or IPv6 on both sides.",
      );
      return;
    }
    expandAny(hosts.source);
    expandAny(hosts.destination);
    let added = false;
    for (let source = hosts.source; source !== null; source = source.next) {
      for (let destination = hosts.destination; destination !== null; destination = destination.next) {
        if (source.family !== destination.family) continue;
        if (!each(copyHost(source) as HostNode, copyHost(destination) as HostNode)) return;
        added = true;
      }
    }
    if (!added) {
      this.#report.error(
        "ipsec/no-combination",
        "rule expands to no valid combination",
        origin,
        "No pair of source and destination has the same address family, so the rule stands for nothing.",
      );
    }
  }

  #push(rule: IpsecRule): void {
    rule.number = this.#number++;
    this.#add(rule);
  }

  #portsHaveProtocol(hosts: Hosts, protocol: number, origin: Origin): boolean {
    if (hosts.sourcePort === 0 && hosts.destinationPort === 0) return true;
    if (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp) return true;
    this.#report.error(
      "ipsec/port-without-protocol",
      "no protocol supplied with source/destination ports",
      origin,
      "A port needs `proto tcp` or `proto udp` in front of `from`.",
    );
    return false;
  }

  #implicit(name: string, origin: Origin): void {
    this.#report.error(
      "ipsec/implicit-authentication",
      `authentication is implicit for ${name}`,
      origin,
      `${name} authenticates packets itself; leave out \`auth\`.`,
    );
  }

  #identities(words: IdentityWords): Identities {
    return {
      source: words.source?.value ?? null,
      destination: words.destination?.value ?? null,
      sourceType: identityType(words.source?.value ?? null, this.#dialect),
      destinationType: identityType(words.destination?.value ?? null, this.#dialect),
    };
  }

  /** set_rule_peers() of a flow. */
  #flowPeers(rule: FlowRule, peers: Peers): boolean {
    rule.local = copyHost(peers.local);
    rule.peer = copyHost(peers.peer);
    if (rule.peer === null) {
      const remote = rule.direction === "in" ? rule.source : rule.destination;
      if (!remote.network) rule.peer = copyHost(remote as HostNode);
    }
    if (rule.peer === null) {
      this.#report.error(
        "ipsec/no-peer",
        `no peer specified for destination ${rule.destination.name}`,
        rule.origin,
        `The flow leads to the network ${rule.destination.name}; say with \`peer\` which gateway it goes through.`,
      );
      return false;
    }
    if (rule.peer.family === null) rule.peer = null;
    return true;
  }

  #compareDefaultPeer(rule: IkeRule): void {
    const first = this.#defaultPeer;
    if (first === null) {
      this.#defaultPeer = rule;
      return;
    }
    const differ = (code: string, what: string, advice: string): void =>
      this.#report.warn(code, `default peer ${what} mismatch`, rule.origin, `${advice} ${DEFAULT_PEER_ADVICE}`);
    if (
      (first.local?.name ?? null) !== (rule.local?.name ?? null) ||
      (first.local === null) !== (rule.local === null)
    ) {
      differ("ipsec/default-peer-local", "local", "Rules for the default peer have different `local` addresses.");
    }
    if ((first.preSharedKey === null) !== (rule.preSharedKey === null)) {
      differ(
        "ipsec/default-peer-authentication",
        "phase 1 auth",
        "One rule for the default peer has a `psk`, another not.",
      );
    }
    if (first.preSharedKey !== null && rule.preSharedKey !== null && !first.preSharedKey.equals(rule.preSharedKey)) {
      differ("ipsec/default-peer-psk", "psk", "Rules for the default peer have different pre-shared keys.");
    }
    if (first.exchange !== rule.exchange) {
      differ("ipsec/default-peer-mode", "phase 1 mode", "Rules for the default peer mix main and aggressive mode.");
    }
    if (first.identities.source !== rule.identities.source) {
      differ("ipsec/default-peer-srcid", "srcid", "Rules for the default peer have different `srcid`.");
    }
    if (first.identities.destination !== rule.identities.destination) {
      differ("ipsec/default-peer-dstid", "dstid", "Rules for the default peer have different `dstid`.");
    }
  }

  /** add_sabundle(): ties an SA to the one before it that goes the same way. */
  #bundle(rule: SecurityAssociationRule, statement: AssociationStatement): void {
    if (this.#dialect.bundles ? statement.bundle === null : statement.encapsulation === "tcpmd5") return;
    const key = `${rule.source.name}\0${rule.destination.name}\0${statement.bundle ?? ""}`;
    const last = this.#bundles.get(key);
    this.#bundles.set(key, rule);
    if (last === undefined) return;
    this.#push({
      kind: "bundle",
      number: 0,
      origin: rule.origin,
      encapsulation: last.encapsulation,
      destination: last.destination,
      spi: last.spi,
      encapsulation2: rule.encapsulation,
      destination2: rule.destination,
      spi2: rule.spi,
    });
  }

  /** validate_sa(): fills in the default transforms, too. */
  #validAssociation(
    statement: AssociationStatement,
    spi: number,
    authenticationKey: Secret | null,
    encryptionKey: Secret | null,
    transforms: TransformList | null,
  ): boolean {
    const { origin } = statement;
    const refuse = (code: string, text: string, advice?: string): false => {
      this.#report.error(code, text, origin, advice);
      return false;
    };
    const { authentication, encryption, compression } = this.#dialect.algorithms;
    if (spi === 0) return refuse("ipsec/no-spi", "no SPI specified", "A manual SA needs `spi` of 256 or more.");
    if (transforms !== null) {
      switch (statement.encapsulation) {
        case "ah":
          transforms.authentication ??= transformNamed(authentication, "hmac-sha2-256");
          if (transforms.encryption !== null) return refuse("ipsec/ah-encryption", "ah does not provide encryption");
          if (transforms.compression !== null) return refuse("ipsec/ah-compression", "ah does not provide compression");
          break;
        case "esp": {
          if (transforms.compression !== null)
            return refuse("ipsec/esp-compression", "esp does not provide compression");
          transforms.encryption ??= transformNamed(encryption, "aes");
          const { name, dynamicOnly, implicitAuthentication } = transforms.encryption;
          if (dynamicOnly) {
            return refuse(
              "ipsec/static-counter-mode",
              `${name} is disallowed with static keys`,
              `${name} breaks when a key is used again after a restart; use aes, or ike.`,
            );
          }
          if (implicitAuthentication && transforms.authentication !== null) {
            this.#implicit(name, origin);
            return false;
          }
          if (!implicitAuthentication) transforms.authentication ??= transformNamed(authentication, "hmac-sha2-256");
          break;
        }
        case "ipcomp":
          if (transforms.authentication !== null || transforms.encryption !== null) {
            return refuse("ipsec/ipcomp-transform", "no encryption or authentication with ipcomp");
          }
          transforms.compression ??= transformNamed(compression, "deflate");
          break;
        case "ipip":
          if (transforms.authentication ?? transforms.encryption ?? transforms.compression) {
            return refuse("ipsec/ipip-transform", "no encryption, authentication or compression with ipip");
          }
      }
    }
    if (transforms?.authentication != null) {
      const { name, keyMinimum } = transforms.authentication;
      if (authenticationKey === null && name !== "none" && !statement.authenticationKeys.unknown) {
        return refuse("ipsec/no-authentication-key", "no authentication key specified");
      }
      if (authenticationKey !== null && octets(authenticationKey) !== keyMinimum) {
        return refuse(
          "ipsec/authentication-key-length",
          `wrong authentication key length, needs to be ${keyMinimum * 8} bits`,
        );
      }
    }
    if (transforms?.encryption != null) {
      const { name, keyMinimum, keyMaximum } = transforms.encryption;
      if (encryptionKey === null && name !== "null" && !statement.encryptionKeys.unknown) {
        return refuse("ipsec/no-encryption-key", "no encryption key specified");
      }
      const length = encryptionKey === null ? 0 : octets(encryptionKey);
      if (encryptionKey !== null && length < keyMinimum) {
        return refuse(
          "ipsec/encryption-key-length",
          `encryption key too short (${length * 8} bits), minimum ${keyMinimum * 8} bits`,
        );
      }
      if (encryptionKey !== null && keyMaximum < length) {
        return refuse(
          "ipsec/encryption-key-length",
          `encryption key too long (${length * 8} bits), maximum ${keyMaximum * 8} bits`,
        );
      }
    }
    return true;
  }
}

const DEFAULT_PEER_ADVICE =
  "isakmpd has one default peer: the last rule decides for all. Make them equal, or name the peers.";

/** Keys are kept as hexadecimal digits, two an octet. */
function octets(key: Secret): number {
  return key.length >> 1;
}

function familiesDiffer(source: IpsecHost | null, destination: IpsecHost | null): boolean {
  const from = families(source as HostNode | null);
  const to = families(destination as HostNode | null);
  if (from === null || to === null) return false;
  return from.four !== to.four && from.six !== to.six;
}

/** Families of a list; null when it has `any`. */
function families(list: HostNode | null): { four: boolean; six: boolean } | null {
  const found = { four: false, six: false };
  for (let host = list; host !== null && !(found.four && found.six); host = host.next) {
    if (host.family === null) return null;
    if (host.family === 4) found.four = true;
    else found.six = true;
  }
  return found;
}

function copyHost(host: HostNode | null): HostNode | null {
  if (host === null) return null;
  const copy = new HostNode(host.family, host.address, host.mask, host.network, host.name);
  copy.nat = host.nat;
  return copy;
}

function copyTransforms(list: TransformList | null): Transforms | null {
  if (list === null) return null;
  const { authentication, encryption, compression, group } = list;
  return { authentication, encryption, compression, group };
}

/** get_id_type(). */
function identityType(id: string | null, dialect: IpsecDialect): IdentityType {
  if (id === null) return "none";
  const address = dialect.addressIdentities ? parseAddress(id) : null;
  if (address !== null) return address.family === 4 ? "ipv4" : "ipv6";
  return id.includes("@") ? "user-fqdn" : "fqdn";
}

/** Encapsulations of SAs that tunnel and transport mode mean something for. */
export function hasMode(encapsulation: Encapsulation): boolean {
  return encapsulation !== "tcpmd5" && encapsulation !== "ipip";
}
