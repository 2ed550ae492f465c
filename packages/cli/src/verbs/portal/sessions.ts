import type { PortalStatus } from "@pierhead/gateway/portal";
import type { Command } from "commander";
import { EXIT, UsageError } from "../../failure.ts";
import type { ShownSession } from "../../report/portal.ts";
import { colorsFor, printable } from "../../terminal.ts";
import { ask } from "./ask.ts";

type Exit = (status: number) => void;

export function addSessionVerbs(portal: Command, exit: Exit): void {
  portal
    .command("status")
    .description("how the running portal is: sessions, RADIUS servers, what does not work")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 all is well; 1 something does not work; 2 no portal answers.

Example:
  pierhead portal status
`,
    )
    .action(async (flags: { json?: boolean }, self: Command) => {
      const status = await ask<PortalStatus>(self, { verb: "status" });
      const { portalStatus } = await import("../../report/portal.ts");
      if (flags.json === true) process.stdout.write(`${JSON.stringify(status)}\n`);
      else process.stdout.write(portalStatus(status, Date.now(), colorsFor(process.stdout)));
      exit(status.troubles.length > 0 ? EXIT.findings : EXIT.fine);
    });

  portal
    .command("sessions")
    .description("who is in")
    .option("--all", "at all gateways that share the store")
    .option("--json", "all facts of each, for machines")
    .addHelpText(
      "after",
      `
What other gateways count is up to half a minute old.

Exit status: 0 printed; 2 no portal answers.

Example:
  pierhead portal sessions
  pierhead portal sessions --all
  pierhead portal sessions --json | jq '.sessions[].mac'
`,
    )
    .action(async (flags: { all?: boolean; json?: boolean }, self: Command) => {
      const here = await ask<readonly ShownSession[]>(self, { verb: "sessions" });
      const all = flags.all === true;
      const sessions = all
        ? [...here, ...(await ask<readonly ShownSession[]>(self, { verb: "sessions-elsewhere" }))]
        : here;
      const { portalSessions } = await import("../../report/portal.ts");
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ sessions })}\n`);
      else process.stdout.write(portalSessions(sessions, Date.now(), colorsFor(process.stdout), all));
      exit(EXIT.fine);
    });

  portal
    .command("kick")
    .description("end sessions: one by its id, a device's by its MAC, all of a user")
    .argument("<who>", "session id, MAC or user")
    .option("--json", "the ids of what was ended, for machines")
    .addHelpText(
      "after",
      `
Sessions at other gateways that share the store are ended by those with their next look, seconds later.

Exit status: 0 ended; 1 nobody of that name is in; 2 no portal answers.

Example:
  pierhead portal kick 02:00:00:00:00:01
`,
    )
    .action(async (who: string, flags: { json?: boolean }, self: Command) => {
      const { ended, asked } = await ask<{
        ended: readonly string[];
        asked: readonly { id: string; gateway: string }[];
      }>(self, { verb: "kick", who });
      const lines = [
        ...ended.map((id) => `ended ${id}`),
        ...asked.map(({ id, gateway }) => `${printable(gateway)} ends ${id} when it next looks`),
      ];
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ ended, asked })}\n`);
      else process.stdout.write(lines.length === 0 ? `${who} is not in\n` : `${lines.join("\n")}\n`);
      exit(lines.length === 0 ? EXIT.findings : EXIT.fine);
    });

  portal
    .command("query")
    .description(
      "as chilli_query of CoovaChilli: `list`, `listip IP`, `listmac MAC`, `logout ip|mac|sessionid VALUE`, `authorize`",
    )
    .argument("<command>", "list, listip, listmac, logout, logoff, authorize or update")
    .argument("[words...]", "`ip IP`, `mac MAC` or `sessionid ID`; for authorize and update limits besides")
    .option("--json", "as chilli_query -json")
    .addHelpText(
      "after",
      `
The columns of list are CoovaChilli's: MAC IP state session-id authenticated user time/limit idle/limit input/limit
output/limit total-limit swapoctets up down url. Octets are from the client in and to the client out (swapoctets 1).
Only devices that are in are listed.

authorize lets a device in that has shown nothing; for one that is in, it and update change the limits. After \`ip\` or \`mac\` come
username, sessiontimeout and idletimeout in seconds, maxinputoctets, maxoutputoctets and maxoctets, maxbwup and maxbwdown
in bit/s; 0 is without limit. RADIUS is told nothing of a session that begins like this.

Exit status: 0 printed or done; 1 no such session, or not let in; 2 no portal answers.

Example:
  pierhead portal query list
  pierhead portal query list mac 02-00-00-00-00-01
  pierhead portal query logout ip 10.99.0.23
  pierhead portal query authorize mac 02-00-00-00-00-01 username kiosk sessiontimeout 3600
`,
    )
    .action(async (name: string, words: string[], flags: { json?: boolean }, self: Command) => {
      if (name === "authorize" || name === "update") {
        exit(await authorize(self, name, words, flags.json === true));
        return;
      }
      const wanted = criterion(name, words);
      const all = await ask<readonly ShownSession[]>(self, { verb: "sessions" });
      const found = all.filter(wanted);
      if (/^log(out|off)$/.test(name)) {
        for (const { id } of found) await ask(self, { verb: "kick", who: id });
        exit(found.length === 0 ? EXIT.findings : EXIT.fine);
        return;
      }
      const { chilliJson, chilliLine } = await import("../../report/chilli-query.ts");
      const now = Date.now();
      if (flags.json === true) process.stdout.write(`${chilliJson(found, now)}\n`);
      else for (const session of found) process.stdout.write(`${chilliLine(session, now)}\n`);
      exit(EXIT.fine);
    });
}

/** Which sessions the words of chilli_query mean. */
function criterion(name: string, words: readonly string[]): (session: ShownSession) => boolean {
  if (!/^(list|listip|listmac|logout|logoff)$/.test(name)) {
    throw new UsageError(`query ${name}: there are list, listip, listmac, logout, logoff, authorize and update`);
  }
  const [key, value, ...rest] = name === "listip" || name === "listmac" ? [name.slice(4), ...words] : words;
  if (key === undefined && name === "list") return () => true;
  const what = key === undefined || value === undefined ? "" : key;
  if (rest.length > 0 || !/^(ip|mac|sessionid)$/.test(what)) {
    throw new UsageError(`query ${name}: name a session: ip IP, mac MAC or sessionid ID`);
  }
  const given = value as string;
  if (what === "ip") return ({ addresses }) => addresses.includes(given);
  if (what === "mac") return ({ mac }) => mac === given.replaceAll("-", ":").toLowerCase();
  return ({ id }) => id === given;
}

/** chilli_query's words for limits, and ours. */
const LIMIT_WORDS: Readonly<
  Record<string, "session" | "idle" | "octetsInput" | "octetsOutput" | "octetsTotal" | "rateUp" | "rateDown">
> = {
  sessiontimeout: "session",
  idletimeout: "idle",
  maxinputoctets: "octetsInput",
  maxoutputoctets: "octetsOutput",
  maxoctets: "octetsTotal",
  maxtotaloctets: "octetsTotal",
  maxbwup: "rateUp",
  maxbwdown: "rateDown",
};

async function authorize(self: Command, name: string, words: readonly string[], json: boolean): Promise<number> {
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const [key = "", value] = words.slice(i, i + 2);
    if (!/^(ip|mac|sessionid|username)$/.test(key) && !(key in LIMIT_WORDS))
      throw new UsageError(
        `query ${name}: ${key} is not known`,
        `there are ip, mac, sessionid, username, ${Object.keys(LIMIT_WORDS).join(", ")}`,
      );
    if (value === undefined) throw new UsageError(`query ${name}: ${key} wants a value`);
    if (key in LIMIT_WORDS && !/^\d{1,15}$/.test(value))
      throw new UsageError(`query ${name}: ${key} ${value}: a whole number is wanted`);
    given.set(key, value);
  }
  const limits = Object.fromEntries(
    [...given].flatMap(([key, value]) => (key in LIMIT_WORDS ? [[LIMIT_WORDS[key] as string, Number(value)]] : [])),
  );
  const sessionId = given.get("sessionid");
  const device = given.get("mac") ?? given.get("ip");
  if ((device === undefined) === (sessionId === undefined))
    throw new UsageError(`query ${name}: name a device: ip IP or mac MAC; or who is in by sessionid ID`);
  let who = device;
  if (name === "update" || sessionId !== undefined) {
    const all = await ask<readonly ShownSession[]>(self, { verb: "sessions" });
    const key = sessionId !== undefined ? "sessionid" : given.has("mac") ? "mac" : "ip";
    who = all.find(criterion("list", [key, given.get(key) as string]))?.mac;
    if (who === undefined) return EXIT.findings;
  }
  const answer = await ask<{ kind: string; why?: string; reason?: string; session?: ShownSession }>(self, {
    verb: "admit",
    device: who as string,
    user: given.get("username"),
    ...limits,
  });
  if (json) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (answer.kind !== "in")
    process.stderr.write(`${who} is not let in: ${answer.why ?? answer.reason ?? answer.kind}\n`);
  return answer.kind === "in" ? EXIT.fine : EXIT.findings;
}
