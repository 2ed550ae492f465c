import { type IdentityAssociation, INFINITE } from "@pierhead/lang/dhcpv6";
import {
  at,
  type ClientModel,
  failed,
  type Group,
  nameOf,
  type Plan,
  type Said,
  type Taken,
  takenOf,
  timersOf,
  word,
} from "./client.ts";

export const wideDhcp6c: ClientModel = {
  name: "dhcp6c (WIDE)",
  version: "20080615",
  systems: "OPNsense, pfSense, FreeBSD and OpenBSD ports, Debian",
  plan6,
  plan4: null,
  afterExpiry: "removes the association and starts over with Solicit",
};

/** DHCP6_DURATION_MIN (dhcp6.h). */
const SHORTEST_T2 = 30;

/** dhcp6c_ia.c: update_ia(), ia_timo(); prefixconf.c: update_prefix(), duration(); addrconf.c: update_address(). */
function plan6(associations: readonly IdentityAssociation[]): Plan {
  const refused: Said[] = [];
  const notes: Said[] = [];
  const groups: Group[] = [];
  for (const association of associations) {
    if (association.kind === "IA_TA") {
      refused.push({
        text: `${nameOf(association)}: it does not ask for temporary addresses`,
        where: "dhcp6c.conf(5)",
      });
      continue;
    }
    if (association.t2 !== 0 && association.t1 > association.t2) {
      refused.push({ text: `${nameOf(association)} (${timersOf(association)})`, where: "dhcp6c_ia.c update_ia()" });
      continue;
    }
    if (failed(association.status)) continue;
    const taken: Taken[] = [];
    let duration = INFINITE;
    for (const lease of association.leases) {
      if (lease.preferred > lease.valid) {
        refused.push({
          text: `${lease.address} (preferred ${word(lease.preferred)} > valid ${word(lease.valid)})`,
          where: association.kind === "IA_PD" ? "prefixconf.c update_prefix()" : "addrconf.c update_address()",
        });
        continue;
      }
      if (lease.valid === 0) continue;
      taken.push(takenOf(lease, association.kind));
      if (duration === INFINITE || lease.preferred < duration) duration = lease.preferred;
    }
    if (taken.length === 0) continue;
    let { t1, t2 } = association;
    if (t1 === 0 || t2 === 0) {
      if (t1 === 0) t1 = duration === INFINITE ? INFINITE : Math.floor(duration / 2);
      if (t2 === 0) t2 = duration === INFINITE ? INFINITE : Math.floor(((duration * 4) >>> 0) / 5);
      if (t1 > t2) t1 = Math.floor((t2 * 5) / 8);
    }
    if (t2 < SHORTEST_T2) {
      notes.push({
        text: `takes ${SHORTEST_T2} s for T2 ${t2} s and ${Math.floor((SHORTEST_T2 * 5) / 8)} s for T1`,
        where: "dhcp6c_ia.c update_ia(), `is too small`",
      });
      t2 = SHORTEST_T2;
      t1 = Math.floor((SHORTEST_T2 * 5) / 8);
    }
    const never = t1 === INFINITE;
    const rebind = never ? null : at(t2 === INFINITE ? Number.POSITIVE_INFINITY : t2);
    groups.push({ leases: taken, renew: never ? null : at(t1), rebind, givesUp: null });
  }
  return { groups, refused, notes };
}
