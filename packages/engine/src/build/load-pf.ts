/** pf.conf as boot loads it: the main ruleset, then the anchors it loads from files. */
import { type Diagnostic, isAtLeast, type Source } from "@pierhead/core";
import { loadPf, type PfLoad } from "@pierhead/lang/pf";
import type { BuildContext } from "./context.ts";

/** The packet filter's configuration as boot loads it. */
export interface LoadedPf {
  readonly source: Source;
  readonly load: PfLoad;
  /** Files of `load anchor` and what reading them gave, by path of the anchor. */
  readonly anchors: ReadonlyMap<string, PfLoad>;
  /** Boot turns pf on. */
  readonly enabled: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Loads pf.conf into the machine's packet filter. A file that pfctl refuses is loaded as far as it can be read: what
 * the rest means is worth knowing too.
 *
 * @returns null when there is no pf.conf
 */
export function loadPacketFilter(context: BuildContext, assumed: boolean): LoadedPf | null {
  const { machine, tree } = context;
  const source = tree.source(rulesPath(context));
  const enabled = isEnabled(context, assumed);
  machine.pf.enabled = enabled && source !== null;
  if (source === null) return null;
  const environment = machine.environment();
  const load = loadPf(source, environment, { syntax: true });
  machine.pf.load(load.configuration);
  const diagnostics: Diagnostic[] = [...load.diagnostics];
  const anchors = new Map<string, PfLoad>();
  for (const { anchor, file, origin } of load.configuration.loads) {
    const inner = tree.source(file);
    if (inner === null) {
      context.say(
        "machine/file-not-here",
        "note",
        `${file} is not among the files; anchor ${anchor} is taken to be empty.`,
        origin.source,
        origin.span,
      );
      continue;
    }
    const read = loadPf(inner, environment, { anchor, syntax: true });
    anchors.set(anchor, read);
    diagnostics.push(...read.diagnostics);
    machine.pf.loadAnchor(anchor, read.configuration.anchor(anchor));
  }
  return { source, load, anchors, enabled, diagnostics: diagnostics.map((one) => withTreeSource(one, context)) };
}

/** Files named in `include` are read by path on the host; reports name them as the user knows them. */
function withTreeSource(one: Diagnostic, context: BuildContext): Diagnostic {
  if (one.source === null) return one;
  const own = context.tree.source(one.source.name);
  return own === null || own.text !== one.source.text ? one : { ...one, source: own };
}

/** rc.conf of FreeBSD, and of OpenBSD up to 5.5, may name another file in `pf_rules`. */
function rulesPath(context: BuildContext): string {
  const named = context.rcVariables.get("pf_rules")?.value;
  return named !== undefined && named !== "" && context.tree.source(named) !== null ? named : "/etc/pf.conf";
}

function isEnabled(context: BuildContext, assumed: boolean): boolean {
  const setting = context.services.get("pf");
  if (setting?.place != null) return setting.enabled;
  if (context.system.family === "openbsd") return isAtLeast(context.system, "openbsd", 4, 6) || assumed;
  // Nothing is known of the machine but its rules: they are there to be used.
  return assumed || context.tree.of("rc-conf").length === 0;
}
