/** What `os "…"` in rules may name: the file pf.os(5) of the machine, or the one its system comes with. */
import { FingerprintNames, FREEBSD_SIGNATURES, OPENBSD_SIGNATURES } from "../../pf-os/index.ts";
import type { PfEnvironment } from "../environment.ts";
import type { Reader } from "../read/reader.ts";

/** PF_OSFP_FILE. */
export const FINGERPRINTS_FILE = "/etc/pf.os";

const shipped = new Map<string, FingerprintNames>();

/** The names in a file; null when it cannot be read. */
export function fingerprintNames(environment: PfEnvironment, file: string): FingerprintNames | null {
  const text = environment.readFile(file);
  if (text !== null) return new FingerprintNames(text);
  if (file !== FINGERPRINTS_FILE) return null;
  const { family } = environment.system;
  let names = shipped.get(family);
  if (names === undefined) {
    names = new FingerprintNames(OPENBSD_SIGNATURES + (family === "freebsd" ? FREEBSD_SIGNATURES : ""));
    shipped.set(family, names);
  }
  return names;
}

/**
 * `pfctl_get_fingerprint()` and back: how a rule's `os "…"` prints. pfctl matches nothing where it knows no such name.
 * Where a file is only read, the name stays: what the machine will know when it is loaded is another question.
 */
export function operatingSystem(reader: Reader, name: string | null): string | null {
  if (name === null) return null;
  if (name.toLowerCase() === "unknown") return "unknown";
  const canonical = reader.fingerprints?.canonical(name) ?? null;
  if (canonical !== null) return canonical;
  if (reader.options.verbose > 1) reader.toolLine(`warning: unknown '${name}' OS fingerprint`);
  return reader.options.strict ? "nomatch" : name;
}
