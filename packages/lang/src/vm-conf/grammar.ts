/** The grammar of vm.conf(5), production by production as vmd's parser has it. */
import { FAIL, type Production, type Reduction } from "../lexer/index.ts";
import type { VmContext } from "./context.ts";

type Rule = Production<VmContext>;

export const KEYWORDS: readonly string[] = (
  "add agentx allow boot cdrom context delay device disable disk down enable format group id include inet6 instance " +
  "interface interfaces lladdr local locked memory net owner parallel path prefix rdomain sev seves size socket " +
  "staggered start switch up vm"
).split(" ");

const STATEMENTS: readonly Rule[] = [
  ["grammar", ""],
  ["grammar", "grammar include nl"],
  ["grammar", "grammar nl"],
  ["grammar", "grammar varset nl"],
  ["grammar", "grammar main nl"],
  ["grammar", "grammar switch nl"],
  ["grammar", "grammar vm nl"],
  ["grammar", "grammar error nl", (context) => context.report.lexer.countError()],
  [
    "include",
    "'include' string",
    (context, at) => {
      context.included.push(at.whole);
    },
  ],
  [
    "varset",
    "STRING '=' STRING",
    (context, at) => {
      const name = at.get<string>(1);
      if (/\s/.test(name.slice(1))) {
        const advice = "The name of a macro has no blanks.";
        return context.refuse("vm-conf/macro-name", "macro name cannot contain whitespace", at.origin(1), advice);
      }
      const { source, span } = at.origin(1);
      context.report.lexer.define(name, at.get(3), false, source, span.start, span.end);
      return null;
    },
  ],
];

const MAIN: readonly Rule[] = [
  ["main", "'local' 'inet6'", localInet6],
  [
    "main",
    "'local' 'inet6' 'prefix' STRING",
    (context, at) => {
      localInet6(context);
      return context.localPrefix(at.get(4), 6, at, 4);
    },
  ],
  ["main", "'local' 'prefix' STRING", (context, at) => context.localPrefix(at.get(3), 4, at, 3)],
  ["main", "'socket' 'owner' owner_id"],
  ["main", "'agentx' agentxopts"],
  [
    "main",
    "'staggered' 'start' 'parallel' NUMBER 'delay' NUMBER",
    (context, at) => {
      context.settings.staggered = { parallel: Number(at.get<bigint>(4)), delay: Number(at.get<bigint>(6)) };
    },
  ],
  ["agentxopt", "'context' STRING"],
  [
    "agentxopt",
    "'path' STRING",
    (context, at) =>
      at.get<string>(2).startsWith("/")
        ? null
        : context.refuse("vm-conf/path", "agentx path is not absolute", at.origin(2), "Write the path from `/` on."),
  ],
  ["agentxopts", ""],
  ["agentxopts", "agentxopts agentxopt"],
];

function localInet6(context: VmContext): void {
  context.settings.localInet6 = true;
}

const SWITCH: readonly Rule[] = [
  ["switch", "'switch' string switch_begin '{' optnl switch_opts_l '}'", (context, at) => context.endSwitch(at)],
  ["switch_begin", "", (context, at) => context.beginSwitch(at.get(0), at.origin(0))],
  ["switch_opts_l", "switch_opts_l switch_opts newline"],
  ["switch_opts_l", "switch_opts optnl"],
  [
    "switch_opts",
    "disable",
    (context, at) => {
      if (context.switch !== null) context.switch.enabled = !at.get<boolean>(1);
    },
  ],
  [
    "switch_opts",
    "'group' string",
    (context, at) => {
      const group = context.group(at.get(2), at.origin(2));
      if (group === FAIL) return FAIL;
      if (context.switch !== null) context.switch.group = group;
      return null;
    },
  ],
  ["switch_opts", "'interface' string", (context, at) => context.switchInterface(at.get(2), at.origin(2))],
  [
    "switch_opts",
    "'locked' 'lladdr'",
    (context) => {
      if (context.switch !== null) context.switch.locked = true;
    },
  ],
  [
    "switch_opts",
    "'rdomain' NUMBER",
    (context, at) => {
      const number = context.rdomain(at.get(2), at.origin(2));
      if (number === FAIL) return FAIL;
      if (context.switch !== null) context.switch.rdomain = number;
      return null;
    },
  ],
  [
    "switch_opts",
    "updown",
    (context, at) => {
      if (context.switch !== null) context.switch.up = at.get(1);
    },
  ],
];

const MACHINE: readonly Rule[] = [
  ["vm", "'vm' string vm_instance vm_begin '{' optnl vm_opts_l '}'", (context, at) => context.endMachine(at)],
  ["vm_begin", "", (context, at) => context.beginMachine(at.get(-1), at.origin(-1), at.get(0), at.origin(0))],
  ["vm_instance", "", () => null],
  ["vm_instance", "'instance' string", (_context, at) => at.get(2)],
  ["vm_opts_l", "vm_opts_l vm_opts newline"],
  ["vm_opts_l", "vm_opts optnl"],
  [
    "vm_opts",
    "disable",
    (context, at) => {
      if (context.machine !== null) context.machine.enabled = !at.get<boolean>(1);
    },
  ],
  ["vm_opts", "'sev'"],
  ["vm_opts", "'seves'"],
  ["vm_opts", "'disk' string image_format", (context, at) => context.disk(at.get(2), at.get(3), at)],
  [
    "vm_opts",
    "local 'interface' optstring iface_opts_o",
    (context, at) => context.endCard(at.get(1), at.get(3), at.origin(3), at),
  ],
  ["vm_opts", "'boot' string", (context, at) => context.once("boot", at.get(2), "kernel specified more than once", at)],
  [
    "vm_opts",
    "'boot' 'device' bootdevice",
    (context, at) => {
      if (context.machine !== null) context.machine.bootDevice = at.get(3);
    },
  ],
  [
    "vm_opts",
    "'cdrom' string",
    (context, at) => context.once("cdrom", at.get(2), "cdrom specified more than once", at),
  ],
  ["vm_opts", "'interfaces' NUMBER", interfaceCount],
  [
    "vm_opts",
    "'memory' NUMBER",
    (context, at) => context.memory(at.get<bigint>(2), "memory specified more than once", at),
  ],
  [
    "vm_opts",
    "'memory' STRING",
    (context, at) => context.memory(at.get<string>(2), "argument specified more than once", at),
  ],
  [
    "vm_opts",
    "'owner' owner_id",
    (context, at) => {
      if (context.machine !== null) context.machine.owner = at.get(2);
    },
  ],
  ["vm_opts", "instance"],
  ["instance", "'allow' 'instance' '{' optnl instance_l '}'"],
  ["instance", "'allow' 'instance' instance_flags"],
  ["instance_l", "instance_flags optcommanl instance_l"],
  ["instance_l", "instance_flags optnl"],
  ["instance_flags", "'boot'"],
  ["instance_flags", "'memory'"],
  ["instance_flags", "'interface'"],
  ["instance_flags", "'disk'"],
  ["instance_flags", "'cdrom'"],
  ["instance_flags", "'instance'"],
  ["instance_flags", "'owner' owner_id"],
  ["owner_id", "NUMBER", (_context, at) => `${at.get<bigint>(1)}`],
  ["owner_id", "STRING"],
  ["image_format", "", () => null],
  [
    "image_format",
    "'format' string",
    (context, at) => {
      const format = at.get<string>(2).toLowerCase();
      if (format === "raw" || format === "qcow2") return format;
      const advice = "Disks are `raw` or `qcow2`.";
      return context.refuse("vm-conf/format", `unrecognized disk format ${at.get(2)}`, at.origin(2), advice);
    },
  ],
];

function interfaceCount(context: VmContext, at: Reduction): unknown {
  const count = at.get<bigint>(2);
  if (context.machine === null) return null;
  if (context.machine.interfaceCount !== null && context.machine.interfaceCount !== 0) {
    const advice = "`interfaces` is given before; remove one.";
    return context.refuse("vm-conf/twice", "interfaces specified more than once", at.whole, advice);
  }
  if (count < 0n || count > 4n) {
    return context.refuse(
      "vm-conf/too-many",
      `too many interfaces: ${count}`,
      at.origin(2),
      "A vm has at most 4 network cards.",
    );
  }
  context.machine.interfaceCount = Number(count);
  return null;
}

const CARD: readonly Rule[] = [
  ["iface_opts_o", "'{' optnl iface_opts_l '}'"],
  ["iface_opts_o", "iface_opts_c"],
  ["iface_opts_o", ""],
  ["iface_opts_l", "iface_opts_l iface_opts optnl"],
  ["iface_opts_l", "iface_opts optnl"],
  ["iface_opts_c", "iface_opts_c iface_opts optcomma"],
  ["iface_opts_c", "iface_opts"],
  [
    "iface_opts",
    "'switch' string",
    (context, at) => {
      context.card.switch = { name: at.get(2), origin: at.origin(2) };
    },
  ],
  [
    "iface_opts",
    "'group' string",
    (context, at) => {
      const group = context.group(at.get(2), at.origin(2));
      if (group === FAIL) return FAIL;
      context.card.group = group;
      return null;
    },
  ],
  ["iface_opts", "locked 'lladdr' lladdr", (context, at) => context.lladdr(at.get(1), at.get(3), at)],
  [
    "iface_opts",
    "'rdomain' NUMBER",
    (context, at) => {
      const number = context.rdomain(at.get(2), at.origin(2));
      if (number === FAIL) return FAIL;
      context.card.rdomain = number;
      return null;
    },
  ],
  [
    "iface_opts",
    "updown",
    (context, at) => {
      context.card.up = at.get(1);
    },
  ],
];

const VALUES: readonly Rule[] = [
  ["optstring", "STRING"],
  ["optstring", "", () => null],
  ["string", "STRING string", (_context, at) => `${at.get<string>(1)}${at.get<string>(2)}`],
  ["string", "STRING"],
  [
    "lladdr",
    "STRING",
    (context, at) => {
      const text = at.get<string>(1);
      // ether_aton(3): one or two digits each.
      if (/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(text)) {
        return text
          .split(":")
          .map((octet) => octet.padStart(2, "0").toLowerCase())
          .join(":");
      }
      const advice = "A link-layer address is six groups of two hexadecimal digits: 02:00:00:12:34:56.";
      return context.refuse("vm-conf/lladdr", `invalid address: ${text}\n`, at.origin(1), advice);
    },
  ],
  ["lladdr", "", () => null],
  ["local", "", () => false],
  ["local", "'local'", () => true],
  ["locked", "", () => false],
  ["locked", "'locked'", () => true],
  ["updown", "'up'", () => true],
  ["updown", "'down'", () => false],
  ["disable", "'enable'", () => false],
  ["disable", "'disable'", () => true],
  ["bootdevice", "'cdrom'", () => "cdrom"],
  ["bootdevice", "'disk'", () => "disk"],
  ["bootdevice", "'net'", () => "net"],
  ["optcomma", "','"],
  ["optcomma", ""],
  ["optnl", "nl optnl"],
  ["optnl", ""],
  ["optcommanl", "',' optnl"],
  ["optcommanl", "newline"],
  ["newline", "nl optnl"],
];

export const PRODUCTIONS: readonly Rule[] = [...STATEMENTS, ...MAIN, ...SWITCH, ...MACHINE, ...CARD, ...VALUES];
