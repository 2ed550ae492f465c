import { type Fingerprint, findSystem, type NamePattern, readFingerprints } from "./fingerprints.ts";

/** The names of one pf.os(5), as rules ask for them and pfctl(8) prints them. */
export class FingerprintNames {
  /** What `pfctl -vv` counts when it loads the file: each signature once for IPv4 and once for IPv6. */
  readonly count: number;
  readonly #fingerprints: readonly Fingerprint[];
  readonly #found: Map<string, string | null> = new Map();

  constructor(text: string) {
    this.#fingerprints = readFingerprints(text);
    this.count = this.#fingerprints.reduce((sum, { names }) => sum + names.length, 0);
  }

  /** The name that `os "…"` prints as; null when no system with a signature is called so. */
  canonical(name: string): string | null {
    let found = this.#found.get(name);
    if (found === undefined) {
      const system = findSystem(this.#fingerprints, name);
      found = system === null ? null : formatName(system);
      this.#found.set(name, found);
    }
    return found;
  }
}

/** `pfctl_lookup_fingerprint()`: version and subtype are parted by a dot when both are numbers. */
function formatName({ class: family, version, subtype }: NamePattern): string {
  if (!version) return family;
  if (!subtype) return `${family} ${version}`;
  const dot = !version.includes(" ") && version.includes(".") && /^\d/.test(subtype);
  return `${family} ${version}${dot ? "." : " "}${subtype}`;
}
