import type { Command } from "commander";
import { UsageError } from "../failure.ts";
import { environmentFor } from "../input/environment.ts";
import { readSource, systemOption } from "../input/read.ts";
import type { Verb } from "./verb.ts";

interface Output {
  readonly stdout?: string;
  readonly stderr: string;
  readonly exit: number;
}

interface Common {
  readonly system: string;
  readonly interfaces?: string;
}

function write(output: Output, exit: (status: number) => void): void {
  process.stdout.write(output.stdout ?? "");
  process.stderr.write(output.stderr);
  exit(output.exit);
}

function printCommand(
  program: Command,
  language: string,
  tool: string,
  options: { example: string; system: string },
): Command {
  const parent =
    program.commands.find((command) => command.name() === language) ??
    program.command(language).description(`${language}: what the system's own tool makes of a file`).helpCommand(false);
  return parent
    .command("print")
    .description(`print what \`${tool}\` prints, byte for byte, with its messages and exit status`)
    .argument("<file>", "the file; - is standard input")
    .option("-s, --system <system>", "which system's tool", options.system)
    .option(
      "-i, --interfaces <file>",
      "the machine: its interfaces in JSON (without: loopback, and the interfaces the file names)",
    )
    .addHelpText("after", `\nExample:\n  ${options.example}\n`);
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function count(_: string, before = 0): number {
  return before + 1;
}

/** `-D name=value` of the BSD tools. */
function defines(given: readonly string[] | undefined): { name: string; value: string }[] {
  return (given ?? []).map((text) => {
    const equals = text.indexOf("=");
    if (equals < 1) throw new UsageError(`-D ${text}: write -D name=value`);
    return { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
}

interface PfFlags extends Common {
  readonly define?: string[];
  readonly optimize?: string;
  readonly verbose?: number;
  readonly optionsOnly?: boolean;
  readonly nat?: boolean;
  readonly rules?: boolean;
  readonly altq?: boolean;
  readonly tables?: string;
  readonly anchor?: string;
  readonly portNames?: boolean;
}

/** `pf print`: pfctl -nvf. */
export const pfPrint: Verb = (program, exit) => {
  printCommand(program, "pf", "pfctl -o none -nvf FILE", {
    example: "pierhead pf print /etc/pf.conf --system openbsd-7.8",
    system: "openbsd-7.8",
  })
    .option("-v, --verbose", "once more than pfctl -v: rule numbers", count)
    .option("-o, --optimize <level>", "ruleset optimizer: none, basic or profile", "none")
    .option("-D, --define <name=value>", "define a macro; it wins over the file's", collect)
    .option("-O, --options-only", "load only the options")
    .option("-N, --nat", "load only the translation rules (4.6 family, FreeBSD); elsewhere: no name service")
    .option("-R, --rules", "load only the filter rules")
    .option("-A, --altq", "load only the queues")
    .option("-T, --tables <load>", "`-T load`: load only the tables")
    .option("-a, --anchor <path>", "the rules go into this anchor")
    .option("-P, --port-names", "ports by name")
    .action(async (file: string, flags: PfFlags) => {
      const { dialectOf, pfctlPrint } = await import("@pierhead/lang/pf");
      const system = systemOption(flags.system);
      const { optimize = "none" } = flags;
      if (optimize !== "none" && optimize !== "basic" && optimize !== "profile") {
        throw new UsageError(`--optimize ${optimize}: it is none, basic or profile`);
      }
      if (flags.tables !== undefined && flags.tables !== "load")
        throw new UsageError(`-T ${flags.tables}: only -T load prints`);
      const source = readSource(file);
      const noDns = flags.nat === true && !dialectOf(system).oldTranslation;
      const only = {
        options: flags.optionsOnly === true,
        nat: flags.nat === true && !noDns,
        filter: flags.rules === true,
        altq: flags.altq === true,
        tables: flags.tables !== undefined,
      };
      const output = pfctlPrint(source.text, source.name, environmentFor(system, file, source.text, flags), {
        defines: defines(flags.define),
        anchor: flags.anchor ?? "",
        optimize,
        noDns,
        verbose: (flags.verbose ?? 0) > 0 ? 2 : 1,
        ...(Object.values(only).some(Boolean) ? { only } : {}),
        ...(flags.portNames === undefined ? {} : { portNames: flags.portNames }),
      });
      write(output, exit);
    });
};

interface IpsecFlags extends Common {
  readonly define?: string[];
  readonly delete?: boolean;
  readonly keys?: boolean;
  readonly verbose?: number;
}

/** `ipsec print`: ipsecctl -nvf. */
export const ipsecPrint: Verb = (program, exit) => {
  printCommand(program, "ipsec", "ipsecctl -nvf FILE", {
    example: "pierhead ipsec print /etc/ipsec.conf --system openbsd-7.8",
    system: "openbsd-7.8",
  })
    .option("-v, --verbose", "once more than ipsecctl -v", count)
    .option("-d, --delete", "print what deletes the rules")
    .option("-k, --keys", "show the keys of manual SAs")
    .option("-D, --define <name=value>", "define a macro; it wins over the file's", collect)
    .action(async (file: string, flags: IpsecFlags) => {
      const { ipsecctlPrint } = await import("@pierhead/lang/ipsec");
      const system = systemOption(flags.system);
      const source = readSource(file);
      defines(flags.define);
      const output = ipsecctlPrint(source.text, source.name, environmentFor(system, file, source.text, flags), {
        keys: flags.keys === true,
        delete: flags.delete === true,
        verbose: (flags.verbose ?? 0) > 0 ? 2 : 1,
        defines: flags.define ?? [],
      });
      write(output, exit);
    });
};

/** `ifstated print`: the configuration that ifstated built, as JSON. */
export const ifstatedPrint: Verb = (program, exit) => {
  printCommand(program, "ifstated", "ifstated -nf FILE", {
    example: "pierhead ifstated print /etc/ifstated.conf --json",
    system: "openbsd-7.8",
  })
    .option("-D, --define <name=value>", "define a macro; it wins over the file's", collect)
    .option("--json", "print the configuration it built")
    .action(async (file: string, flags: Common & { define?: string[]; json?: boolean }) => {
      const { formatIfstatedJson, readIfstated } = await import("@pierhead/lang/ifstated");
      const { readInterfaces } = await import("../input/interfaces.ts");
      systemOption(flags.system);
      const source = readSource(file);
      const interfaces =
        flags.interfaces === undefined ? null : new Set(readInterfaces(flags.interfaces).map(({ name }) => name));
      const macros = new Map(defines(flags.define).map(({ name, value }) => [name, value]));
      const { configuration, daemon } = readIfstated(source, { interfaces, macros });
      if (!daemon.accepted) {
        write({ stderr: daemon.errors.map(({ text }) => `${text}\n`).join(""), exit: 1 }, exit);
      } else if (flags.json === true)
        write({ stdout: `${formatIfstatedJson(configuration)}\n`, stderr: "", exit: 0 }, exit);
      else write({ stderr: "configuration OK\n", exit: 0 }, exit);
    });
};

/** `iked print`: iked -nvf. */
export const ikedPrint: Verb = (program, exit) => {
  printCommand(program, "iked", "iked -nvf FILE", {
    example: "pierhead iked print /etc/iked.conf",
    system: "openbsd-7.8",
  }).action(async (file: string, flags: Common) => {
    const iked = await import("@pierhead/lang/iked");
    const system = systemOption(flags.system);
    const source = readSource(file);
    write(iked.ikedPrint(source.text, source.name, environmentFor(system, file, source.text, flags)), exit);
  });
};

/** `npppd print`: the configuration that npppd built, as JSON. */
export const npppdPrint: Verb = (program, exit) => {
  printCommand(program, "npppd", "npppd -nf FILE", {
    example: "pierhead npppd print /etc/npppd/npppd.conf --json",
    system: "openbsd-7.8",
  })
    .option("--json", "print the configuration it built; secrets only by their length")
    .action(async (file: string, flags: Common & { json?: boolean }) => {
      const npppd = await import("@pierhead/lang/npppd");
      const system = systemOption(flags.system);
      const source = readSource(file);
      const output = npppd.npppdPrint(source.text, source.name, system);
      if (output.exit !== 0 || flags.json !== true) write(output, exit);
      else {
        const { settings } = npppd.loadNpppd(source, system);
        write({ stdout: `${JSON.stringify(npppd.npppdJson(settings), null, 2)}\n`, stderr: "", exit: 0 }, exit);
      }
    });
};
