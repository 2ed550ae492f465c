/** mpd5 takes a call that came out of IPsec: who listens, who may log in, which address and which ng interface it gets. */
import { Address } from "@pierhead/core";
import type { MpdBundle, MpdLink, MpdSide } from "@pierhead/lang/mpd";
import type { Machine } from "../machine/index.ts";
import { espPacket, L2TP_PORT } from "../network/tunnel.ts";
import { bundleFor, l2tpLinks, MPD_SECRET, type Mpd, mpdUser, type Strongswan } from "./freebsd-head-end.ts";
import { negotiateIkev1L2tp } from "./strongswan.ts";
import { type Accepted, agree, arrives, l2tpControl, leaves, refuse, type Wire } from "./wire.ts";

/** strongSwan and mpd5 take the client in, or a step says why not. */
export function acceptMpd(
  end: { readonly strongswan: Strongswan | null; readonly mpd: Mpd | null },
  wire: Wire,
  peerPort: number | null,
): Accepted | null {
  if (end.strongswan === null) return refuse(wire, "phase 1", "there is no swanctl.conf");
  const association = negotiateIkev1L2tp(end.strongswan, wire, peerPort);
  if (association === null) return null;
  const { associations } = wire.machine;
  associations.push(association);
  const taken = arrives(wire, "esp", espPacket(association, l2tpControl(wire, "in"), "from-peer"), "L2TP in ESP")
    ? answer(end.mpd, wire)
    : null;
  if (taken === null) associations.splice(associations.indexOf(association), 1);
  return taken;
}

function answer(mpd: Mpd | null, wire: Wire): Accepted | null {
  if (mpd === null) return refuse(wire, "l2tp", "there is no mpd.conf");
  if (!mpd.daemon.runs) return refuse(wire, "l2tp", `mpd5 does not run: ${mpd.daemon.why}`);
  const { user } = wire.client;
  const link = l2tpLinks(mpd).find((one) => listens(one, wire));
  if (link === undefined) return refuse(wire, "l2tp", `no L2TP link of mpd.conf takes calls on ${wire.local}`);
  agree(wire, "l2tp", `mpd5's link ${link.name} takes it`);
  if (!leaves(wire, "answer", l2tpControl(wire, "out"), "mpd5's answer")) return null;
  if (!logsIn(mpd, link, wire)) return null;
  const bundle = bundleFor(mpd, link, user);
  if (typeof bundle === "string") return refuse(wire, "user", bundle);
  const framed = assign(mpd, bundle, wire);
  return framed === null ? null : { framed, interface: interfaceFor(mpd, link, bundle, framed, wire) };
}

function listens({ self, peer }: MpdLink, { local, client }: Wire): boolean {
  if (self !== null && (!self.address.equals(local) || (self.port !== 0 && self.port !== L2TP_PORT))) return false;
  return local.family === 4 && (peer === null || client.from.isIn(peer.address, peer.length));
}

/** Where users can be looked up besides mpd.secret; what they say is not known here. */
const OTHERS: Readonly<Record<string, string>> = {
  "radius-auth": "RADIUS",
  "ext-auth": "the script",
  "system-auth": "the password file",
  "pam-auth": "PAM",
};

function logsIn(mpd: Mpd, link: MpdLink, wire: Wire): boolean {
  const { user } = wire.client;
  if (link.logins.length === 0) {
    agree(wire, "user", `link ${link.name} asks nobody who they are`);
    return true;
  }
  const other = Object.entries(OTHERS).find(([option]) => link.auth.has(option));
  if (other !== undefined) {
    agree(wire, "user", `${other[1]} decides about ${user}; it is taken to accept`);
    return true;
  }
  if (!link.auth.has("internal")) {
    refuse(wire, "user", `link ${link.name} has nowhere to look users up: \`set auth enable internal\``);
    return false;
  }
  if (mpd.secrets === null) {
    refuse(wire, "user", `there is no ${MPD_SECRET}`);
    return false;
  }
  const record = mpdUser(mpd, user);
  if (record === null) {
    refuse(wire, "user", `${MPD_SECRET} has no user ${user}`);
    return false;
  }
  agree(
    wire,
    "user",
    record.password === null ? `a program decides about ${user}; it is taken to accept` : `${user} is in ${MPD_SECRET}`,
  );
  return true;
}

/** IpcpConfigure: the range of the user's line, else the bundle's. */
function assign(mpd: Mpd, bundle: MpdBundle, wire: Wire): Address | null {
  const taken = (address: Address): boolean => wire.machine.sessions.some((one) => one.framed.equals(address));
  const own = mpdUser(mpd, wire.client.user)?.range ?? null;
  const fixed = own?.address ?? bundle.peer?.range?.address ?? null;
  if (fixed !== null) {
    const whose = own === null ? `as bundle ${bundle.name} says` : "as its line says";
    if (taken(fixed)) return refuse(wire, "address", `${fixed}, the client's address, is in use`);
    agree(wire, "address", `the client gets ${fixed}, ${whose}`);
    return fixed;
  }
  const name = bundle.peer?.pool;
  if (name == null) {
    return refuse(
      wire,
      "address",
      `bundle ${bundle.name} has no \`set ipcp ranges\`: the client has no address to ask for`,
    );
  }
  const free = firstFree(mpd, name, taken);
  if (free === null) return refuse(wire, "address", `the pool ${name} has no free address`);
  agree(wire, "address", `the client gets ${free} of pool ${name}`);
  return free;
}

/** IPPoolGet: in the order in which ranges were added. */
function firstFree(mpd: Mpd, name: string, taken: (address: Address) => boolean): Address | null {
  for (const { first, last } of mpd.configuration.pools.find((one) => one.name === name)?.ranges ?? []) {
    for (let word = first.w0; word <= last.w0; word++) {
      const one = new Address(4, word >>> 0);
      if (!taken(one)) return one;
    }
  }
  return null;
}

/** The next ng_iface(4), with the client's address at its other end. */
function interfaceFor(mpd: Mpd, link: MpdLink, bundle: MpdBundle, framed: Address, wire: Wire): string {
  const { machine, client, local } = wire;
  let unit = 0;
  while (machine.interface(`ng${unit}`) !== null) unit++;
  const name = `ng${unit}`;
  const address = ownEnd(mpd, machine, bundle.self) ?? local;
  machine.addInterface({
    name,
    mtu: link.mru,
    addresses: [{ address, length: 32, peer: framed }],
    ...(bundle.group === null ? {} : { groups: [bundle.group] }),
  });
  machine.sessions.push({
    user: client.user,
    interface: name,
    local,
    peer: client.from,
    peerPort: L2TP_PORT,
    framed,
    ingressFilter: false,
  });
  agree(wire, "interface", `its packets come in by ${name}`);
  return name;
}

/** Without a range mpd takes the first address of the machine that is not the loopback's (GetAnyIpAddress). */
function ownEnd(mpd: Mpd, machine: Machine, side: MpdSide | null): Address | null {
  if (side?.range != null) return side.range.address;
  if (side?.pool != null) return firstFree(mpd, side.pool, (one) => machine.ownerOf(one) !== null);
  const links = machine.interfaces().filter((one) => one.kind !== "loopback");
  return links.flatMap((one) => one.addresses).find(({ address }) => address.family === 4)?.address ?? null;
}
