import type { Lease4 } from "@pierhead/lang/dhcpv4";
import { INFINITE } from "@pierhead/lang/dhcpv6";
import { at, type ClientModel, oneGroup, type Plan, type Said, taken4 } from "./client.ts";

export const freebsdDhclient: ClientModel = {
  name: "dhclient (FreeBSD)",
  version: "15",
  systems: "FreeBSD (IPv4 only; the base system has no DHCPv6 client)",
  plan6: null,
  plan4,
  afterExpiry: "removes the address and starts over with DISCOVER",
};

/** `default_lease_time` and the floor in dhcpack(). */
const DEFAULT_LEASE = 43_200;
const SHORTEST_LEASE = 60;

/** sbin/dhclient/dhclient.c: dhcpack(). */
function plan4(lease: Lease4): Plan {
  const where = "sbin/dhclient/dhclient.c dhcpack()";
  const notes: Said[] = [];
  let leaseTime = lease.leaseTime ?? DEFAULT_LEASE;
  if (lease.leaseTime === null) notes.push({ text: `takes ${DEFAULT_LEASE} s for a lease without a time`, where });
  if (leaseTime < SHORTEST_LEASE) {
    notes.push({ text: `takes ${SHORTEST_LEASE} s for a lease of ${leaseTime} s`, where });
    leaseTime = SHORTEST_LEASE;
  }
  const half = Math.floor(leaseTime / 2);
  let t1 = lease.t1 ?? half;
  if (t1 > half) {
    notes.push({ text: `renews at half of the lease (${half} s) where T1 is ${t1} s`, where });
    t1 = half;
  }
  const latest = Math.floor(t1 / 4) * 7;
  const t2 = Math.min(lease.t2 ?? latest, latest);
  if (leaseTime === INFINITE) return { groups: oneGroup([taken4(lease, INFINITE)], null, null), refused: [], notes };
  return { groups: oneGroup([taken4(lease, leaseTime)], at(t1), at(t2)), refused: [], notes };
}
