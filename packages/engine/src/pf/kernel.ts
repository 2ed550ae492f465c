import { isAtLeast, type System } from "@pierhead/core";

/**
 * Where the packet filters of the systems we know behave differently, as facts. Code asks for the fact, never for the
 * name of the system. The two kinds of filter: OpenBSD's from 4.7 on, which translates when it has found its rules, and
 * the older one that FreeBSD, NetBSD and macOS took over, which translates first.
 */
export interface Kernel {
  /** Translation and scrub rules are evaluated before the filter: 4.6 family and FreeBSD. */
  readonly separateTranslation: boolean;
  /** `set state-policy` when the file says nothing. */
  readonly defaultStatePolicy: "floating" | "if-bound";
  /** Ports that NAT does not hand out (`net.inet.*.baddynamic`). */
  readonly badPortsTcp: ReadonlySet<number>;
  readonly badPortsUdp: ReadonlySet<number>;
  /** `(em0:0)` leaves IPv6 link-local addresses out. */
  readonly noAliasSkipsLinkLocal: boolean;
  /** Ports of SCTP are looked at, and its states tracked. */
  readonly tracksSctp: boolean;
  /** From OpenBSD 6.9 and not elsewhere: route-to has an address only, the interface follows from a route lookup. */
  readonly routeByAddress: boolean;
  /** Fragments are reassembled without any rule (`set reassemble yes`). */
  readonly reassembles: boolean;
  /** Without scrub rules packets are normalized all the same. */
  readonly normalizesWithoutScrub: boolean;
  /** IPv6 fragments are reassembled whatever `set reassemble` says. */
  readonly alwaysReassembles6: boolean;
  /** `set reassemble yes no-df` takes DF off every packet, not only off fragments. */
  readonly noDfForAll: boolean;
  /** Source nodes for global tracking are shared by all rules. */
  readonly globalSourceNodes: boolean;
  /** Keys of states hold the routing domain, and are linked to the key of the same packet on its way in. */
  readonly keysHoldRoutingDomain: boolean;
  readonly linksKeys: boolean;
  /** What stands in the ports of an ICMP state: id and type, or the id twice. */
  readonly icmpKeys: "id and type" | "id";
  /** Whether an ICMP message must go in the direction that its type and the state say: never, if the rule names a type, always. */
  readonly icmpDirection: "unchecked" | "typed" | "checked";
  /** Rules that keep state do not match ICMP answers. */
  readonly answersMakeNoState: boolean;
  /**
   * How states of neighbour discovery and MLD are known: by the target in the place of the address and, folded, of the
   * id; by the target in the place of the address; by nothing of theirs.
   */
  readonly discovery: "target and id" | "target" | "plain";
  /** A state is also found on the interface it was made on. */
  readonly remembersInterface: boolean;
  /** Interfaces of if-bound states that reply-to or af-to made are known when the first packet leaves. */
  readonly bindsLate: boolean;
  /** What `match` rules ask for is done to packets without state too, and allow-opts of them counts. */
  readonly actionsWithoutState: boolean;
  /** route-to and the like work without state. */
  readonly routesWithoutState: boolean;
  /** nat-to, rdr-to and af-to on rules: a second translation of one packet fails, and the packet with it. */
  readonly translatesOnce: boolean;
  /** The first translation rule that matches decides, also inside an anchor. */
  readonly translationAnchorsDecide: boolean;
  /** rdr gives another source port to a connection that would look like an existing one. */
  readonly rdrChangesSourcePort: boolean;
  /** Segments with flags that make no sense are dropped: FIN beside SYN is cut off, or too many. */
  readonly finBesideSyn: "cleared" | "dropped";
  /** A SYN for an established connection is answered with an ACK. */
  readonly challengesSyn: boolean;
  /** `block return` answers ICMP queries too. */
  readonly answersIcmpQueries: boolean;
  /** A state whose place a new connection takes goes at once, not at the next purge. */
  readonly removesReused: boolean;
  /** `pfctl -k` compares addresses as they are on the wire; else those of the side that started. */
  readonly killsByWire: boolean;
  /** Whose pfctl shows states and source nodes: OpenBSD's from 4.7, that before it, FreeBSD's. */
  readonly shows: "openbsd" | "old" | "freebsd";
  /** What a reset has to hit: a sequence number, exactly; the window with an exact acknowledgement will do; nothing. */
  readonly resets: "exact" | "window" | "any";
  /** Rates are counted from window to window, not estimated. */
  readonly windowRates: boolean;
  /** A pass rule that fails to make its state or to translate drops the packet with an answer, if the rule says so. */
  readonly failPolicy: boolean;
  /** A translation that fails drops the packet; else it goes on untranslated. */
  readonly failedTranslationDrops: boolean;
  /** `divert-to PORT` hands packets to a divert socket (FreeBSD, IPv4, both directions). */
  readonly divertsToSocket: boolean;
  /** IPv4 packets that `af-to` makes must not be cut. */
  readonly afToSetsDf: boolean;
  /** IPv4 packets that were reassembled remember the size of their fragments, for when `af-to` makes them IPv6. */
  readonly remembersFragments4: boolean;
  /** A state's default limit, `limit states`. */
  readonly stateLimit: number;
  readonly sourceNodeLimit: number;
  readonly fragmentLimit: number;
  readonly fragmentTimeout: number;
}

const OPENBSD_TCP = [
  587, 749, 750, 751, 853, 871, 2049, 6000, 6001, 6002, 6003, 6004, 6005, 6006, 6007, 6008, 6009, 6010,
];
const OPENBSD_UDP = [623, 664, 749, 750, 751, 2049, 3784, 3785, 7784, 4500];
const NONE: ReadonlySet<number> = new Set();

/** The facts for a system. */
export function kernelOf(system: System): Kernel {
  if (system.family === "freebsd") return freebsd(system);
  return system.family === "openbsd" && isAtLeast(system, "openbsd", 4, 7) ? openbsd(system) : old(system);
}

function openbsd(system: System): Kernel {
  const large = isAtLeast(system, "openbsd", 6, 1);
  return {
    separateTranslation: false,
    defaultStatePolicy: "floating",
    badPortsTcp: new Set(OPENBSD_TCP),
    badPortsUdp: new Set(OPENBSD_UDP),
    noAliasSkipsLinkLocal: false,
    tracksSctp: false,
    routeByAddress: isAtLeast(system, "openbsd", 6, 9),
    reassembles: true,
    normalizesWithoutScrub: true,
    alwaysReassembles6: false,
    noDfForAll: false,
    globalSourceNodes: false,
    keysHoldRoutingDomain: true,
    linksKeys: true,
    icmpKeys: "id and type",
    icmpDirection: "checked",
    answersMakeNoState: true,
    discovery: "target and id",
    remembersInterface: false,
    bindsLate: false,
    actionsWithoutState: false,
    routesWithoutState: false,
    translatesOnce: false,
    translationAnchorsDecide: true,
    rdrChangesSourcePort: false,
    finBesideSyn: "cleared",
    challengesSyn: true,
    answersIcmpQueries: true,
    removesReused: false,
    killsByWire: false,
    shows: "openbsd",
    resets: "window",
    windowRates: false,
    failPolicy: false,
    failedTranslationDrops: true,
    divertsToSocket: false,
    afToSetsDf: true,
    remembersFragments4: false,
    stateLimit: large ? 100_000 : 10_000,
    sourceNodeLimit: 10_000,
    fragmentLimit: large ? 65_536 : 5_000,
    fragmentTimeout: 60,
  };
}

/** OpenBSD up to 4.6, NetBSD, macOS. */
function old(system: System): Kernel {
  const isOpenbsd = system.family === "openbsd";
  return {
    separateTranslation: true,
    defaultStatePolicy: "floating",
    badPortsTcp: NONE,
    badPortsUdp: NONE,
    noAliasSkipsLinkLocal: false,
    tracksSctp: false,
    routeByAddress: false,
    reassembles: false,
    normalizesWithoutScrub: false,
    alwaysReassembles6: false,
    noDfForAll: false,
    globalSourceNodes: true,
    keysHoldRoutingDomain: false,
    linksKeys: isOpenbsd,
    icmpKeys: "id",
    icmpDirection: "unchecked",
    answersMakeNoState: false,
    discovery: "plain",
    remembersInterface: false,
    bindsLate: false,
    actionsWithoutState: false,
    routesWithoutState: true,
    translatesOnce: true,
    translationAnchorsDecide: true,
    rdrChangesSourcePort: false,
    finBesideSyn: "cleared",
    challengesSyn: false,
    answersIcmpQueries: false,
    removesReused: true,
    killsByWire: true,
    shows: "old",
    resets: "any",
    windowRates: false,
    failPolicy: false,
    failedTranslationDrops: false,
    divertsToSocket: false,
    afToSetsDf: true,
    remembersFragments4: false,
    stateLimit: 10_000,
    sourceNodeLimit: 10_000,
    fragmentLimit: 5_000,
    fragmentTimeout: 30,
  };
}

function freebsd(system: System): Kernel {
  const recent = isAtLeast(system, "freebsd", 15);
  return {
    separateTranslation: true,
    defaultStatePolicy: recent ? "if-bound" : "floating",
    badPortsTcp: NONE,
    badPortsUdp: NONE,
    noAliasSkipsLinkLocal: true,
    tracksSctp: isAtLeast(system, "freebsd", 14),
    routeByAddress: false,
    reassembles: false,
    normalizesWithoutScrub: isAtLeast(system, "freebsd", 14),
    alwaysReassembles6: true,
    noDfForAll: true,
    globalSourceNodes: true,
    keysHoldRoutingDomain: false,
    linksKeys: false,
    icmpKeys: recent ? "id and type" : "id",
    icmpDirection: recent ? "typed" : "unchecked",
    answersMakeNoState: false,
    discovery: recent ? "target" : "plain",
    remembersInterface: recent,
    bindsLate: recent,
    actionsWithoutState: recent,
    routesWithoutState: true,
    translatesOnce: true,
    translationAnchorsDecide: !recent,
    rdrChangesSourcePort: recent,
    finBesideSyn: "dropped",
    challengesSyn: recent,
    answersIcmpQueries: false,
    removesReused: true,
    killsByWire: true,
    shows: "freebsd",
    resets: "exact",
    windowRates: recent,
    failPolicy: recent,
    failedTranslationDrops: recent,
    divertsToSocket: true,
    afToSetsDf: false,
    remembersFragments4: isAtLeast(system, "freebsd", 15),
    stateLimit: 100_000,
    sourceNodeLimit: 10_000,
    fragmentLimit: 5_000,
    fragmentTimeout: isAtLeast(system, "freebsd", 14) ? 60 : 30,
  };
}
