import { describe, expect, it } from "vitest";
import type { Evidence, Grant } from "./evidence.ts";
import { readEvidence } from "./read.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const read = (text: string, modified = 1_795_600_000): Evidence => readEvidence("x", bytes(text), { modified });
const codes = (evidence: Evidence): string[] => evidence.diagnostics.map(({ code }) => code);
const at = (evidence: Evidence, grant: Grant | undefined): string =>
  grant === undefined ? "" : evidence.source.text.slice(grant.span.start, grant.span.end);

describe("dhclient lease files", () => {
  const six = `default-duid "\\000\\003";
# a comment with { braces }
lease6 {
  interface "vio0";
  ia-na 0:0:0:1 {
    starts 1795521600;
    renew 1000;
    rebind 1600;
    iaaddr 2001:db8::10 {
      starts 1795521600;
      preferred-life 2000;
      max-life 3000;
      option dhcp6.status-code success "all } fine";
    }
  }
  option dhcp6.server-id 0:3:0:1:2:0:0:0:0:9;
}
`;

  it("DHCPv6", () => {
    const evidence = read(six);
    expect(evidence.kind).toBe("dhclient leases");
    expect(codes(evidence)).toEqual([]);
    const [grant] = evidence.grants;
    expect(grant).toMatchObject({ time: 1_795_521_600, interface: "vio0", server: "LL 02:00:00:00:00:09" });
    expect(grant?.terms).toMatchObject({
      family: 6,
      associations: [
        { kind: "IA_NA", id: 1, t1: 1000, t2: 1600, leases: [{ preferred: 2000, valid: 3000, length: 128 }] },
      ],
    });
    const place = grant?.terms.family === 6 ? grant.terms.spans[0]?.timers : undefined;
    expect(evidence.source.position(place?.start ?? 0)).toEqual({ line: 7, column: 5 });
  });

  it("a prefix, and a lease that was given back", () => {
    const prefix = six.replace("ia-na", "ia-pd").replace("iaaddr 2001:db8::10", "iaprefix 2001:db8:8000::/56");
    expect(read(prefix).grants[0]?.terms).toMatchObject({
      associations: [{ kind: "IA_PD", leases: [{ length: 56 }] }],
    });
    expect(read(six.replace("  option dhcp6.server", "  released;\n  option dhcp6.server")).grants).toEqual([]);
  });

  it("DHCPv4, with the times that dhclient chose", () => {
    const evidence = read(`lease {
  interface "em0";
  fixed-address 192.0.2.10;
  option subnet-mask 255.255.255.0;
  option dhcp-lease-time 3600;
  option dhcp-server-identifier 192.0.2.1;
  renew 2 2026/11/24 12:25:00;
  rebind 2 2026/11/24 12:52:30;
  expire 2 2026/11/24 13:00:00;
}
`);
    expect(evidence.grants[0]).toMatchObject({ time: 1_795_521_600, terms: { lease: { leaseTime: 3600, t1: null } } });
    expect(evidence.notes).toMatchObject([{ event: "bound", renewIn: 1500, rebindIn: 3150 }]);
    expect(read("lease {\n fixed-address 192.0.2.1; renew epoch 5; expire never;\n}\n").grants[0]?.time).toBeNull();
  });

  it.each([
    ["cut off", six.slice(0, 120), ["lease/file-cut"]],
    ["no address", "lease {\n  fixed-address nonsense;\n}\n", ["lease/file-unreadable"]],
    ["no lifetimes", six.replace("max-life 3000", "max-life x"), ["lease/file-unreadable"]],
    ["deeper than any", `lease { ${"a { ".repeat(5000)} }`, ["lease/file-cut"]],
  ])("%s", (_, text, expected) => {
    expect(codes(read(text))).toEqual(expected);
  });
});

describe("other lease files", () => {
  it("systemd-networkd", () => {
    const evidence = read(
      "# This is private data. Do not parse.\nADDRESS=192.0.2.10\nNETMASK=255.255.255.0\nSERVER_ADDRESS=192.0.2.1\nT1=1800\nT2=3150\nLIFETIME=3600\nCLIENTID=ff00\n",
      1_795_521_600,
    );
    expect(evidence.kind).toBe("systemd-networkd lease");
    expect(at(evidence, evidence.grants[0])).toBe("ADDRESS=192.0.2.10");
    expect(evidence.grants[0]).toMatchObject({
      time: 1_795_521_600,
      terms: { lease: { leaseTime: 3600, t1: 1800, t2: 3150 } },
    });
  });

  it.each([
    ["dhcpleased lease", "version: 2\nip: 192.0.2.10\nnext-server: 0.0.0.0\n"],
    ["dhcp6leased lease", "ia_pd 0 2001:db8:8000:: 56\n"],
  ])("%s has no timers", (kind, text) => {
    const evidence = read(text);
    expect([evidence.kind, codes(evidence), evidence.grants]).toEqual([kind, ["lease/no-timers"], []]);
  });

  it("dhcpcd: a Reply as it came, and when by the file's time", () => {
    const reply = [7, 1, 2, 3, 0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1, 0, 2, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 9];
    const address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10];
    const ia = [
      0,
      3,
      0,
      40,
      0,
      0,
      0,
      1,
      0,
      0,
      3,
      0xe8,
      0,
      0,
      6,
      0x40,
      0,
      5,
      0,
      24,
      ...address,
      0,
      0,
      7,
      0xd0,
      0,
      0,
      0xb,
      0xb8,
    ];
    const file = Uint8Array.from([...reply, ...ia]);
    const evidence = readEvidence("/var/lib/dhcpcd/eth0.lease6", file, { modified: 1_795_521_600 });
    expect(evidence.kind).toBe("dhcpcd lease");
    expect(evidence.source.text).toBe(
      "12:00:00.000Z Reply 010203 IA_NA 1 T1 1000 T2 1600 2001:db8::10 preferred 2000 valid 3000",
    );
    expect(evidence.grants[0]).toMatchObject({
      interface: "eth0",
      client: "LL 02:00:00:00:00:01",
      time: 1_795_521_600,
    });
    expect(codes(readEvidence("x.lease6", file.slice(0, 60)))).toEqual(["lease/option-overflow"]);
  });
});

describe("logs", () => {
  const says = (text: string): (string | number | null)[][] =>
    read(text).notes.map(({ client, family, event, renewIn, rebindIn, expireIn }) => [
      client,
      family,
      event,
      renewIn,
      rebindIn,
      expireIn,
    ]);

  it.each<[string, string, number | null]>([
    ["syslog", "Nov 24 12:00:01 gw dhcpcd[77]: ", 1_795_521_601],
    ["syslog of the year before", "Dec 31 23:59:59 gw dhcpcd[77]: ", 1_767_225_599],
    ["RFC 3339", "2026-11-24T13:00:01.250+01:00 gw dhcpcd[77]: ", 1_795_521_601.25],
    ["journalctl -o short-iso", "2026-11-24T12:00:01+0000 gw dhcpcd[77]: ", 1_795_521_601],
    ["journalctl -o short-unix", "1795521601.5 gw dhcpcd[77]: ", 1_795_521_601.5],
    ["OpenWrt", "Tue Nov 24 12:00:01 2026 daemon.info dhcpcd[77]: ", 1_795_521_601],
    ["dhcpcd's own file", "Nov 24 12:00:01 [77]: ", 1_795_521_601],
    ["a terminal", "", null],
  ])("%s", (_, before, time) => {
    const [note] = read(`${before}eth0: renew in 4, rebind in 8, expire in 12 seconds\n`).notes;
    expect(note).toMatchObject({ time, interface: "eth0", renewIn: 4, rebindIn: 8, expireIn: 12 });
  });

  it("dhcpcd", () => {
    expect(
      says(`eth0: soliciting a DHCPv6 lease
eth0: broadcasting REQUEST6 (xid 0x5c8bcd), next in 1.1 seconds
eth0: REPLY6 received from fe80::9
eth0: renew in 4, rebind in 8, expire in 12 seconds
eth0: leased 192.0.2.10 for 3600 seconds
eth0: renew in 1800 seconds, rebind in 3150 seconds
eth0: failed to renew DHCPv6, rebinding
eth0: DHCPv6 lease expired
`),
    ).toEqual([
      ["dhcpcd", 6, "solicit", null, null, null],
      ["dhcpcd", 6, "request", null, null, null],
      ["dhcpcd", 6, "reply", null, null, null],
      ["dhcpcd", 6, "bound", 4, 8, 12],
      ["dhcpcd", 4, "bound", null, null, 3600],
      ["dhcpcd", 4, "bound", 1800, 3150, null],
      ["dhcpcd", 6, "rebind", null, null, null],
      ["dhcpcd", 6, "expired", null, null, null],
    ]);
    expect(
      codes(
        read(`eth0: IAID 00:00:00:01 T1(8) > T2(4) from fe80::9
eth0: IA Address pltime 9 > vltime 8
eth0: ignoring T1 10 due to address expiry
eth0: ignoring T1 10 due to address expiry
eth0: no DHCPv6 server ID from fe80::9
eth0: invalid SOL_MAX_RT 5
`),
      ),
    ).toEqual([
      "lease/t1-after-t2",
      "lease/preferred-after-valid",
      "lease/t1-after-valid",
      "lease/no-server-id",
      "lease/max-rt",
    ]);
  });

  it("dhclient -6 -d -v writes the whole Reply", () => {
    const evidence = read(`RCV: Reply message on eth0 from fe80::9.
RCV:  X-- IA_NA 00:00:00:01
RCV:  | X-- starts 1795521600
RCV:  | X-- t1 - renew  +1000
RCV:  | X-- t2 - rebind +1600
RCV:  | X-- [Options]
RCV:  | | X-- IAADDR 2001:db8::10
RCV:  | | | X-- Preferred lifetime 2000.
RCV:  | | | X-- Max lifetime 3000.
RCV:  X-- Server ID: 00:03:00:01:02:00:00:00:00:09
PRC: Bound to lease 00:03:00:01:02:00:00:00:00:09.
PRC: Renewal event scheduled in 1000 seconds, to run for 600 seconds.
`);
    expect(evidence.unknownLines).toEqual([]);
    expect(evidence.grants[0]).toMatchObject({
      interface: "eth0",
      server: "fe80::9",
      terms: { associations: [{ kind: "IA_NA", t1: 1000, t2: 1600, leases: [{ preferred: 2000, valid: 3000 }] }] },
    });
    expect(evidence.notes.at(-1)).toMatchObject({ event: "bound", renewIn: 1000, rebindIn: 1600 });
  });

  it("dhclient, IPv4", () => {
    expect(
      says(`DHCPREQUEST for 192.0.2.10 on em0 to 192.0.2.1 port 67
DHCPACK of 192.0.2.10 from 192.0.2.1
bound to 192.0.2.10 -- renewal in 1713 seconds.
DHCPNAK from 192.0.2.1 (xid=0x1)
`),
    ).toEqual([
      ["dhclient", 4, "request", null, null, null],
      ["dhclient", 4, "reply", null, null, null],
      ["dhclient", 4, "bound", 1713, null, null],
      ["dhclient", 4, "nak", null, null, null],
    ]);
  });

  it("dhcp6c -D writes the whole reply", () => {
    const evidence = read(`Nov/24/2026 12:00:00: client6_recv: receive reply from fe80::9%em0 on em0
Nov/24/2026 12:00:00: dhcp6_get_options: get DHCP option IA_PD, len 41
Nov/24/2026 12:00:00:   IA_PD: ID=0, T1=4500, T2=3000
Nov/24/2026 12:00:00: copyin_option: get DHCP option IA_PD prefix, len 25
Nov/24/2026 12:00:00: copyin_option:   IA_PD prefix: 2001:db8:8000::/56 pltime=5400 vltime=7200
Nov/24/2026 12:00:00: update_ia: invalid IA: T1(4500) > T2(3000)
`);
    expect(evidence.unknownLines).toEqual([]);
    expect(evidence.grants[0]).toMatchObject({
      time: 1_795_521_600,
      terms: { associations: [{ kind: "IA_PD", t1: 4500, t2: 3000, leases: [{ length: 56, valid: 7200 }] }] },
    });
    expect(codes(evidence)).toEqual(["lease/t1-after-t2"]);
  });

  it("systemd-networkd, each timer on its line", () => {
    const evidence = read(`Nov 24 12:00:00 gw systemd-networkd[9]: eth0: DHCPv6 client: T1 expires in 16min 40s
Nov 24 12:00:00 gw systemd-networkd[9]: eth0: DHCPv6 client: T2 expires in 26min 40s
Nov 24 12:00:00 gw systemd-networkd[9]: eth0: DHCPv6 client: Valid lifetime expires in 50min
Nov 24 12:16:40 gw systemd-networkd[9]: eth0: DHCPv6 client: Sent Renew
Nov 24 12:16:41 gw systemd-networkd[9]: eth0: DHCPv6 client: Received an IA option with T1 4500sec > T2 3000sec, ignoring.
Nov 24 12:16:42 gw systemd-networkd[9]: eth0: DHCPv6 client: Received an IA option with zero T1 and non-zero T2 (40sec), ignoring.
Nov 24 12:16:43 gw systemd-networkd[9]: eth0: DHCPv4 client: NAK: wrong network
Nov 24 12:16:44 gw systemd-networkd[9]: eth0: Gained IPv6LL
`);
    expect([evidence.unknownLines, evidence.units]).toEqual([[], 7]);
    expect(
      evidence.notes.map(({ family, event, renewIn, rebindIn, expireIn }) => [
        family,
        event,
        renewIn ?? rebindIn ?? expireIn,
      ]),
    ).toEqual([
      [6, "bound", 1000],
      [6, "bound", 1600],
      [6, "bound", 3000],
      [6, "renew", null],
      [6, "refused", null],
      [6, "refused", null],
      [4, "nak", null],
    ]);
    expect(codes(evidence)).toEqual(["lease/t1-after-t2", "lease/one-timer-zero"]);
  });

  it("odhcp6c, as OpenWrt's logread shows it", () => {
    const head = "Tue Nov 24 12:00:00 2026 daemon.info odhcp6c[1234]:";
    const evidence = read(`${head} Starting REQUEST transaction (timeout 4294967295s, max rc 10)
${head} IA_PD 0001 T1 1000 T2 1600
${head} 2001:db8:8000::/56 preferred 2000 valid 3000
${head} T1 1000s, T2 1600s, T3 3000s
${head} sings a song
`);
    expect(evidence.unknownLines).toEqual([5]);
    expect(evidence.notes.at(-1)).toMatchObject({ event: "bound", renewIn: 1000, rebindIn: 1600, expireIn: 3000 });
    expect(evidence.grants[0]).toMatchObject({
      time: 1_795_521_600,
      terms: { associations: [{ kind: "IA_PD", id: 1, t1: 1000, t2: 1600, leases: [{ length: 56, valid: 3000 }] }] },
    });
  });

  it("counts what it does not understand and passes other programs over", () => {
    const evidence = read(`Nov 24 12:00:00 gw sshd[5]: renew in 4, rebind in 8, expire in 12 seconds
Nov 24 12:00:01 gw dhcpcd[7]: eth0: renew in 4, rebind in 8, expire in 12 seconds
Nov 24 12:00:02 gw dhcpcd[7]: eth0: sings a song
`);
    expect([evidence.units, evidence.unknownLines, evidence.notes.length]).toEqual([2, [3], 1]);
  });

  it.each([
    ["prose", "This is a file about something else.\nIt has lines.\n"],
    ["a log of others", "Nov 24 12:00:00 gw sshd[5]: Accepted publickey\n"],
    ["octets", "\u0000\u0001\u0002"],
    ["nothing", ""],
  ])("%s is not taken for one", (_, text) => {
    expect(codes(read(text))).toEqual(["lease/not-recognised"]);
  });

  it("reads a long log in time in proportion to it", () => {
    const line = "Nov 24 12:00:01 gw dhcpcd[7]: eth0: renew in 4, rebind in 8, expire in 12 seconds\n";
    expect(read(line.repeat(20_000)).units).toBe(20_000);
    expect(codes(read("\n".repeat(200_000)))).toEqual(["lease/not-recognised"]);
    expect(codes(read(" ".repeat(200_000)))).toEqual(["lease/not-recognised"]);
    expect(read(`eth0: ${"x".repeat(200_000)}\n${line}`).units).toBe(2);
  });
});
