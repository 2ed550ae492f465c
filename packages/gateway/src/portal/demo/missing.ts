/** What a demo needs of the machine. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

export interface MissingTool {
  readonly tool: string;
  /** Debian's package; others call it the same or nearly so. */
  readonly package: string;
}

const NEEDED: readonly MissingTool[] = [
  { tool: "ip", package: "iproute2" },
  { tool: "tc", package: "iproute2" },
  { tool: "nft", package: "nftables" },
  { tool: "dnsmasq", package: "dnsmasq-base" },
];

/** Root's own, which the PATH of somebody who became root may lack. */
const FOLDERS = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"];

export function missingTools(folders: readonly string[] = searched()): readonly MissingTool[] {
  return NEEDED.filter(({ tool }) => findProgram([tool], folders) === null);
}

/** @returns where the first of the programs is; null when there is none */
export function findProgram(names: readonly string[], folders: readonly string[] = searched()): string | null {
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not there.
      }
    }
  }
  return null;
}

function searched(): readonly string[] {
  return [...(process.env.PATH ?? "").split(":").filter((folder) => folder !== ""), ...FOLDERS];
}
