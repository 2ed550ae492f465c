/** Reads portal.yaml from the disk, with the secrets it names. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { Source } from "@pierhead/core";
import { type PortalReading, readPortalConf } from "@pierhead/lang/portal-conf";

/** @throws when the file itself cannot be read */
export function readPortalFile(path: string): PortalReading {
  const source = new Source(path, readFileSync(path, "utf8"));
  return readPortalConf(source, { secret: (reference) => secretOf(path, reference), hostName: hostname() });
}

/** A file's secret is without the line end a file has; relative to the configuration. */
function secretOf(path: string, reference: string): string | null {
  if (reference.startsWith("env:")) return process.env[reference.slice(4)] || null;
  try {
    return readFileSync(resolve(dirname(path), reference.slice(5)), "utf8").replace(/\r?\n$/, "") || null;
  } catch {
    return null;
  }
}
