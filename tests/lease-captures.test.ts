/** Captures made by hand: every header and byte order that is read, every finding about a conversation, every wreck. */
import { assess, type FileReport } from "@pierhead/engine/lease";
import { readEvidence } from "@pierhead/lang/leases";
import { describe, expect, it } from "vitest";
import {
  CLIENT,
  clientId,
  dhcpv4,
  dhcpv6,
  ethernet,
  exchange6,
  frame4,
  frame6,
  type Ia,
  ia,
  ip4,
  ip6,
  ipv4,
  ipv6,
  type Octets,
  OTHER_SERVER,
  option4,
  option6,
  pcap,
  pcapng,
  type Recorded,
  SERVER,
  serverId,
  talk6,
  u16,
  u32,
  udp,
} from "./support/dhcp-packets.ts";
import { formatDiagnostics } from "./support/diagnostics.ts";

const START = 1_795_521_600; // 2026-11-24T12:00:00Z

const judge = (bytes: Uint8Array): FileReport => assess(readEvidence("x.pcap", bytes));
const codes = (report: FileReport): string[] => report.diagnostics.map(({ code }) => code);
const judge6 = (...messages: Octets[]): FileReport => judge(pcap(talk6(messages)));

const lease = (preferred: number, valid: number, address = "2001:db8::10") => ({ address, preferred, valid });
const GOOD: Ia = { t1: 1000, t2: 1600, leases: [lease(2000, 3000)] };
const granting = (...associations: Ia[]): Octets =>
  dhcpv6(7, 0x333333, clientId(), serverId(), ...associations.map(ia));

describe("a good exchange", () => {
  const report = judge6(...exchange6(GOOD));

  it("has nothing to find, and one lease of one client", () => {
    expect(formatDiagnostics(report.diagnostics)).toEqual([]);
    expect(report.leases).toHaveLength(1);
    expect(report.leases[0]?.grant).toMatchObject({ client: "LL 02:00:00:00:00:01", time: START + 3, offer: false });
    expect(report.leases[0]?.outlooks.map(({ client, verdict }) => [client, verdict])).toEqual([
      ["by RFC", "kept"],
      ["dhcpcd", "kept"],
      ["dhcpcd", "kept"],
      ["dhclient (ISC)", "kept"],
      ["dhcp6c (WIDE)", "kept"],
      ["systemd-networkd", "kept"],
      ["odhcp6c", "kept"],
    ]);
  });

  it("has its packets as lines", () => {
    expect(report.evidence.source.line(4)).toBe(
      "12:00:03.000Z fe80::9 > fe80::1 Reply 222222 IA_NA 1 T1 1000 T2 1600 2001:db8::10 preferred 2000 valid 3000",
    );
  });
});

describe("how the file is written", () => {
  const packets = talk6(exchange6(GOOD));
  const expected = judge(pcap(packets)).evidence.source.text;
  const raw = (one: Recorded): Recorded => ({ ...one, frame: one.frame.slice(14) });
  const under = (header: readonly number[]) => (one: Recorded) => ({
    at: one.at,
    frame: [...header, ...one.frame.slice(14)],
  });

  it.each([
    ["pcap, little-endian", pcap(packets, { little: true })],
    ["pcap, nanoseconds", pcap(packets, { nano: true })],
    ["pcap, nanoseconds, little-endian", pcap(packets, { nano: true, little: true })],
    ["pcapng", pcapng(packets)],
    ["pcapng, big-endian", pcapng(packets, { little: false })],
    ["pcapng, nanoseconds", pcapng(packets, { resolution: 9 })],
    ["raw IP", pcap(packets.map(raw), { linkType: 101 })],
    ["raw IPv6", pcap(packets.map(raw), { linkType: 229 })],
    ["BSD loopback (null)", pcap(packets.map(under([28, 0, 0, 0])), { linkType: 0 })],
    ["OpenBSD loopback", pcap(packets.map(under([0, 0, 0, 24])), { linkType: 108 })],
    [
      "Linux cooked",
      pcap(packets.map(under([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x86, 0xdd])), { linkType: 113 }),
    ],
    [
      "Linux cooked v2",
      pcap(packets.map(under([0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0])), { linkType: 276 }),
    ],
    ["PPP", pcap(packets.map(under([0xff, 3, 0, 0x57])), { linkType: 9 })],
    ["pflog", pcap(packets.map(under([61, 24, 0, 0, ...new Array<number>(60).fill(0)])), { linkType: 117 })],
    ["one VLAN tag", pcap(packets.map(({ at, frame }) => ({ at, frame: ethernet(frame.slice(14), 0x8100) })))],
    ["two VLAN tags", pcap(packets.map(({ at, frame }) => ({ at, frame: ethernet(frame.slice(14), 0x88a8, 0x8100) })))],
    [
      "PPPoE",
      pcap(
        packets.map(({ at, frame }) => ({
          at,
          frame: [...frame.slice(0, 12), 0x88, 0x64, 0x11, 0, 0, 1, 0, 99, 0, 0x57, ...frame.slice(14)],
        })),
      ),
    ],
    ["padding after the packet", pcap(packets.map(({ at, frame }) => ({ at, frame: [...frame, 0, 0, 0, 0, 0, 0] })))],
    [
      "a hop-by-hop header",
      pcap(
        packets.map(({ at, frame }) => {
          const ip = frame.slice(14);
          return {
            at,
            frame: ethernet([
              ...ip.slice(0, 4),
              ...u16(ip.length - 40 + 8),
              0,
              64,
              ...ip.slice(8, 40),
              17,
              0,
              1,
              4,
              0,
              0,
              0,
              0,
              ...ip.slice(40),
            ]),
          };
        }),
      ),
    ],
  ])("%s", (_, bytes) => {
    const report = judge(bytes);
    expect(report.evidence.source.text).toBe(expected);
    expect(report.diagnostics).toEqual([]);
    expect(report.leases).toHaveLength(1);
  });

  it("a relay agent, on both of its sides", () => {
    const messages = exchange6(GOOD);
    const relay = (message: Octets): Octets => {
      const type = message[0] === 2 || message[0] === 7 ? 13 : 12;
      return [type, 0, ...ip6("2001:db8::1"), ...ip6("fe80::1"), ...option6(18, [1, 2]), ...option6(9, message)];
    };
    const both = messages.flatMap((message, index) => {
      const relayed = ethernet(ipv6("2001:db8::2", "2001:db8::3", udp(547, 547, relay(message))));
      return [frame6(message), relayed].map((frame) => ({ at: START + index, frame }));
    });
    for (const packets of [both, both.filter((_, index) => index % 2 === 1)]) {
      const report = judge(pcap(packets));
      expect(formatDiagnostics(report.diagnostics)).toEqual([]);
      expect(report.leases.map(({ grant }) => grant.client)).toEqual(["LL 02:00:00:00:00:01"]);
    }
    expect(judge(pcap(both)).evidence.source.line(2)).toContain("by 1 relay Solicit");
  });
});

describe("timers of a Reply", () => {
  it.each<[string, Ia, string[]]>([
    ["T1 after T2", { ...GOOD, t1: 2000, t2: 1000 }, ["lease/t1-after-t2"]],
    [
      "T1 after T2 for a prefix",
      { kind: "pd", t1: 9, t2: 8, leases: [lease(20, 30, "2001:db8:1::/56")] },
      ["lease/t1-after-t2"],
    ],
    ["T1 after the valid lifetime", { ...GOOD, t1: 3000, t2: 4000 }, ["lease/t1-after-valid"]],
    ["T1 after the preferred lifetime", { ...GOOD, t1: 2500, t2: 2600 }, ["lease/t1-after-preferred"]],
    ["T2 after the preferred lifetime", { ...GOOD, t2: 2500 }, ["lease/t2-after-preferred"]],
    ["T2 after the valid lifetime", { ...GOOD, t2: 3000 }, ["lease/t2-after-valid"]],
    ["both 0", { ...GOOD, t1: 0, t2: 0 }, ["lease/timers-left-to-client"]],
    ["T1 0 alone", { ...GOOD, t1: 0 }, ["lease/one-timer-zero"]],
    ["T2 0 alone", { ...GOOD, t2: 0 }, ["lease/one-timer-zero"]],
    ["T1 equal to T2", { ...GOOD, t1: 1600 }, ["lease/t1-is-t2"]],
    ["infinite timers, finite lifetimes", { ...GOOD, t1: 0xffffffff, t2: 0xffffffff }, ["lease/never-renewed"]],
    ["all infinite", { t1: 0xffffffff, t2: 0xffffffff, leases: [lease(0xffffffff, 0xffffffff)] }, ["lease/infinite"]],
    ["preferred after valid", { ...GOOD, leases: [lease(4000, 3000)] }, ["lease/preferred-after-valid"]],
    ["a withdrawn address", { ...GOOD, leases: [lease(2000, 3000), lease(0, 0, "2001:db8::11")] }, ["lease/withdrawn"]],
    ["seconds", { t1: 5, t2: 8, leases: [lease(10, 20)] }, ["lease/short-timers"]],
    ["nothing in it", { t1: 0, t2: 0 }, ["lease/empty"]],
    ["no address available", { t1: 0, t2: 0, status: 2 }, ["lease/refused"]],
    [
      "the shortest of two counts",
      { ...GOOD, leases: [lease(9000, 9000), lease(500, 900, "2001:db8::11")] },
      ["lease/t1-after-valid"],
    ],
  ])("%s", (_, association, expected) => {
    expect(codes(judge6(granting(association)))).toEqual(expected);
  });

  it("says each once, in the place where the capture says it", () => {
    const report = judge6(...exchange6({ ...GOOD, t1: 2000, t2: 1000 }), granting({ ...GOOD, t1: 2000, t2: 1000 }));
    expect(codes(report).filter((code) => code === "lease/t1-after-t2")).toHaveLength(1);
    const found = report.diagnostics.find(({ code }) => code === "lease/t1-after-t2");
    const { span } = found as NonNullable<typeof found>;
    expect(report.evidence.source.text.slice(span.start, span.end)).toBe("IA_NA 1 T1 2000 T2 1000");
    expect(report.evidence.source.position(span.start).line).toBe(2);
  });

  it("notes timers that differ", () => {
    const prefix: Ia = { kind: "pd", t1: 500, t2: 800, leases: [lease(2000, 3000, "2001:db8:1::/56")] };
    expect(codes(judge6(granting(GOOD, prefix)))).toEqual(["lease/timers-differ"]);
  });

  it("shows what would come of an Advertise that no client can take", () => {
    const [solicit, advertise] = exchange6({ ...GOOD, t1: 2000, t2: 1000 }) as [Octets, Octets];
    const report = judge6(solicit, advertise);
    expect(report.leases[0]?.grant.offer).toBe(true);
    expect(report.leases[0]?.outlooks.every(({ verdict }) => verdict === "none")).toBe(true);
  });
});

describe("the conversation", () => {
  const [solicit, advertise, request, reply] = exchange6(GOOD) as [Octets, Octets, Octets, Octets];
  const renew = (xid: number, server: Octets = SERVER): Octets =>
    dhcpv6(5, xid, clientId(), serverId(server), ia({ t1: 0, t2: 0 }));
  const rebind = dhcpv6(6, 0x666666, clientId(), ia({ t1: 0, t2: 0 }));
  const answer = (type: number, xid: number, server: Octets, association: Ia = GOOD): Octets =>
    dhcpv6(type, xid, clientId(), serverId(server), ia(association));
  const later = (message: Octets, at: number): Recorded => ({ at: START + at, frame: frame6(message) });
  const first = talk6([solicit, advertise, request, reply]);

  it.each<[string, Octets[], string[]]>([
    [
      "no Client Identifier from the server",
      [solicit, dhcpv6(2, 0x111111, serverId(), ia(GOOD))],
      ["lease/no-client-id"],
    ],
    [
      "no Server Identifier from the server",
      [solicit, dhcpv6(2, 0x111111, clientId(), ia(GOOD))],
      ["lease/no-server-id"],
    ],
    [
      "a Request without a server",
      [solicit, advertise, dhcpv6(3, 2, clientId(), ia({ t1: 0, t2: 0 })), answer(7, 2, SERVER)],
      ["lease/no-server-id"],
    ],
    [
      "a Solicit without a client",
      [dhcpv6(1, 0x111111, ia({ t1: 0, t2: 0 })), advertise],
      ["lease/no-client-id", "lease/client-id-mismatch"],
    ],
    ["another transaction id", [solicit, advertise, request, answer(7, 0x999999, SERVER)], ["lease/xid-mismatch"]],
    [
      "somebody else's Client Identifier",
      [solicit, dhcpv6(2, 0x111111, clientId(OTHER_SERVER), serverId(), ia(GOOD))],
      ["lease/client-id-mismatch"],
    ],
    [
      "an Advertise to a Request",
      [solicit, advertise, request, answer(2, 0x222222, SERVER)],
      ["lease/out-of-sequence"],
    ],
    ["a Reply to a plain Solicit", [solicit, answer(7, 0x111111, SERVER)], ["lease/out-of-sequence"]],
    [
      "Rapid Commit",
      [
        dhcpv6(1, 1, clientId(), option6(14), ia({ t1: 0, t2: 0 })),
        dhcpv6(7, 1, clientId(), serverId(), option6(14), ia(GOOD)),
      ],
      ["lease/rapid-commit"],
    ],
    [
      "Rapid Commit without the option",
      [dhcpv6(1, 1, clientId(), option6(14), ia({ t1: 0, t2: 0 })), answer(7, 1, SERVER)],
      ["lease/out-of-sequence"],
    ],
    [
      "a Request to a server that said nothing",
      [
        solicit,
        advertise,
        dhcpv6(3, 2, clientId(), serverId(OTHER_SERVER), ia({ t1: 0, t2: 0 })),
        answer(7, 2, OTHER_SERVER),
      ],
      ["lease/out-of-sequence", "lease/several-servers"],
    ],
    [
      "a Solicit that names a server",
      [dhcpv6(1, 0x111111, clientId(), serverId(), ia({ t1: 0, t2: 0 })), advertise],
      ["lease/out-of-sequence"],
    ],
    [
      "a status on the message",
      [solicit, dhcpv6(2, 0x111111, clientId(), serverId(), option6(13, u16(2)))],
      ["lease/refused"],
    ],
    [
      "SOL_MAX_RT too large",
      [solicit, dhcpv6(2, 0x111111, clientId(), serverId(), option6(82, u32(90000)), ia(GOOD))],
      ["lease/max-rt"],
    ],
    [
      "SOL_MAX_RT of a day",
      [solicit, dhcpv6(2, 0x111111, clientId(), serverId(), option6(82, u32(86400)), ia(GOOD))],
      ["lease/max-rt"],
    ],
    ["a Reconfigure of a stranger", [dhcpv6(10, 0, clientId(), serverId(), option6(19, [5]))], ["lease/reconfigure"]],
    [
      "a Reconfigure",
      [dhcpv6(10, 0, clientId(), serverId(), option6(19, [5]), option6(11, [3, 1, 0]))],
      ["lease/reconfigure"],
    ],
    ["a message type of the future", [dhcpv6(40, 0)], ["lease/unknown-message"]],
  ])("%s", (_, messages, expected) => {
    expect(codes(judge6(...messages))).toEqual(expected);
  });

  it("a Renew that nobody answers, then a Rebind", () => {
    const report = judge(
      pcap([
        ...first,
        later(renew(5), 1003),
        later(renew(5), 1013),
        later(rebind, 1603),
        later(rebind, 1613),
        later(solicit, 3003),
      ]),
    );
    expect(formatDiagnostics(report.diagnostics)).toEqual([
      "x.pcap:5:1: warning lease/unanswered: Renew was sent 2 times over 10 s and has no answer: the server that granted the lease is away, or a filter stands between; at T2 the client asks every server.",
      "x.pcap:7:1: error lease/unanswered: Rebind was sent 2 times over 10 s and has no answer: no server extends the lease, and it ends with its valid lifetime.",
    ]);
    expect(report.leases[0]?.observed).toMatchObject({ renewAfter: 1000, rebindAfter: 1600 });
    expect(report.leases[0]?.observed?.fits).toEqual([
      "dhcpcd 9.4.1",
      "dhcpcd 10.3.2",
      "dhclient (ISC) 4.4.3",
      "dhcp6c (WIDE) 20080615",
      "systemd-networkd 252",
      "odhcp6c 2026-06-20",
    ]);
  });

  it("does not call the last question of a capture unanswered", () => {
    expect(codes(judge(pcap([...first, later(renew(5), 1003)])))).toEqual([]);
  });

  it.each<[string, Recorded[], string[]]>([
    ["extends", [later(renew(5), 1003), later(answer(7, 5, SERVER), 1003.1)], []],
    [
      "counts down",
      [later(renew(5), 1003), later(answer(7, 5, SERVER, { ...GOOD, leases: [lease(1000, 2000)] }), 1003.1)],
      ["lease/not-extended", "lease/t1-after-preferred"],
    ],
    [
      "gives another address",
      [
        later(renew(5), 1003),
        later(answer(7, 5, SERVER, { ...GOOD, leases: [lease(2000, 3000, "2001:db8::99")] }), 1003.1),
      ],
      ["lease/address-changed"],
    ],
    [
      "has another server",
      [later(renew(5), 1003), later(answer(7, 5, OTHER_SERVER), 1003.1)],
      ["lease/server-changed", "lease/several-servers"],
    ],
    [
      "goes to a stranger",
      [later(renew(5, OTHER_SERVER), 1003), later(answer(7, 5, SERVER), 1003.1)],
      ["lease/out-of-sequence"],
    ],
    [
      "finds the lease forgotten",
      [later(renew(5), 1003), later(answer(7, 5, SERVER, { t1: 0, t2: 0, status: 3 }), 1003.1)],
      ["lease/refused"],
    ],
  ])("a renewal that %s", (_, packets, expected) => {
    expect(codes(judge(pcap([...first, ...packets])))).toEqual(expected);
  });

  it("a Rebind may be answered by another server", () => {
    const report = judge(pcap([...first, later(rebind, 1603), later(answer(7, 0x666666, OTHER_SERVER), 1603.1)]));
    expect(report.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
      ["lease/server-changed", "note"],
      ["lease/several-servers", "warning"],
    ]);
  });
});

describe("DHCPv4", () => {
  const times = (leaseTime: number, t1?: number, t2?: number): Octets => [
    ...option4(1, ip4("255.255.255.0")),
    ...option4(54, ip4("192.0.2.1")),
    ...option4(51, u32(leaseTime)),
    ...(t1 === undefined ? [] : option4(58, u32(t1))),
    ...(t2 === undefined ? [] : option4(59, u32(t2))),
  ];
  const talk = (...messages: Octets[]): FileReport =>
    judge(pcap(messages.map((message, index) => ({ at: START + index, frame: frame4(message) }))));
  const discover = dhcpv4(1, 1, {});
  const request = dhcpv4(1, 3, {}, option4(50, ip4("192.0.2.10")));
  const yours = { yiaddr: "192.0.2.10" };

  it("takes the defaults of RFC 2131 4.4.5", () => {
    const report = talk(discover, dhcpv4(2, 2, yours, times(3600)), request, dhcpv4(2, 5, yours, times(3600)));
    expect(formatDiagnostics(report.diagnostics)).toEqual([]);
    const [rfc] = report.leases[0]?.outlooks ?? [];
    expect(rfc).toMatchObject({ verdict: "kept", renew: { latest: 1800 }, rebind: { latest: 3150 } });
  });

  it.each<[string, Octets[], string[]]>([
    ["T1 after T2", [request, dhcpv4(2, 5, yours, times(3600, 3000, 2000))], ["lease/t1-after-t2"]],
    ["T2 after the lease", [request, dhcpv4(2, 5, yours, times(3600, 1800, 3600))], ["lease/t2-after-valid"]],
    ["T1 after the lease", [request, dhcpv4(2, 5, yours, times(3600, 3600, 3700))], ["lease/t1-after-valid"]],
    ["a short lease", [request, dhcpv4(2, 5, yours, times(30))], ["lease/short-timers"]],
    ["an infinite lease", [request, dhcpv4(2, 5, yours, times(0xffffffff))], ["lease/infinite"]],
    [
      "no lease time",
      [request, dhcpv4(2, 5, yours, option4(1, ip4("255.0.0.0")), option4(54, ip4("192.0.2.1")))],
      ["lease/no-lease-time"],
    ],
    [
      "no server identifier",
      [request, dhcpv4(2, 5, yours, option4(1, ip4("255.0.0.0")), option4(51, u32(3600)))],
      ["lease/no-server-id"],
    ],
    [
      "no mask",
      [request, dhcpv4(2, 5, yours, option4(54, ip4("192.0.2.1")), option4(51, u32(3600)))],
      ["lease/no-mask"],
    ],
    [
      "NAK",
      [request, dhcpv4(2, 6, {}, option4(54, ip4("192.0.2.1")), option4(56, [...Buffer.from("wrong network")]))],
      ["lease/nak"],
    ],
    ["another transaction", [request, dhcpv4(2, 5, { ...yours, xid: 9 }, times(3600))], ["lease/xid-mismatch"]],
    [
      "an option that is too long",
      [request, [...dhcpv4(2, 5, yours, times(3600)).slice(0, -1), 12, 200, 1]],
      ["lease/option-overflow"],
    ],
  ])("%s", (_, messages, expected) => {
    expect(codes(talk(...messages))).toEqual(expected);
  });

  it("follows renewals, with the transaction id of the first exchange as most clients have it", () => {
    const frames = [discover, dhcpv4(2, 2, yours, times(3600)), request, dhcpv4(2, 5, yours, times(3600))].map(
      (message, index) => ({ at: START + index, frame: frame4(message) }),
    );
    const renew = dhcpv4(1, 3, { ciaddr: "192.0.2.10" });
    const unicast = ethernet(ipv4("192.0.2.10", "192.0.2.1", udp(68, 67, renew)));
    const report = judge(
      pcap([
        ...frames,
        { at: START + 1803, frame: unicast },
        { at: START + 2478, frame: unicast },
        { at: START + 3153, frame: frame4(renew) },
        { at: START + 3200, frame: frame4(discover) },
      ]),
    );
    expect(codes(report)).toEqual(["lease/unanswered"]);
    expect(report.leases[0]?.observed).toMatchObject({ renewAfter: 1800 });
    expect(report.evidence.source.line(5)).toBe(
      "12:30:03.000Z 192.0.2.10 > 192.0.2.1 REQUEST 00001234 02:00:00:00:00:01 of 192.0.2.10",
    );
  });

  it("reads options in the file and sname fields", () => {
    const split = dhcpv4(
      2,
      5,
      { ...yours, file: [...option4(51, u32(3600)), 255], sname: [...option4(54, ip4("192.0.2.1")), 255] },
      option4(52, [3]),
      option4(1, ip4("255.255.255.0")),
    );
    const report = talk(request, split);
    expect(formatDiagnostics(report.diagnostics)).toEqual([]);
    expect(report.leases[0]?.grant.terms).toMatchObject({ family: 4, lease: { leaseTime: 3600 } });
  });

  it("puts the parts of an option together (RFC 3396)", () => {
    const report = talk(request, dhcpv4(2, 5, yours, times(3600), option4(58, [0, 0]), option4(58, [4, 0])));
    expect(report.leases[0]?.grant.terms).toMatchObject({ lease: { t1: 1024 } });
  });
});

describe("wrecks", () => {
  const whole = pcap(talk6(exchange6(GOOD)));
  const wholeNg = pcapng(talk6(exchange6(GOOD)));
  const edit = (bytes: Uint8Array, at: number, ...octets: number[]): Uint8Array => {
    const copy = bytes.slice();
    copy.set(octets, at);
    return copy;
  };

  it.each<[string, Uint8Array, string[]]>([
    ["an empty file", new Uint8Array(), ["lease/not-recognised"]],
    ["a picture", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]), ["lease/not-recognised"]],
    ["a header alone, cut", whole.slice(0, 20), ["lease/capture-truncated"]],
    ["no packets", whole.slice(0, 24), ["lease/no-dhcp"]],
    ["cut in a record header", whole.slice(0, 30), ["lease/capture-truncated"]],
    ["cut in a packet", whole.slice(0, whole.length - 5), ["lease/capture-truncated"]],
    ["a packet of 4 GB", edit(whole, 32, 255, 255, 255, 255), ["lease/capture-damaged"]],
    ["an unknown link type", edit(whole, 20, 0, 0, 0, 147), ["lease/link-type"]],
    ["pcapng, cut", wholeNg.slice(0, -6), ["lease/capture-truncated"]],
    ["pcapng, a wrong byte-order mark", edit(wholeNg, 8, 0, 0), ["lease/capture-damaged"]],
    ["pcapng, a length of 13", edit(wholeNg, 32, 13), ["lease/capture-damaged"]],
    ["pcapng, a length of 0", edit(wholeNg, 32, 0), ["lease/capture-damaged"]],
    ["pcapng, lengths that differ", edit(wholeNg, 28 + 16, 24), ["lease/capture-damaged"]],
    ["pcapng, a length of 4 GB", edit(wholeNg, 32, 0xfc, 255, 255, 255), ["lease/capture-truncated"]],
  ])("%s", (_, bytes, expected) => {
    expect(codes(judge(bytes))).toEqual(expected);
  });

  it("keeps what came before the damage", () => {
    const report = judge(whole.slice(0, whole.length - 5));
    expect(report.evidence.messages).toHaveLength(3);
    expect(report.evidence.units).toBe(3);
  });

  it.each<[string, Octets, string[]]>([
    [
      "an option past the end",
      [...dhcpv6(7, 1, clientId()), 0, 2, 0xff, 0xff, 1],
      ["lease/option-overflow", "lease/no-server-id"],
    ],
    [
      "an option inside an IA past its end",
      dhcpv6(7, 1, clientId(), serverId(), option6(3, u32(1), u32(0), u32(0), [0, 5, 0, 99])),
      ["lease/option-overflow", "lease/empty"],
    ],
    ["an IA of four octets", dhcpv6(7, 1, clientId(), serverId(), option6(3, u32(1))), ["lease/malformed"]],
    [
      "a prefix of length 200",
      dhcpv6(
        7,
        1,
        clientId(),
        serverId(),
        ia({ kind: "pd", t1: 0, t2: 0, leases: [{ address: "2001:db8::/200", preferred: 1, valid: 2 }] }),
      ),
      ["lease/malformed", "lease/empty"],
    ],
    [
      "an address in an IA_PD",
      dhcpv6(
        7,
        1,
        clientId(),
        serverId(),
        option6(25, u32(1), u32(0), u32(0), option6(5, ip6("2001:db8::1"), u32(1), u32(2))),
      ),
      ["lease/malformed", "lease/empty"],
    ],
    ["three octets", [7, 0, 0], ["lease/malformed"]],
  ])("%s", (_, message, expected) => {
    expect(codes(judge6(message)).sort()).toEqual([...expected].sort());
  });

  it("stops at 32 relays, however many there are", () => {
    const inner = exchange6(GOOD)[0] as Octets;
    const depth = 1_500;
    const message: number[] = [];
    for (let left = depth - 1; left >= 0; left--) {
      const held = inner.length + left * 38;
      message.push(12, left & 255, ...ip6("::"), ...ip6("fe80::1"), ...u16(9), ...u16(held));
    }
    message.push(...inner);
    const frame = ethernet(ipv6("2001:db8::2", "2001:db8::3", udp(547, 547, message)));
    const report = judge(pcap([{ at: START, frame }]));
    expect(codes(report)).toEqual(["lease/relay-depth"]);
  });

  it("options that hold each other end with the octets they have", () => {
    // An IA in an IA in an IA…: only the outer one is an association.
    const nested: number[] = [];
    for (let left = 3_999; left >= 0; left--)
      nested.push(...u16(3), ...u16(12 + left * 16), ...u32(1), ...u32(0), ...u32(0));
    const report = judge6(dhcpv6(7, 1, clientId(), serverId(), nested));
    expect(codes(report)).toEqual(["lease/empty"]);
  });

  it("fragments and cut packets are said to be that", () => {
    const message = exchange6(GOOD)[3] as Octets;
    const datagram = udp(547, 546, message);
    const fragment = ethernet(ipv6("fe80::9", "fe80::1", [17, 0, 0, 1, 0, 0, 0, 7, ...datagram.slice(0, 48)], 44));
    const later = ethernet(ipv6("fe80::9", "fe80::1", [17, 0, ...u16(48), 0, 0, 0, 7, ...datagram.slice(48)], 44));
    expect(
      codes(
        judge(
          pcap([
            { at: START, frame: fragment },
            { at: START, frame: later },
          ]),
        ),
      ),
    ).toEqual(["lease/fragment"]);
    const four = udp(68, 67, dhcpv4(1, 1, {}));
    const first = ethernet(ipv4("0.0.0.0", "255.255.255.255", four, 0x2000));
    expect(codes(judge(pcap([{ at: START, frame: first }])))).toContain("lease/fragment");
    const cut = frame6(message).slice(0, -20);
    expect(codes(judge(pcap([{ at: START, frame: cut }])))).toContain("lease/packet-cut");
  });

  it("a flood of the same mistake is counted", () => {
    const messages = Array.from({ length: 200 }, (_, index) =>
      dhcpv6(
        7,
        index,
        clientId([0, 3, 0, 1, 2, 0, 0, 0, index >> 8, index & 255]),
        serverId(),
        ia({ ...GOOD, t1: 9000, t2: 1 }),
      ),
    );
    const report = judge6(...messages);
    expect(codes(report).filter((code) => code === "lease/t1-after-t2")).toHaveLength(10);
    expect(report.diagnostics.find(({ code }) => code === "lease/more")?.message).toBe(
      "190 more findings of the kind lease/t1-after-t2 are not listed.",
    );
  });

  it("a million packets that are none of DHCP's, and two that are", () => {
    const other = ethernet(ipv6("2001:db8::1", "2001:db8::2", udp(53, 5353, [1, 2, 3, 4])));
    const one = pcap([{ at: START, frame: other }]).slice(24);
    const bytes = new Uint8Array(24 + one.length * 1_000_000 + 400);
    bytes.set(whole.slice(0, 24));
    for (let at = 24, i = 0; i < 1_000_000; i++, at += one.length) bytes.set(one, at);
    const tail = pcap(talk6([exchange6(GOOD)[0] as Octets, exchange6({ ...GOOD, t1: 5000 })[1] as Octets])).slice(24);
    bytes.set(tail, 24 + one.length * 1_000_000);
    const report = judge(bytes.subarray(0, 24 + one.length * 1_000_000 + tail.length));
    expect(report.evidence.units).toBe(1_000_002);
    const found = report.diagnostics.find(({ code }) => code === "lease/t1-after-t2");
    expect(report.evidence.source.position(found?.span.start ?? 0).line).toBe(1_000_002);
  });

  it("nothing a server writes reaches a terminal as it is", () => {
    const message = dhcpv6(7, 1, clientId(CLIENT), serverId(), option6(13, u16(1), [0x1b, 0x5b, 0x32, 0x4a]));
    const report = judge6(message);
    expect(report.diagnostics[0]?.message).toBe('The Reply says UnspecFail ("?[2J").');
  });
});
