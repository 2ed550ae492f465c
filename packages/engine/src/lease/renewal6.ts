import { sameBytes } from "@pierhead/lang/bytes";
import { formatDuid, type IaLease, MESSAGE6 } from "@pierhead/lang/dhcpv6";
import { grantOf } from "@pierhead/lang/leases";
import type { Seen6, State6 } from "./client6.ts";
import { duration, type Findings } from "./complaint.ts";

/** Takes a Reply's addresses for the client's, and compares with what it had before. */
export function granted(seen: Seen6, state: State6, question: number | null, into: Findings): void {
  const { dhcp } = seen.message;
  if (!dhcp.associations.some((one) => one.leases.length > 0)) return;
  const before = state.granted;
  if (
    before !== null &&
    state.grantedBy !== null &&
    dhcp.serverId !== null &&
    !sameBytes(state.grantedBy, dhcp.serverId)
  ) {
    const expected = question === MESSAGE6.rebind || question === MESSAGE6.request || question === MESSAGE6.solicit;
    into.add(
      "lease/server-changed",
      expected ? "note" : "warning",
      `The lease now comes from ${formatDuid(dhcp.serverId)}; before it was ${formatDuid(state.grantedBy)}.${expected ? "" : " Only a Rebind may be answered by another server: either the server has lost its identifier, or there are two."}`,
      seen.span,
      { key: `${state.client} ${formatDuid(dhcp.serverId)}`, related: [into.place(before.span, "the lease before")] },
    );
  }
  if (question === MESSAGE6.renew || question === MESSAGE6.rebind) extended(seen, state, before, into);
  state.held.clear();
  for (const association of dhcp.associations) {
    for (const lease of association.leases) {
      const name = `${association.kind} ${association.id}`;
      state.held.set(`${lease.address}/${lease.length}`, { lease, time: seen.time, association: name });
    }
  }
  const grant = grantOf(seen);
  if (grant !== null) state.grants.push(grant);
  state.granted = seen;
  state.grantedBy = dhcp.serverId ?? state.grantedBy;
}

/** A renewal gives the same addresses, longer than before. */
function extended(seen: Seen6, state: State6, before: Seen6 | null, into: Findings): void {
  const related = before === null ? [] : [into.place(before.span, "the lease before")];
  const now = new Map<string, IaLease>();
  for (const { leases } of seen.message.dhcp.associations) {
    for (const lease of leases) now.set(`${lease.address}/${lease.length}`, lease);
  }
  for (const [address, held] of state.held) {
    const renewed = now.get(address);
    const what = address.replace(/\/128$/, "");
    if (renewed === undefined) {
      const others = [...now.keys()].map((one) => one.replace(/\/128$/, "")).join(", ");
      into.add(
        "lease/address-changed",
        "warning",
        `The renewal leaves ${what} out${others === "" ? "" : ` and gives ${others}`}: ${what} is used to its end and then gone. A server that takes an address back sends it with lifetimes of 0 (RFC 8415 18.3.4).`,
        seen.span,
        { key: `${state.client} ${address}`, related },
      );
    } else if (seen.time !== null && held.time !== null && renewed.valid > 0 && renewed.valid !== 0xffff_ffff) {
      const [endNow, endBefore] = [seen.time + renewed.valid, held.time + held.lease.valid];
      if (held.lease.valid !== 0xffff_ffff && endNow <= endBefore + 1 && seen.time - held.time > 2) {
        into.add(
          "lease/not-extended",
          "warning",
          `The renewal does not extend ${what}: it still ends ${duration(renewed.valid)} from here, as it did before. The server counts a lease down instead of renewing it, and the address will end.`,
          seen.span,
          { key: `${state.client} ${address}`, related },
        );
      }
    }
  }
}
