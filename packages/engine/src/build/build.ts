/** A machine from the files of one host: what it would be after boot. */
import { Address, type Diagnostic, formatPrefix, parseAddress, type RelatedPlace, type System } from "@pierhead/core";
import { type Ifstated, readIfstated } from "@pierhead/lang/ifstated";
import { textLines } from "@pierhead/lang/text";
import { Machine } from "../machine/index.ts";
import { type ConfigTree, configTree, type TreeTexts } from "../tree/index.ts";
import { collectEvidence } from "./collect.ts";
import {
  BuildContext,
  type BuildOptions,
  type CardAddress,
  type InterfaceKnowledge,
  type OpaqueCommand,
  type ServiceSetting,
} from "./context.ts";
import { describeEvidence } from "./evidence.ts";
import { bootFreebsd } from "./freebsd.ts";
import { inferInterfaces } from "./infer.ts";
import { bootLinux } from "./linux.ts";
import { type LoadedPf, loadPacketFilter } from "./load-pf.ts";
import { bootNetbsd } from "./netbsd.ts";
import { bootOpenbsd } from "./openbsd.ts";

/** A built machine with everything the builder learned on the way. */
export interface MachineBuild {
  readonly machine: Machine;
  readonly system: System;
  readonly tree: ConfigTree;
  readonly interfaces: ReadonlyMap<string, InterfaceKnowledge>;
  readonly services: ReadonlyMap<string, ServiceSetting>;
  /** The packet filter's configuration; null when there is no pf.conf or boot does not load it. */
  readonly pf: LoadedPf | null;
  readonly ifstated: Ifstated | null;
  /** Commands that were left out because nobody knows what they do. */
  readonly opaque: readonly OpaqueCommand[];
  /** Where each default route comes from. */
  readonly defaultRoutes: ReadonlyMap<4 | 6, RelatedPlace>;
  /** Interfaces whose address a server hands out, with where that is asked for. */
  readonly dynamic: ReadonlyMap<string, RelatedPlace>;
  /** Link-layer addresses that the files give cards. */
  readonly macs: readonly CardAddress[];
  /** The files do not describe the machine; interfaces, default route and forwarding were assumed. */
  readonly assumed: boolean;
  /** What there is to say about the build itself; diagnostics of single files are not repeated. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Builds the machine of a tree. Whatever the files hold, there is a machine. */
export function buildMachine(files: ConfigTree | TreeTexts, system: System, options: BuildOptions = {}): MachineBuild {
  const tree = isTree(files) ? files : configTree(files, system);
  const machine = new Machine(system, {
    ...(options.interfaces === undefined ? {} : { interfaces: options.interfaces }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    files: tree.texts(),
    fileNames: tree.names(),
  });
  for (const [name, addresses] of options.hosts ?? []) machine.hosts.set(name, addresses);
  readHosts(tree, machine);
  const context = new BuildContext(tree, system, machine, options);
  switch (system.family) {
    case "openbsd":
      bootOpenbsd(context);
      break;
    case "freebsd":
      bootFreebsd(context);
      break;
    case "netbsd":
      bootNetbsd(context);
      break;
    case "linux":
      bootLinux(context);
      break;
    default:
  }
  const ifstatedSource = tree.source("/etc/ifstated.conf") ?? tree.source("/usr/local/etc/ifstated.conf");
  const extensions = options.extensions ?? false;
  const named = ifstatedSource === null ? null : readIfstated(ifstatedSource, { extensions });
  const assumed = ![...context.interfaces.values()].some((one) => one.origin !== "assumed");
  if (assumed) assumeMachine(context, named);
  for (const route of options.routes ?? []) machine.addRoute(route, true);
  if (options.forwarding !== undefined) machine.setForwarding(options.forwarding);
  const names = new Set(machine.interfaces().map((one) => one.name));
  const ifstated =
    ifstatedSource === null || assumed ? named : readIfstated(ifstatedSource, { interfaces: names, extensions });
  const pf = loadPacketFilter(context, assumed);
  if (system.family !== "netbsd") runLateScript(context);
  context.order.explain(context.diagnostics);
  return {
    machine,
    system,
    tree,
    interfaces: context.interfaces,
    services: context.services,
    pf,
    ifstated,
    opaque: context.opaque,
    defaultRoutes: context.defaultRoutes,
    dynamic: context.dynamic,
    macs: context.macs,
    assumed,
    diagnostics: context.diagnostics,
  };
}

function isTree(files: ConfigTree | TreeTexts): files is ConfigTree {
  return "of" in files && typeof files.of === "function";
}

/** hosts(5): names the machine can look up without asking anybody. */
function readHosts(tree: ConfigTree, machine: Machine): void {
  const text = tree.text("/etc/hosts");
  if (text === null) return;
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const parsed = address === undefined ? null : parseAddress(address);
    if (parsed === null) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      machine.hosts.set(key, [...(machine.hosts.get(key) ?? []), parsed]);
    }
  }
}

/** rc.local(8) runs last. Only what touches the network is of interest: it mostly starts daemons. */
function runLateScript(context: BuildContext): void {
  const source = context.tree.source("/etc/rc.local");
  if (source === null) return;
  const { text } = source;
  const touches = context.system.family === "linux" ? /\b(ip|route|sysctl)\b/ : /\b(route|ifconfig|pfctl|sysctl)\b/;
  if (!touches.test(text)) return;
  const lines = textLines(text);
  const structured = lines.some((line) =>
    /(^|[\s;])(if|for|while|until|case)\s|<<|\\$|^\s*\w+\s*\(\)/.test(text.slice(line.start, line.end)),
  );
  if (structured) {
    context.shell(text, source, { start: 0, end: text.length }, null);
    return;
  }
  for (const line of lines) {
    const content = text.slice(line.start, line.end);
    if (!touches.test(content) || /^\s*#/.test(content)) continue;
    context.shell(content, source, { start: line.start, end: line.end }, null);
  }
}

/** No file declares an interface: they are inferred from what the others speak of, and said to be. */
function assumeMachine(context: BuildContext, ifstated: Ifstated | null): void {
  const evidence = collectEvidence(context.tree, ifstated);
  const { interfaces, defaultGateway } = inferInterfaces(evidence);
  const { machine } = context;
  for (const one of interfaces) {
    machine.addInterface({ name: one.name, addresses: one.addresses });
    const places = one.evidence.map((each) => ({ ...each.place, message: describeEvidence(each) }));
    context.interfaces.set(one.name, {
      name: one.name,
      origin: "assumed",
      addresses: one.certainty === "known" ? "known" : one.certainty,
      evidence: places,
    });
    const first = places[0];
    const address = one.addresses[0];
    if (first === undefined || address === undefined) continue;
    const shown = formatPrefix({ address: address.address, length: address.length });
    context.say(
      "machine/assumed-interface",
      "note",
      one.certainty === "inferred"
        ? `No file declares ${one.name}; from what the files say it has ${shown}.`
        : `No file declares ${one.name}, and its address is not known; ${shown} stands for it.`,
      first.source,
      first.span,
      places.slice(1),
    );
  }
  const zero = new Address(4, 0);
  if (defaultGateway !== null && machine.routes.exact(0, zero, 0).length === 0) {
    const { address, certainty, place } = defaultGateway;
    if (machine.addRoute({ destination: zero, length: 0, gateway: address }) === null) {
      context.defaultRoutes.set(4, { ...place, message: "the default route is taken from here" });
      context.say(
        "machine/assumed-default-route",
        "note",
        certainty === "inferred"
          ? `No file sets a default route at boot; it is taken to lead to ${address}, as here.`
          : `No file sets a default route at boot; ${address} stands for its gateway.`,
        place.source,
        place.span,
      );
    }
  }
  // Files that route and translate for others are of a machine that forwards, unless a file of its own says no.
  if (interfaces.length > 1 && context.tree.source("/etc/sysctl.conf") === null) machine.setForwarding(true);
}
