import { Source } from "@pierhead/core";
import { EXIT, UsageError } from "../failure.ts";
import { readSource } from "../input/read.ts";
import { jsonDiagnostic, summarize } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

export const inventory: Verb = (program, exit) => {
  program
    .command("inventory")
    .description("what is this box: processor, memory, disks, network interfaces, out of its boot log")
    .argument("[dmesg]", "a boot log of OpenBSD, FreeBSD, NetBSD, Junos, U-Boot or Linux; - is standard input")
    .option("--host", "this machine: its boot log, and what its tools say now")
    .option("-u, --unknown", "list the lines that were not understood")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      "\nExample:\n  dmesg | pierhead inventory -\n  pierhead inventory /var/run/dmesg.boot --json\n  pierhead inventory --host\n",
    )
    .action(async (file: string | undefined, flags: Flags) => {
      if ((file === undefined) !== (flags.host === true)) {
        throw new UsageError("name a boot log, or ask for this machine with --host", "dmesg | pierhead inventory -");
      }
      exit(await run(file, flags));
    });
};

interface Flags {
  readonly host?: boolean;
  readonly unknown?: boolean;
  readonly json?: boolean;
}

async function run(file: string | undefined, flags: Flags): Promise<number> {
  const { inventoryCard, inventoryJson, parseDmesg } = await import("@pierhead/lang/dmesg");
  const { readHostInventory } = await import("@pierhead/gateway/inventory");
  const { hostCard } = await import("../report/host.ts");
  const host = file === undefined ? await readHostInventory() : null;
  const source = file === undefined ? new Source(host?.logFrom ?? "", host?.log ?? "") : readSource(file);
  const found = parseDmesg(source);
  // A machine that hides its log is no finding in a file.
  const diagnostics = host?.log === null ? [] : found.diagnostics;
  if (flags.json === true) {
    const report = {
      inventory: inventoryJson(found, { unknown: flags.unknown === true }),
      ...(host === null
        ? {}
        : {
            host: {
              log: host.logFrom,
              ...host.hardware,
              interfaces: host.interfaces,
              devices: host.devices,
              missing: host.missing,
            },
          }),
      diagnostics: diagnostics.map(jsonDiagnostic),
    };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    const colors = colorsFor(process.stdout);
    if (host === null || (host.log !== null && found.system !== null)) {
      for (const line of inventoryCard(found)) process.stdout.write(`${printable(line)}\n`);
    }
    if (host !== null) process.stdout.write(`${hostCard(host, found, colors)}`);
    if (flags.unknown === true) {
      for (const line of found.unknownLines) {
        process.stdout.write(`${colors.dim(`line ${line} not understood:`)} ${printable(found.source.line(line))}\n`);
      }
    }
    if (diagnostics.length > 0) process.stdout.write(`\n${prettyDiagnostics(diagnostics, colors)}`);
  }
  return summarize(diagnostics).errors > 0 && host === null ? EXIT.findings : EXIT.fine;
}
