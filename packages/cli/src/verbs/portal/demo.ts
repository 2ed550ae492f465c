import { setTimeout as sleep } from "node:timers/promises";
import type { DemoFacts } from "@pierhead/gateway/portal/demo";
import { type Command, Option } from "commander";
import { EXIT, UsageError } from "../../failure.ts";

interface Flags {
  readonly browser: boolean;
  readonly clean?: boolean;
  readonly json?: boolean;
  readonly part?: string;
}

export function addDemoVerb(portal: Command, exit: (status: number) => void): void {
  portal
    .command("demo")
    .description("a whole hotspot on this Linux machine, to try it: guest, gateway and internet in network namespaces")
    .option("--no-browser", "do not open Chromium in the guest's namespace, even where it could")
    .option("--clean", "take away what a demo that was killed left behind")
    .option("--json", "what there is and where, as one line")
    .addOption(new Option("--part <name>").hideHelp())
    .addHelpText(
      "after",
      `
It needs root, nftables and dnsmasq, and uses FreeRADIUS and Chromium where they are installed. Nothing outside its own
namespaces is changed, and Ctrl-C takes everything away.
Exit status: 0 ended by a signal, or cleaned; 1 it broke; 2 it cannot run here.

Example:
  sudo pierhead portal demo
  sudo pierhead portal demo --no-browser --json
  sudo pierhead portal demo --clean
`,
    )
    .action(async (flags: Flags) => exit(await run(flags)));
}

async function run(flags: Flags): Promise<number> {
  const { cleanDemos, isDemoPart, missingTools, playPart, startDemo } = await import("@pierhead/gateway/portal/demo");
  if (flags.part !== undefined) {
    if (!isDemoPart(flags.part)) throw new UsageError(`--part ${flags.part}: the demo uses this itself`);
    await playPart(flags.part);
    return EXIT.fine;
  }
  if (process.platform !== "linux") throw new UsageError("the demo is for Linux: it lives in network namespaces");
  if (process.getuid?.() !== 0) throw new UsageError("the demo makes network namespaces, so it needs root", "sudo");
  const missing = missingTools();
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((one) => one.package))].join(" ");
    throw new UsageError(`the demo needs ${missing.map(({ tool }) => tool).join(", ")}`, `apt-get install ${packages}`);
  }
  if (flags.clean === true) {
    const { removed, running } = cleanDemos();
    const say = (pids: readonly number[], what: string): string =>
      pids.map((pid) => `${what} of process ${pid}\n`).join("");
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ removed, running })}\n`
        : say(removed, "removed the demo") + say(running, "left the running demo") || "nothing was left behind\n",
    );
    return EXIT.fine;
  }

  // Before anything is made: a signal while it starts takes away what there is by then.
  const signalled = new Promise<"signal">((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => resolve("signal"));
  });
  const pierhead = [process.execPath, ...process.execArgv, process.argv[1] as string];
  const starting = startDemo({ pierhead, browser: flags.browser });
  let demo: Awaited<typeof starting>;
  try {
    demo = await starting;
  } catch (error) {
    process.stderr.write(`pierhead: the demo did not start: ${(error as Error).message}\n`);
    return EXIT.findings;
  }
  try {
    process.stdout.write(flags.json === true ? `${JSON.stringify(demo.facts)}\n` : map(demo.facts));
    // Lets a signal of the start be seen before anything is said to have failed.
    await sleep(0);
    const why = await Promise.race([signalled, demo.failed]);
    if (why === "signal") return EXIT.fine;
    process.stderr.write(`pierhead: the demo broke: ${why}\n`);
    return EXIT.findings;
  } finally {
    await demo.stop();
    if (flags.json !== true) process.stdout.write("\nEverything is taken away.\n");
  }
}

function map(facts: DemoFacts): string {
  const { namespaces, user, admin, vouchers } = facts;
  const radius = facts.radius
    ? "FreeRADIUS knows her: 20 minutes, 10 Mbit/s"
    : "of our own store; with the package freeradius installed it is RADIUS's";
  return `
The hotspot runs. Ctrl-C ends it and takes everything away.

   guest                gateway                  internet
   10.77.0.10    ───▶   10.77.0.1    ───▶        192.0.2.80   www.example.org
   you                  pierhead portal,         192.0.2.90   garden.example.net
                        nftables, dnsmasq${facts.radius ? ",\n                        FreeRADIUS" : ""}

In a browser of this machine
  ${facts.site}   www.example.org as the guest sees it: it leads to the sign-in page
  ${facts.portal}   the portal's own page: what is left, and signing out
  ${facts.adminPage}   the admin page: ${admin.name}, password ${admin.password}
${facts.browser ? "Chromium is open as well, in the guest's namespace.\n" : ""}
Come in with
  the account ${user.name}, password ${user.password}   (${radius})
  a voucher: ${vouchers.join(", ")}   (15 minutes, 50 MB)
  or the terms alone   (5 minutes, 100 MB)

Try
  ip netns exec ${namespaces.guest} curl -i http://www.example.org/
  ip netns exec ${namespaces.guest} curl http://garden.example.net/
  ip netns exec ${namespaces.guest} curl -o /dev/null http://www.example.org/big
  ip netns exec ${namespaces.gateway} nft list table inet pierhead_portal
  pierhead portal -s ${facts.socket} sessions
  pierhead portal -s ${facts.socket} kick anna
  less ${facts.config}
There is no certificate here, so no HTTPS and no RFC 8908; a real portal has both.
`;
}
