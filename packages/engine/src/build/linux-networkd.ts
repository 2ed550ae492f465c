/**
 * systemd-networkd at boot: which file an interface gets, then its addresses and routes. A route whose gateway nothing
 * covers yet is held back until something does (gateway_is_ready() of networkd-route-util.c), so that the order in the
 * file does not matter, and a gateway that is never covered is never an error of networkd's: it waits for ever.
 */
import type { RelatedPlace } from "@pierhead/core";
import {
  fitsPattern,
  isPlainName,
  type LinkConfiguration,
  type MatchSettings,
  NETWORKD_FOLDERS,
  type NetworkConfiguration,
  type NetworkdFile,
  type NetworkRoute,
  networkdPath,
  parseNetworkd,
  readLink,
  readNetdev,
  readNetwork,
} from "@pierhead/lang/systemd-networkd";
import { addLinuxAddress, type MachineInterface, type RouteError } from "../machine/index.ts";
import type { Route } from "../network/routes.ts";
import type { BuildContext } from "./context.ts";
import { sayRefused } from "./ip-outcome.ts";
import { haveCard } from "./linux-cards.ts";

/** A file with its drop-ins, under its name. */
interface Unit {
  readonly name: string;
  readonly files: readonly NetworkdFile[];
}

/** A `.network` unit that is used. */
interface NetworkUnit extends Unit {
  readonly configuration: NetworkConfiguration;
  readonly place: RelatedPlace;
}

/** Sets up what networkd would. @returns the interfaces it handles, with the file of each */
export function bootNetworkd(context: BuildContext): Map<string, RelatedPlace> {
  const handled = new Map<string, RelatedPlace>();
  const units = readUnits(context);
  const links = units.link.map((unit) => readLink(unit.files).configuration);
  const made = makeDevices(context, units.netdev);
  const networks = units.network.map((unit): NetworkUnit => {
    const { configuration, diagnostics } = readNetwork(unit.files);
    context.diagnostics.push(...diagnostics);
    const first = unit.files[0] as NetworkdFile;
    const match = configuration.match.place;
    const span = match?.span ?? { start: 0, end: 0 };
    return { ...unit, configuration, place: { source: match?.source ?? first.source, span, message: "its file" } };
  });
  nameCards(context, networks, links, made);
  for (const one of [...context.machine.interfaces()]) {
    const unit = networks.find((network) => matches(context, network.configuration.match, one, links));
    if (unit === undefined || unit.configuration.unmanaged) continue;
    if (one.name === "lo" && !explicitly(unit.configuration.match, one.name)) continue;
    handled.set(one.name, unit.place);
    context.declare(one.name, unit.place);
    configure(context, one.name, unit.configuration);
  }
  return handled;
}

/** Units of all folders by name; of two with one name that of the more important folder counts. */
function readUnits(context: BuildContext): Record<NetworkdFile["kind"], Unit[]> {
  const mains = new Map<string, NetworkdFile>();
  const dropIns = new Map<string, Map<string, NetworkdFile>>();
  for (const folder of [...NETWORKD_FOLDERS].reverse()) {
    for (const file of context.tree.of("systemd-networkd")) {
      if (!file.path.startsWith(`${folder}/`)) continue;
      const known = networkdPath(file.path);
      if (known === null) continue;
      const base = file.path.slice(file.path.lastIndexOf("/") + 1);
      const read = parseNetworkd(file.source, known.kind, known.dropInOf !== null);
      if (known.dropInOf === null) mains.set(base, read);
      else {
        const list = dropIns.get(known.dropInOf) ?? new Map<string, NetworkdFile>();
        dropIns.set(known.dropInOf, list.set(base, read));
      }
    }
  }
  const units: Record<NetworkdFile["kind"], Unit[]> = { network: [], netdev: [], link: [] };
  for (const [name, file] of [...mains].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // An empty file takes away the one of the same name in a folder below.
    if (file.source.text.trim() === "" || file.ini.refused) continue;
    const more = [...(dropIns.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, dropIn]) => dropIn);
    units[file.kind].push({ name, files: [file, ...more] });
  }
  for (const [name, list] of dropIns) {
    if (mains.has(name)) continue;
    for (const file of list.values()) {
      const text = `There is no ${name} that this would add to, so nothing reads it.`;
      context.say("machine/drop-in-without-file", "warning", text, file.source, { start: 0, end: 0 });
    }
  }
  return units;
}

/** `.netdev`: interfaces that networkd makes. */
function makeDevices(context: BuildContext, units: readonly Unit[]): Set<string> {
  const made = new Set<string>();
  for (const unit of units) {
    const { configuration } = readNetdev(unit.files);
    const { name, kind, mac, mtu } = configuration;
    if (name === null || kind === null || made.has(name)) continue;
    made.add(name);
    if (context.machine.interface(name) === null) {
      const tunnel = /^(ipip|sit|gre|ip6gre|ip6tnl|vti|vti6|wireguard|tun|xfrm)$/.test(kind);
      context.machine.addInterface({
        name,
        up: false,
        ...(tunnel ? { kind: "point-to-point" as const } : {}),
        ...(mac === null ? {} : { mac }),
        ...(mtu === null ? (kind === "sit" ? { mtu: 1480 } : {}) : { mtu }),
      });
    }
    context.declare(name, { ...configuration.place, message: `${name} is made here` });
    if (mac !== null) context.cardAddress(name, mac, configuration.place.source, configuration.place.span);
  }
  return made;
}

/** Cards that the files speak of by name; those known by their link-layer address alone get a name that stands for theirs. */
function nameCards(
  context: BuildContext,
  networks: readonly NetworkUnit[],
  links: readonly LinkConfiguration[],
  made: ReadonlySet<string>,
): void {
  const given = (context.options.interfaces ?? []).some((one) => one.name !== "lo");
  if (given) return;
  const taken = new Set(context.machine.interfaces().map((one) => one.name));
  const free = (): string => {
    for (let number = 0; ; number++) if (!taken.has(`eth${number}`)) return `eth${number}`;
  };
  for (const { configuration, place } of networks) {
    const { match, stacked } = configuration;
    for (const one of stacked) if (!made.has(one.name)) taken.add(one.name);
    const plain = match.names?.negated === false ? match.names.patterns.filter(isPlainName) : [];
    const mac = match.macs?.[0]?.mac;
    const patterns = match.names?.negated === false ? match.names.patterns.filter((one) => !isPlainName(one)) : [];
    for (const name of plain) {
      haveCard(context, name, place);
      taken.add(name);
      if (mac !== undefined && plain.length === 1) context.machine.setMac(name, mac);
    }
    const names = [...taken].filter((name) => name !== "lo");
    if (plain.length > 0 || patterns.some((pattern) => names.some((name) => fitsPattern(pattern, name)))) continue;
    if (mac === undefined && patterns.length === 0) continue;
    const renamed =
      mac === undefined ? undefined : links.find((link) => link.match.macs?.some((one) => one.mac === mac));
    const known = renamed?.name ?? null;
    const pattern = patterns[0];
    const name =
      known ?? (pattern === undefined || fitsPattern(pattern, "eth0") ? free() : pattern.replaceAll(/[*?]/g, "0"));
    taken.add(name);
    context.machine.addInterface({ name, up: false, ...(mac === undefined ? {} : { mac }) });
    context.declare(name, place);
    if (known !== null) continue;
    const text = `What the card is called that this fits is not known here; it is ${name} in what follows.`;
    context.say("machine/assumed-name", "note", text, place.source, place.span);
  }
}

/** net_match_config(): all that is given must hold; what only the running system knows is taken to hold. */
function matches(
  context: BuildContext,
  match: MatchSettings,
  one: MachineInterface,
  links: readonly LinkConfiguration[],
): boolean {
  const { names, macs, others } = match;
  if (names === null && macs === null && others.length === 0) return false;
  if (macs !== null && !macs.some(({ mac }) => mac === macOf(one, links))) return false;
  if (names !== null) {
    const fits = names.patterns.some((pattern) => fitsPattern(pattern, one.name));
    if (fits === names.negated) return false;
  }
  return names !== null || macs !== null || context.interfaces.has(one.name);
}

function macOf(one: MachineInterface, links: readonly LinkConfiguration[]): string {
  const named = links.find((link) => link.name === one.name && link.match.macs?.length === 1);
  return named?.match.macs?.[0]?.mac ?? one.mac.toLowerCase();
}

function explicitly(match: MatchSettings, name: string): boolean {
  return match.names?.negated === false && match.names.patterns.includes(name);
}

/** Link, addresses, routes. */
function configure(context: BuildContext, name: string, configuration: NetworkConfiguration): void {
  const { machine } = context;
  if (configuration.macAddress !== null) {
    const { mac, place } = configuration.macAddress;
    machine.setMac(name, mac);
    context.cardAddress(name, mac, place.source, place.span);
  }
  if (configuration.mtu !== null) machine.setMtu(name, configuration.mtu);
  for (const family of configuration.forwarding) machine.setForwarding(true, family);
  if (configuration.staysDown) return;
  machine.setUp(name, true);
  if (configuration.dhcp[4] !== null) {
    context.dynamic.set(name, { ...configuration.dhcp[4], message: `${name} gets its address from a server` });
  }
  const fixed = (context.options.interfaces ?? []).some((one) => one.name === name && one.addresses !== undefined);
  for (const one of configuration.addresses) {
    if (fixed || one.address.isUnspecified()) continue;
    addLinuxAddress(machine, name, {
      address: one.address,
      length: one.length,
      ...(one.peer === null ? {} : { peer: one.peer }),
      ...(one.broadcast === null || one.broadcast === false ? {} : { broadcast: one.broadcast }),
      ...(one.metric === 0 ? {} : { metric: one.metric }),
      ...(one.prefixRoute ? {} : { prefixRoute: false }),
    });
    const known = context.interfaces.get(name);
    if (known !== undefined) context.interfaces.set(name, { ...known, addresses: "known" });
  }
  addRoutes(context, name, configuration);
}

function addRoutes(context: BuildContext, name: string, configuration: NetworkConfiguration): void {
  // route_section_verify(): without any address the gateway is taken to be on the link.
  const alone = configuration.addresses.length === 0;
  let waiting = configuration.routes.filter((route) => {
    if (!route.learnedGateway) return true;
    const text = `the route to what a server names`;
    context.leave(text, route.place.source, route.place.span);
    return false;
  });
  let failed = false;
  while (waiting.length > 0 && !failed) {
    const ready = waiting.filter((route) => isReady(context, name, route, alone));
    if (ready.length === 0) break;
    for (const route of ready) {
      const refused = addRoute(context, name, route, alone);
      // EEXIST counts as done (route_configure_handler_internal()).
      if (refused !== null && refused !== "exists") {
        failed = true;
        sayRefused(context, refused, describe(route, name));
      } else if (refused === null && route.length === 0 && !context.defaultRoutes.has(route.family)) {
        context.defaultRoutes.set(route.family, { ...route.place, message: "the default route is set here" });
      }
    }
    const done = new Set(ready);
    waiting = waiting.filter((route) => !done.has(route));
  }
  for (const route of waiting) {
    const what = describe(route, name);
    context.say(
      "machine/gateway-not-on-link",
      "error",
      failed
        ? `networkd has given ${name} up before this: ${what.what} is not added.`
        : `${what.gateway} is on no network of ${name}, so networkd waits for a way to it and never adds ${what.what}: add \`GatewayOnLink=yes\`, or a [Route] to ${what.gateway} without a gateway.`,
      what.source,
      what.span,
    );
  }
}

function describe(route: NetworkRoute, device: string): Parameters<typeof sayRefused>[2] {
  const place = route.gatewayPlace ?? route.place;
  const destination =
    route.length === route.destination.bits ? `${route.destination}` : `${route.destination}/${route.length}`;
  return {
    what: route.length === 0 ? "the default route" : `the route to ${destination}`,
    gateway: `${route.gateway}`,
    address: route.gateway,
    device,
    source: place.source,
    span: place.span,
    whole: place.span,
    onLinkWord: "GatewayOnLink=yes",
    family: route.family,
    isDefault: route.length === 0,
  };
}

function isReady(context: BuildContext, name: string, route: NetworkRoute, alone: boolean): boolean {
  const { machine } = context;
  if (route.preferredSource !== null && machine.ownerOf(route.preferredSource) === null) return false;
  const { gateway } = route;
  if (gateway === null || (route.onLink ?? alone)) return true;
  if (gateway.family === 6 && gateway.isLinkLocal()) return true;
  const covers = (one: Route): boolean => one.interface === name && one.length > 0;
  return [...new Set([0, route.table ?? 0])].some((table) => machine.routes.match(table, gateway, covers).length > 0);
}

function addRoute(context: BuildContext, name: string, route: NetworkRoute, alone: boolean): RouteError | null {
  const discard =
    route.type === "blackhole"
      ? ("blackhole" as const)
      : route.type === "unreachable" || route.type === "prohibit"
        ? ("reject" as const)
        : null;
  if (discard === null && route.type !== "unicast") return null;
  return context.machine.addRoute({
    destination: route.destination,
    length: route.length,
    gateway: route.gateway,
    interface: discard === null ? name : null,
    table: route.table ?? 0,
    discard,
    priority: route.metric !== 0 ? route.metric : route.family === 6 ? 1024 : 0,
    onLink: route.gateway !== null && (route.onLink ?? alone),
    source: route.preferredSource,
    mode: "append",
    ...(route.mtu === null ? {} : { mtu: route.mtu }),
  });
}
