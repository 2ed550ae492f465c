import { compareDiagnostics, type Diagnostic } from "@pierhead/core";
import { EXIT, UsageError } from "../failure.ts";
import { jsonReport, summarize } from "../report/json.ts";
import { prettyDiagnostics, prettySummary } from "../report/pretty.ts";
import { sarifReport } from "../report/sarif.ts";
import { colorsFor } from "../terminal.ts";
import { VERSION } from "../version.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly system?: string;
  readonly interfaces?: string;
  readonly format: string;
  readonly json?: boolean;
}

export const check: Verb = (program, exit) => {
  program
    .command("check")
    .description("read files and say what is wrong with them, alone and together")
    .argument("<path...>", "the folder of a host's configuration, files, or a site (site.yaml)")
    .option("-s, --system <system>", "which system the files are for (openbsd-7.8, freebsd-15.0, …)")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("-f, --format <format>", "pretty, json or sarif", "pretty")
    .option("--json", "the same as --format json")
    .addHelpText(
      "after",
      `
Of a site everything is built in memory, read back and tried; findings are at the lines of the site.

Exit status: 0 nothing or only warnings and notes; 1 an error; 2 could not run.

Example:
  pierhead check /etc --system openbsd-7.8
  pierhead check site.yaml
  pierhead check built/host built/guest1 built/guest2     # each, and against each other
  pierhead check pf.conf ifstated.conf --format sarif > findings.sarif
`,
    )
    .action(async (paths: string[], flags: Flags) => {
      const format = flags.json === true ? "json" : flags.format;
      if (format !== "pretty" && format !== "json" && format !== "sarif") {
        throw new UsageError(`--format ${format}: it is pretty, json or sarif`);
      }
      const { checkTogether, checkTree } = await import("@pierhead/engine/check");
      const { buildMachine } = await import("@pierhead/engine/build");
      const { buildOptions, readHosts } = await import("../input/tree.ts");
      const { looksLikeSite } = await import("../input/site-path.ts");
      const found: Diagnostic[] = [];
      const heads: string[] = [];
      const sites = paths.filter(looksLikeSite);
      for (const path of sites) {
        // What builds sites is large, and most checks are not of one.
        const { checkSite } = await import("../input/site.ts");
        found.push(...(await checkSite(path, flags.system === undefined ? [] : [flags.system])));
        heads.push(`${path}: a site, and what would be built from it`);
      }
      const hosts = readHosts(
        paths.filter((path) => !sites.includes(path)),
        flags.system,
      );
      if (hosts.length > 1) {
        const builds = hosts.map(({ path, tree, system }) => ({
          name: path,
          build: buildMachine(tree, system, buildOptions(flags)),
        }));
        found.push(...checkTogether(builds));
      }
      for (const host of hosts) {
        found.push(...checkTree(host.tree, host.system, buildOptions(flags)));
        heads.push(`${host.path}: ${host.system.name} (${host.systemFrom})`);
      }
      found.sort(compareDiagnostics);
      if (format === "json") process.stdout.write(`${jsonReport(found)}\n`);
      else if (format === "sarif") process.stdout.write(`${sarifReport(found, VERSION)}\n`);
      else {
        const colors = colorsFor(process.stdout);
        for (const head of heads) process.stdout.write(`${colors.dim(head)}\n`);
        if (found.length > 0) process.stdout.write(`\n${prettyDiagnostics(found, colors)}\n`);
        process.stdout.write(`${prettySummary(summarize(found), colors)}\n`);
      }
      exit(summarize(found).errors > 0 ? EXIT.findings : EXIT.fine);
    });
};
