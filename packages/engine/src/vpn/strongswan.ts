/** What charon does with a client: which connection takes it, by which key or name, into which CHILD_SA. */
import { Address, PROTOCOL, type Prefix } from "@pierhead/core";
import {
  parseHost,
  parseRange,
  type SwanctlChild,
  type SwanctlConnection,
  type TrafficSelector,
} from "@pierhead/lang/swanctl";
import type { SecurityAssociation } from "../machine/tunnel.ts";
import { ENC, encMask } from "../network/enc.ts";
import { L2TP_PORT } from "../network/tunnel.ts";
import type { Strongswan } from "./freebsd-head-end.ts";
import { type Accepted, agree, l2tpAssociation, refuse, type Wire } from "./wire.ts";

/** Whether one of `local_addrs` or `remote_addrs` has the address. A name is taken to be somebody else's. */
export function covers(addresses: readonly string[], address: Address): boolean {
  return addresses.some((text) => {
    const range = parseRange(text);
    if (range !== null) {
      return (
        range.first.family === address.family && range.first.compare(address) <= 0 && address.compare(range.last) <= 0
      );
    }
    const slash = text.indexOf("/");
    const host = parseHost(slash === -1 ? text : text.slice(0, slash));
    if (host === null || host.kind === "name") return false;
    // `%any` is all of both families, `0.0.0.0` and `%any4` of one.
    if (host.kind === "any") return text === "%any" || host.family === null || host.family === address.family;
    const length = slash === -1 ? address.bits : Number.parseInt(text.slice(slash + 1), 10);
    return host.address.family === address.family && address.isIn(host.address, Math.min(length, address.bits));
  });
}

/** Addresses a connection names one by one, for its own side. */
export function ownAddresses(connection: SwanctlConnection): Address[] {
  return connection.localAddresses.flatMap((text) => {
    const host = parseHost(text);
    return host?.kind === "address" ? [host.address] : [];
  });
}

/** IKEv1, main mode, then a transport mode CHILD_SA for L2TP (RFC 3193); null with the reason as a step. */
export function negotiateIkev1L2tp(end: Strongswan, wire: Wire, peerPort: number | null): SecurityAssociation | null {
  const { client, local } = wire;
  if (!end.daemon.runs) return refuse(wire, "phase 1", `strongSwan does not run: ${end.daemon.why}`);
  const connection = end.connections.find((one) => one.version !== 2 && reaches(one, wire));
  if (connection === undefined) {
    return refuse(
      wire,
      "phase 1",
      `no IKEv1 connection of swanctl.conf takes ${client.from} at ${local}: road warriors need one without \`remote_addrs\``,
    );
  }
  const shared = connection.remote.some((one) => one.method === "psk");
  if (shared && !hasKey(end, connection, wire)) {
    return refuse(wire, "phase 1", `swanctl.conf has no \`secrets { ike… }\` for ${client.from}`);
  }
  agree(wire, "phase 1", `connection ${connection.name} takes ${client.from}`);
  const child = connection.children.find((one) => carriesL2tp(one, local, client.from));
  if (child === undefined) {
    return refuse(
      wire,
      "phase 2",
      `no child of ${connection.name} offers transport mode for UDP ${L2TP_PORT} between ${local} and anybody`,
    );
  }
  agree(wire, "phase 2", `a transport mode association for L2TP, by child ${child.name}`);
  return l2tpAssociation(wire, peerPort, null);
}

function reaches(connection: SwanctlConnection, { local, client }: Wire): boolean {
  return covers(connection.localAddresses, local) && covers(connection.remoteAddresses, client.from);
}

/** A key without `id` is for all; behind NAT a client's identity is an address nobody knows beforehand. */
function hasKey({ configuration }: Strongswan, connection: SwanctlConnection, { client, local }: Wire): boolean {
  const known = new Set([`${local}`, `${client.from}`, "%any", connection.local[0]?.id?.value ?? ""]);
  return configuration.secrets.some(
    ({ kind, secret, ids }) =>
      kind === "ike" && secret !== null && (ids.length === 0 || ids.some(({ value }) => known.has(value))),
  );
}

function carriesL2tp(child: SwanctlChild, local: Address, from: Address): boolean {
  if (child.mode !== "transport") return false;
  const own = child.localSelectors.some(({ value }) => selects(value, local) && portIn(value, L2TP_PORT));
  return own && child.remoteSelectors.some(({ value }) => selects(value, from));
}

function selects({ network, protocol }: TrafficSelector, address: Address): boolean {
  if (protocol !== 0 && protocol !== PROTOCOL.udp) return false;
  if (network === null) return true;
  if ("name" in network || network.first.family !== address.family) return false;
  return network.first.compare(address) <= 0 && address.compare(network.last) <= 0;
}

function portIn({ firstPort, lastPort }: TrafficSelector, port: number): boolean {
  return firstPort <= port && port <= lastPort;
}

/** IKEv2 with an address out of `pools` (RFC 7296 2.19). */
export function acceptStrongswan(end: Strongswan, wire: Wire, peerPort: number | null): Accepted | null {
  const { client, local, machine } = wire;
  if (!end.daemon.runs) return refuse(wire, "phase 1", `strongSwan does not run: ${end.daemon.why}`);
  const candidates = end.connections.filter((one) => one.version !== 1 && reaches(one, wire));
  const connection = candidates.find((one) => one.children.some(({ mode }) => mode === "tunnel")) ?? candidates[0];
  if (connection === undefined) {
    return refuse(wire, "phase 1", `no IKEv2 connection of swanctl.conf takes ${client.from} at ${local}`);
  }
  agree(wire, "phase 1", `connection ${connection.name} takes ${client.from}`);
  if (!knows(end, connection, wire)) return null;
  const framed = assign(end, connection, wire);
  if (framed === null) return null;
  const child = connection.children.find((one) => one.mode === "tunnel");
  const selectors = child?.localSelectors.filter(({ value }) => familyOf(value, framed.family)) ?? [];
  if (child === undefined || selectors.length === 0) {
    const text = `connection ${connection.name} has no child in tunnel mode for IPv${framed.family}: write \`local_ts = 0.0.0.0/0\``;
    return refuse(wire, "phase 2", text);
  }
  for (const { value } of selectors) {
    for (const source of prefixesOf(value, local)) {
      machine.associations.push({
        name: client.user,
        mode: "tunnel",
        selector: {
          protocol: value.protocol,
          source,
          destination: { address: framed, length: framed.bits },
          sourcePort: value.firstPort === value.lastPort ? value.firstPort : 0,
          destinationPort: 0,
        },
        local,
        peer: client.from,
        peerPort,
        tag: null,
      });
    }
  }
  agree(wire, "phase 2", `child ${child.name}: flows to ${framed} through a tunnel mode association`);
  return { framed, interface: encMask(machine, "in") === 0 ? wire.arrival : ENC };
}

function familyOf({ network }: TrafficSelector, family: 4 | 6): boolean {
  return network === null || (!("name" in network) && network.first.family === family);
}

/** A selector's addresses as prefixes; `dynamic` is the head-end's own address. */
function prefixesOf({ network }: TrafficSelector, local: Address): Prefix[] {
  if (network === null || "name" in network) return [{ address: local, length: local.bits }];
  const { first, last } = network;
  for (let length = 0; length <= first.bits; length++) {
    if (first.masked(length).equals(first) && first.filled(length).equals(last)) return [{ address: first, length }];
  }
  if (first.family === 6) return [{ address: first, length: first.bits }];
  const found: Prefix[] = [];
  for (let word = first.w0; word <= last.w0; ) {
    let length = 32;
    while (length > 0) {
      const size = 2 ** (32 - (length - 1));
      if (word % size !== 0 || word + size - 1 > last.w0) break;
      length--;
    }
    found.push({ address: new Address(4, word >>> 0), length });
    word += 2 ** (32 - length);
  }
  return found;
}

function knows(end: Strongswan, connection: SwanctlConnection, wire: Wire): boolean {
  const { user } = wire.client;
  const round = connection.remote[0];
  const { secrets } = end.configuration;
  if (round?.method === "psk") {
    if (!hasKey(end, connection, wire)) {
      refuse(wire, "user", "swanctl.conf has no pre-shared key for it");
      return false;
    }
    agree(wire, "user", `${user} has the pre-shared key`);
    return true;
  }
  if (round?.method !== "eap") {
    agree(wire, "user", `the certificate of ${user} is taken to be right`);
    return true;
  }
  if (round.detail === "radius") {
    agree(wire, "user", `RADIUS decides about ${user}; it is taken to accept`);
    return true;
  }
  if (round.detail === "tls") {
    agree(wire, "user", `the certificate of ${user} is taken to be right`);
    return true;
  }
  const known = secrets.some(
    ({ kind, secret, ids }) =>
      (kind === "eap" || kind === "xauth" || kind === "ntlm") &&
      secret !== null &&
      (ids.length === 0 || ids.some(({ value }) => value === user)),
  );
  if (!known) {
    refuse(wire, "user", `swanctl.conf has no secret with \`id = ${user}\``);
    return false;
  }
  agree(wire, "user", `${user} is in swanctl.conf`);
  return true;
}

/** `mem_pool_t.acquire_address`: of the pools in their order, the first address nobody has. */
function assign(end: Strongswan, connection: SwanctlConnection, wire: Wire): Address | null {
  const { client, machine } = wire;
  if (connection.pools.length === 0) {
    agree(wire, "address", `connection ${connection.name} has no \`pools\`: the client keeps its own address`);
    return client.from;
  }
  const used = (one: Address): boolean =>
    machine.associations.some(({ selector }) => selector.destination.address.equals(one));
  let outside: string | null = null;
  for (const { value } of connection.pools) {
    const pool = end.configuration.pools.find((one) => one.name === value);
    if (pool === undefined && (value === "radius" || value === "dhcp")) outside = value;
    const range = pool?.problem === null ? pool.range : null;
    if (range == null || range.first.family !== 4) continue;
    for (let word = range.first.w0; word <= range.last.w0; word++) {
      const one = new Address(4, word >>> 0);
      if (used(one)) continue;
      agree(wire, "address", `the client gets ${one} of pool ${value}`);
      return one;
    }
  }
  const text =
    outside === null
      ? `no pool of connection ${connection.name} has a free address`
      : `its address comes from ${outside}, and is not known here`;
  return refuse(wire, "address", text);
}
