/** Interfaces that an ifstated.conf speaks of and the machine does not have. */
import { type Diagnostic, diagnostic } from "@pierhead/core";
import { type Evidence, ifstatedEvidence, type MachineBuild } from "../build/index.ts";

/**
 * Interfaces in tests and commands; those in conditions are the reader's business. Says nothing of a machine that no
 * file describes: its interfaces are those that are spoken of.
 */
export function checkIfstatedInterfaces(build: MachineBuild): Diagnostic[] {
  const { ifstated } = build;
  if (ifstated === null || build.assumed) return [];
  const found: Diagnostic[] = [];
  const reported = new Set(ifstated.diagnostics.map(({ span }) => span.start));
  for (const [name, one] of mentions(ifstatedEvidence(ifstated))) {
    if (build.machine.interface(name) !== null || reported.has(one.place.span.start)) continue;
    // pf takes the name of a group where an interface can stand.
    if (build.machine.interfaces().some(({ groups }) => groups.includes(name))) continue;
    const message = `The machine has no interface \`${name}\`.`;
    found.push(diagnostic("ifstated/interface-not-here", "warning", message, one.place.source, one.place.span));
  }
  return found;
}

/** First mention of each interface. */
function mentions(evidence: readonly Evidence[]): Map<string, Evidence> {
  const found = new Map<string, Evidence>();
  for (const one of evidence) {
    if (!("interface" in one) || one.interface === null || /^(?:lo|enc|pflog|pfsync)\d*$/.test(one.interface)) continue;
    if (!found.has(one.interface)) found.set(one.interface, one);
  }
  return found;
}
