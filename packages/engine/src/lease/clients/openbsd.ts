import type { Lease4 } from "@pierhead/lang/dhcpv4";
import type { IdentityAssociation } from "@pierhead/lang/dhcpv6";
import {
  at,
  type ClientModel,
  failed,
  type Moment,
  nameOf,
  oneGroup,
  type Plan,
  type Said,
  seconds,
  type Taken,
  taken4,
  takenOf,
  word,
} from "./client.ts";

export const dhcp6leased: ClientModel = {
  name: "dhcp6leased",
  version: "OpenBSD 7.8",
  systems: "OpenBSD 7.6 and later (prefix delegation only)",
  plan6,
  plan4: null,
  afterExpiry: "removes the prefixes and starts over with Solicit",
};

export const dhcpleased: ClientModel = {
  name: "dhcpleased",
  version: "OpenBSD 7.8",
  systems: "OpenBSD 6.9 and later",
  plan6: null,
  plan4,
  afterExpiry: "removes the address and starts over with DISCOVER",
};

/** sbin/dhcp6leased/engine.c: parse_dhcp(), parse_ia_pd_options(), state_transition(), iface_timeout(). */
function plan6(associations: readonly IdentityAssociation[]): Plan {
  const refused: Said[] = [];
  const notes: Said[] = [];
  const leases: Taken[] = [];
  let t1 = 0;
  let t2 = 0;
  let leaseTime = 0;
  for (const association of associations) {
    if (association.kind !== "IA_PD") {
      refused.push({ text: `${nameOf(association)}: it asks for prefixes only`, where: "dhcp6leased(8)" });
      continue;
    }
    // Taken before anything else is looked at; T1 > T2 is not checked.
    if (t1 === 0 || t1 > association.t1) t1 = association.t1;
    if (t2 === 0 || t2 > association.t2) t2 = association.t2;
    // The last good prefix of an association stands.
    let prefix: Taken | null = null;
    let valid = 0;
    for (const lease of failed(association.status) ? [] : association.leases) {
      if (lease.valid === 0) continue;
      if (lease.preferred > lease.valid) {
        refused.push({
          text: `${lease.address}/${lease.length} (preferred ${word(lease.preferred)} > valid ${word(lease.valid)}), and with it the whole Reply`,
          where: "sbin/dhcp6leased/engine.c parse_ia_pd_options()",
        });
        continue;
      }
      prefix = takenOf(lease, "IA_PD");
      valid = lease.valid;
    }
    if (prefix === null) return { groups: [], refused, notes };
    leases.push(prefix);
    if (leaseTime === 0 || leaseTime > valid) leaseTime = valid;
  }
  if (leases.length === 0) return { groups: [], refused, notes };
  if (t1 === 0) t1 = Math.floor(leaseTime / 2);
  if (t2 === 0) t2 = leaseTime - Math.floor(leaseTime / 8);
  const rebind = rebindTime(t1, t2);
  if (t2 < t1) {
    notes.push({
      text: "does not check T1 against T2: one Renew at T1, and with no answer its next timer is 68 years away (T2 - T1 wraps)",
      where: "sbin/dhcp6leased/engine.c state_transition(), IF_RENEWING",
    });
  }
  return { groups: oneGroup(leases, at(seconds(t1)), rebind), refused, notes };
}

/**
 * When the first Rebind goes: Renews are repeated after half of T2 - T1, then half of that, at least 60 s; the first
 * one that would go at or after T2 is a Rebind. Unsigned arithmetic: a T2 before T1 gives 68 years.
 */
function rebindTime(t1: number, t2: number): Moment | null {
  let wait = Math.max(60, Math.floor(((t2 - t1) >>> 0) / 2));
  let time = t1;
  // Halving ends at 60 s after at most 32 steps, and then less than 120 s are left.
  for (let step = 0; step < 64; step++) {
    time += wait;
    if (time >= t2) return time > 0x7fff_ffff ? null : at(time);
    wait = Math.max(60, Math.floor(wait / 2));
  }
  return at(t2);
}

/** sbin/dhcpleased/engine.c: parse_dhcp(), state_transition(). */
function plan4(lease: Lease4): Plan {
  const where = "sbin/dhcpleased/engine.c parse_dhcp()";
  const why =
    (lease.leaseTime ?? 0) === 0
      ? "no lease time"
      : lease.mask === null
        ? "no subnet mask: it takes no address without"
        : null;
  if (why !== null) return { groups: [], refused: [{ text: `${lease.address} (${why})`, where }], notes: [] };
  const leaseTime = lease.leaseTime as number;
  const default1 = Math.floor(leaseTime / 2);
  const default2 = leaseTime - Math.floor(leaseTime / 8);
  let t1 = (lease.t1 ?? 0) === 0 ? default1 : (lease.t1 as number);
  let t2 = (lease.t2 ?? 0) === 0 ? default2 : (lease.t2 as number);
  const notes: Said[] = [];
  if (t1 >= t2 || t2 >= leaseTime) {
    notes.push({ text: `takes T1 ${default1} s and T2 ${default2} s for the server's`, where });
    t1 = default1;
    t2 = default2;
  }
  return { groups: oneGroup([taken4(lease, leaseTime)], at(t1), rebindTime(t1, t2)), refused: [], notes };
}
