/** IKEv2 by iked(8): tunnel mode, with an address out of `config address` (RFC 7296 2.19). */
import { Address, type Prefix } from "@pierhead/core";
import type { IkedPolicy } from "@pierhead/lang/iked";
import type { HeadEnd } from "./head-end.ts";
import { type Accepted, agree, refuse, type Wire } from "./wire.ts";

/** iked takes the client in, or a step says why not. */
export function acceptIkev2(headEnd: HeadEnd, wire: Wire, peerPort: number | null): Accepted | null {
  const { client, local, machine } = wire;
  if (!headEnd.ikedDaemon.runs || headEnd.iked === null) {
    return refuse(wire, "phase 1", `iked does not run: ${headEnd.ikedDaemon.why}`);
  }
  const policy = policyFor(headEnd.iked.policies, local, client.from);
  if (policy === null) return refuse(wire, "phase 1", `no policy of iked.conf takes ${client.from} at ${local}`);
  agree(wire, "phase 1", `policy ${policy.name} takes ${client.from}`);
  if (!knows(headEnd, policy, wire)) return null;
  const framed = assign(policy, wire);
  if (framed === null) return null;
  const destination: Prefix = { address: framed, length: framed.bits };
  const flows = policy.flows.filter(({ source }) => source.family === framed.family || source.family === null);
  if (flows.length === 0) {
    return refuse(
      wire,
      "phase 2",
      `policy ${policy.name} has no flow of IPv${framed.family}: write \`from 0.0.0.0/0 to dynamic\``,
    );
  }
  for (const { source, protocol } of flows) {
    machine.associations.push({
      name: client.user,
      mode: "tunnel",
      selector: {
        protocol,
        source:
          source.address === null
            ? { address: new Address(framed.family, 0), length: 0 }
            : { address: source.address, length: source.mask },
        destination,
        sourcePort: 0,
        destinationPort: 0,
      },
      local,
      peer: client.from,
      peerPort,
      tag: policy.tag,
    });
  }
  agree(wire, "phase 2", `flows to ${framed} through a tunnel mode association`);
  return { framed, interface: policy.interface ?? `enc${policy.tap}` };
}

/** policy_lookup: the last that matches, or the first with `quick`. */
function policyFor(policies: readonly IkedPolicy[], local: Address, from: Address): IkedPolicy | null {
  let found: IkedPolicy | null = null;
  for (const policy of policies) {
    if (!matches(policy.local, local) || !matches(policy.peer, from)) continue;
    found = policy;
    if (policy.match === "quick") break;
  }
  return found?.match === "skip" ? null : found;
}

function matches(host: IkedPolicy["local"], address: Address): boolean {
  if (host.address === null) return host.family === null || host.family === address.family;
  return host.address.family === address.family && address.isIn(host.address, host.mask);
}

function knows(headEnd: HeadEnd, policy: IkedPolicy, wire: Wire): boolean {
  const { user } = wire.client;
  if (policy.authentication.eap === "MSCHAP_V2") {
    if (headEnd.iked?.users.some((one) => one.name === user) !== true) {
      refuse(wire, "user", `iked.conf has no user ${user}`);
      return false;
    }
    agree(wire, "user", `${user} is in iked.conf`);
  } else if (policy.authentication.eap === "RADIUS")
    agree(wire, "user", `RADIUS decides about ${user}; it is taken to accept`);
  else agree(wire, "user", `the certificate or key of ${user} is taken to be right`);
  return true;
}

/** ikev2_cp_setaddr: the first free address of the pool. */
function assign(policy: IkedPolicy, wire: Wire): Address | null {
  const { client, machine } = wire;
  const pool = policy.config.find((item) => item.action === "config" && item.option === "address");
  if (pool?.value.address == null) {
    agree(wire, "address", `policy ${policy.name} has no \`config address\`: the client keeps its own`);
    return client.from;
  }
  const { address, mask } = pool.value;
  const used = (one: Address): boolean =>
    machine.ownerOf(one) !== null ||
    machine.associations.some(({ selector }) => selector.destination.address.equals(one));
  if (mask === address.bits) {
    if (used(address)) return refuse(wire, "address", `${address} is in use`);
    agree(wire, "address", `the client gets ${address}`);
    return address;
  }
  const first = address.masked(mask);
  const count = 2 ** Math.min(16, address.bits - mask);
  for (let offset = 1; offset < count; offset++) {
    const one =
      address.family === 4
        ? new Address(4, (first.w0 + offset) >>> 0)
        : new Address(6, first.w0, first.w1, first.w2, (first.w3 + offset) >>> 0);
    if (used(one)) continue;
    agree(wire, "address", `the client gets ${one} of ${first}/${mask}`);
    return one;
  }
  return refuse(wire, "address", `${first}/${mask} has no free address`);
}
