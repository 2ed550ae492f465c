/** Whether a host's lines and networks can be what they are said to be, on its system. */
import { type Address, formatPrefix, isAtLeast, type Prefix } from "@pierhead/core";
import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
import type { CheckContext } from "./check-context.ts";
import type { Host, Uplink } from "./site.ts";

/** Every combination of working lines is a state of its own: 2 to the power of the lines. */
const MOST_UPLINKS = 4;

export function checkHost(host: Host, context: CheckContext): void {
  for (const uplink of host.uplinks) checkUplink(uplink, context);
  checkInterfaces(host, context);
  checkNetworks(host, context);
  checkPins(host, context);
  for (const tunnel of host.tunnels) {
    if (tunnel.address.address.isIn(tunnel.peer, tunnel.address.length)) continue;
    const message = `${tunnel.peer} is outside ${formatPrefix(tunnel.address)}, so it is no next hop in this tunnel.`;
    context.say("site/gateway-not-on-link", "error", message, [...tunnel.path, "peer"]);
  }
  checkSystem(host, context);
  checkHypervisor(host, context);
}

function checkUplink(one: Uplink, context: CheckContext): void {
  if (one.gatewayMac !== null && (Number.parseInt(one.gatewayMac.slice(0, 2), 16) & 1) === 1) {
    context.say("site/mac-not-a-card", "error", `${one.gatewayMac} is no address of one card.`, [
      ...one.path,
      "gatewayMac",
    ]);
  } else if (one.gatewayMac !== null && one.gateway === null) {
    const message = "`gatewayMac` is the MAC of the `gateway`, and a lease says which that is.";
    context.say("site/no-effect", "warning", message, [...one.path, "gatewayMac"]);
  }
  if (one.dhcp && (one.address !== null || one.gateway !== null)) {
    const message = "The lease says what address and gateway are; with `dhcp: true` neither is written.";
    context.say("site/dhcp-or-address", "error", message, [...one.path, one.address === null ? "gateway" : "address"]);
    return;
  }
  if (one.dhcp) return;
  if (one.address === null || one.gateway === null) {
    const what = one.address === null ? "address" : "gateway";
    const message = `The line ${one.name} has no ${what}; write one, or \`dhcp: true\` when a server gives it.`;
    context.say("site/line-incomplete", "error", message, one.path);
    return;
  }
  if (one.gateway.equals(one.address.address)) {
    const message = "The gateway is the host's own address.";
    context.say("site/gateway-is-own-address", "error", message, [...one.path, "gateway"], [...one.path, "address"]);
  } else if (one.address.length < 32 && !one.address.address.isIn(one.gateway, one.address.length)) {
    const message = `${one.gateway} is outside ${shown(one.address)}: it cannot be reached on this line. For an address that stands alone write /32.`;
    context.say("site/gateway-not-on-link", "error", message, [...one.path, "gateway"], [...one.path, "address"]);
  }
  hostPart(one.address, [...one.path, "address"], context);
}

/** The first and last address of an IPv4 network are nobody's. */
export function hostPart(prefix: Prefix, path: SitePath, context: CheckContext): void {
  const { address, length } = prefix;
  if (address.family === 6 || length >= 31) return;
  if (!address.equals(address.masked(length)) && !address.equals(address.filled(length))) return;
  const which = address.equals(address.masked(length)) ? "the network's own" : "the broadcast";
  const message = `${address} is ${which} address of ${shown(prefix)}, not one of a host.`;
  context.say("site/not-a-host-address", "error", message, path);
}

function checkInterfaces(host: Host, context: CheckContext): void {
  const seen = new Map<string, SitePath>();
  for (const one of [...host.uplinks, ...host.lans, ...host.tunnels]) {
    const path = [...one.path, "interface"];
    const before = seen.get(one.interface);
    if (before === undefined) seen.set(one.interface, path);
    else context.say("site/same-interface", "error", `${one.interface} is used twice on ${host.name}.`, path, before);
  }
}

function checkNetworks(host: Host, context: CheckContext): void {
  const networks: { prefix: Prefix; path: SitePath; name: string }[] = [];
  for (const one of host.uplinks) {
    if (one.address !== null) networks.push({ prefix: one.address, path: [...one.path, "address"], name: one.name });
  }
  for (const one of host.lans) {
    one.addresses.forEach((prefix, index) => {
      const path = [...one.path, "addresses", index];
      hostPart(prefix, path, context);
      networks.push({ prefix, path, name: one.name });
    });
  }
  for (const one of host.tunnels) {
    networks.push({ prefix: one.address, path: [...one.path, "address"], name: one.name });
  }
  for (let i = 0; i < networks.length; i++) {
    for (let j = 0; j < i; j++) {
      const a = networks[j] as (typeof networks)[number];
      const b = networks[i] as (typeof networks)[number];
      if (!overlap(a.prefix, b.prefix)) continue;
      if (a.prefix.address.equals(b.prefix.address)) {
        const message = `${a.name} and ${b.name} both have ${b.prefix.address}.`;
        context.say("site/same-address", "error", message, b.path, a.path);
      } else if (
        a.name !== b.name &&
        a.prefix.length < a.prefix.address.bits &&
        b.prefix.length < b.prefix.address.bits
      ) {
        const message = `${shown(b.prefix)} of ${b.name} and ${shown(a.prefix)} of ${a.name} overlap: hosts in one of them cannot be reached.`;
        context.say("site/overlapping-networks", "error", message, b.path, a.path);
      }
    }
  }
}

function checkPins(host: Host, context: CheckContext): void {
  const seen = new Map<string, SitePath>();
  for (const pin of host.pins) {
    pin.ports.forEach((port, index) => {
      const path = [...pin.path, "ports", index];
      const before = seen.get(`${pin.protocol} ${port}`);
      if (before === undefined) seen.set(`${pin.protocol} ${port}`, path);
      else context.say("site/pinned-twice", "error", `${pin.protocol} ${port} is pinned to two lines.`, path, before);
    });
  }
}

/** What is built for this system. */
function checkSystem(host: Host, context: CheckContext): void {
  const { system } = host;
  const path = [...host.path, "system"];
  const say = (message: string): void => context.say("site/not-built", "error", message, path);
  if (system.family === "macos") say("No files are built for macOS.");
  if (system.family === "openbsd" && !isAtLeast(system, "openbsd", 4, 9)) {
    say("Files are built for OpenBSD 4.9 and later: the rules of earlier releases are others.");
  }
  if (host.uplinks.length > MOST_UPLINKS) {
    context.say(
      "site/too-many-lines",
      "error",
      `${host.uplinks.length} lines: every combination of them is a state of its own, so at most ${MOST_UPLINKS} are built.`,
      [...host.path, "uplinks"],
    );
  }
  const several = host.uplinks.length > 1;
  if (system.family === "netbsd" || system.family === "linux") {
    const why = `for ${system.family === "linux" ? "Linux" : "NetBSD"} a host is built as hypervisor or plain host only`;
    if (several) say(`Balancing and failover of several lines need pf and ifstated; ${why}.`);
    else if (host.lans.some((lan) => lan !== host.hotspot?.lan))
      say(`Gateways are built for OpenBSD and FreeBSD; ${why}.`);
  }
  if (several && host.uplinks.every((one) => one.weight === 0)) {
    context.say("site/no-weight", "error", "All lines have weight 0: one must carry something.", [
      ...host.path,
      "uplinks",
    ]);
  }
}

function checkHypervisor(host: Host, context: CheckContext): void {
  const { hypervisor, system } = host;
  if (hypervisor === null) return;
  const fits = {
    bhyve: system.family === "freebsd",
    "vm-bhyve": system.family === "freebsd",
    // vmd(8) takes a configuration from 5.9 on, switches from 6.1 (vm.conf(5)).
    vmd: isAtLeast(system, "openbsd", 6, 1),
    // nvmm(4) came with NetBSD 9.
    "qemu-nvmm": isAtLeast(system, "netbsd", 9),
    libvirt: system.family === "linux",
  }[hypervisor.kind];
  if (!fits) {
    const message = `${hypervisor.kind} does not run on ${system.name}.`;
    context.say("site/hypervisor-system", "error", message, [...hypervisor.path, "kind"], [...host.path, "system"]);
  }
  if (hypervisor.interface === "") {
    const message = "Which card is in the bridge? Write `interface`, or give the host a line.";
    context.say("site/line-incomplete", "error", message, hypervisor.path);
  }
}

export function overlap(a: Prefix, b: Prefix): boolean {
  return a.address.family === b.address.family && a.address.isIn(b.address, Math.min(a.length, b.length));
}

export function shown({ address, length }: { readonly address: Address; readonly length: number }): string {
  return formatPrefix({ address: address.masked(length), length });
}
