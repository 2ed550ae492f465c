import { UsageError } from "../failure.ts";
import { colorsFor } from "../terminal.ts";
import { USUAL_FILE } from "./portal/ask.ts";
import type { DaemonFlags } from "./portal/daemon.ts";
import { addDemoVerb } from "./portal/demo.ts";
import { addPeopleVerbs } from "./portal/people.ts";
import { addSessionVerbs } from "./portal/sessions.ts";
import { addVoucherVerbs } from "./portal/vouchers.ts";
import type { Verb } from "./verb.ts";

export const portal: Verb = (program, exit) => {
  const command = program
    .command("portal")
    .description("the captive portal: runs a portal.yaml; and what to ask a running one")
    .option("-c, --config <file>", "the configuration", USUAL_FILE)
    .option("-s, --socket <path>", "control socket of the running portal; as the configuration says when absent")
    .option("-n, --configtest", "check the file and the secrets it names, and exit")
    .option(
      "--close-sessions",
      "end all sessions with the portal; else they stay, and the next start goes on with them",
    )
    .option("-v, --verbose", "log more", (_: string, before: number) => before + 1, 0)
    .option("--log <file>", "log to a file; `syslog` to logger(1)")
    .option("--log-format <format>", "text or json; text on a terminal, else json")
    .addHelpText(
      "after",
      `
It stays in the foreground; \`pierhead portal install\` prints what starts it at boot. SIGHUP reads the file again: a broken
one is refused, a good one changes the page, the garden and the limits of new sessions, and drops nobody. SIGTERM ends it.
Exit status: 0 ended by a signal, or -n and the file is fine; 1 the file is wrong or it cannot start; 2 usage.

Example:
  pierhead check portal.yaml
  pierhead portal -c /etc/pierhead/portal.yaml
  pierhead portal sessions
  pierhead portal voucher create --count 20 --time 4h
`,
    )
    .action(async (flags: DaemonFlags) => {
      const { runDaemon } = await import("./portal/daemon.ts");
      exit(await runDaemon(flags));
    });
  addSessionVerbs(command, exit);
  addVoucherVerbs(command, exit);
  addPeopleVerbs(command, exit);
  addDemoVerb(command, exit);
  command
    .command("install")
    .description("the file that starts the portal at boot")
    .requiredOption("--print <system>", "openbsd, freebsd or linux")
    .action(async (flags: { print: string }) => {
      const { serviceFile, SERVICE_SYSTEMS } = await import("@pierhead/gateway/monitor");
      const file = serviceFile(flags.print.replace(/-.*$/, ""), "portal");
      if (file === null) {
        throw new UsageError(`no service file for ${flags.print}`, `there are: ${SERVICE_SYSTEMS.join(", ")}`);
      }
      process.stdout.write(file.text);
      const colors = colorsFor(process.stderr);
      const steps = [`goes to ${file.path}, mode ${file.mode}; then:`, ...file.enable.map((line) => `  ${line}`)];
      process.stderr.write(`${colors.dim(steps.join("\n"))}\n`);
    });
};
