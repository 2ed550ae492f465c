import { EXIT, UsageError } from "../failure.ts";
import { readSource } from "../input/read.ts";
import { jsonDiagnostic } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor, printable } from "../terminal.ts";
import { clearProgress, limitOption } from "./diff.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly policy?: string[];
  readonly system?: string;
  readonly interfaces?: string;
  readonly limit: string;
  readonly json?: boolean;
}

export const prove: Verb = (program, exit) => {
  program
    .command("prove")
    .description("policies over all packets and all link states, with a counter-example packet when one fails")
    .argument("<path>", "the folder of a host's configuration; its *.policy.yaml files are the policies")
    .option("-p, --policy <file>", "a policy file that is elsewhere; may be given again", collect)
    .option("-s, --system <system>", "which system the files are for")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("-l, --limit <classes>", "most classes of packets for one policy under one condition", "50000")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
A policy file is a list:
  - name: the LAN never reaches the other tenant
    from: 192.168.1.0/24          # networks, any, internet, self, em1:network
    to: 10.9.0.0/16
    never: pass
  - name: the web works by line 2
    from: em1:network
    to: internet
    proto: tcp
    port: [80, 443]
    always: pass
    via: em2
    when: isp2=up                 # left out: under every condition of links and tests

Exit status: 0 all policies are proved; 1 one is refuted, or not proved; 2 could not run.

Example:
  pierhead prove /etc --policy office.policy.yaml --system openbsd-7.8
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { policyJson, policyLines, provePolicies, readPolicies } = await import("@pierhead/engine/prove");
      const { buildOptions, readHost } = await import("../input/tree.ts");
      const limit = limitOption(flags.limit);
      const host = readHost(path, flags.system);
      const found = host.tree.files.map((file) => file.source).filter((source) => /\.policy\.ya?ml$/.test(source.name));
      const sources = flags.policy === undefined ? found : flags.policy.map((file) => readSource(file));
      if (sources.length === 0) {
        throw new UsageError(`${path}: there is no *.policy.yaml in it`, "name the policies: --policy FILE");
      }
      const read = sources.map((source) => readPolicies(source, host.system));
      const policies = read.flatMap((one) => one.policies);
      const diagnostics = read.flatMap((one) => one.diagnostics);
      const json = flags.json === true;
      const begin = Date.now();
      const progress = (done: number, all: number): void => {
        if (Date.now() - begin > 1000) process.stderr.write(`\r${done} of ${all} conditions\u001b[K`);
      };
      const results = provePolicies(host.tree, host.system, policies, {
        build: buildOptions(flags),
        limit,
        ...(process.stderr.isTTY === true && !json ? { progress } : {}),
      });
      clearProgress(json);
      if (json) {
        const report = { diagnostics: diagnostics.map(jsonDiagnostic), ...policyJson(results) };
        process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      } else {
        const colors = colorsFor(process.stdout);
        if (diagnostics.length > 0)
          process.stderr.write(`${prettyDiagnostics(diagnostics, colorsFor(process.stderr))}\n`);
        for (const line of policyLines(results)) {
          const text = printable(line);
          let painted = text;
          if (text.startsWith("proved:")) painted = colors.green(text);
          else if (text.startsWith("refuted:")) painted = colors.red(text);
          else if (text.startsWith("not proved:")) painted = colors.yellow(text);
          process.stdout.write(`${painted}\n`);
        }
      }
      const proved = results.every((one) => one.verdict === "proved");
      exit(proved && diagnostics.length === 0 ? EXIT.fine : EXIT.findings);
    });
};

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
