import type { Lease4 } from "@pierhead/lang/dhcpv4";
import type { IdentityAssociation } from "@pierhead/lang/dhcpv6";
import {
  at,
  type ClientModel,
  failed,
  largest,
  nameOf,
  oneGroup,
  type Plan,
  type Said,
  seconds,
  smallest,
  type Taken,
  taken4,
  takenOf,
  timersOf,
  word,
} from "./client.ts";

export const iscDhclient: ClientModel = {
  name: "dhclient (ISC)",
  version: "4.4.3",
  systems: "Debian, Ubuntu, RHEL, FreeBSD ports",
  plan6,
  plan4,
  afterExpiry: "starts over with Solicit",
};

/** `requested_lease` where the configuration does not say (client/clparse.c). */
const REQUESTED_LEASE = 7_200;

/** client/dhc6.c: dhc6_parse_ia_na(), dhc6_parse_ia_pd(), dhc6_parse_addrs(), dhc6_check_times(). */
function plan6(associations: readonly IdentityAssociation[]): Plan {
  const refused: Said[] = [];
  const notes: Said[] = [];
  const leases: Taken[] = [];
  let renew = Number.POSITIVE_INFINITY;
  let rebind = Number.POSITIVE_INFINITY;
  for (const association of associations) {
    if (association.t1 > 0 && association.t2 > 0 && association.t1 > association.t2) {
      refused.push({
        text: `${nameOf(association)} (${timersOf(association)})`,
        where: `client/dhc6.c dhc6_parse_ia_${association.kind === "IA_PD" ? "pd" : "na"}()`,
      });
      continue;
    }
    if (failed(association.status)) continue;
    const taken: Taken[] = [];
    for (const lease of association.leases) {
      if (lease.preferred > lease.valid) {
        refused.push({
          text: `${lease.address} (preferred ${word(lease.preferred)} > valid ${word(lease.valid)})`,
          where: "client/dhc6.c dhc6_parse_addrs()",
        });
      } else taken.push(takenOf(lease, association.kind));
    }
    const live = taken.filter((lease) => lease.valid > 0);
    if (live.length === 0) continue;
    leases.push(...live);
    if (association.kind === "IA_TA") continue;
    // Where the server leaves it open: half of the valid lifetime, of the shortest that is not an outlier.
    const high = largest(live.map(({ valid }) => valid));
    const low = smallest(live.map(({ valid }) => valid));
    const basis = low <= high / 2 ? high : low;
    const half = basis === Number.POSITIVE_INFINITY || basis <= 1 ? REQUESTED_LEASE / 2 : Math.floor(basis / 2);
    renew = Math.min(renew, association.t1 === 0 ? half : seconds(association.t1));
    rebind = Math.min(rebind, association.t2 === 0 ? half + Math.floor(half / 2) : seconds(association.t2));
    if (association.t1 === 0) {
      notes.push({
        text: `takes half of the valid lifetime for T1 (${half} s), not of the preferred one`,
        where: "client/dhc6.c dhc6_check_times()",
      });
    }
  }
  if (leases.length > 0 && renew >= rebind && rebind !== Number.POSITIVE_INFINITY) {
    notes.push({
      text: "sends no Renew, because T1 does not come before T2: goes straight to Rebind at T2",
      where: "client/dhc6.c dhc6_check_times(), state S_BOUND",
    });
    renew = Number.POSITIVE_INFINITY;
  }
  return { groups: oneGroup(leases, at(renew), at(rebind)), refused, notes };
}

/**
 * client/dhclient.c: dhcpack(), bind_lease(). The renewal time is spread over three quarters to the whole of T1, from
 * the whole second in which the ACK came, and a part of a second is added.
 */
function plan4(lease: Lease4): Plan {
  if ((lease.leaseTime ?? 0) === 0) {
    return {
      groups: [],
      refused: [
        {
          text: `${lease.address} (no lease time): puts the server on its reject list`,
          where: "client/dhclient.c dhcpack()",
        },
      ],
      notes: [],
    };
  }
  const leaseTime = lease.leaseTime as number;
  const valid = seconds(leaseTime);
  if (valid === Number.POSITIVE_INFINITY) {
    return { groups: oneGroup([taken4(lease, leaseTime)], null, null), refused: [], notes: [] };
  }
  const t1 = (lease.t1 ?? 0) === 0 ? Math.floor(valid / 2) + 1 : seconds(lease.t1 as number);
  const t2 = (lease.t2 ?? 0) === 0 ? Math.floor((valid * 7) / 8) : seconds(lease.t2 as number);
  let earliest = Math.floor((t1 * 3 + 3) / 4);
  let latest = t1;
  const notes: Said[] = [];
  if (latest > t2) {
    const capped = Math.floor((t2 * 3) / 4);
    notes.push({
      text: `renews at three quarters of T2 where T1 lies after it (${capped} s)`,
      where: "client/dhclient.c dhcpack()",
    });
    latest = earliest > t2 ? capped : t2;
    earliest = Math.min(earliest, capped);
  }
  const renew = t1 === Number.POSITIVE_INFINITY ? null : { earliest: Math.max(0, earliest - 1), latest: latest + 1 };
  return { groups: oneGroup([taken4(lease, leaseTime)], renew, at(t2)), refused: [], notes };
}
