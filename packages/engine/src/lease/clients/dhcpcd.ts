import type { Lease4 } from "@pierhead/lang/dhcpv4";
import { type IdentityAssociation, INFINITE } from "@pierhead/lang/dhcpv6";
import {
  at,
  type ClientModel,
  failed,
  type Group,
  nameOf,
  oneGroup,
  type Plan,
  type Said,
  type Taken,
  taken4,
  takenOf,
  timersOf,
  word,
} from "./client.ts";

/** dhcpcd of Debian 12: when a Rebind for a prefix has no answer in 10 s, the lease is dropped. */
export const dhcpcd9: ClientModel = {
  name: "dhcpcd",
  version: "9.4.1",
  systems: "Debian 12, NetBSD, many others",
  plan6: (associations) => plan6(associations, true),
  plan4,
  afterExpiry: "runs EXPIRE6 and starts over with Solicit at once",
};

export const dhcpcd10: ClientModel = {
  ...dhcpcd9,
  version: "10.3.2",
  systems: "Debian 13, FreeBSD ports, NetBSD 11, others",
  plan6: (associations) => plan6(associations, false),
};

/** CNF_MAX_RD (src/dhcp6.h). */
const CONFIRM_MAX_SECONDS = 10;

/** src/dhcp6.c: dhcp6_findia(), dhcp6_findna(), dhcp6_findpd(), dhcp6_bind(). */
function plan6(associations: readonly IdentityAssociation[], dropsPrefix: boolean): Plan {
  const refused: Said[] = [];
  const notes: Said[] = [];
  const leases: Taken[] = [];
  const raw: number[] = [];
  let renew = 0;
  let rebind = 0;
  let lowest = INFINITE;
  for (const association of associations) {
    if (association.t2 > 0 && association.t1 > association.t2) {
      refused.push({ text: `${nameOf(association)} (${timersOf(association)})`, where: "src/dhcp6.c dhcp6_findia()" });
      continue;
    }
    if (failed(association.status)) continue;
    const taken: Taken[] = [];
    for (const lease of association.leases) {
      if (lease.preferred > lease.valid) {
        refused.push({
          text: `${lease.address} (preferred ${word(lease.preferred)} > valid ${word(lease.valid)})`,
          where: `src/dhcp6.c dhcp6_find${association.kind === "IA_PD" ? "pd" : "na"}()`,
        });
        continue;
      }
      if (lease.preferred > 0) lowest = Math.min(lowest, lease.preferred);
      taken.push(takenOf(lease, association.kind));
      raw.push(lease.valid);
    }
    if (taken.length === 0) continue;
    leases.push(...taken);
    // The smallest that is not 0, over all associations.
    if (association.t1 !== 0 && (renew === 0 || association.t1 < renew)) renew = association.t1;
    if (association.t2 !== 0 && (rebind === 0 || association.t2 < rebind)) rebind = association.t2;
  }
  if (renew !== 0 && raw.length > 0) {
    const late = (valid: number): boolean =>
      !(renew === INFINITE && valid === INFINITE) && valid !== 0 && valid <= renew;
    if (raw.every(late)) {
      notes.push({
        text: `ignores T1 ${word(renew)}, after which every address has expired, and T2; takes 0.5 and 0.8 of the preferred lifetime`,
        where: "src/dhcp6.c dhcp6_bind(), `ignoring T1 … due to address expiry`",
      });
      renew = 0;
      rebind = 0;
    }
  }
  if (lowest !== INFINITE) {
    if (renew === 0) renew = Math.floor(lowest * 0.5);
    if (rebind === 0) rebind = Math.floor(lowest * 0.8);
  }
  const timer = (value: number): ReturnType<typeof at> => (value === 0 || value === INFINITE ? null : at(value));
  const live = leases.filter((lease) => lease.valid > 0);
  const rebindAt = timer(rebind);
  let givesUp: Group["givesUp"] = null;
  if (dropsPrefix && rebindAt !== null && live.some((lease) => lease.kind === "IA_PD")) {
    givesUp = {
      at: rebindAt.latest + CONFIRM_MAX_SECONDS,
      why: {
        text: `with a delegated prefix it drops the whole lease when a Rebind has no answer in ${CONFIRM_MAX_SECONDS} s`,
        where: "src/dhcp6.c dhcp6_startrebind() and dhcp6_failrebind(); 10.x no longer does after a Renew",
      },
    };
  }
  return { groups: oneGroup(live, timer(renew), rebindAt, givesUp), refused, notes };
}

/** DHCP_MIN_LEASE (src/dhcp.h). */
const SHORTEST_LEASE = 20;

/** src/dhcp.c: get_lease(), dhcp_bind(). */
function plan4(lease: Lease4): Plan {
  const notes: Said[] = [];
  const where = "src/dhcp.c dhcp_bind()";
  let leaseTime = lease.leaseTime ?? INFINITE;
  if (lease.leaseTime === null)
    notes.push({ text: "takes a lease without a time for infinite", where: "src/dhcp.c get_lease()" });
  if (leaseTime === INFINITE) return { groups: oneGroup([taken4(lease, leaseTime)], null, null), refused: [], notes };
  if (leaseTime < SHORTEST_LEASE) {
    notes.push({ text: `takes ${SHORTEST_LEASE} s for a lease of ${leaseTime} s`, where });
    leaseTime = SHORTEST_LEASE;
  }
  let t2 = lease.t2 ?? 0;
  let t1 = lease.t1 ?? 0;
  if (t2 >= leaseTime) notes.push({ text: `takes 0.875 of the lease for T2 ${t2} s`, where });
  if (t2 === 0 || t2 >= leaseTime) t2 = Math.floor(leaseTime * 0.875);
  if (t1 > t2) notes.push({ text: `takes 0.5 of the lease for T1 ${t1} s`, where });
  if (t1 === 0 || t1 > t2) t1 = Math.floor(leaseTime * 0.5);
  return { groups: oneGroup([taken4(lease, leaseTime)], at(t1), at(t2)), refused: [], notes };
}
