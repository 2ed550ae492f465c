import { EXIT, UsageError } from "../failure.ts";
import { colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly system?: string;
  readonly interfaces?: string;
  readonly json?: boolean;
}

export const failover: Verb = (program, exit) => {
  program
    .command("failover")
    .description("every combination of link and test outcomes: state, default route, what LAN traffic does")
    .argument("<path>", "the folder of a host's configuration")
    .option("-s, --system <system>", "which system the files are for")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 every condition comes to rest with LAN traffic on a line that works; 1 it does not; 2 could not run.

Example:
  pierhead failover /etc --system openbsd-7.8
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { buildMachine } = await import("@pierhead/engine/build");
      const { analyzeFailover, failoverToJson, renderFailover } = await import("@pierhead/engine/failover");
      const { buildOptions, readHost } = await import("../input/tree.ts");
      const host = readHost(path, flags.system);
      const options = buildOptions(flags);
      let build = buildMachine(host.tree, host.system, options);
      // A file with probes is not an ifstated.conf; it is one of `pierhead monitor`, where reading it so leaves no error.
      const extended = { ...options, extensions: true };
      const isWrong = (one: typeof build): boolean =>
        one.ifstated?.diagnostics.some(({ severity }) => severity === "error") === true;
      let read: typeof options = options;
      if (isWrong(build)) {
        const other = buildMachine(host.tree, host.system, extended);
        if (!isWrong(other)) [build, read] = [other, extended];
      }
      if (build.ifstated === null) {
        throw new UsageError(`${path}: there is no ifstated.conf in it, so nothing reacts to a line that dies`);
      }
      const wrong = build.ifstated.diagnostics.find((one) => one.severity === "error");
      if (wrong !== undefined) {
        const place = wrong.source?.position(wrong.span.start);
        throw new UsageError(
          `${wrong.source?.name}:${place?.line}:${place?.column}: ${wrong.message}`,
          "ifstated would not start with this file; `pierhead check` shows the place",
        );
      }
      const report = analyzeFailover(
        () => buildMachine(host.tree, host.system, read).machine,
        build.ifstated.configuration,
      );
      if (flags.json === true) process.stdout.write(`${JSON.stringify(failoverToJson(report), null, 2)}\n`);
      else {
        const colors = colorsFor(process.stdout);
        process.stdout.write(`${colors.dim(`${host.path}: ${host.system.name} (${host.systemFrom})`)}\n`);
        if (read === extended)
          process.stdout.write(`${colors.dim("as pierhead monitor runs it: ifstated does not take probes")}\n`);
        process.stdout.write("\n");
        for (const line of renderFailover(report)) {
          const text = printable(line);
          process.stdout.write(`${/^[A-Z]\w+( \w+)*$/.test(text) ? colors.bold(text) : text}\n`);
        }
      }
      exit(report.conditions.some((one) => one.flapping !== null) ? EXIT.findings : EXIT.fine);
    });
};
