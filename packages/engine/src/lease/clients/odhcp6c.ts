import { type IdentityAssociation, INFINITE } from "@pierhead/lang/dhcpv6";
import {
  at,
  type ClientModel,
  failed,
  nameOf,
  oneGroup,
  type Plan,
  type Said,
  seconds,
  type Taken,
  takenOf,
  timersOf,
  word,
} from "./client.ts";

export const odhcp6c: ClientModel = {
  name: "odhcp6c",
  version: "2026-06-20",
  systems: "OpenWrt",
  plan6,
  plan4: null,
  afterExpiry: "starts over with Solicit when the longest lifetime has ended",
};

/** src/dhcpv6.c: dhcpv6_parse_ia(), dhcpv6_calc_refresh_timers(), dhcpv6_send_request(). */
function plan6(associations: readonly IdentityAssociation[]): Plan {
  const refused: Said[] = [];
  const leases: Taken[] = [];
  let t1 = INFINITE;
  let t2 = INFINITE;
  for (const association of associations) {
    if (association.kind === "IA_TA") continue;
    if (association.t1 > association.t2 && association.t1 > 0 && association.t2 > 0) {
      refused.push({
        text: `${nameOf(association)} (${timersOf(association)})`,
        where: "src/dhcpv6.c dhcpv6_parse_ia()",
      });
      continue;
    }
    if (failed(association.status)) continue;
    for (const lease of association.leases) {
      if (lease.preferred > lease.valid) {
        refused.push({
          text: `${lease.address} (preferred ${word(lease.preferred)} > valid ${word(lease.valid)})`,
          where: "src/dhcpv6.c dhcpv6_parse_ia()",
        });
        continue;
      }
      if (lease.valid === 0) continue;
      // Per address: what the server leaves open follows its own preferred lifetime; T1 is never above T2.
      const share = (given: number, part: number): number =>
        given !== 0 ? given : lease.preferred === INFINITE ? INFINITE : Math.floor(lease.preferred * part);
      const own2 = share(association.t2, 0.8);
      const own1 = Math.min(share(association.t1, 0.5), own2);
      t1 = Math.min(t1, own1);
      t2 = Math.min(t2, own2);
      leases.push(takenOf(lease, association.kind));
    }
  }
  // The three waits follow each other: T1, then up to T2, then up to the longest lifetime.
  return { groups: oneGroup(leases, at(seconds(t1)), at(Math.max(seconds(t1), seconds(t2)))), refused, notes: [] };
}
