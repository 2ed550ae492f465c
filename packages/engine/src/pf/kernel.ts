import { isAtLeast, type System } from "@pierhead/core";

/**
 * Where the packet filters of the systems we know behave differently, as facts. Code asks for the fact, never for the
 * name of the system.
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
  /** IPv4 fragments are reassembled without any rule (`set reassemble yes`). */
  readonly reassembles: boolean;
  /** Source nodes for global tracking are shared by all rules. */
  readonly globalSourceNodes: boolean;
  /** A state's default limit, `limit states`. */
  readonly stateLimit: number;
  readonly sourceNodeLimit: number;
  readonly fragmentLimit: number;
}

const OPENBSD_TCP = [
  587, 749, 750, 751, 853, 871, 2049, 6000, 6001, 6002, 6003, 6004, 6005, 6006, 6007, 6008, 6009, 6010,
];
const OPENBSD_UDP = [623, 664, 749, 750, 751, 2049, 3784, 3785, 7784, 4500];
const NONE: ReadonlySet<number> = new Set();

/** The facts for a system. */
export function kernelOf(system: System): Kernel {
  if (system.family === "openbsd") {
    const modern = isAtLeast(system, "openbsd", 4, 7);
    return {
      separateTranslation: !modern,
      defaultStatePolicy: "floating",
      badPortsTcp: new Set(OPENBSD_TCP),
      badPortsUdp: new Set(OPENBSD_UDP),
      noAliasSkipsLinkLocal: false,
      tracksSctp: false,
      routeByAddress: isAtLeast(system, "openbsd", 6, 9),
      reassembles: modern,
      globalSourceNodes: !modern,
      stateLimit: isAtLeast(system, "openbsd", 6, 1) ? 100_000 : 10_000,
      sourceNodeLimit: 10_000,
      fragmentLimit: isAtLeast(system, "openbsd", 6, 1) ? 65_536 : 5_000,
    };
  }
  return {
    separateTranslation: true,
    defaultStatePolicy: isAtLeast(system, "freebsd", 15) ? "if-bound" : "floating",
    badPortsTcp: NONE,
    badPortsUdp: NONE,
    noAliasSkipsLinkLocal: system.family === "freebsd",
    tracksSctp: isAtLeast(system, "freebsd", 15),
    routeByAddress: false,
    reassembles: false,
    globalSourceNodes: true,
    stateLimit: system.family === "freebsd" ? 100_000 : 10_000,
    sourceNodeLimit: 10_000,
    fragmentLimit: 5_000,
  };
}
