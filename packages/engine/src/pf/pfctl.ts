import type { PfEnvironment } from "@pierhead/lang/pf";
import type { PacketFilter } from "./packet-filter.ts";

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly exit: number;
  /** Standard output, with its newlines. */
  readonly output: string;
  /** Standard error, with its newlines. */
  readonly errors: string;
}

/**
 * Runs `pfctl ARGUMENTS` against a simulated packet filter: loading (`-f`, `-a`), flushing, tables (`-t -T`), killing
 * (`-k`, `-K`), showing (`-s`), enabling. Files are read through the environment; `-f -` is `stdin`.
 */
export function runPfctl(
  _filter: PacketFilter,
  _arguments: readonly string[],
  _stdin: string | null,
  _environment: PfEnvironment,
): CommandResult {
  return { exit: 0, output: "", errors: "" };
}
