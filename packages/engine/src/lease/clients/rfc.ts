import type { Lease4 } from "@pierhead/lang/dhcpv4";
import type { IdentityAssociation } from "@pierhead/lang/dhcpv6";
import {
  at,
  type ClientModel,
  failed,
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

/** What the standards ask of a client: the row to compare the others with. */
export const rfc8415: ClientModel = {
  name: "by RFC",
  version: "8415",
  systems: "",
  plan6,
  plan4: null,
  afterExpiry: "starts over with Solicit",
};

export const rfc2131: ClientModel = {
  ...rfc8415,
  version: "2131",
  plan6: null,
  plan4,
  afterExpiry: "starts over with DISCOVER",
};

/** RFC 8415 14.2, 21.4, 21.6, 21.21, 21.22. */
function plan6(associations: readonly IdentityAssociation[]): Plan {
  const refused: Said[] = [];
  const leases: Taken[] = [];
  let t1 = Number.POSITIVE_INFINITY;
  let t2 = Number.POSITIVE_INFINITY;
  for (const association of associations) {
    if (failed(association.status)) continue;
    if (association.t1 > association.t2 && association.t2 > 0) {
      const section = association.kind === "IA_PD" ? "21.21" : "21.4";
      refused.push({
        text: `${nameOf(association)} (${timersOf(association)})`,
        where: `RFC 8415 ${section}: discards it when T1 > T2`,
      });
      continue;
    }
    const good = association.leases.filter((lease) => {
      if (lease.preferred <= lease.valid) return true;
      const section = association.kind === "IA_PD" ? "21.22" : "21.6";
      refused.push({
        text: `${lease.address} (preferred ${word(lease.preferred)}, valid ${word(lease.valid)})`,
        where: `RFC 8415 ${section}: discards it when preferred > valid`,
      });
      return false;
    });
    const live = good.filter((lease) => lease.valid > 0 && !failed(lease.status));
    if (live.length === 0) continue;
    leases.push(...live.map((lease) => takenOf(lease, association.kind)));
    if (association.kind === "IA_TA") continue;
    // 14.2: left to the client when 0; 21.4 recommends 0.5 and 0.8 of the shortest preferred lifetime to servers. The
    // earliest of all associations counts (18.2.4).
    const shortest = smallest(live.map((lease) => seconds(lease.preferred)));
    const chosen2 = association.t2 === 0 ? shortest * 0.8 : seconds(association.t2);
    const chosen1 = association.t1 === 0 ? shortest * 0.5 : seconds(association.t1);
    t1 = Math.min(t1, chosen1, chosen2);
    t2 = Math.min(t2, chosen2);
  }
  return { groups: oneGroup(leases, at(Math.floor(t1)), at(Math.floor(t2))), refused, notes: [] };
}

/** RFC 2131 4.4.5: T1 is 0.5 and T2 0.875 of the lease unless the server says otherwise. */
function plan4(lease: Lease4): Plan {
  if (lease.leaseTime === null) {
    return {
      groups: [],
      refused: [{ text: `${lease.address} (no lease time)`, where: "RFC 2131 4.3.1 table 3" }],
      notes: [],
    };
  }
  const valid = seconds(lease.leaseTime);
  const t1 = seconds(lease.t1 ?? Math.floor(valid * 0.5));
  const t2 = seconds(lease.t2 ?? Math.floor(valid * 0.875));
  return { groups: oneGroup([taken4(lease, lease.leaseTime)], at(t1), at(t2)), refused: [], notes: [] };
}
