import { Command, CommanderError } from "commander";
import { EXIT, UsageError } from "./failure.ts";
import { colorsFor, printable } from "./terminal.ts";
import { verbs } from "./verbs/index.ts";
import { VERSION } from "./version.ts";

const colors = colorsFor(process.stderr);

function complain(message: string, hint: string | null = null): void {
  process.stderr.write(`${colors.red("pierhead:")} ${printable(message)}\n`);
  if (hint !== null) process.stderr.write(`  ${printable(hint)}\n`);
}

/** Runs the command line; the returned number is the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("pierhead")
    .description("Know what the edge of your network will do before anything is loaded.")
    .version(VERSION, "-V, --version", "print the version")
    .helpCommand(true)
    .showSuggestionAfterError(true)
    .configureOutput({ writeErr: (text) => process.stderr.write(text), outputError: () => {} })
    .exitOverride();
  program.addHelpText(
    "after",
    `
Exit status: 0 fine; 1 findings (an error in a file, a failed scenario); 2 could not run.

Try it:
  pierhead check examples/two-isps/openbsd-7.8
  pierhead failover examples/two-isps/openbsd-7.8
  pierhead trace examples/two-isps/openbsd-7.8 --packet "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"`,
  );
  let status: number = EXIT.fine;
  for (const verb of verbs)
    verb(program, (value) => {
      status = value;
    });
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.fine;
      if (error.code === "commander.help") return EXIT.failed;
      complain(
        error.message.replace(/^error: /, ""),
        "pierhead --help lists the verbs, pierhead VERB --help their options",
      );
      return EXIT.failed;
    }
    if (error instanceof UsageError) {
      complain(error.message, error.hint);
      return EXIT.failed;
    }
    complain(
      `internal error: ${error instanceof Error ? error.message : String(error)}`,
      "this is a bug in pierhead; set PIERHEAD_DEBUG=1 for details",
    );
    if (process.env.PIERHEAD_DEBUG !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return EXIT.failed;
  }
  return status;
}

// A reader that goes away (`pierhead … | head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
