import type { Address, Family, Span } from "@pierhead/core";

export interface RouteDestination {
  /** Masked network; null for a host name. `default` is the unspecified address with length 0. */
  readonly address: Address | null;
  readonly length: number;
  readonly written: string;
  readonly span: Span;
}

/** One `route` command, as far as it decides where packets go. */
export interface RouteCommand {
  readonly action: "add" | "change" | "delete" | "get" | "flush" | "show" | "other";
  readonly family: Family;
  /** Null for commands without one (`flush`, `show`). */
  readonly destination: RouteDestination | null;
  /** Null: on the link of `interface`, or a name nobody looked up. */
  readonly gateway: Address | null;
  readonly gatewayWritten: string | null;
  readonly gatewaySpan: Span | null;
  /** Named by `-iface`, `-link` or `-ifp`; null when the gateway decides. */
  readonly interface: string | null;
  /** `-iface`, `-interface`, `-link`: the destination is on the link; a gateway address is then the machine's own. */
  readonly interfaceRoute: boolean;
  /** `-ifa`. */
  readonly sourceAddress: Address | null;
  readonly label: string | null;
  readonly priority: number | null;
  readonly mtu: number | null;
  /** OpenBSD `-T`, FreeBSD `-fib`. */
  readonly table: number;
  readonly reject: boolean;
  readonly blackhole: boolean;
  readonly cloning: boolean;
  readonly multipath: boolean;
  readonly span: Span;
}
