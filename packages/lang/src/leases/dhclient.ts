import { type Diagnostic, diagnostic, parseAddress, parsePrefix, type Source, type Span } from "@pierhead/core";
import { formatDuid, type IaLease, type IdentityAssociation } from "../dhcpv6/index.ts";
import { lastOf, numberAfter, readBlocks, type Statement, textAfter } from "./blocks.ts";
import type { ClientNote, Evidence, Grant } from "./evidence.ts";

// dhclient.leases(5): a journal of every lease, the last of an interface is in force. Written by write_client_lease()
// and write_client6_lease() of client/dhclient.c (ISC DHCP 4.4.3); FreeBSD's dhclient writes the same form for IPv4.

/**
 * Reads `dhclient.leases` and `dhclient6.leases`.
 *
 * @returns null when no statement begins with `lease` or `lease6`
 */
export function readDhclientLeases(source: Source): Evidence | null {
  if (!/^[ \t]*(?:lease6?|default-duid)\b/m.test(source.text)) return null;
  const { statements, unclosed } = readBlocks(source.text);
  const leases = statements.filter(
    ({ words, block }) => block !== null && (words[0]?.text === "lease" || words[0]?.text === "lease6"),
  );
  if (leases.length === 0 && unclosed === null && lastOf(statements, "default-duid") === null) return null;
  const diagnostics: Diagnostic[] = [];
  if (unclosed !== null) {
    diagnostics.push(
      diagnostic(
        "lease/file-cut",
        "warning",
        "A lease is not closed at the end of the file, which was cut off while it was written: dhclient skips it, and so do we.",
        source,
        unclosed,
      ),
    );
  }
  const grants: Grant[] = [];
  const notes: ClientNote[] = [];
  const client = duidOf(textAfter(statements, "default-duid"));
  for (const lease of leases) {
    const block = lease.block as readonly Statement[];
    if (lease.words[0]?.text === "lease6") {
      const grant = readLease6(lease, block, client, source, diagnostics);
      if (grant !== null) grants.push(grant);
    } else readLease4(lease, block, source, grants, notes, diagnostics);
  }
  return {
    kind: "dhclient leases",
    source,
    messages: [],
    grants,
    notes,
    units: leases.length,
    unknownLines: [],
    diagnostics,
  };
}

function readLease4(
  lease: Statement,
  block: readonly Statement[],
  source: Source,
  grants: Grant[],
  notes: ClientNote[],
  diagnostics: Diagnostic[],
): void {
  const address = parseAddress(textAfter(block, "fixed-address") ?? "");
  if (address === null || address.family !== 4) {
    diagnostics.push(
      unreadable("The lease has no fixed-address that is an IPv4 address: it was skipped.", source, lease.span),
    );
    return;
  }
  const ip = (...words: string[]): ReturnType<typeof parseAddress> => {
    const found = parseAddress(textAfter(block, ...words) ?? "");
    return found?.family === 4 ? found : null;
  };
  const leaseTime = numberAfter(block, "option", "dhcp-lease-time");
  const expire = dateOf(lastOf(block, "expire"));
  const time = expire === null || leaseTime === null || expire === "never" ? null : expire - leaseTime;
  const server = ip("option", "dhcp-server-identifier");
  const name = textAfter(block, "interface");
  grants.push({
    time,
    interface: name,
    client: null,
    server: server === null ? null : `${server}`,
    offer: false,
    span: lease.words[0]?.span ?? lease.span,
    terms: {
      family: 4,
      lease: {
        address,
        server,
        mask: ip("option", "subnet-mask"),
        leaseTime,
        t1: numberAfter(block, "option", "dhcp-renewal-time"),
        t2: numberAfter(block, "option", "dhcp-rebinding-time"),
      },
    },
  });
  const renew = lastOf(block, "renew");
  const renewAt = dateOf(renew);
  const rebindAt = dateOf(lastOf(block, "rebind"));
  if (time === null || renew === null || typeof renewAt !== "number") return;
  notes.push({
    time,
    client: "dhclient",
    interface: name,
    family: 4,
    event: "bound",
    renewIn: renewAt - time,
    rebindIn: typeof rebindAt === "number" ? rebindAt - time : null,
    expireIn: leaseTime,
    span: renew.span,
  });
}

function readLease6(
  lease: Statement,
  block: readonly Statement[],
  client: string | null,
  source: Source,
  diagnostics: Diagnostic[],
): Grant | null {
  if (lastOf(block, "released") !== null) return null;
  const associations: IdentityAssociation[] = [];
  const spans: { timers: Span; leases: Span[] }[] = [];
  let time: number | null = null;
  for (const statement of block) {
    const kind = statement.words[0]?.text;
    if (statement.block === null || (kind !== "ia-na" && kind !== "ia-pd" && kind !== "ia-ta")) continue;
    const inside = statement.block;
    const leases: IaLease[] = [];
    const places: Span[] = [];
    for (const held of inside) {
      const word = held.words[0]?.text;
      if (held.block === null || (word !== "iaaddr" && word !== "iaprefix")) continue;
      const prefix = parsePrefix(held.words[1]?.text ?? "");
      const preferred = numberAfter(held.block, "preferred-life");
      const valid = numberAfter(held.block, "max-life");
      if (prefix === null || prefix.address.family !== 6 || preferred === null || valid === null) {
        const message = `The ${word} has no address or no lifetimes that can be read: it was skipped.`;
        diagnostics.push(unreadable(message, source, held.words[0]?.span ?? held.span));
        continue;
      }
      leases.push({ ...prefix, preferred, valid, status: null });
      places.push(held.words[1]?.span ?? held.span);
    }
    time = Math.max(time ?? 0, numberAfter(inside, "starts") ?? 0) || time;
    const renew = lastOf(inside, "renew");
    associations.push({
      kind: kind === "ia-na" ? "IA_NA" : kind === "ia-pd" ? "IA_PD" : "IA_TA",
      id: idOf(statement.words[1]?.text ?? ""),
      t1: numberAfter(inside, "renew") ?? 0,
      t2: numberAfter(inside, "rebind") ?? 0,
      leases,
      status: null,
    });
    spans.push({ timers: renew?.span ?? statement.words[0]?.span ?? statement.span, leases: places });
  }
  if (associations.length === 0) return null;
  return {
    time,
    interface: textAfter(block, "interface"),
    client,
    server: duidOf(textAfter(block, "option", "dhcp6.server-id")),
    offer: false,
    span: lease.words[0]?.span ?? lease.span,
    terms: { family: 6, associations, spans },
  };
}

function unreadable(message: string, source: Source, span: Span): Diagnostic {
  return diagnostic("lease/file-unreadable", "warning", message, source, span);
}

/** `a:b:c:d` in hexadecimal, as print_hex_1() writes it; other forms count as 0. */
function idOf(text: string): number {
  const octets = /^[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){3}$/i.test(text) ? text.split(":") : [];
  return octets.reduce((sum, octet) => ((sum << 8) | Number.parseInt(octet, 16)) >>> 0, 0);
}

/** `0:1:0:1:…` in hexadecimal; a DUID in dhclient's quoted octal form is left as it is. */
function duidOf(text: string | null): string | null {
  if (text === null || text.length > 600) return null;
  if (!/^[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){2,}$/i.test(text)) return text;
  return formatDuid(Uint8Array.from(text.split(":"), (octet) => Number.parseInt(octet, 16)));
}

/**
 * A date of dhclient.leases(5): `W YYYY/MM/DD HH:MM:SS` in UTC, `epoch N`, or `never`.
 *
 * @returns seconds since 1970
 */
function dateOf(statement: Statement | null): number | "never" | null {
  const words = statement?.words.slice(1).map(({ text }) => text) ?? [];
  if (words[0] === "never") return "never";
  if (words[0] === "epoch") return /^\d{1,12}$/.test(words[1] ?? "") ? Number(words[1]) : null;
  const match = /^(\d{4})\/(\d\d?)\/(\d\d?) (\d\d?):(\d\d):(\d\d)$/.exec(words.slice(1, 3).join(" "));
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}
