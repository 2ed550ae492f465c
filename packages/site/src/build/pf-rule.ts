/** One rule of pf.conf in the words of a system: where route-to stands and what follows it has changed over time. */
import { isAtLeast, type System } from "@pierhead/core";

export interface RouteTarget {
  /** Interface, or a macro with its `$`. */
  readonly interface: string;
  /** Address, or a macro with its `$`. */
  readonly gateway: string;
}

export interface RuleWords {
  readonly action: "pass" | "block drop" | "block return";
  readonly direction?: "in" | "out";
  readonly log?: boolean;
  readonly quick?: boolean;
  readonly on?: string;
  readonly family?: "inet" | "inet6";
  readonly protocol?: string;
  readonly from?: string;
  readonly to?: string;
  readonly toPort?: string;
  /** `icmp6-type …`, `probability …`: words after the addresses. */
  readonly more?: string;
  readonly routeTo?: RouteTarget;
  readonly replyTo?: RouteTarget;
  readonly label?: string;
}

export class PfWriter {
  readonly #freebsd: boolean;
  /** OpenBSD 6.9: route-to takes the address of the next hop alone. */
  readonly #addressOnly: boolean;

  constructor(system: System) {
    this.#freebsd = system.family === "freebsd";
    this.#addressOnly = isAtLeast(system, "openbsd", 6, 9);
  }

  rule(words: RuleWords): string {
    const route =
      words.routeTo !== undefined
        ? `route-to ${this.#target(words.routeTo)}`
        : words.replyTo !== undefined
          ? `reply-to ${this.#target(words.replyTo)}`
          : "";
    const parts: string[] = [words.action];
    if (words.direction !== undefined) parts.push(words.direction);
    if (words.log === true) parts.push("log");
    if (words.quick === true) parts.push("quick");
    if (words.on !== undefined) parts.push("on", words.on);
    // FreeBSD's grammar has the route before the address family, OpenBSD's among the options (since 4.7).
    if (this.#freebsd && route !== "") parts.push(route);
    if (words.family !== undefined) parts.push(words.family);
    if (words.protocol !== undefined) parts.push("proto", words.protocol);
    if (words.from !== undefined) parts.push("from", words.from);
    if (words.to !== undefined || words.toPort !== undefined) parts.push("to");
    if (words.to !== undefined) parts.push(words.to);
    else if (words.toPort !== undefined && this.#freebsd && words.from !== undefined) parts.push("any");
    if (words.toPort !== undefined) parts.push("port", words.toPort);
    if (words.more !== undefined) parts.push(words.more);
    if (!this.#freebsd && route !== "") parts.push(route);
    if (words.label !== undefined) parts.push(`label "${words.label}"`);
    return parts.join(" ");
  }

  /** Packets of a network leave with the address of the interface. */
  translate(on: string, from: string): string {
    return this.#freebsd
      ? `nat on ${on} inet from ${from} to any -> (${on})`
      : `match out on ${on} inet from ${from} nat-to (${on})`;
  }

  #target(target: RouteTarget): string {
    return this.#addressOnly ? target.gateway : `(${target.interface} ${target.gateway})`;
  }
}

/** `{ 80 443 }`, or the one thing alone. */
export function list(items: readonly string[]): string {
  return items.length === 1 ? (items[0] as string) : `{ ${items.join(", ")} }`;
}
