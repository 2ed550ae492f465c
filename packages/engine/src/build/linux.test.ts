import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkTree } from "../check/index.ts";
import type { InterfaceSpecification } from "../machine/index.ts";
import { formatDestination } from "../network/routes.ts";
import { buildMachine } from "./index.ts";

const LINUX = parseSystem("linux") as System;

/** Routes of the main table, then what there is to say, each with the line it is about. */
function build(files: Record<string, string>, interfaces: readonly InterfaceSpecification[] = []): string[] {
  const built = buildMachine(files, LINUX, interfaces.length === 0 ? {} : { interfaces });
  const routes = built.machine.routes
    .list(0)
    .filter((route) => route.origin !== "local" && route.origin !== "broadcast")
    .map((route) => {
      const via = route.gateway === null ? "" : ` via ${route.gateway}`;
      const more = `${route.onLink === true ? " onlink" : ""}${route.priority === 0 ? "" : ` metric ${route.priority}`}`;
      return `${formatDestination(route)}${via} dev ${route.interface}${more}`;
    });
  const said = built.diagnostics.map(
    (one) => `${one.severity} ${one.code} line ${one.source?.position(one.span.start).line}`,
  );
  return [...routes, ...said];
}

const networkd = (body: string): Record<string, string> => ({
  "/etc/systemd/network/10-eth0.network": `[Match]\nName=eth0\n${body}`,
});
const interfaces = (body: string): Record<string, string> => ({
  "/etc/network/interfaces": `auto eth0\niface eth0 inet static\n${body}`,
});

describe("a Linux machine from systemd-networkd's files", () => {
  it("takes a gateway on the link", () => {
    const body = "[Network]\nAddress=198.51.100.10/32\n[Route]\nGateway=192.0.2.1\nGatewayOnLink=yes\n";
    expect(build(networkd(body))).toEqual(["default via 192.0.2.1 dev eth0 onlink"]);
  });

  it("waits for ever for a gateway that nothing covers", () => {
    const body = "[Network]\nAddress=198.51.100.10/32\nGateway=192.0.2.1\n";
    expect(build(networkd(body))).toEqual(["error machine/gateway-not-on-link line 5"]);
  });

  it("adds routes in the order their gateways can be reached, not that of the file", () => {
    const body =
      "[Network]\nAddress=198.51.100.10/32\n[Route]\nGateway=192.0.2.1\n[Route]\nDestination=192.0.2.1/32\nScope=link\n";
    expect(build(networkd(body))).toEqual(["default via 192.0.2.1 dev eth0", "192.0.2.1 dev eth0"]);
  });

  it("takes a gateway to be on the link when there is no address at all", () => {
    expect(build(networkd("[Network]\nGateway=192.0.2.1\n"))).toEqual(["default via 192.0.2.1 dev eth0 onlink"]);
  });

  it("gives up after a gateway that the kernel refuses", () => {
    const body = "[Network]\nAddress=192.0.2.9/24\nGateway=192.0.2.255\n";
    expect(build(networkd(body))).toEqual(["192.0.2.0/24 dev eth0", "error machine/gateway-refused line 5"]);
  });

  it("takes its own address for a gateway, as the kernel does", () => {
    const body = "[Network]\nAddress=192.0.2.9/24\nGateway=192.0.2.9\n";
    expect(build(networkd(body))).toEqual(["default via 192.0.2.9 dev eth0", "192.0.2.0/24 dev eth0"]);
    expect(checkTree(networkd(body), LINUX).map((one) => one.code)).toEqual(["machine/own-gateway"]);
  });

  it("takes peers, metrics, IPv6 and link-local gateways", () => {
    const body =
      "[Address]\nAddress=10.0.0.1/32\nPeer=10.0.0.2/32\nRouteMetric=7\n[Address]\nAddress=2001:db8::1/64\n[Route]\nGateway=fe80::1\n[Route]\nGateway=10.0.0.2\nMetric=9\n";
    expect(build(networkd(body))).toEqual([
      "default via 10.0.0.2 dev eth0 metric 9",
      "10.0.0.2 dev eth0 metric 7",
      "default via fe80::1 dev eth0 metric 1024",
      "2001:db8::/64 dev eth0 metric 256",
    ]);
  });

  it("reads drop-ins, and the file of the more important folder", () => {
    expect(
      build({
        "/usr/lib/systemd/network/10-eth0.network": "[Match]\nName=eth0\n[Network]\nAddress=10.9.9.9/24\n",
        ...networkd("[Network]\nAddress=192.0.2.9/24\n"),
        "/etc/systemd/network/10-eth0.network.d/gateway.conf": "[Network]\nGateway=192.0.2.1\n",
        "/etc/systemd/network/99-none.network.d/x.conf": "[Network]\nGateway=192.0.2.1\n",
      }),
    ).toEqual([
      "default via 192.0.2.1 dev eth0",
      "192.0.2.0/24 dev eth0",
      "warning machine/drop-in-without-file line 1",
    ]);
  });

  it("matches cards by link-layer address, pattern and what is given", () => {
    const file = {
      "/etc/systemd/network/1.network": "[Match]\nMACAddress=02:00:00:12:34:56\n[Network]\nAddress=10.0.0.1/24\n",
    };
    expect(build(file)).toEqual(["10.0.0.0/24 dev eth0", "note machine/assumed-name line 1"]);
    expect(build(file, [{ name: "ens3", mac: "02:00:00:12:34:56", up: false }])).toEqual(["10.0.0.0/24 dev ens3"]);
    expect(build(file, [{ name: "ens3", mac: "02:00:00:12:34:57", up: false }])).toEqual([]);
    const glob = { "/etc/systemd/network/1.network": "[Match]\nName=en*\n[Network]\nAddress=10.0.0.1/24\n" };
    expect(build(glob)).toEqual(["10.0.0.0/24 dev en0", "note machine/assumed-name line 1"]);
    expect(build(glob, [{ name: "enp1s0", up: false }])).toEqual(["10.0.0.0/24 dev enp1s0"]);
    expect(build(glob, [{ name: "eth0", up: false }])).toEqual([]);
  });

  it("makes tunnels of .netdev files", () => {
    const built = build({
      ...networkd("[Network]\nAddress=192.0.2.9/24\nTunnel=he6\n"),
      "/etc/systemd/network/he6.netdev": "[NetDev]\nName=he6\nKind=sit\n[Tunnel]\nRemote=192.0.2.77\n",
      "/etc/systemd/network/20-he6.network":
        "[Match]\nName=he6\n[Network]\nAddress=2001:db8::2/64\nGateway=2001:db8::1\n",
    });
    expect(built).toEqual([
      "192.0.2.0/24 dev eth0",
      "default via 2001:db8::1 dev he6 metric 1024",
      "2001:db8::/64 dev he6 metric 256",
    ]);
  });
});

describe("a Linux machine from interfaces(5)", () => {
  it("takes the gateway to be on the link, as ifup does", () => {
    expect(build(interfaces("address 198.51.100.10/32\ngateway 192.0.2.1\n"))).toEqual([
      "default via 192.0.2.1 dev eth0 onlink",
    ]);
  });

  it("has a route to the point-to-point peer", () => {
    expect(build(interfaces("address 198.51.100.10/32\npointopoint 192.0.2.1\ngateway 192.0.2.1\n"))).toEqual([
      "default via 192.0.2.1 dev eth0 onlink",
      "192.0.2.1 dev eth0",
    ]);
  });

  it("stops at a command that fails, at its line", () => {
    const lines =
      "address 198.51.100.10/32\nup ip route add default via 192.0.2.1\nup ip route add 192.0.2.1 dev eth0\n";
    expect(build(interfaces(lines))).toEqual(["error machine/route-order line 4"]);
    const right =
      "address 198.51.100.10/32\nup ip route add 192.0.2.1 dev $IFACE\nup ip route add default via 192.0.2.1\n";
    expect(build(interfaces(right))).toEqual(["default via 192.0.2.1 dev eth0", "192.0.2.1 dev eth0"]);
    const kept =
      "address 198.51.100.10/32\nup ip route add default via 192.0.2.1 || true\nup ip route add 192.0.2.1 dev eth0 && ip r a default via 192.0.2.1 metric 5\n";
    expect(build(interfaces(kept))).toEqual([
      "default via 192.0.2.1 dev eth0 metric 5",
      "192.0.2.1 dev eth0",
      "error machine/route-order line 4",
    ]);
  });

  it("follows route(8) of net-tools", () => {
    const lines =
      "address 198.51.100.10/32\nup route add -host 192.0.2.1 dev eth0\nup route add default gw 192.0.2.1\n";
    expect(build(interfaces(lines))).toEqual(["default via 192.0.2.1 dev eth0", "192.0.2.1 dev eth0"]);
  });

  it("reads what is sourced, and says what is not", () => {
    const more = "auto eth1\niface eth1 inet static\naddress 10.0.0.1/24\n";
    expect(
      build({
        "/etc/network/interfaces": "source /etc/network/interfaces.d/*\n",
        "/etc/network/interfaces.d/lan": more,
      }),
    ).toEqual(["10.0.0.0/24 dev eth1"]);
    expect(
      build({ "/etc/network/interfaces": "auto lo\niface lo inet loopback\n", "/etc/network/interfaces.d/lan": more }),
    ).toEqual(["warning machine/not-sourced line 1"]);
  });

  it("brings up nothing when ifup gives the file up", () => {
    const built = build(interfaces("address 10.0.0.1/24\naddress\n"));
    expect(built).toEqual([]);
  });

  it("knows the kernel's rules for addresses, metrics and devices", () => {
    const lines = [
      "address 10.0.0.1/24",
      "up ip addr add 10.0.0.2/24 dev eth0",
      "up ip route add default via 10.0.0.254",
      "up ip route add default via 10.0.0.253 metric 9",
      "up ip addr add 10.0.0.1/24 dev eth0 || true",
      "up ip route add default via 10.0.0.252 || true",
      "up ip route add 10.1.0.0/16 dev eth7 || true",
      "up ip -6 route add default via fe80::1 || true",
      "up ip route add default via 10.0.0.255 metric 3 || true",
      "up ip link set eth0 down && ip link set eth0 up && ip route add 10.2.0.0/16 via 10.0.0.9",
    ].join("\n");
    expect(build(interfaces(`${lines}\n`))).toEqual([
      "10.0.0.0/24 dev eth0",
      "10.2.0.0/16 via 10.0.0.9 dev eth0",
      "warning machine/address-exists line 7",
      "warning machine/route-exists line 8",
      "error machine/no-interface line 9",
      "error machine/device-needed line 10",
      "error machine/gateway-refused line 11",
    ]);
  });

  it("says when two programs handle one interface, and that filters are not read", () => {
    expect(
      build({
        ...interfaces("address 10.0.0.1/24\n"),
        ...networkd("[Network]\nAddress=10.0.0.1/24\n"),
        "/etc/nftables.conf": "flush ruleset\n",
      }),
    ).toEqual([
      "10.0.0.0/24 dev eth0",
      "warning machine/address-exists line 3",
      "warning machine/two-managers line 1",
      "note machine/filter-not-read line 1",
    ]);
  });

  it("forwards when sysctl.d says so", () => {
    const files = {
      ...interfaces("address 10.0.0.1/24\n"),
      "/etc/sysctl.d/10-router.conf": "net.ipv4.ip_forward = 1\n",
    };
    const { machine } = buildMachine(files, LINUX);
    expect([machine.forwards(4), machine.forwards(6)]).toEqual([true, false]);
  });
});
