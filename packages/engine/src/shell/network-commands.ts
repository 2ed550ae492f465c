/** pfctl, route, ifconfig, sysctl: the programs that change what packets meet. */
import { type Address, parseAddress, Source } from "@pierhead/core";
import { parseIfconfig } from "@pierhead/lang/ifconfig";
import { parseRoute, type RouteCommand } from "@pierhead/lang/route";
import { applyIfconfig } from "../build/apply-ifconfig.ts";
import { applyRoute } from "../build/apply-route.ts";
import type { RouteError } from "../machine/routing.ts";
import type { Call, CommandFunction, Status } from "./call.ts";
import { ip, netToolsRoute } from "./ip-command.ts";
import { showInterface, showRoute, showRoutes } from "./show.ts";
import { NOTHING, plain } from "./values.ts";
import { placedWords, unknownArgument } from "./words.ts";

const pfctl: CommandFunction = (call) => {
  if (unknownArgument(call)) return null;
  const { shell, span, streams } = call;
  const words = call.words.slice(1).map(({ text }) => (text === "/dev/stdin" ? "-" : text));
  const reads = words.some((word, i) => word === "-f-" || /^-[a-zA-Z]*f-$/.test(word) || (word === "-" && i > 0));
  const input = reads ? streams.input.rest() : NOTHING;
  if (!input.known) return shell.opaque(span, "pfctl", "the rules it reads are not known");
  const { exit, output, errors } = shell.machine.pfctl(words, reads ? input.text : null);
  streams.output.addText(output);
  streams.errors.addText(errors);
  shell.shared.effects.push({
    kind: "pfctl",
    words,
    stdin: reads ? input.text : null,
    stdinOffsets: input.offsets,
    output,
    errors,
    span,
    script: shell.script,
    exit,
  });
  return exit;
};

const ROUTE_ERRORS: Readonly<Record<RouteError, string>> = {
  unreachable: "Network is unreachable",
  exists: "File exists",
  "not-in-table": "not in table",
  "no-interface": "Invalid argument",
  "invalid-gateway": "Invalid argument",
  "interface-down": "Network is down",
  "device-needed": "No such device",
  "invalid-source": "Invalid argument",
};

const route: CommandFunction = (call) => {
  const { shell, span, streams } = call;
  if (shell.machine.system.family === "linux") return netToolsRoute(call);
  if (unknownArgument(call)) return null;
  const { machine } = shell;
  const source = new Source(shell.script ?? "command", shell.text);
  const { command, diagnostics } = parseRoute(source, placedWords(call, call.words.slice(1)), machine.system, span);
  const wrong = diagnostics.find(({ severity }) => severity === "error");
  if (command === null || wrong !== undefined) {
    streams.errors.addText(`route: ${wrong?.message ?? "usage: route [-n] command [modifiers] args"}\n`);
    shell.opaque(span, "route", wrong?.message ?? "it is not a command of route(8)");
    return 1;
  }
  const quiet = call.words.some(({ text }) => /^-[a-zA-Z]*q/.test(text));
  switch (command.action) {
    case "show":
      streams.output.addText(
        showRoutes(machine, call.words.some(({ text }) => text === "-inet6") ? 6 : 4, command.table),
      );
      return 0;
    case "flush": {
      const family = call.words.some(({ text }) => text === "-inet6")
        ? 6
        : call.words.some(({ text }) => text === "-inet")
          ? 4
          : null;
      machine.flushRoutes(family, command.table);
      return done(call, command, null);
    }
    case "get": {
      const address = destination(call, command);
      const text = address === null ? null : showRoute(machine, command, address);
      if (text === null) {
        streams.errors.addText("route: writing to routing socket: not in table\n");
        return 1;
      }
      streams.output.addText(text);
      return 0;
    }
    case "add":
    case "change":
    case "delete": {
      const error = applyRoute(machine, command);
      if (error === "unknown-address") return shell.opaque(span, "route", "a name in it does not resolve here");
      if (!quiet) {
        const what = command.destination?.address?.bits === command.destination?.length ? "host" : "net";
        const by = command.gatewayWritten === null ? "" : `: gateway ${command.gatewayWritten}`;
        const failed = error === null ? "" : `: ${ROUTE_ERRORS[error]}`;
        streams.output.addText(`${command.action} ${what} ${command.destination?.written ?? ""}${by}${failed}\n`);
      }
      return done(call, command, error);
    }
    default:
      return shell.opaque(span, "route", "this command of route(8) is not simulated");
  }
};

function done(call: Call, command: RouteCommand, error: RouteError | null): Status {
  const exit = error === null ? 0 : 1;
  const { shell, span } = call;
  shell.shared.effects.push({ kind: "route", command, error, span, script: shell.script, exit });
  return exit;
}

function destination(call: Call, command: RouteCommand): Address | null {
  return command.destination === null
    ? null
    : (command.destination.address ?? resolved(call, command.destination.written));
}

function resolved(call: Call, name: string | null): Address | null {
  return name === null ? null : (call.shell.machine.resolve(name)[0] ?? null);
}

/** Words of ifconfig that decide which of several carp hosts is the master: that is between them. */
const CARP_WORDS: ReadonlySet<string> = new Set(["carpdemote", "-carpdemote", "advskew", "advbase", "vhid", "state"]);

/** What an interface is made of, or gets from others. */
const NOT_SIMULATED: ReadonlySet<string> = new Set(["autoconf", "parent", "vlan", "member", "patch", "name"]);

/** Names of hosts are looked up by somebody else. */
function isNumeric({ local, remote }: { readonly local: string; readonly remote: string }): boolean {
  return parseAddress(local) !== null && parseAddress(remote) !== null;
}

const ifconfig: CommandFunction = (call) => {
  if (unknownArgument(call)) return null;
  const { shell, span, streams } = call;
  if (shell.machine.system.family === "linux") {
    return shell.opaque(span, "ifconfig", "ifconfig of Linux is not simulated; write it with ip(8)");
  }
  const { machine } = shell;
  const words = call.words.slice(1);
  const name = words[0]?.text;
  if (name === undefined || name === "-a" || name === "-A") {
    for (const one of machine.interfaces()) streams.output.addText(showInterface(machine, one));
    return 0;
  }
  if (name === "-g" || words.some(({ text }) => CARP_WORDS.has(text))) {
    return shell.opaque(span, "ifconfig", "which host is the carp master is not simulated");
  }
  const found = machine.interface(name);
  const onlyShows =
    words.length === 1 || (words.length === 2 && /^(?:inet6?|media|lladdr)$/.test(words[1]?.text ?? ""));
  if (found !== null && onlyShows) {
    streams.output.addText(showInterface(machine, found, words[1]?.text));
    return 0;
  }
  const creates = words.some(({ text }) => text === "create" || text === "plumb");
  if (found === null && !creates) {
    streams.errors.addText(`ifconfig: ${name}: no such interface\n`);
    return 1;
  }
  const source = new Source(shell.script ?? "command", shell.text);
  const { settings } = parseIfconfig(source, placedWords(call, words.slice(1)), machine.system);
  const outcome = applyIfconfig(machine, name, settings);
  const opaque =
    settings.changes.some((one) => NOT_SIMULATED.has(one.kind) || (one.kind === "tunnel" && !isNumeric(one))) ||
    (settings.address !== null && settings.address.address === null);
  const exit = outcome === "done" ? 0 : 1;
  shell.shared.effects.push({ kind: "ifconfig", interface: name, settings, span, script: shell.script, exit });
  if (opaque) shell.opaque(span, "ifconfig", "a part of what it sets is not simulated");
  return exit;
};

/** `sysctl NAME=VALUE …`, `sysctl -w NAME=VALUE`, `sysctl [-n] NAME`. */
const sysctl: CommandFunction = (call) => {
  if (unknownArgument(call)) return null;
  const { shell, span, streams } = call;
  const bare = call.words.some(({ text }) => /^-[a-z]*n/.test(text));
  const quiet = call.words.some(({ text }) => /^-[a-z]*q/.test(text));
  let exit = 0;
  for (const { text } of call.words.slice(1)) {
    if (text.startsWith("-")) continue;
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    const before = shell.machine.sysctls.get(name);
    if (equals === -1) {
      if (before === undefined) {
        streams.output.add(plain(`$(sysctl ${name})`, false));
        continue;
      }
      const between =
        shell.machine.system.family === "openbsd" ? "=" : shell.machine.system.family === "netbsd" ? " = " : ": ";
      streams.output.addText(bare ? `${before}\n` : `${name}${between}${before}\n`);
      continue;
    }
    const value = text.slice(equals + 1);
    shell.machine.setSysctl(name, value);
    shell.shared.effects.push({ kind: "sysctl", name, value, span, script: shell.script, exit: 0 });
    if (!quiet) streams.output.addText(`${name}: ${before ?? "?"} -> ${value}\n`);
    exit = 0;
  }
  return exit;
};

export const networkCommands: readonly (readonly [string, CommandFunction])[] = [
  ["pfctl", pfctl],
  ["route", route],
  ["ifconfig", ifconfig],
  ["sysctl", sysctl],
  // brconfig(8): which frames go from one card to another changes no address and no route of the machine.
  ["brconfig", () => 0],
  ["ip", (call) => (call.shell.machine.system.family === "linux" ? ip(call) : notHere(call))],
];

function notHere(call: Call): Status {
  return call.shell.opaque(call.span, "ip", "ip(8) is a program of Linux");
}
