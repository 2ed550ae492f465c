import type { Lease4 } from "@pierhead/lang/dhcpv4";
import { type IdentityAssociation, INFINITE } from "@pierhead/lang/dhcpv6";
import {
  type ClientModel,
  failed,
  type Moment,
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

export const systemdNetworkd: ClientModel = {
  name: "systemd-networkd",
  version: "252",
  systems: "Linux",
  plan6,
  plan4,
  afterExpiry: "drops the lease; starts over with Solicit if it was rebinding",
};

/** Its timers may fire this much late (event_reset_time_relative() with an accuracy of 10 s). */
const ACCURACY = 10;

const OPTION_PARSER = "src/libsystemd-network/dhcp6-option.c";

/**
 * dhcp6-option.c: dhcp6_option_parse_ia() and its parts; sd-dhcp6-lease.c: dhcp6_lease_set_lifetime();
 * sd-dhcp6-client.c: client_enter_bound_state().
 */
function plan6(associations: readonly IdentityAssociation[]): Plan {
  const refused: Said[] = [];
  const notes: Said[] = [];
  const leases: Taken[] = [];
  let t1 = INFINITE;
  let t2 = INFINITE;
  let shortest = INFINITE;
  const seen = new Set<string>();
  for (const association of associations) {
    if (association.kind === "IA_TA" || seen.has(association.kind)) continue;
    if (association.t1 > association.t2 || (association.t1 === 0 && association.t2 > 0)) {
      refused.push({
        text: `${nameOf(association)} (${timersOf(association)})${association.t1 === 0 ? ": T1 is 0 and T2 is not" : ""}`,
        where: `${OPTION_PARSER} dhcp6_option_parse_ia()`,
      });
      continue;
    }
    if (failed(association.status)) continue;
    const taken: Taken[] = [];
    for (const lease of association.leases) {
      if (lease.valid === 0) continue;
      if (lease.preferred > lease.valid) {
        refused.push({
          text: `${lease.address} (preferred ${word(lease.preferred)} > valid ${word(lease.valid)})`,
          where: `${OPTION_PARSER} dhcp6_option_parse_ia_${association.kind === "IA_PD" ? "pdprefix" : "address"}()`,
        });
        continue;
      }
      shortest = Math.min(shortest, lease.valid);
      taken.push(takenOf(lease, association.kind));
    }
    if (taken.length === 0) continue;
    // One IA_NA and one IA_PD: those with the identifier it chose.
    seen.add(association.kind);
    leases.push(...taken);
    t1 = Math.min(t1, association.t1);
    t2 = Math.min(t2, association.t2);
  }
  if (leases.length > 0 && (t2 === 0 || t2 > shortest)) {
    if (t2 !== 0) {
      notes.push({
        text: `ignores T2 ${word(t2)}, which lies after the shortest valid lifetime, and T1: takes 0.5 and 0.8 of that lifetime`,
        where: "src/libsystemd-network/sd-dhcp6-lease.c dhcp6_lease_set_lifetime()",
      });
    }
    t1 = Math.floor(shortest / 2);
    t2 = Math.floor(shortest / 10) * 8;
  }
  const spread = (value: number): Moment | null =>
    value === INFINITE ? null : { earliest: Math.floor(value * 0.9), latest: value + ACCURACY };
  // T1 is drawn after T2 and never above it: at most a tenth below it.
  const renew = spread(Math.min(t1, t2));
  const earliest = renew === null ? null : { ...renew, earliest: Math.floor(Math.min(t1, t2 * 0.9) * 0.9) };
  return { groups: oneGroup(leases, earliest, spread(t2)), refused, notes };
}

/** sd-dhcp-client.c: client_handle_ack(), client_set_lease_timeouts(). */
function plan4(lease: Lease4): Plan {
  const where = "src/libsystemd-network/sd-dhcp-client.c";
  if ((lease.leaseTime ?? 0) === 0 || lease.server === null) {
    return {
      groups: [],
      refused: [
        {
          text: `${lease.address} (${lease.server === null ? "no server identifier" : "no lease time"})`,
          where: `${where} client_handle_ack()`,
        },
      ],
      notes: [],
    };
  }
  const leaseTime = lease.leaseTime as number;
  const taken = [taken4(lease, leaseTime)];
  if (leaseTime === INFINITE) return { groups: oneGroup(taken, null, null), refused: [], notes: [] };
  const default1 = Math.floor(leaseTime / 2);
  const default2 = Math.floor((leaseTime * 7) / 8);
  const notes: Said[] = [];
  let t2 = lease.t2 ?? 0;
  let t1 = lease.t1 ?? 0;
  if (t2 === 0 || t2 >= leaseTime) t2 = default2;
  if (t1 === 0 || t1 >= t2) t1 = default1;
  if (t1 >= t2) t2 = default2;
  if ((lease.t2 ?? t2) !== t2 || (lease.t1 ?? t1) !== t1) {
    notes.push({
      text: `takes T1 ${t1} s and T2 ${t2} s for the server's`,
      where: `${where} client_set_lease_timeouts()`,
    });
  }
  // RFC2131_RANDOM_FUZZ: a second either way.
  const spread = (value: number): Moment => ({ earliest: Math.max(0, value - 1), latest: value + 1 });
  return { groups: oneGroup(taken, spread(t1), spread(t2)), refused: [], notes };
}
