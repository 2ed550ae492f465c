import { describe, expect, it } from "vitest";
import { parseIfconfig, parseRouteMonitorLine } from "./parse-bsd.ts";
import { parseIpLinks, parseIpMonitorLine } from "./parse-linux.ts";

describe("iproute2", () => {
  it.each([
    [
      "3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default \\    link/ether 16:5f:49:b8:f2:45 brd ff:ff:ff:ff:ff:ff",
      { kind: "link", interface: "v0", link: "up" },
    ],
    [
      "2: v1@v0: <NO-CARRIER,BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state LOWERLAYERDOWN group default \\    link/ether 9e:72:30:5e:dc:d9 brd ff:ff:ff:ff:ff:ff",
      { kind: "link", interface: "v1", link: "down" },
    ],
    [
      "2: eth0: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default ",
      { kind: "link", interface: "eth0", link: "down" },
    ],
    [
      "5: wg0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1420 qdisc noqueue state UNKNOWN group default ",
      { kind: "link", interface: "wg0", link: "unknown" },
    ],
    [
      "Deleted 3: v0@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default \\    link/ether 16:5f:49:b8:f2:45 brd ff:ff:ff:ff:ff:ff",
      { kind: "departed", interface: "v0" },
    ],
    ["    link/ether 16:5f:49:b8:f2:45 brd ff:ff:ff:ff:ff:ff", null],
    ["", null],
  ])("monitor: %s", (line, expected) => {
    expect(parseIpMonitorLine(line)).toEqual(expected);
  });

  it("list", () => {
    const text =
      '[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"operstate":"UNKNOWN"},{"ifindex":2,"link":"v1","ifname":"v0","flags":["NO-CARRIER","UP"],"operstate":"LOWERLAYERDOWN"},{"ifindex":4,"ifname":"tun0","flags":[],"operstate":"UNKNOWN"}]';
    expect(parseIpLinks(text)).toEqual([
      { interface: "lo", link: "unknown" },
      { interface: "v0", link: "down" },
      { interface: "tun0", link: "down" },
    ]);
    expect(parseIpLinks("Object is not there")).toBeNull();
    expect(parseIpLinks('{"a":1}')).toBeNull();
  });
});

describe("BSD", () => {
  it.each([
    // OpenBSD route.c print_rtmsg
    [
      "RTM_IFINFO: iface status change: len 168, if# 1, name em0, link: no carrier, mtu: 1500, flags:<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST>",
      { kind: "link", interface: "em0", link: "down" },
    ],
    [
      "RTM_IFINFO: iface status change: len 168, if# 1, name em0, link: active, mtu: 1500, flags:<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST>",
      { kind: "link", interface: "em0", link: "up" },
    ],
    [
      "RTM_IFINFO: iface status change: len 168, if# 7, name carp1, link: backup, mtu: 1500, flags:<UP,BROADCAST>",
      { kind: "link", interface: "carp1", link: "down" },
    ],
    [
      "RTM_IFINFO: iface status change: len 168, if# 7, name carp1, link: master, mtu: 1500, flags:<UP,BROADCAST>",
      { kind: "link", interface: "carp1", link: "up" },
    ],
    [
      "RTM_IFINFO: iface status change: len 168, if# 9, name tun0, link: unknown, mtu: 1500, flags:<UP>",
      { kind: "link", interface: "tun0", link: "unknown" },
    ],
    [
      "RTM_IFANNOUNCE: iface arrival/departure: len 32, if# 9, name tun0, what: departure",
      { kind: "departed", interface: "tun0" },
    ],
    ["RTM_IFANNOUNCE: iface arrival/departure: len 32, if# 9, name tun0, what: arrival", { kind: "look" }],
    ["RTM_DESYNC: route socket overflow: len 16", { kind: "look" }],
    // FreeBSD route.c print_rtmsg: no name
    ["RTM_IFINFO: iface status change: len 168, if# 1, link: up, flags:<UP,BROADCAST>", { kind: "look" }],
    ["RTM_IFANNOUNCE: interface arrival/departure: len 24, if# 5, what: departure", { kind: "look" }],
    ["got message of size 168 on Tue Nov 24 09:31:09 2026", null],
    ["RTM_ADD: Add Route: len 192, priority 8", null],
  ])("route monitor: %s", (line, expected) => {
    expect(parseRouteMonitorLine(line)).toEqual(expected);
  });

  it("ifconfig", () => {
    const text = `lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 32768
	index 3 priority 0 llprio 3
	inet 127.0.0.1 netmask 0xff000000
em0: flags=808843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,AUTOCONF4> mtu 1500
	lladdr 52:54:00:12:34:56
	media: Ethernet autoselect (1000baseT full-duplex)
	status: active
	inet 192.0.2.2 netmask 0xffffff00 broadcast 192.0.2.255
em1: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	status: no carrier
carp0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	carp: BACKUP carpdev em0 vhid 1 advbase 1 advskew 100
	status: backup
em0.100: flags=8843<UP> metric 0 mtu 1500
	status: associated
`;
    expect(parseIfconfig(text).map(({ interface: name, link }) => `${name} ${link}`)).toEqual([
      "lo0 unknown",
      "em0 up",
      "em1 down",
      "carp0 down",
      "em0.100 up",
    ]);
  });
});
