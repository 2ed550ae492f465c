import { type Address, diagnostic, parseAddress, type Source } from "@pierhead/core";
import type { Evidence, Grant } from "./evidence.ts";

/**
 * Reads `/run/systemd/netif/leases/INDEX` (dhcp_lease_save, src/libsystemd-network/sd-dhcp-lease.c, systemd 252): an
 * IPv4 lease in `KEY=value` lines. When it came is the modification time of the file. DHCPv6 leases it does not keep.
 *
 * @param modified modification time of the file, seconds since 1970; null when it is not known
 * @returns null when there is no ADDRESS= line
 */
export function readNetworkdLease(source: Source, modified: number | null): Evidence | null {
  if (!/^ADDRESS=/m.test(source.text) || !/^(?:LIFETIME|T1|NETMASK|SERVER_ADDRESS)=/m.test(source.text)) return null;
  const values = new Map<string, { text: string; start: number; end: number }>();
  let at = 0;
  for (const line of source.text.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0 && !line.startsWith("#")) {
      values.set(line.slice(0, equals), { text: line.slice(equals + 1), start: at, end: at + line.length });
    }
    at += line.length + 1;
  }
  const address = (key: string): Address | null => {
    const found = parseAddress(values.get(key)?.text ?? "");
    return found?.family === 4 ? found : null;
  };
  const seconds = (key: string): number | null => {
    const text = values.get(key)?.text ?? "";
    return /^\d{1,10}$/.test(text) ? Number(text) : null;
  };
  const given = address("ADDRESS");
  const place = values.get("ADDRESS") ?? { start: 0, end: 0 };
  const grants: Grant[] = [];
  if (given !== null) {
    const server = address("SERVER_ADDRESS");
    grants.push({
      time: modified,
      interface: null,
      client: values.get("CLIENTID")?.text ?? null,
      server: server === null ? null : `${server}`,
      offer: false,
      span: { start: place.start, end: place.end },
      terms: {
        family: 4,
        lease: {
          address: given,
          server,
          mask: address("NETMASK"),
          leaseTime: seconds("LIFETIME"),
          t1: seconds("T1"),
          t2: seconds("T2"),
        },
      },
    });
  }
  return {
    kind: "systemd-networkd lease",
    source,
    messages: [],
    grants,
    notes: [],
    units: 1,
    unknownLines: [],
    diagnostics:
      given === null
        ? [
            diagnostic(
              "lease/file-unreadable",
              "warning",
              "ADDRESS= is no IPv4 address: the lease was skipped.",
              source,
              place,
            ),
          ]
        : [],
  };
}

/**
 * Reads the files of OpenBSD's clients: `/var/db/dhcpleased/IF` (`version: 2`, `ip: …`; sbin/dhcpleased/dhcpleased.c
 * 7.8) and `/var/db/dhcp6leased/IF` (`ia_pd N prefix length`; sbin/dhcp6leased/dhcp6leased.c). Neither keeps a timer:
 * they only say which address to ask for again.
 *
 * @returns null when the text is neither
 */
export function readOpenBsdLease(source: Source): Evidence | null {
  const four = /^version: \d+\nip: (\S+)$/m.exec(source.text);
  const six = /^ia_pd \d+ [0-9a-f:]+ \d+$/im.exec(source.text);
  const match = four ?? six;
  if (match === null) return null;
  const span = { start: match.index, end: match.index + match[0].length };
  const daemon = four === null ? "dhcp6leased" : "dhcpleased";
  return {
    kind: `${daemon} lease`,
    source,
    messages: [],
    grants: [],
    notes: [],
    units: 1,
    unknownLines: [],
    diagnostics: [
      diagnostic(
        "lease/no-timers",
        "warning",
        `${daemon} keeps no timers in this file, only what to ask for again: nothing can be said about them. Capture an exchange (${daemon}'s \`-d -v -v\`, or tcpdump), and give that.`,
        source,
        span,
      ),
    ],
  };
}
