/** What is wrong with the addresses and routes of a machine as a whole. */
import { Address, type Diagnostic, diagnostic, formatPrefix, type RelatedPlace } from "@pierhead/core";
import type { MachineBuild } from "../build/index.ts";
import type { MachineInterface } from "../machine/index.ts";
import { isOnLink } from "../network/transmit.ts";

export function checkNetwork(build: MachineBuild): Diagnostic[] {
  if (build.assumed) return [];
  return [
    ...checkDuplicates(build),
    ...checkOverlaps(build),
    ...checkDefaultRoute(build),
    ...checkNeighbours(build),
    ...sayOnLink(build),
  ];
}

function placeOf(build: MachineBuild, name: string): RelatedPlace | null {
  return build.interfaces.get(name)?.evidence[0] ?? null;
}

function ordinary(build: MachineBuild): MachineInterface[] {
  return build.machine
    .interfaces()
    .filter((one) => one.kind !== "loopback" && build.interfaces.get(one.name)?.addresses === "known");
}

function checkDuplicates(build: MachineBuild): Diagnostic[] {
  const found: Diagnostic[] = [];
  const owners = new Map<string, MachineInterface>();
  for (const one of ordinary(build)) {
    for (const { address } of one.addresses) {
      if (address.isLinkLocal()) continue;
      const key = `${one.routingDomain} ${address}`;
      const before = owners.get(key);
      // carp(4) and bridge members may share an address on purpose.
      if (before !== undefined && !/^(carp|bridge|veb)/.test(one.name) && !/^(carp|bridge|veb)/.test(before.name)) {
        found.push(
          say(
            build,
            "machine/same-address",
            "error",
            `${one.name} and ${before.name} both have ${address}.`,
            one.name,
            before.name,
          ),
        );
      }
      owners.set(key, one);
    }
  }
  return found;
}

/** Two interfaces that both claim a network: packets to it leave by one of them only. */
function checkOverlaps(build: MachineBuild): Diagnostic[] {
  const found: Diagnostic[] = [];
  const interfaces = ordinary(build);
  for (let i = 0; i < interfaces.length; i++) {
    for (let j = i + 1; j < interfaces.length; j++) {
      const a = interfaces[i] as MachineInterface;
      const b = interfaces[j] as MachineInterface;
      if (a.routingDomain !== b.routingDomain || a.kind !== "broadcast" || b.kind !== "broadcast") continue;
      if (/^(carp|bridge|veb|vether|vport)/.test(a.name) || /^(carp|bridge|veb|vether|vport)/.test(b.name)) continue;
      const pair = overlap(a, b);
      if (pair === null) continue;
      found.push(
        say(
          build,
          "machine/overlapping-networks",
          "warning",
          `${pair[0]} on ${a.name} and ${pair[1]} on ${b.name} overlap: hosts behind one of them cannot be reached.`,
          b.name,
          a.name,
        ),
      );
    }
  }
  return found;
}

function overlap(a: MachineInterface, b: MachineInterface): [string, string] | null {
  for (const one of a.addresses) {
    for (const other of b.addresses) {
      if (one.address.family !== other.address.family || one.address.isLinkLocal()) continue;
      // A single address inside the other's network is an alias, or a guest with an address of its own.
      if (one.length === one.address.bits || other.length === other.address.bits) continue;
      const shorter = Math.min(one.length, other.length);
      if (!one.address.isIn(other.address, shorter)) continue;
      return [shown(one.address, one.length), shown(other.address, other.length)];
    }
  }
  return null;
}

function shown(address: Address, length: number): string {
  return formatPrefix({ address: address.masked(length), length });
}

/** A machine that has addresses but no way to the world. */
function checkDefaultRoute(build: MachineBuild): Diagnostic[] {
  const { machine } = build;
  const interfaces = ordinary(build);
  if (interfaces.length === 0 || build.opaque.length > 0) return [];
  // ifstated may set it in its first state; a routing daemon may learn it.
  if (build.ifstated !== null) return [];
  for (const name of ["bgpd", "ospfd", "ospf6d", "ripd", "eigrpd", "routed", "route6d", "bird", "frr", "zebra"]) {
    if (build.services.get(name)?.enabled === true) return [];
  }
  const has =
    machine.routes.exact(0, new Address(4, 0), 0).length + machine.routes.exact(0, new Address(6, 0), 0).length;
  if (has > 0 || build.dynamic.size > 0) return [];
  // Its refusal was reported where it stands.
  if (build.diagnostics.some((one) => /^machine\/(gateway-not-on-link|route-order)$/.test(one.code))) return [];
  const first = interfaces[0] as MachineInterface;
  const four = interfaces.some((one) => one.addresses.some(({ address }) => address.family === 4));
  return [
    say(
      build,
      "machine/no-default-route",
      machine.forwards(4) || machine.forwards(6) ? "warning" : "note",
      `This machine has no default route${four ? "" : " for IPv6"}: it reaches nothing beyond its own networks.`,
      first.name,
    ),
  ];
}

/**
 * The gateway is outside the network of the interface and reached by a route of its own: the address was handed out
 * alone. A mask wider than that claims addresses of strangers, which then cannot be reached by the gateway.
 */
function checkNeighbours(build: MachineBuild): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { machine } = build;
  for (const route of machine.routes.list(0)) {
    if (route.length !== 0 || route.gateway === null || route.interface === null || route.family !== 4) continue;
    const gateway = route.gateway;
    const out = machine.interface(route.interface);
    if (out === null || out.kind !== "broadcast" || gateway.family !== 4) continue;
    if (out.addresses.some((own) => own.address.isIn(gateway, own.length))) continue;
    for (const own of out.addresses) {
      if (own.address.family !== 4 || own.length >= 31 || isPrivate(own.address)) continue;
      found.push(
        say(
          build,
          "machine/netmask-swallows-neighbours",
          "warning",
          `${own.address} is used with a gateway outside its network, as single addresses are; with /${own.length} all of ${shown(own.address, own.length)} is taken to be on ${out.name}, and its other addresses cannot be reached. Use /32.`,
          out.name,
        ),
      );
    }
  }
  return found;
}

/**
 * What such files do, and what they leave open: nothing shows whether a gateway outside the own network works, until it
 * does not.
 */
function sayOnLink(build: MachineBuild): Diagnostic[] {
  const { machine } = build;
  return machine.routes.list(0).flatMap((route) => {
    const { gateway } = route;
    if (route.length !== 0 || gateway === null || route.interface === null) return [];
    const out = machine.interface(route.interface);
    if (out?.kind !== "broadcast" || gateway.isLinkLocal()) return [];
    const own = out.addresses.filter(({ address }) => address.family === gateway.family && !address.isLinkLocal());
    if (own.length === 0 || own.some((one) => gateway.isIn(one.address, one.length))) return [];
    if (!isOnLink(machine, out, gateway)) return [];
    const [first] = own;
    const other = gateway.family === 4 ? 6 : 4;
    const has = (family: 4 | 6): boolean =>
      machine
        .interfaces()
        .some(
          (one) =>
            one.kind !== "loopback" &&
            one.addresses.some(({ address }) => address.family === family && !address.isLinkLocal()),
        );
    const missing = [...(has(other) ? [] : [`IPv${other}`]), ...(hasResolver(build) ? [] : ["name servers"])];
    const rest = missing.length === 0 ? "" : ` These files say nothing about ${missing.join(" and ")}.`;
    const message = `${gateway} is in no network of ${out.name} and is looked for on its link, by a route of its own; packets to the world go there from ${first?.address}. The provider sees the MAC of ${out.name}, which is set on the virtual card and not here.${rest}`;
    const place = build.defaultRoutes.get(gateway.family) ?? placeOf(build, out.name);
    return [diagnostic("machine/gateway-on-link", "note", message, place?.source ?? null, place?.span ?? NOWHERE)];
  });
}

/** resolv.conf(5), or the resolver that systemd-networkd tells (systemd.network(5), `DNS=`). */
function hasResolver({ tree }: MachineBuild): boolean {
  if (tree.source("/etc/resolv.conf") !== null) return true;
  return tree.files.some((file) => file.live && file.path.endsWith(".network") && /^DNS=/m.test(file.source.text));
}

const NOWHERE = { start: 0, end: 0 };

function isPrivate(address: Address): boolean {
  return address.w0 >>> 24 === 10 || address.w0 >>> 20 === 0xac1 || address.w0 >>> 16 === 0xc0a8;
}

function say(
  build: MachineBuild,
  code: string,
  severity: Diagnostic["severity"],
  message: string,
  name: string,
  other: string | null = null,
): Diagnostic {
  const place = placeOf(build, name);
  const related = other === null ? null : placeOf(build, other);
  return diagnostic(code, severity, message, place?.source ?? null, place?.span ?? { start: 0, end: 0 }, {
    related: related === null ? [] : [{ ...related, message: `${other} is set up here` }],
  });
}
