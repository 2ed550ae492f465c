import { diagnostic } from "@pierhead/core";
import { hex } from "../bytes/index.ts";
import { looksLikeDhcpv4, MESSAGE4, parseDhcpv4 } from "../dhcpv4/index.ts";
import { formatDuid, MESSAGE6, parseDhcpv6 } from "../dhcpv6/index.ts";
import { list4, list6 } from "./capture.ts";
import type { Evidence, Grant } from "./evidence.ts";
import { clockTime, Listing } from "./listing.ts";

// dhcpcd keeps the server's last message as it came (dhcp_writefile, src/dhcp-common.c): /var/lib/dhcpcd/IF.lease is
// an ACK without IP and UDP headers, IF.lease6 a Reply. When it came is the modification time of the file
// (dhcp6_readlease, src/dhcp6.c: `state->acquired.tv_sec -= now - mtime`).

/**
 * Reads a lease file of dhcpcd.
 *
 * @param modified modification time of the file, seconds since 1970; null when it is not known
 * @returns null when the octets are none
 */
export function readDhcpcdLease(name: string, bytes: Uint8Array, modified: number | null): Evidence | null {
  const listing = new Listing();
  listing.write(`${clockTime(modified)} `);
  const problems: { code: string; message: string }[] = [];
  let grant: Grant | null = null;
  const span = { start: 0, end: 0 };
  if (looksLikeDhcpv4(bytes)) {
    const dhcp = parseDhcpv4(bytes);
    if (dhcp === null || (dhcp.type !== MESSAGE4.ack && dhcp.type !== 0)) return null;
    list4(dhcp, listing);
    problems.push(...dhcp.problems);
    span.end = listing.position;
    if (!dhcp.lease.address.isUnspecified()) {
      grant = {
        offer: false,
        time: modified,
        interface: interfaceOf(name),
        client: hex(dhcp.hardwareAddress, ":"),
        server: dhcp.lease.server === null ? null : `${dhcp.lease.server}`,
        span,
        terms: { family: 4, lease: dhcp.lease },
      };
    }
  } else {
    if (bytes[0] !== MESSAGE6.reply || bytes.length > 65_536) return null;
    const dhcp = parseDhcpv6(bytes);
    if (dhcp === null || dhcp.clientId === null) return null;
    const spans = list6(dhcp, listing);
    problems.push(...dhcp.problems);
    span.end = listing.position;
    grant = {
      offer: false,
      time: modified,
      interface: interfaceOf(name),
      client: formatDuid(dhcp.clientId),
      server: dhcp.serverId === null ? null : formatDuid(dhcp.serverId),
      span,
      terms: { family: 6, associations: dhcp.associations, spans },
    };
  }
  const source = listing.source(name);
  return {
    kind: "dhcpcd lease",
    source,
    messages: [],
    grants: grant === null ? [] : [grant],
    notes: [],
    units: 1,
    unknownLines: [],
    diagnostics: problems.map(({ code, message }) => diagnostic(code, "error", message, source, span)),
  };
}

/** `eth0` of `/var/lib/dhcpcd/eth0.lease6`, `eth0-mynetwork.lease` and `dhcpcd-eth0.lease`. */
function interfaceOf(name: string): string | null {
  return /(?:^|\/)(?:dhcpcd-)?([^/]+?)(?:-[^/]*)?\.lease6?$/.exec(name)?.[1] ?? null;
}
