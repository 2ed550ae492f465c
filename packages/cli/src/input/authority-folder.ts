import { homedir } from "node:os";
import { join } from "node:path";

/** Where the authority is kept: named, or below the user's own data (XDG Base Directory Specification). */
export function authorityFolder(given: string | undefined): string {
  if (given !== undefined) return given;
  const data = process.env.XDG_DATA_HOME;
  return join(data === undefined || data === "" ? join(homedir(), ".local/share") : data, "pierhead/ca");
}
