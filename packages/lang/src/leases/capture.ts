import { type Diagnostic, diagnostic, type Severity, type Source, type Span } from "@pierhead/core";
import { hex } from "../bytes/index.ts";
import { type Dhcpv4Message, looksLikeDhcpv4, MESSAGE4, messageName4, parseDhcpv4 } from "../dhcpv4/index.ts";
import { type Dhcpv6Message, formatDuid, MESSAGE6, messageName6, parseDhcpv6, statusName6 } from "../dhcpv6/index.ts";
import { type CapturedPacket, type Datagram, isKnownLinkType, readCapture, udpDatagram } from "../pcap/index.ts";
import type { AssociationSpans, Evidence, Grant, SeenMessage } from "./evidence.ts";
import { clockTime, Listing, secondsWord } from "./listing.ts";

/** 67 and 68 are DHCP's (RFC 2131 4.1), 546 and 547 DHCPv6's (RFC 8415 7.2). */
const PORTS: ReadonlySet<number> = new Set([67, 68, 546, 547]);

/** Messages kept of one capture: beyond this the file is a flood, and the first ones tell all. */
const MOST_MESSAGES = 100_000;

interface Complaint {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
}

/**
 * The DHCP messages of a capture.
 *
 * @returns null when the octets are no capture
 */
export function readCaptureEvidence(name: string, bytes: Uint8Array): Evidence | null {
  const listing = new Listing();
  const messages: SeenMessage[] = [];
  const complaints: Complaint[] = [];
  const unknownLinks = new Map<number, number>();
  let dropped = 0;
  const summary = readCapture(bytes, (packet) => {
    if (!isKnownLinkType(packet.linkType)) {
      unknownLinks.set(packet.linkType, (unknownLinks.get(packet.linkType) ?? 0) + 1);
      return;
    }
    const datagram = udpDatagram(packet, PORTS);
    if (datagram === null) return;
    if (messages.length + complaints.length >= MOST_MESSAGES) {
      dropped++;
      return;
    }
    const seen = readDatagram(packet, datagram, listing, complaints);
    if (seen !== null) messages.push(seen);
  });
  if (summary === null) return null;
  const end = listing.position;
  for (const problem of summary.problems) {
    const severity = problem.code === "lease/capture-truncated" ? "warning" : "error";
    complaints.push({ ...problem, severity, span: { start: end, end } });
  }
  for (const [linkType, count] of unknownLinks) {
    const message = `${count} packets have link type ${linkType}, whose header we cannot read: they were not looked at. Capture on the interface itself, as Ethernet or raw IP.`;
    complaints.push({ code: "lease/link-type", severity: "warning", message, span: { start: end, end } });
  }
  if (dropped > 0) {
    const message = `${dropped} DHCP messages after the first ${MOST_MESSAGES} were not judged: filter the capture by client.`;
    complaints.push({ code: "lease/too-many-messages", severity: "warning", message, span: { start: end, end } });
  }
  if (messages.length === 0 && complaints.length === 0) {
    const message = `No DHCP message is among the ${summary.packets} packets: capture with \`tcpdump -w FILE udp port 67 or udp port 68 or udp port 546 or udp port 547\`.`;
    complaints.push({ code: "lease/no-dhcp", severity: "warning", message, span: { start: 0, end: 0 } });
  }
  const source = listing.source(name);
  return {
    kind: summary.format,
    source,
    messages,
    grants: messages.map(grantOf).filter((grant) => grant !== null && !grant.offer) as Grant[],
    notes: [],
    units: summary.packets,
    unknownLines: [],
    diagnostics: complaints.map((one) => toDiagnostic(one, source)),
  };
}

function toDiagnostic(one: Complaint, source: Source): Diagnostic {
  return diagnostic(one.code, one.severity, one.message, source, one.span);
}

function readDatagram(
  packet: CapturedPacket,
  datagram: Datagram,
  listing: Listing,
  complaints: Complaint[],
): SeenMessage | null {
  const six = datagram.source.family === 6;
  listing.begin(packet.number);
  const start = listing.position;
  const from = `${datagram.source}`;
  listing.write(`${clockTime(packet.time)} ${from} > ${datagram.destination} `);
  const complain = (code: string, severity: Severity, message: string): void => {
    complaints.push({ code, severity, message, span: { start, end: listing.position } });
  };
  const base = { time: packet.time, packet: packet.number, source: datagram.source, destination: datagram.destination };
  let seen: SeenMessage | null = null;
  if (six) {
    const dhcp = parseDhcpv6(datagram.payload);
    if (dhcp === null) listing.write("DHCPv6, too short");
    else {
      const spans = list6(dhcp, listing);
      seen = { ...base, message: { family: 6, dhcp, spans }, span: { start, end: listing.position } };
    }
  } else {
    const dhcp = looksLikeDhcpv4(datagram.payload) ? parseDhcpv4(datagram.payload) : null;
    if (dhcp === null) listing.write("no DHCP header");
    else {
      list4(dhcp, listing);
      seen = { ...base, message: { family: 4, dhcp }, span: { start, end: listing.position } };
    }
  }
  if (datagram.fragment) {
    complain(
      "lease/fragment",
      "warning",
      "This is the first fragment of a larger packet; the others hold the rest of the message, and only this one was read. Many firewalls and clients drop fragments.",
    );
  } else if (datagram.missing > 0) {
    complain(
      "lease/packet-cut",
      "warning",
      `The capture has ${datagram.payload.length} of the message's ${datagram.payload.length + datagram.missing} octets: capture with \`-s 0\`. What is there was read.`,
    );
  }
  if (seen === null) complain("lease/malformed", "warning", "The packet is too short for a DHCP message, or not one.");
  // A cut message overflows its options by itself.
  const cut = datagram.fragment || datagram.missing > 0;
  for (const problem of seen?.message.dhcp.problems ?? []) {
    if (!(cut && problem.code === "lease/option-overflow")) complain(problem.code, "error", problem.message);
  }
  return seen;
}

/** One line for a DHCPv6 message, with the places of what it grants. */
export function list6(dhcp: Dhcpv6Message, listing: Listing): AssociationSpans {
  if (dhcp.relays.length > 0) listing.write(`by ${dhcp.relays.length} relay${dhcp.relays.length > 1 ? "s" : ""} `);
  listing.write(`${messageName6(dhcp.type)} ${dhcp.transactionId.toString(16).padStart(6, "0")}`);
  if (dhcp.rapidCommit) listing.write(" rapid-commit");
  if (dhcp.status !== null) listing.write(` ${statusName6(dhcp.status.code)}`);
  return dhcp.associations.map((association) => {
    const start = listing.position + 1;
    listing.write(` ${association.kind} ${association.id.toString(16)}`);
    if (association.kind !== "IA_TA") {
      listing.write(` T1 ${secondsWord(association.t1)} T2 ${secondsWord(association.t2)}`);
    }
    const timers = { start, end: listing.position };
    if (association.status !== null) listing.write(` ${statusName6(association.status.code)}`);
    const leases = association.leases.map((lease) => {
      listing.write(" ");
      const place = association.kind === "IA_PD" ? `${lease.address}/${lease.length}` : `${lease.address}`;
      return listing.write(`${place} preferred ${secondsWord(lease.preferred)} valid ${secondsWord(lease.valid)}`);
    });
    return { timers, leases };
  });
}

/** One line for a DHCPv4 message. */
export function list4(dhcp: Dhcpv4Message, listing: Listing): void {
  const { lease } = dhcp;
  listing.write(
    `${messageName4(dhcp.type)} ${dhcp.transactionId.toString(16).padStart(8, "0")} ${hex(dhcp.hardwareAddress, ":")}`,
  );
  if (!dhcp.clientAddress.isUnspecified()) listing.write(` of ${dhcp.clientAddress}`);
  if (!lease.address.isUnspecified()) listing.write(` ${lease.address}`);
  if (lease.leaseTime !== null) listing.write(` lease ${secondsWord(lease.leaseTime)}`);
  if (lease.t1 !== null) listing.write(` T1 ${secondsWord(lease.t1)}`);
  if (lease.t2 !== null) listing.write(` T2 ${secondsWord(lease.t2)}`);
  if (lease.server !== null) listing.write(` server ${lease.server}`);
  if (dhcp.text !== null) listing.write(` "${dhcp.text}"`);
}

/** What a message grants or offers: a Reply or Advertise with addresses, an ACK or OFFER with an address. */
export function grantOf(seen: SeenMessage): Grant | null {
  const { message, time, span } = seen;
  if (message.family === 6) {
    const { dhcp } = message;
    const offer = dhcp.type === MESSAGE6.advertise;
    if (!offer && dhcp.type !== MESSAGE6.reply) return null;
    if (!dhcp.associations.some((one) => one.leases.length > 0)) return null;
    return {
      offer,
      time,
      interface: null,
      client: dhcp.clientId === null ? null : formatDuid(dhcp.clientId),
      server: dhcp.serverId === null ? null : formatDuid(dhcp.serverId),
      span,
      terms: { family: 6, associations: dhcp.associations, spans: message.spans },
    };
  }
  const { dhcp } = message;
  const offer = dhcp.type === MESSAGE4.offer;
  if ((!offer && dhcp.type !== MESSAGE4.ack) || dhcp.lease.address.isUnspecified()) return null;
  return {
    offer,
    time,
    interface: null,
    client: hex(dhcp.hardwareAddress, ":"),
    server: dhcp.lease.server === null ? null : `${dhcp.lease.server}`,
    span,
    terms: { family: 4, lease: dhcp.lease },
  };
}
