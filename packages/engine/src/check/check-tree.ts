/** Everything there is to say about the files of one host: each on its own, then all together. */
import { compareDiagnostics, type Diagnostic, type System } from "@pierhead/core";
import { type BuildOptions, buildMachine, type MachineBuild } from "../build/index.ts";
import { type ConfigTree, configTree, type TreeTexts } from "../tree/index.ts";
import { checkFile } from "./files.ts";
import { checkGuests } from "./guests.ts";
import { checkIfstated } from "./ifstated.ts";
import { checkFiles } from "./machine-files.ts";
import { checkNetwork } from "./machine-network.ts";
import { checkServices } from "./machine-services.ts";
import { checkCoveredRules } from "./pf-covered-rules.ts";
import { checkDeadRules } from "./pf-dead-rules.ts";
import { checkFamilies } from "./pf-family.ts";
import { checkGateway } from "./pf-gateway.ts";
import { checkInterfaces } from "./pf-interfaces.ts";
import { checkNeighbourDiscovery } from "./pf-neighbours.ts";
import { checkOwnEnds } from "./pf-never.ts";
import { checkStatePolicy } from "./pf-state-policy.ts";
import { checkTableEntries } from "./pf-tables.ts";
import { checkTranslations } from "./pf-translations.ts";
import { checkUsage } from "./pf-usage.ts";
import { loadsOf } from "./pf-walk.ts";
import { checkVpn } from "./vpn.ts";

/** Checks the files of one host, in order of file and place. */
export function checkTree(files: ConfigTree | TreeTexts, system: System, options: BuildOptions = {}): Diagnostic[] {
  const tree = isTree(files) ? files : configTree(files, system);
  const build = buildMachine(tree, system, options);
  const found = checkBuild(build, options);
  for (const file of tree.files) {
    // A copy beside the real file is a machine of its own, and only what is wrong inside it is of interest.
    if (file.live || file.language === null) continue;
    const copy = configTree({ [file.path]: file.source.text }, system);
    const inside = checkBuild(buildMachine(copy, system, options), options);
    for (const one of inside) {
      if (one.severity === "note" || one.source?.text !== file.source.text) continue;
      found.push(renamed(one, file.source));
    }
  }
  return sorted(found);
}

/**
 * Checks a machine that was built from its files.
 *
 * @param options what it was built with: some checks build it again, because they change it
 */
export function checkBuild(build: MachineBuild, options: BuildOptions = {}): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const file of build.tree.files) if (file.live) found.push(...checkFile(file, build, build.system));
  found.push(
    ...build.diagnostics,
    ...checkNetwork(build),
    ...checkServices(build),
    ...checkFiles(build),
    ...checkGuests(build),
  );
  found.push(...checkIfstated(build, () => buildMachine(build.tree, build.system, options).machine));
  found.push(...checkVpn(build, options));
  const { pf } = build;
  if (pf !== null) {
    found.push(
      ...checkUsage(pf, build),
      ...checkTableEntries(pf),
      ...checkInterfaces(pf, build),
      ...checkFamilies(pf, build),
      ...checkOwnEnds(pf, build),
    );
    for (const load of loadsOf(pf)) {
      const dead = checkDeadRules(load, build);
      const known = new Set(dead.map((one) => one.span.start));
      found.push(...dead, ...checkCoveredRules(load, build, known));
    }
    found.push(
      ...checkGateway(pf, build),
      ...checkStatePolicy(pf, build),
      ...checkNeighbourDiscovery(pf, build),
      ...checkTranslations(pf, build),
    );
  }
  return sorted(found);
}

/** In order, each only once: a file is read by its own check and by the build. */
function sorted(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return [...diagnostics].sort(compareDiagnostics).filter((one) => {
    const key = `${one.code} ${one.source?.name ?? ""} ${one.span.start} ${one.span.end} ${one.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function renamed(one: Diagnostic, source: NonNullable<Diagnostic["source"]>): Diagnostic {
  const change = <T extends { readonly source: Diagnostic["source"] }>(place: T): T =>
    place.source?.text === source.text ? { ...place, source } : place;
  return {
    ...change(one),
    related: one.related.map(change),
    fix: one.fix === null ? null : { ...one.fix, edits: one.fix.edits.map(change) },
  };
}

function isTree(files: ConfigTree | TreeTexts): files is ConfigTree {
  return "of" in files && typeof files.of === "function";
}
