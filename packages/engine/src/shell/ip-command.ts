/** Linux: ip(8), and route(8) as net-tools has it. */
import { Source } from "@pierhead/core";
import { type IpCommand, parseIp, parseNetToolsRoute } from "@pierhead/lang/ip-command";
import { applyIp } from "../build/apply-ip.ts";
import type { RouteError } from "../machine/routing.ts";
import type { Call, CommandFunction, Status } from "./call.ts";
import { placedWords, unknownArgument } from "./words.ts";

/** What ip prints when the kernel refuses (iproute2; lib/libnetlink.c, and the kernel's extended messages). */
const IP_ERRORS: Readonly<Record<RouteError, string>> = {
  unreachable: "Error: Nexthop has invalid gateway.",
  exists: "RTNETLINK answers: File exists",
  "not-in-table": "RTNETLINK answers: No such process",
  "no-interface": "Cannot find device",
  "invalid-gateway": "Error: Nexthop has invalid gateway.",
  "interface-down": "Error: Nexthop device is not up.",
  "device-needed": "Error: Nexthop device required for onlink.",
  "invalid-source": "Error: Invalid prefsrc address.",
};

/** `ip …`. */
export const ip: CommandFunction = (call) => run(call, parseIp);

/** `route add …` of net-tools. */
export const netToolsRoute: CommandFunction = (call) => run(call, parseNetToolsRoute);

function run(call: Call, parse: typeof parseIp): Status {
  if (unknownArgument(call)) return null;
  const { shell, span, streams } = call;
  const source = new Source(shell.script ?? "command", shell.text);
  const { command, diagnostics } = parse(source, placedWords(call, call.words.slice(1)), span);
  const wrong = diagnostics.find(({ severity }) => severity === "error");
  if (command === null || wrong !== undefined) {
    streams.errors.addText(`Error: ${wrong?.message ?? "it is not a command of ip(8)"}\n`);
    shell.shared.effects.push({
      kind: "ip",
      command: null,
      wrong: wrong ?? null,
      error: null,
      span,
      script: shell.script,
      exit: 1,
    });
    return 1;
  }
  const outcome = applyIp(shell.machine, command);
  if (outcome === "not-followed") return shell.opaque(span, "ip", "this command of ip(8) is not simulated");
  if (outcome !== null) streams.errors.addText(`${IP_ERRORS[outcome]}\n`);
  else if (command.object === "other") streams.output.add({ text: "", known: false, offsets: [] });
  return done(call, command, outcome);
}

function done(call: Call, command: IpCommand, error: RouteError | null): Status {
  const exit = error === null ? 0 : 2;
  const { shell, span } = call;
  shell.shared.effects.push({ kind: "ip", command, wrong: null, error, span, script: shell.script, exit });
  return exit;
}
