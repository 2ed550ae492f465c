import { EXIT } from "../failure.ts";
import { readSource } from "../input/read.ts";
import { jsonDiagnostic, summarize } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

export const inventory: Verb = (program, exit) => {
  program
    .command("inventory")
    .description("what is this box: processor, memory, disks, network interfaces, out of its boot log")
    .argument("<dmesg>", "a boot log of OpenBSD, FreeBSD, NetBSD, Junos, U-Boot or Linux; - is standard input")
    .option("-u, --unknown", "list the lines that were not understood")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      "\nExample:\n  dmesg | pierhead inventory -\n  pierhead inventory /var/run/dmesg.boot --json\n",
    )
    .action(async (file: string, flags: { unknown?: boolean; json?: boolean }) => {
      const { inventoryCard, inventoryJson, parseDmesg } = await import("@pierhead/lang/dmesg");
      const found = parseDmesg(readSource(file));
      const { diagnostics } = found;
      if (flags.json === true) {
        const report = {
          inventory: inventoryJson(found, { unknown: flags.unknown === true }),
          diagnostics: diagnostics.map(jsonDiagnostic),
        };
        process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      } else {
        const colors = colorsFor(process.stdout);
        for (const line of inventoryCard(found)) process.stdout.write(`${printable(line)}\n`);
        if (flags.unknown === true) {
          for (const line of found.unknownLines) {
            process.stdout.write(
              `${colors.dim(`line ${line} not understood:`)} ${printable(found.source.line(line))}\n`,
            );
          }
        }
        if (diagnostics.length > 0) process.stdout.write(`\n${prettyDiagnostics(diagnostics, colors)}`);
      }
      exit(summarize(diagnostics).errors > 0 ? EXIT.findings : EXIT.fine);
    });
};
