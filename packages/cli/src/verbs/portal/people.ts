import type { Json } from "@pierhead/gateway/portal";
import type { Administrator, LocalUser } from "@pierhead/gateway/store";
import type { Command } from "commander";
import { EXIT, UsageError } from "../../failure.ts";
import { readNamedSecret } from "../../input/secret.ts";
import { colorsFor } from "../../terminal.ts";
import { ask } from "./ask.ts";
import { quantity, whole } from "./vouchers.ts";

interface UserFlags {
  readonly password?: string;
  readonly devices: string;
  readonly idle?: string;
  readonly volume?: string;
  readonly up?: string;
  readonly down?: string;
  readonly note: string;
  readonly disabled?: boolean;
  readonly json?: boolean;
}

type Exit = (status: number) => void;

const PASSWORD = "where the password is: env:NAME or file:path; asked for when absent";

export function addPeopleVerbs(portal: Command, exit: Exit): void {
  const user = portal.command("user").description("guests who sign in by name and password of our own store");
  user
    .command("add")
    .description("make a local user, or change one")
    .argument("<name>", "name; a device is called like its MAC: 02-00-00-00-00-01")
    .option("-p, --password <where>", PASSWORD)
    .option("-d, --devices <number>", "devices at the same time", "1")
    .option("--idle <duration>", "ends after so long without traffic")
    .option("--volume <octets>", "octets of one session")
    .option("--up <rate>", "rate from the device")
    .option("--down <rate>", "rate to the device")
    .option("--note <text>", "for you", "")
    .option("--disabled", "may not come in")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 made; 2 no portal answers, or it could not.

Example:
  pierhead portal user add anna
  pierhead portal user add anna --password file:anna.secret --devices 3 --down 20Mbit
`,
    )
    .action(async (name: string, flags: UserFlags, self: Command) => {
      const { parseDuration, parseRate, parseVolume } = await import("@pierhead/lang/portal-conf");
      const password = await readNamedSecret(flags.password, `password of ${name}`);
      const limits = {
        idle: quantity("--idle", flags.idle, parseDuration) ?? undefined,
        octetsTotal: quantity("--volume", flags.volume, parseVolume) ?? undefined,
        rateUp: quantity("--up", flags.up, parseRate) ?? undefined,
        rateDown: quantity("--down", flags.down, parseRate) ?? undefined,
      };
      await ask(self, {
        verb: "user-put",
        name,
        password,
        disabled: flags.disabled === true,
        devices: whole("--devices", flags.devices),
        note: flags.note,
        ...limits,
      });
      say(flags, { name }, `${name} may come in`);
      exit(EXIT.fine);
    });
  list(user, exit, "local users", "user-list", async (answer) => {
    const { portalUsers } = await import("../../report/portal.ts");
    return portalUsers(answer as readonly Json<LocalUser>[], colorsFor(process.stdout));
  });
  remove(user, exit, "user-remove");

  const admin = portal.command("admin").description("who may use the admin page");
  admin
    .command("add")
    .description("make an administrator, or change one")
    .argument("<name>")
    .option("-r, --role <role>", "viewer, operator or admin", "operator")
    .option("-p, --password <where>", PASSWORD)
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 made; 2 no portal answers, or it could not.

Example:
  pierhead portal admin add anna --role admin
`,
    )
    .action(async (name: string, flags: { role: string; password?: string; json?: boolean }, self: Command) => {
      const { role } = flags;
      if (role !== "viewer" && role !== "operator" && role !== "admin") {
        throw new UsageError(`--role ${role}: it is viewer, operator or admin`);
      }
      const password = await readNamedSecret(flags.password, `password of ${name}`);
      await ask(self, { verb: "admin-put", name, role, password });
      say(flags, { name, role }, `${name} is ${role === "viewer" ? "a viewer" : `an ${role}`}`);
      exit(EXIT.fine);
    });
  list(admin, exit, "administrators", "admin-list", async (answer) => {
    const { portalAdministrators } = await import("../../report/portal.ts");
    return portalAdministrators(answer as readonly Json<Administrator>[], Date.now(), colorsFor(process.stdout));
  });
  remove(admin, exit, "admin-remove");
}

function list(
  group: Command,
  exit: Exit,
  what: string,
  verb: "user-list" | "admin-list",
  print: (answer: unknown) => Promise<string>,
): void {
  group
    .command("list")
    .description(`the ${what}`)
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `\nExit status: 0 printed; 2 no portal answers.\n\nExample:\n  pierhead portal ${group.name()} list\n`,
    )
    .action(async (flags: { json?: boolean }, self: Command) => {
      const answer = await ask<unknown>(self, { verb });
      process.stdout.write(
        flags.json === true ? `${JSON.stringify({ [`${group.name()}s`]: answer })}\n` : await print(answer),
      );
      exit(EXIT.fine);
    });
}

function remove(group: Command, exit: Exit, verb: "user-remove" | "admin-remove"): void {
  group
    .command("remove")
    .description("sessions that are open stay; `pierhead portal kick` ends them")
    .argument("<name>")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `\nExit status: 0 removed; 1 there is none of that name; 2 no portal answers.\n\nExample:\n  pierhead portal ${group.name()} remove anna\n`,
    )
    .action(async (name: string, flags: { json?: boolean }, self: Command) => {
      const { removed } = await ask<{ removed: boolean }>(self, { verb, name });
      say(flags, { removed }, removed ? `removed ${name}` : `there is no ${name}`);
      exit(removed ? EXIT.fine : EXIT.findings);
    });
}

function say(flags: { readonly json?: boolean }, facts: object, words: string): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(facts)}\n` : `${words}\n`);
}
