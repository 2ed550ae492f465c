/** OpenBSD's boot as far as the network goes: rc(8) reads sysctl.conf, netstart(8) the rest, then pf is loaded. */
import { isAtLeast } from "@pierhead/core";
import { type HostnameIf, parseHostnameIf } from "@pierhead/lang/hostname-if";
import { parseMygate } from "@pierhead/lang/mygate";
import { evaluateRcConf, parseRcConf, yesNo } from "@pierhead/lang/rc-conf";
import { interfaceOfFile, isInterfaceName } from "@pierhead/lang/registry";
import { parseSysctlConf } from "@pierhead/lang/sysctl";
import type { BuildContext } from "./context.ts";

/** netstart: interfaces that have to wait for the others. */
const LATER: readonly string[] = ["aggr", "trunk", "svlan", "vlan", "carp", "pppoe"];
/** netstart: interfaces that rely on routes. */
const LAST: readonly string[] = [
  "tun",
  "tap",
  "gif",
  "etherip",
  "gre",
  "egre",
  "nvgre",
  "eoip",
  "vxlan",
  "pflow",
  "wg",
];

export function bootOpenbsd(context: BuildContext): void {
  readServices(context);
  const sysctl = context.tree.source("/etc/sysctl.conf");
  if (sysctl !== null) {
    for (const setting of parseSysctlConf(sysctl, context.system).settings) {
      context.machine.setSysctl(setting.name, setting.value);
    }
  }
  const files = readHostnameFiles(context);
  for (const file of files) context.declare(file.name, { source: file.read.source, span: ZERO, message: "its file" });
  const start = (drivers: readonly string[] | null): void => {
    for (const file of files) {
      const driver = file.name.replace(/\d+$/, "");
      const delayed = LATER.includes(driver) || LAST.includes(driver);
      if (drivers === null ? delayed : !drivers.includes(driver)) continue;
      context.netstart(file.name, file.read.commands, file.read.source);
    }
  };
  start(null);
  for (const driver of LATER) start([driver]);
  readMygate(context, files);
  for (const driver of LAST) start([driver]);
  context.placeDynamic();
}

const ZERO = { start: 0, end: 0 };

interface InterfaceFile {
  readonly name: string;
  readonly read: HostnameIf;
}

/** hostname.IF files in the order the shell's `*` gives them; one named by link-layer address wins over one by name. */
function readHostnameFiles(context: BuildContext): InterfaceFile[] {
  const files: InterfaceFile[] = [];
  for (const file of context.tree.of("hostname-if")) {
    let name = interfaceOfFile(file.path);
    if (name === null) continue;
    if (file.path.startsWith("/etc/bridgename.") && isAtLeast(context.system, "openbsd", 4, 7)) {
      context.say(
        "machine/bridgename",
        "warning",
        `From OpenBSD 4.7 nothing reads bridgename.${name}; its lines belong into hostname.${name}.`,
        file.source,
        ZERO,
      );
      continue;
    }
    if (name.includes(":")) {
      const mac = name.toLowerCase();
      const owner = context.machine.interfaces().find((one) => one.mac.toLowerCase() === mac && one.name !== "lo0");
      if (owner === undefined) {
        context.say(
          "machine/unknown-card",
          "note",
          `Which interface has the link-layer address ${name} is not known here; the file is left out.`,
          file.source,
          ZERO,
        );
        continue;
      }
      name = owner.name;
      const byName = files.findIndex((other) => other.name === name);
      if (byName !== -1) files.splice(byName, 1);
    } else if (!isInterfaceName(name) || files.some((other) => other.name === name)) continue;
    files.push({ name, read: parseHostnameIf(file.source, context.system, name) });
  }
  return files;
}

function readMygate(context: BuildContext, files: readonly InterfaceFile[]): void {
  const source = context.tree.source("/etc/mygate");
  if (source === null) return;
  const mygate = parseMygate(source, context.system);
  const autoconf = new Set<number>();
  for (const file of files) {
    for (const command of file.read.commands) {
      if (command.kind !== "ifconfig") continue;
      for (const change of command.settings.changes) {
        if (change.kind === "autoconf" && change.on) autoconf.add(change.family);
      }
    }
  }
  for (const gateway of mygate.gateways) {
    if (autoconf.has(gateway.family)) {
      context.say(
        "machine/gateway-ignored",
        "warning",
        `An interface asks for its IPv${gateway.family} address, and then netstart ignores the IPv${gateway.family} gateway here.`,
        source,
        gateway.span,
      );
      continue;
    }
    const words = [
      { text: "add", span: gateway.span },
      ...(gateway.family === 6 ? [{ text: "-inet6", span: gateway.span }] : []),
      { text: "default", span: gateway.span },
      { text: gateway.written, span: gateway.span },
    ];
    context.route(source, words, gateway.span);
  }
  for (const command of mygate.commands) {
    const start = source.text.indexOf("!", command.span.start) + 1;
    context.shell(command.text, source, { start, end: command.span.end }, null);
  }
}

/** rc.conf(8): a daemon runs unless its flags are NO; `pf` and `ipsec` are YES or NO. */
function readServices(context: BuildContext): void {
  const { system, services, tree } = context;
  const pfDefault = isAtLeast(system, "openbsd", 4, 6);
  services.set("pf", { name: "pf", enabled: pfDefault, flags: "", place: null });
  const files = ["/etc/rc.conf", "/etc/rc.conf.local"].flatMap((path) => {
    const source = tree.source(path);
    return source === null ? [] : [parseRcConf(source, system)];
  });
  context.rcVariables = evaluateRcConf(files);
  for (const variable of context.rcVariables.values()) {
    const place = { source: variable.source, span: variable.nameSpan };
    if (variable.name === "pf" || variable.name === "ipsec") {
      const enabled = yesNo(variable.value) ?? false;
      services.set(variable.name, { name: variable.name, enabled, flags: "", place });
      continue;
    }
    const daemon = /^(.+)_flags$/.exec(variable.name)?.[1];
    if (daemon === undefined) continue;
    services.set(daemon, { name: daemon, enabled: variable.value !== "NO", flags: variable.value, place });
  }
}
