import { existsSync, writeFileSync } from "node:fs";
import { parseSystem, Source, type System } from "@pierhead/core";
import type { Answers, GuestAnswer, LineAnswer } from "@pierhead/site/init";
import type { ProviderName } from "@pierhead/site/schema";
import { EXIT, UsageError } from "../failure.ts";
import { Asker } from "../input/ask.ts";
import { readFailure } from "../input/read.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor, plural, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly output: string;
  readonly name?: string;
  readonly host?: string;
  readonly system?: string;
  readonly provider?: string;
  readonly line?: string[];
  readonly lan?: string;
  readonly guests?: boolean;
  readonly guest?: string[];
  readonly force?: boolean;
}

export const init: Verb = (program, exit) => {
  program
    .command("init")
    .description("a first site.yaml, from a few questions or from options")
    .option("-o, --output <file>", "the file to write; - prints it", "site.yaml")
    .option("--name <text>", "name of the site")
    .option("--host <name>", "name of the host")
    .option("-s, --system <system>", "its system (openbsd-7.8, freebsd-14.3, netbsd-10.1, linux)")
    .option("--provider <name>", "online-net, ovh, hetzner or generic")
    .option(
      "--line <interface=address,gateway>",
      "an internet line; INTERFACE=dhcp for a lease; may be repeated",
      collect,
    )
    .option("--lan <interface=address>", "the network behind the host")
    .option("--guests", "the host runs guests")
    .option("--guest <name=system,address,mac[,gateway]>", "a guest; may be repeated", collect)
    .option("--force", "replace the file when it is there")
    .addHelpText(
      "after",
      `
With --line nothing is asked: what no option says is as usual. Without it, the questions come on the terminal.
What is written was built in memory, read back and tried before.

Exit status: 0 written; 1 the answers do not make a site that can be built; 2 could not run.

Example:
  pierhead init
  pierhead init --system openbsd-7.8 --line vr0=198.51.100.199/24,198.51.100.100 --line vr2=dhcp --lan vr1=192.168.1.1/24
  pierhead init --system freebsd-14.3 --provider online-net --line em0=192.0.2.50/24,192.0.2.1 \\
    --guest web=freebsd-14.3,198.51.100.10,00:50:56:00:01:aa
`,
    )
    .action(async (flags: Flags) => {
      const { output } = flags;
      if (output !== "-" && existsSync(output) && flags.force !== true) {
        throw new UsageError(`${output}: it is there already`, "name another file with -o, or replace it with --force");
      }
      const answers = flags.line === undefined ? await askAll(flags) : await fromFlags(flags);
      const { renderSite } = await import("@pierhead/site/init");
      const text = renderSite(answers);
      const machines = await tryOut(text, output);
      if (machines === null) {
        exit(EXIT.findings);
        return;
      }
      if (output === "-") {
        process.stdout.write(text);
        return;
      }
      try {
        writeFileSync(output, text);
      } catch (error) {
        throw readFailure(output, error);
      }
      const colors = colorsFor(process.stdout);
      process.stdout.write(`${colors.green("wrote")} ${printable(output)}: ${plural(machines, "machine")}\n`);
      process.stdout.write(`next: pierhead build ${printable(output)} -o out\n`);
    });
};

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Builds what the text describes, in memory. @returns how many machines; null when something is wrong, which is shown */
async function tryOut(text: string, name: string): Promise<number | null> {
  const { readSite } = await import("@pierhead/site/read");
  const { buildSite } = await import("@pierhead/site/build");
  const { verifySite } = await import("../input/site.ts");
  const { site, diagnostics } = readSite(new Source(name === "-" ? "site.yaml" : name, text));
  const found = [...diagnostics];
  let machines = 0;
  if (site !== null && !found.some((one) => one.severity === "error")) {
    const built = buildSite(site);
    machines = built.machines.length;
    const input = { path: name, site, diagnostics };
    const verified = await verifySite(input, site, built, (machine, path) => `${machine}${path}`, null);
    found.push(...verified.flatMap((one) => one.diagnostics));
  }
  const shown = found.filter((one) => one.severity !== "note");
  if (shown.length > 0) process.stderr.write(`${prettyDiagnostics(shown, colorsFor(process.stderr))}\n`);
  if (!found.some((one) => one.severity === "error")) return machines;
  process.stderr.write("nothing was written\n");
  return null;
}

const PROVIDER_NAMES = ["online-net", "ovh", "hetzner", "generic"] as const;

function system(name: string): System | null {
  const parsed = parseSystem(name);
  return parsed === null || parsed.family === "macos" ? null : parsed;
}

async function fromFlags(flags: Flags): Promise<Answers> {
  const name = flags.system ?? "openbsd-7.8";
  if (system(name) === null) throw new UsageError(`--system ${name}: it is none that files are built for`);
  const provider = flags.provider ?? "generic";
  if (!isProvider(provider)) {
    throw new UsageError(`--provider ${provider}: it is ${PROVIDER_NAMES.join(", ")}`);
  }
  const lan = flags.lan === undefined ? null : pair(flags.lan, "--lan", "vr1=192.168.1.1/24");
  return {
    site: flags.name ?? "my site",
    host: flags.host ?? "edge",
    system: name,
    provider,
    lines: (flags.line ?? []).map(lineOf),
    lan: lan === null ? null : { interface: lan[0], address: lan[1] },
    runsGuests: flags.guests === true || flags.guest !== undefined,
    guests: (flags.guest ?? []).map(guestOf),
  };
}

function isProvider(name: string): name is ProviderName {
  return (PROVIDER_NAMES as readonly string[]).includes(name);
}

function pair(text: string, option: string, example: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new UsageError(`${option} ${text}: write it like ${example}`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function lineOf(text: string): LineAnswer {
  const [name, rest] = pair(text, "--line", "em0=192.0.2.50/24,192.0.2.1 or em0=dhcp");
  if (rest === "dhcp") return { interface: name, address: null, gateway: null };
  const [address, gateway, more] = rest.split(",");
  if (address === undefined || gateway === undefined || more !== undefined) {
    throw new UsageError(`--line ${text}: write it like em0=192.0.2.50/24,192.0.2.1 or em0=dhcp`);
  }
  return { interface: name, address, gateway };
}

function guestOf(text: string): GuestAnswer {
  const [name, rest] = pair(text, "--guest", "web=freebsd-14.3,198.51.100.10,00:50:56:00:01:aa");
  const [systemName, address, mac, gateway, more] = rest.split(",");
  if (systemName === undefined || address === undefined || mac === undefined || more !== undefined) {
    throw new UsageError(`--guest ${text}: write it like web=freebsd-14.3,198.51.100.10,00:50:56:00:01:aa`);
  }
  if (system(systemName) === null) {
    throw new UsageError(`--guest ${text}: ${systemName} is no system that files are built for`);
  }
  return { name, system: systemName, address, mac, gateway: gateway ?? null };
}

async function askAll(flags: Flags): Promise<Answers> {
  if (process.stdin.isTTY !== true) {
    throw new UsageError("init asks questions, and there is no terminal", "give at least --line; --help has examples");
  }
  const asker = new Asker();
  try {
    return await questions(asker, flags);
  } finally {
    asker.close();
  }
}

async function questions(asker: Asker, flags: Flags): Promise<Answers> {
  const { defaultInterface } = await import("@pierhead/site/init");
  const values = await import("@pierhead/site/schema");
  const { checkValue } = values;
  process.stderr.write("A few questions; an empty answer takes what is in brackets.\n\n");
  const text = (question: string, usual: string | null, kind: Parameters<typeof checkValue>[0]): Promise<string> =>
    asker.ask({ text: question, usual, check: (answer) => checkValue(kind, answer) });
  const yes = async (question: string, usual: "yes" | "no"): Promise<boolean> => {
    const check = (answer: string): string | null => (/^(y|yes|n|no)$/i.test(answer) ? null : "yes or no");
    return /^y/i.test(await asker.ask({ text: question, usual, check }));
  };
  const site = flags.name ?? (await text("Name of the site", "my site", "title"));
  const host = flags.host ?? (await text("Name of the machine", "edge", "name"));
  const systemName = await asker.ask({
    text: "Its system (openbsd-7.8, freebsd-14.3, netbsd-10.1, linux)",
    usual: flags.system ?? "openbsd-7.8",
    check: (answer) => (system(answer) === null ? "none that files are built for; like freebsd-14.3" : null),
  });
  const runsGuests = flags.guests === true || (await yes("Does it run guests with addresses of their own", "no"));
  let provider: ProviderName = "generic";
  if (runsGuests) {
    provider = (await asker.ask({
      text: `Whose network is it (${PROVIDER_NAMES.join(", ")})`,
      usual: flags.provider ?? "generic",
      check: (answer) => (isProvider(answer) ? null : `one of ${PROVIDER_NAMES.join(", ")}`),
    })) as ProviderName;
  }
  const line = async (usual: string): Promise<LineAnswer> => {
    const name = await text("Card of the internet line", usual, "interface");
    const address = await asker.ask({
      text: "Its address with length, or dhcp",
      usual: "dhcp",
      check: (answer) => (answer === "dhcp" ? null : checkValue("interfaceAddress4", answer)),
    });
    if (address === "dhcp") return { interface: name, address: null, gateway: null };
    return { interface: name, address, gateway: await text("Gateway of the line", null, "address4") };
  };
  const lines = [await line(defaultInterface(system(systemName) as System))];
  const isBsdGateway = /^(openbsd|freebsd)/.test(systemName);
  while (!runsGuests && isBsdGateway && lines.length < 4 && (await yes("Another line", "no")))
    lines.push(await line(""));
  let lan: Answers["lan"] = null;
  if (
    isBsdGateway &&
    (lines.length > 1 || (await yes("Is there a network of yours behind it", runsGuests ? "no" : "yes")))
  ) {
    const name = await text("Card of that network", null, "interface");
    lan = {
      interface: name,
      address: await text("The machine's address in it", "192.168.1.1/24", "interfaceAddress4"),
    };
  }
  const guests: GuestAnswer[] = [];
  while (runsGuests && (await yes(guests.length === 0 ? "Describe a guest now" : "Another guest", "yes"))) {
    guests.push({
      name: await text("Name of the guest", `guest${guests.length + 1}`, "name"),
      system: await asker.ask({
        text: "Its system",
        usual: systemName,
        check: (answer) => (system(answer) === null ? "none that files are built for; like netbsd-10.1" : null),
      }),
      address: await text("Its address", null, "guestAddress"),
      mac: await text("The MAC that the provider's console shows for it", null, "mac"),
      // The host's own stands in the site; that of a lease does not.
      gateway: lines[0]?.gateway == null ? await text("Gateway for it", null, "address4") : null,
    });
  }
  return { site, host, system: systemName, provider, lines, lan, runsGuests, guests };
}
