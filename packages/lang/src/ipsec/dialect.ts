import type { System } from "@pierhead/core";
import { type Algorithms, algorithmsOf } from "./algorithms.ts";

/**
 * What the releases of ipsecctl(8) do differently. 4.6 and 7.8 follow their sources; what changed between is dated by
 * upstream's change log where that is known (transforms generated and `life` renamed 2012-07, parameters in transform
 * names 2012-09, modp3072 as default 2015-05, elliptic curves 2017-10) and by the manuals otherwise.
 */
export interface IpsecDialect {
  /** major * 100 + minor. */
  readonly release: number;
  readonly algorithms: Algorithms;
  /** isakmpd gets transforms spelled out; before 5.2 it got the names of suites it knows. */
  readonly spellsTransforms: boolean;
  /** Default Diffie-Hellman group of both phases. */
  readonly defaultGroup: "MODP_1024" | "MODP_3072";
  /** `lifetime`, since 5.2 for each rule and with `m` and `h`; before it was `life` and for all of isakmpd. */
  readonly lifetimeWord: "life" | "lifetime";
  /** `peer any`, and warnings when rules for the default peer disagree. */
  readonly peerAny: boolean;
  /** `from network (network)`. */
  readonly sourceNat: boolean;
  /** `bundle NAME`; without it all SAs between two hosts are a group. */
  readonly bundles: boolean;
  readonly udpEncapsulation: boolean;
  /** `ike interface sec0`. */
  readonly interfaces: boolean;
  /** Flows of ipcomp and ipip are `use` by default, not `require`. */
  readonly softCompressionFlows: boolean;
  /** Identities that are addresses are named as such. */
  readonly addressIdentities: boolean;
  /** Any `address/length` is a network, `/32` too. */
  readonly everyPrefixIsNetwork: boolean;
  /** Numeric addresses may be abbreviated (`10.1`, `0x12`), as inet_aton(3) reads them. */
  readonly abbreviatedHosts: boolean;
  /** A macro name with a blank in it is refused. */
  readonly checksMacroNames: boolean;
  readonly escapesBlanks: boolean;
  readonly countsEscapedLines: boolean;
  readonly rejectsNul: boolean;
  readonly forgetsPushback: boolean;
  /** A file that cannot be included is named behind the function that failed. */
  readonly namesPushfile: boolean;
}

const dialects = new Map<number, IpsecDialect>();

/** The dialect of a system; other families than OpenBSD have no ipsecctl and get the newest. */
export function ipsecDialect(system: System): IpsecDialect {
  const release = system.family === "openbsd" ? system.major * 100 + system.minor : 708;
  let dialect = dialects.get(release);
  if (dialect === undefined) {
    dialect = makeDialect(release);
    dialects.set(release, dialect);
  }
  return dialect;
}

function makeDialect(release: number): IpsecDialect {
  return {
    release,
    algorithms: algorithmsOf(release),
    spellsTransforms: release >= 502,
    defaultGroup: release >= 508 ? "MODP_3072" : "MODP_1024",
    lifetimeWord: release >= 502 ? "lifetime" : "life",
    peerAny: release >= 602,
    sourceNat: release >= 407,
    bundles: release >= 504,
    udpEncapsulation: release >= 705,
    interfaces: release >= 704,
    softCompressionFlows: release >= 502,
    addressIdentities: release >= 409,
    abbreviatedHosts: release < 504,
    everyPrefixIsNetwork: release >= 602,
    checksMacroNames: release >= 509,
    escapesBlanks: release >= 604,
    countsEscapedLines: release >= 604,
    rejectsNul: release >= 600,
    forgetsPushback: release < 602,
    namesPushfile: release >= 600,
  };
}
