/** What `pierhead vpn clients` made, for people and for machines. No secret is in any of it. */
import type { Diagnostic } from "@pierhead/core";
import type { PlatformResult, UserProfiles } from "@pierhead/site/profiles";
import { type Colors, colorsFor, plural, printable, terminalWidth, wrap } from "../terminal.ts";
import { jsonDiagnostic, summarize } from "./json.ts";
import { prettyDiagnostics, prettySummary } from "./pretty.ts";

/** The profiles of one user for one head-end. */
export interface Made extends UserProfiles {
  readonly host: string;
  /** Below the output folder. */
  readonly folder: string;
}

export interface ClientsReport {
  readonly made: readonly Made[];
  readonly diagnostics: readonly Diagnostic[];
  /** Null: nothing was written. */
  readonly output: string | null;
}

export function clientsRefused(diagnostics: readonly Diagnostic[], asJson: boolean): void {
  if (asJson) {
    const report = { profiles: [], diagnostics: diagnostics.map(jsonDiagnostic), summary: summarize(diagnostics) };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const colors = colorsFor(process.stdout);
  const summary = prettySummary(summarize(diagnostics), colors);
  process.stdout.write(`${prettyDiagnostics(diagnostics, colors)}\n${summary}; nothing was written\n`);
}

export function clientsJson({ made, diagnostics, output }: ClientsReport): void {
  const report = {
    output,
    profiles: made.map(({ user, host, folder, results, files }) => ({
      user,
      host,
      folder,
      files: files.map(({ path, secret }) => ({ path, secret })),
      platforms: results,
    })),
    diagnostics: diagnostics.map(jsonDiagnostic),
    summary: summarize(diagnostics),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}

export function clientsPretty({ made, diagnostics, output }: ClientsReport): void {
  const colors = colorsFor(process.stdout);
  if (diagnostics.length > 0) process.stdout.write(`${prettyDiagnostics(diagnostics, colors)}\n`);
  for (const group of alike(made)) {
    const names = group.map(({ user, folder }) =>
      output === null ? user : `${user} ${colors.dim(`(${output}/${folder})`)}`,
    );
    process.stdout.write(`${colors.bold(group[0]?.host ?? "")}: ${names.join(", ")}\n`);
    table(group[0]?.results ?? [], colors);
  }
  const files = made.reduce((sum, one) => sum + one.files.length, 0);
  const users = new Set(made.map((one) => one.user)).size;
  process.stdout.write(
    output === null
      ? "nothing written (-o FOLDER writes)\n"
      : `${plural(files, "file")} for ${plural(users, "user")} written, for their eyes only (0600)\n`,
  );
}

/** Users of one head-end to whom the same is to be said. */
function alike(made: readonly Made[]): Made[][] {
  const groups = new Map<string, Made[]>();
  for (const one of made) {
    const key = JSON.stringify([one.host, one.results.map((result) => ({ ...result, files: result.files.length }))]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}
/** A line for each platform; what is the same for several in a row is said once. */
function table(results: readonly PlatformResult[], colors: Colors): void {
  const width = Math.max(...results.map((one) => one.title.length));
  const mark = { profile: colors.green("profile"), "by hand": colors.yellow("by hand"), none: colors.red("none   ") };
  const told = new Set<string>();
  for (const one of results) {
    const what = one.outcome === "profile" ? (one.files[0] ?? "") : one.outcome === "by hand" ? "guide.html" : "";
    process.stdout.write(`  ${mark[one.outcome]}  ${one.title.padEnd(width)}  ${printable(what)}\n`);
    const change = one.change === null ? [] : [`to let it in: ${one.change}`];
    for (const text of [one.reason, ...change, ...one.notes]) {
      if (text === "" || told.has(text)) continue;
      told.add(text);
      process.stdout.write(`           ${colors.dim(wrap(printable(text), terminalWidth() - 11, "           "))}\n`);
    }
  }
}
