import { isAtLeast, type System } from "@pierhead/core";

/** The three lines of pfctl(8) that print rules differently. */
export type PrintFamily = "4.6" | "openbsd" | "freebsd";

/** What a system's pfctl prints in its own way. Everything else is alike. */
export interface PrintDialect {
  readonly system: System;
  /** `4.6`: OpenBSD up to 4.6, NetBSD and macOS. */
  readonly family: PrintFamily;
  /** TCP flag letters in bit order. */
  readonly flagLetters: string;
  /** Services are printed by name unless the caller says otherwise. */
  readonly portNames: boolean;
  /** `keep state` is left out where it has no options: OpenBSD since 5.0. */
  readonly silentKeepState: boolean;
  /** `set ( … )` on rules: OpenBSD since 5.1; before, `queue` and `scrub (set-tos …)`. */
  readonly setOnRules: boolean;
  /** Members of a pool print by their own family, not the rule's: FreeBSD since 15. */
  readonly memberFamilies: boolean;
}

const dialects = new Map<string, PrintDialect>();

/** The printing dialect of a system. */
export function printDialect(system: System): PrintDialect {
  let dialect = dialects.get(system.name);
  if (dialect === undefined) {
    dialect = make(system);
    dialects.set(system.name, dialect);
  }
  return dialect;
}

function make(system: System): PrintDialect {
  const family: PrintFamily =
    system.family === "freebsd" ? "freebsd" : isAtLeast(system, "openbsd", 4, 7) ? "openbsd" : "4.6";
  return {
    system,
    family,
    // FreeBSD 15 knows the ninth flag, AE of accurate ECN (RFC 9768).
    flagLetters: isAtLeast(system, "freebsd", 15) ? "FSRPAUEWe" : "FSRPAUEW",
    // OpenBSD 5.8 made numbers the default and added -P.
    portNames: !isAtLeast(system, "openbsd", 5, 8),
    setOnRules: isAtLeast(system, "openbsd", 5, 1),
    silentKeepState: isAtLeast(system, "openbsd", 5, 0),
    memberFamilies: isAtLeast(system, "freebsd", 15),
  };
}
