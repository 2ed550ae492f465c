/** L2TP in IPsec: isakmpd's transport mode association, then npppd (RFC 3193). */
import { Address, PROTOCOL } from "@pierhead/core";
import type { IkeConnection } from "@pierhead/lang/ipsec";
import type { Bind, NpppdUser } from "@pierhead/lang/npppd";
import type { Machine } from "../machine/index.ts";
import type { SecurityAssociation } from "../machine/tunnel.ts";
import { espPacket, L2TP_PORT } from "../network/tunnel.ts";
import { type HeadEnd, l2tpBinds } from "./head-end.ts";
import { type Accepted, agree, arrives, l2tpAssociation, l2tpControl, leaves, refuse, type Wire } from "./wire.ts";

/** isakmpd and npppd take the client in, or a step says why not. */
export function acceptL2tp(headEnd: HeadEnd, wire: Wire, peerPort: number | null): Accepted | null {
  const association = negotiate(headEnd, wire, peerPort);
  if (association === null) return null;
  wire.machine.associations.push(association);
  const giveUp = (): null => {
    wire.machine.associations.splice(wire.machine.associations.indexOf(association), 1);
    return null;
  };
  const protectedPacket = espPacket(association, l2tpControl(wire, "in"), "from-peer");
  if (!arrives(wire, "esp", protectedPacket, "L2TP in ESP")) return giveUp();
  const bind = listening(headEnd, wire);
  if (bind === null) return giveUp();
  if (!leaves(wire, "answer", l2tpControl(wire, "out"), "npppd's answer")) return giveUp();
  const user = findUser(headEnd, bind, wire);
  if (user === "refused") return giveUp();
  const framed = assign(bind, user, wire);
  if (framed === null) return giveUp();
  const name = link(bind, framed, wire);
  if (name === null) return giveUp();
  takeOver(wire, association);
  return { framed, interface: name };
}

/**
 * Another client behind the same NAT has the same flow, as transport mode has nothing else to go by, and clients ask
 * for the same ports. The flow gets the identity of the last one (pfkeyv2.c, SADB_X_ADDFLOW), and what the others send
 * is dropped (ip_spd.c). Answers find their way: npppd sends each with the identity it came by (IP_IPSECFLOWINFO).
 */
function takeOver({ machine, client, steps }: Wire, association: SecurityAssociation): void {
  machine.associations.forEach((one, index) => {
    if (one === association || one.mode !== "transport" || one.peerPort === null || association.peerPort === null)
      return;
    if (one.name === client.user || one.replacedBy !== undefined) return;
    if (!one.local.equals(association.local) || !one.peer.equals(association.peer)) return;
    machine.associations[index] = { ...one, replacedBy: client.user };
    const text = `it takes over the flow of ${one.name}, who is behind the same address ${one.peer}: nothing ${one.name} sends arrives any more`;
    steps.push({ name: "phase 2", ok: true, text, journey: null });
  });
}

/** Phases 1 and 2 as far as hosts, protocols and ports go. */
function negotiate(headEnd: HeadEnd, wire: Wire, peerPort: number | null): SecurityAssociation | null {
  const { client, local } = wire;
  if (!headEnd.isakmpd.runs) return refuse(wire, "phase 1", `isakmpd does not run: ${headEnd.isakmpd.why}`);
  const peer =
    headEnd.peers.find((one) => one.peer?.address?.equals(client.from) === true) ??
    headEnd.peers.find((one) => one.peer === null);
  if (peer === undefined) {
    return refuse(
      wire,
      "phase 1",
      `no rule of ipsec.conf takes ${client.from}: road warriors need one without \`peer\``,
    );
  }
  agree(wire, "phase 1", `isakmpd takes ${client.from} by [${peer.name}]`);
  const connection = peer.connections.find((one) => carriesL2tp(one, local, client.from));
  if (connection === undefined) {
    return refuse(
      wire,
      "phase 2",
      `isakmpd refuses the client's quick mode: no rule offers transport mode for UDP ${L2TP_PORT} between ${local} and anybody`,
    );
  }
  agree(wire, "phase 2", "a transport mode association for L2TP");
  return l2tpAssociation(wire, peerPort, connection.rule.tag);
}

/** Whether a rule's quick mode is the one L2TP clients ask for: UDP, the server's port 1701 (RFC 3193 4). */
function carriesL2tp(connection: IkeConnection, local: Address, from: Address): boolean {
  const { source, destination, protocol, proposal } = connection;
  if (proposal.encapsulation !== "TRANSPORT") return false;
  if (protocol !== 0 && protocol !== PROTOCOL.udp) return false;
  // `from HOST to any port 1701`: ipsecctl writes the port behind the side it stands at; isakmpd lets either be 1701.
  const ports = [connection.sourcePort, connection.destinationPort].filter((port) => port !== 0);
  if (ports.some((port) => port !== L2TP_PORT)) return false;
  const covers = (host: typeof source, address: Address): boolean =>
    host.address === null || (host.address.family === address.family && address.isIn(host.address, host.mask));
  return covers(source, local) && covers(destination, from);
}

/** The bind of npppd.conf whose tunnel listens where the client knocks. */
function listening(headEnd: HeadEnd, wire: Wire): Bind | null {
  const { npppdDaemon } = headEnd;
  if (!npppdDaemon.runs) return refuse(wire, "l2tp", `npppd does not run: ${npppdDaemon.why}`);
  const bind = l2tpBinds(headEnd).find(({ tunnel }) =>
    (tunnel.listen.length === 0 ? [{ address: new Address(4, 0), port: 0 }] : tunnel.listen).some(
      ({ address, port }) =>
        address.family === wire.local.family &&
        (address.isUnspecified() || address.equals(wire.local)) &&
        (port === 0 || port === L2TP_PORT),
    ),
  );
  if (bind === undefined)
    return refuse(wire, "l2tp", `no L2TP tunnel of npppd.conf that is bound listens on ${wire.local}`);
  agree(wire, "l2tp", `npppd's tunnel "${bind.tunnel.name}" takes it`);
  return bind;
}

/** The user's record; null when a RADIUS server knows, and is taken to say yes. */
function findUser(headEnd: HeadEnd, bind: Bind, wire: Wire): NpppdUser | null | "refused" {
  const { authentication } = bind;
  const { user } = wire.client;
  const no = (text: string): "refused" => {
    refuse(wire, "user", text);
    return "refused";
  };
  if (authentication.type === "radius") {
    agree(wire, "user", `RADIUS decides about ${user}; it is taken to accept`);
    return null;
  }
  const file = headEnd.users.get(authentication.usersFile) ?? null;
  if (file === null) return no(`there is no users file ${authentication.usersFile}`);
  const name = authentication.stripAtmarkRealm ? user.replace(/@.*$/, "") : user;
  const record = file.users.find((one) => one.names.some((each) => each.name === name));
  if (record === undefined) return no(`${authentication.usersFile} has no user ${user}`);
  if (record.broken || record.password === null) return no(`the record of ${user} has no password npppd can use`);
  agree(wire, "user", `${user} is in ${authentication.usersFile}`);
  return record;
}

/** npppd_set_ip: the user's own address when a pool has it, else the first free one of the dynamic pool. */
function assign(bind: Bind, user: NpppdUser | null, wire: Wire): Address | null {
  const { ipcp, address: own } = bind.interface;
  const taken = (address: Address): boolean =>
    address.equals(own) || wire.machine.sessions.some((session) => session.framed.equals(address));
  const wanted = user?.framedAddress?.address ?? null;
  if (wanted !== null) {
    const inPool = ipcp.staticPool.includes(wanted) || ipcp.dynamicPool.includes(wanted);
    if (inPool && !taken(wanted)) {
      agree(wire, "address", `the client gets ${wanted}, as its record says`);
      return wanted;
    }
    if (inPool && !wanted.equals(own)) return refuse(wire, "address", `${wanted}, the user's address, is in use`);
  }
  for (const { address, length } of ipcp.dynamicPool.entries) {
    const last = address.filled(length).w0;
    for (let word = address.w0; word <= last; word++) {
      const one = new Address(4, word >>> 0);
      if (taken(one)) continue;
      const instead = wanted === null ? "" : `; ${wanted}, of its record, is in no pool`;
      agree(wire, "address", `the client gets ${one} out of the pool${instead}`);
      return one;
    }
  }
  return refuse(wire, "address", `the pool of ipcp "${ipcp.name}" has no free address`);
}

/** The interface of the session, with the route to the client. */
function link(bind: Bind, framed: Address, wire: Wire): string | null {
  const { machine, client, local } = wire;
  const { pppx, address, name: named } = bind.interface;
  if (pppx && machine.sysctls.get("net.pipex.enable") !== "1") {
    return refuse(wire, "interface", `${named} needs pipex(4), and net.pipex.enable is off`);
  }
  const name = pppx ? freeUnit(machine) : named;
  if (pppx || machine.interface(name) === null) {
    const peer = pppx ? { peer: framed } : {};
    machine.addInterface({ name, mtu: bind.tunnel.mru, addresses: [{ address, length: 32, ...peer }] });
  }
  if (!pppx) machine.addRoute({ destination: framed, length: 32, interface: name, gateway: null });
  machine.sessions.push({
    user: client.user,
    interface: name,
    local,
    peer: client.from,
    peerPort: L2TP_PORT,
    framed,
    ingressFilter: bind.tunnel.ingressFilter,
  });
  agree(wire, "interface", `its packets come in by ${name}`);
  return name;
}

/** pppx_if_next_unit. */
function freeUnit(machine: Machine): string {
  let unit = 0;
  while (machine.interface(`pppx${unit}`) !== null) unit++;
  return `pppx${unit}`;
}
