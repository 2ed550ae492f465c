import { readFileSync, statSync } from "node:fs";
import { UsageError } from "../failure.ts";
import { readFailure } from "./read.ts";

/** What one buffer holds; a larger capture is filtered first. */
const LARGEST_FILE = 1024 * 1024 * 1024;

/** A file's octets and when it was written (seconds since 1970), or standard input for `-`. */
export function readOctets(path: string): { name: string; bytes: Uint8Array; modified: number | null } {
  if (path === "-") return { name: "stdin", bytes: readFileSync(0), modified: null };
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new UsageError(`${path}: is a directory, a file is wanted`);
    if (stat.size > LARGEST_FILE) {
      throw new UsageError(
        `${path}: ${stat.size} bytes is too large`,
        "keep only DHCP: tcpdump -r FILE -w SMALL 'udp port 67 or udp port 68 or udp port 546 or udp port 547'",
      );
    }
    return { name: path, bytes: readFileSync(path), modified: stat.mtimeMs / 1000 };
  } catch (error) {
    throw readFailure(path, error);
  }
}
