/** The rules of a machine as they are numbered in the kernel. */
import { type Diagnostic, diagnostic, type Source } from "@pierhead/core";
import { dialectOf, loadPf, type PfEnvironment } from "../pf/index.ts";
import { RuleFinder } from "./join.ts";

export interface NumberedRules {
  readonly finder: RuleFinder;
  readonly diagnostics: readonly Diagnostic[];
}

const NOWHERE = { start: 0, end: 0 };

/**
 * Loads pf.conf as pfctl does at boot, the ruleset optimizer included: it joins and drops rules, and with it go the
 * numbers (pfctl(8), `-o`; basic is the default).
 */
export function numberedRules(source: Source, environment: PfEnvironment): NumberedRules {
  const written = loadPf(source, environment);
  const loaded = written.optimize === "none" ? written : loadPf(source, environment, { optimize: written.optimize });
  const diagnostics: Diagnostic[] = [];
  const say = (code: string, severity: "warning" | "note", message: string): void => {
    diagnostics.push(diagnostic(code, severity, message, source, NOWHERE));
  };
  const [before, after] = [written.configuration.main.filter.length, loaded.configuration.main.filter.length];
  if (before !== after) {
    say(
      "pflog/optimized-numbers",
      "note",
      `The ruleset optimizer makes ${after} of ${before} rules, so that numbers are not those of \`pfctl -nv\`; they are taken as they are after it. A machine whose rules were loaded with -o none has other numbers.`,
    );
  }
  if (written.optimize === "profile") {
    say(
      "pflog/profiled-numbers",
      "warning",
      "With `set ruleset-optimization profile` pfctl orders rules by how often they matched before: only the machine knows their numbers. Lines may be wrong.",
    );
  }
  const { oldTranslation } = dialectOf(environment.system);
  return { finder: new RuleFinder(loaded.configuration, oldTranslation), diagnostics };
}
