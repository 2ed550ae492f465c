import type { Json } from "@pierhead/gateway/portal";
import type { Administrator, LocalUser, Role } from "@pierhead/gateway/store";
import type { Command } from "commander";
import { EXIT, UsageError } from "../../failure.ts";
import { readNamedSecret } from "../../input/secret.ts";
import { colorsFor } from "../../terminal.ts";
import { ask } from "./ask.ts";
import { quantity, whole } from "./vouchers.ts";

interface UserFlags {
  readonly password?: string | true;
  readonly devices?: string;
  readonly idle?: string;
  readonly volume?: string;
  readonly up?: string;
  readonly down?: string;
  readonly note?: string;
  readonly disabled?: boolean;
  readonly disable?: boolean;
  readonly enable?: boolean;
  readonly json?: boolean;
}

type Exit = (status: number) => void;

const PASSWORD = "where the password is: env:NAME or file:path; asked for when absent";
const NEW_PASSWORD = "where the new password is: env:NAME or file:path; asked for when it says neither";
/** For a limit: the portal's own again. */
const USUAL = "default";

export function addPeopleVerbs(portal: Command, exit: Exit): void {
  const user = portal.command("user").description("guests who sign in by name and password of our own store");
  user
    .command("add")
    .description("make a local user")
    .argument("<name>", "name; a device is called like its MAC: 02-00-00-00-00-01")
    .option("-p, --password <where>", PASSWORD)
    .option("-d, --devices <number>", "devices at the same time, on all gateways of the store", "1")
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
Exit status: 0 made; 1 there is one of that name, and nothing was changed; 2 no portal answers, or it could not.

Example:
  pierhead portal user add anna
  pierhead portal user add anna --password file:anna.secret --devices 3 --down 20Mbit
`,
    )
    .action(async (name: string, flags: UserFlags & { readonly password?: string }, self: Command) => {
      const limits = await limitsOf(flags);
      const devices = whole("--devices", flags.devices ?? "1");
      const password = await readNamedSecret(flags.password, `password of ${name}`);
      const terms = { disabled: flags.disabled === true, devices, note: flags.note ?? "", ...limits };
      const { done } = await ask<Done>(self, { verb: "user-add", name, password, ...terms });
      said(flags, { name, added: done }, done, `${name} may come in`, isThere("user", name));
      exit(done ? EXIT.fine : EXIT.findings);
    });
  user
    .command("set")
    .description("change a local user; what is not named stays. Sessions that are open go on as they are")
    .argument("<name>")
    .option("-p, --password [where]", NEW_PASSWORD)
    .option("-d, --devices <number>", "devices at the same time, on all gateways of the store")
    .option("--idle <duration>", `ends after so long without traffic; \`${USUAL}\`: as the portal has it`)
    .option("--volume <octets>", `octets of one session, or \`${USUAL}\``)
    .option("--up <rate>", `rate from the device, or \`${USUAL}\``)
    .option("--down <rate>", `rate to the device, or \`${USUAL}\``)
    .option("--note <text>", "for you")
    .option("--disable", "may not come in any more")
    .option("--enable", "may come in again")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 changed; 1 there is none of that name; 2 no portal answers, or it could not.

Example:
  pierhead portal user set anna --devices 5 --down ${USUAL}
  pierhead portal user set anna --password
  pierhead portal user set anna --disable
`,
    )
    .action(async (name: string, flags: UserFlags, self: Command) => {
      if (flags.disable === true && flags.enable === true) {
        throw new UsageError("--disable and --enable: one of the two");
      }
      const { json: _json, password: where, ...terms } = flags;
      if (where === undefined && Object.keys(terms).length === 0) {
        throw new UsageError(`nothing to change: name what, as in \`pierhead portal user set ${name} --devices 3\``);
      }
      const { devices, note } = flags;
      const change = {
        ...(await limitsOf(flags)),
        ...(devices === undefined ? {} : { devices: whole("--devices", devices) }),
        ...(note === undefined ? {} : { note }),
        ...(flags.disable === true ? { disabled: true } : flags.enable === true ? { disabled: false } : {}),
        ...(await newPassword(where, name)),
      };
      const { done } = await ask<Done>(self, { verb: "user-set", name, ...change });
      said(flags, { name, changed: done }, done, `changed ${name}`, isNotThere("user", name));
      exit(done ? EXIT.fine : EXIT.findings);
    });
  list(user, exit, "local users", "user-list", async (answer) => {
    const { portalUsers } = await import("../../report/portal.ts");
    return portalUsers(answer as readonly Json<LocalUser>[], colorsFor(process.stdout));
  });
  remove(user, exit, "user-remove");

  const admin = portal.command("admin").description("who may use the admin page");
  admin
    .command("add")
    .description("make an administrator")
    .argument("<name>")
    .option("-r, --role <role>", "viewer, operator or admin", "operator")
    .option("-p, --password <where>", PASSWORD)
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 made; 1 there is one of that name, and nothing was changed; 2 no portal answers, or it could not.

Example:
  pierhead portal admin add anna --role admin
`,
    )
    .action(async (name: string, flags: { role: string; password?: string; json?: boolean }, self: Command) => {
      const role = roleOf(flags.role);
      const password = await readNamedSecret(flags.password, `password of ${name}`);
      const { done } = await ask<Done>(self, { verb: "admin-add", name, role, password });
      said(flags, { name, role, added: done }, done, `${name} is ${inWords(role)}`, isThere("admin", name));
      exit(done ? EXIT.fine : EXIT.findings);
    });
  admin
    .command("set")
    .description("change an administrator; what is not named stays")
    .argument("<name>")
    .option("-r, --role <role>", "viewer, operator or admin")
    .option("-p, --password [where]", `${NEW_PASSWORD}; whoever is in by the old one is out`)
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 changed; 1 there is none of that name; 2 no portal answers, or it could not.

Example:
  pierhead portal admin set anna --password
  pierhead portal admin set anna --role viewer
`,
    )
    .action(async (name: string, flags: { role?: string; password?: string | true; json?: boolean }, self: Command) => {
      if (flags.role === undefined && flags.password === undefined) {
        throw new UsageError(`nothing to change: name what, as in \`pierhead portal admin set ${name} --password\``);
      }
      const role = flags.role === undefined ? {} : { role: roleOf(flags.role) };
      const { done } = await ask<Done>(self, {
        verb: "admin-set",
        name,
        ...role,
        ...(await newPassword(flags.password, name)),
      });
      said(flags, { name, changed: done }, done, `changed ${name}`, isNotThere("admin", name));
      exit(done ? EXIT.fine : EXIT.findings);
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

interface Done {
  readonly done: boolean;
}

function said(
  flags: { readonly json?: boolean },
  facts: object,
  done: boolean,
  words: string,
  otherwise: string,
): void {
  say(flags, facts, done ? words : otherwise);
}

function isThere(group: "user" | "admin", name: string): string {
  const what = group === "user" ? "a user" : "an administrator";
  return `there is ${what} ${name} already: nothing was changed. \`pierhead portal ${group} set ${name}\` changes what you name`;
}

function isNotThere(group: "user" | "admin", name: string): string {
  const what = group === "user" ? "user" : "administrator";
  return `there is no ${what} ${name}. \`pierhead portal ${group} add ${name}\` makes one`;
}

async function newPassword(where: string | true | undefined, name: string): Promise<{ password?: string }> {
  if (where === undefined) return {};
  return { password: await readNamedSecret(where === true ? undefined : where, `new password of ${name}`) };
}

type Limit = number | null;

async function limitsOf(
  flags: UserFlags,
): Promise<{ idle?: Limit; octetsTotal?: Limit; rateUp?: Limit; rateDown?: Limit }> {
  const { parseDuration, parseRate, parseVolume } = await import("@pierhead/lang/portal-conf");
  const limit = <Name extends string>(
    name: Name,
    option: string,
    text: string | undefined,
    parse: (given: string) => number | null,
  ): { [Key in Name]?: Limit } => {
    if (text === undefined) return {};
    return { [name]: text === USUAL ? null : quantity(option, text, parse) } as { [Key in Name]: Limit };
  };
  return {
    ...limit("idle", "--idle", flags.idle, parseDuration),
    ...limit("octetsTotal", "--volume", flags.volume, parseVolume),
    ...limit("rateUp", "--up", flags.up, parseRate),
    ...limit("rateDown", "--down", flags.down, parseRate),
  };
}

function roleOf(role: string): Role {
  if (role === "viewer" || role === "operator" || role === "admin") return role;
  throw new UsageError(`--role ${role}: it is viewer, operator or admin`);
}

function inWords(role: Role): string {
  return role === "viewer" ? "a viewer" : `an ${role}`;
}
