import { writeFileSync } from "node:fs";
import { EXIT, UsageError } from "../failure.ts";
import { colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly system?: string;
  readonly write?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

interface Outcome {
  readonly file: string;
  readonly changed: boolean;
  readonly refused: string | null;
}

export const fmt: Verb = (program, exit) => {
  program
    .command("fmt")
    .description("lay out configuration files; comments stay, and so does the meaning")
    .argument("<file...>", "files, or folders with a host's configuration")
    .option("-w, --write", "write the files instead of printing the result")
    .option("-c, --check", "only say which files would change")
    .option("-s, --system <system>", "which system the files are for")
    .option("--json", "which files changed, for machines")
    .addHelpText(
      "after",
      `
The result is read again; a file whose meaning would change is refused and left alone.
Exit status: 0 fine; 1 with --check a file would change, or a file was refused; 2 could not run.

Example:
  pierhead fmt pf.conf
  pierhead fmt --write etc/pf.conf etc/ifstated.conf
`,
    )
    .action(async (paths: string[], flags: Flags) => {
      const { formatFile } = await import("@pierhead/lang/format");
      const { readHosts } = await import("../input/tree.ts");
      const files = readHosts(paths, flags.system).flatMap((host) =>
        host.tree.files.flatMap((file) => (file.language === null ? [] : [{ file, system: host.system }])),
      );
      const prints = flags.write !== true && flags.check !== true;
      if (prints && files.length > 1 && flags.json !== true) {
        throw new UsageError(`${files.length} files: say --write to write them, or --check to see which would change`);
      }
      const colors = colorsFor(process.stderr);
      const outcomes: Outcome[] = [];
      for (const { file, system } of files) {
        const { source, language } = file;
        if (language === null) continue;
        const result = formatFile(source, language, system);
        if (result.kind !== "formatted") {
          const reason = result.kind === "refused" ? result.reason : `there is no layout for ${language.title}`;
          outcomes.push({ file: source.name, changed: false, refused: reason });
          if (flags.json !== true)
            process.stderr.write(`${colors.yellow("left alone:")} ${printable(`${source.name}: ${reason}`)}\n`);
          if (prints && flags.json !== true) process.stdout.write(source.text);
          continue;
        }
        const { changed } = result;
        outcomes.push({ file: source.name, changed, refused: null });
        if (flags.write === true && changed) writeFileSync(source.name, result.text);
        if (flags.json === true) continue;
        if (prints) process.stdout.write(result.text);
        else if (changed)
          process.stdout.write(`${flags.write === true ? "written" : "would change"}: ${source.name}\n`);
      }
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ files: outcomes }, null, 2)}\n`);
      const bad = outcomes.some((one) => one.refused !== null || (flags.check === true && one.changed));
      exit(bad ? EXIT.findings : EXIT.fine);
    });
};
