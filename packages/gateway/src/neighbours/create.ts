import { type Run, runner } from "../firewall/command.ts";
import { interfaceName } from "../firewall/words.ts";
import { BsdNeighbours } from "./bsd.ts";
import { LinuxNeighbours } from "./linux.ts";
import type { Neighbours } from "./neighbours.ts";

export interface NeighboursOptions {
  readonly system: "linux" | "openbsd" | "freebsd";
  /** Where guests are. */
  readonly interface: string;
  /** Goes before every command, as `["ip", "netns", "exec", "gateway"]`. */
  readonly prefix?: readonly string[];
  readonly run?: Run;
  /** Seconds between two looks on the BSDs; 5 when absent. */
  readonly interval?: number;
}

export function createNeighbours(options: NeighboursOptions): Promise<Neighbours> {
  const { prefix = [], run = runner(prefix), interval = 5 } = options;
  const device = interfaceName(options.interface);
  return options.system === "linux"
    ? LinuxNeighbours.open(run, prefix, device)
    : BsdNeighbours.open(run, device, interval);
}
