import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { type BuildOptions, buildMachine } from "./index.ts";

/** The machine as text: interfaces, default and static routes, forwarding; then what there was to say. */
function show(files: Record<string, string>, system: string, options: BuildOptions = {}): string {
  const build = buildMachine(files, parseSystem(system) as System, options);
  const out: string[] = [];
  for (const one of build.machine.interfaces()) {
    if (one.name === "lo0") continue;
    const known = build.interfaces.get(one.name);
    const addresses = one.addresses.map((own) => `${own.address}/${own.length}${own.peer ? `>${own.peer}` : ""}`);
    const groups = one.groups.length > 0 ? ` (${one.groups.join(" ")})` : "";
    const state = `${one.up ? "" : " down"}${one.mtu === 1500 ? "" : ` mtu ${one.mtu}`}`;
    out.push(`${one.name} ${addresses.join(" ")}${groups}${state} ${known?.origin}:${known?.addresses}`);
  }
  for (const route of build.machine.routes.list()) {
    if (route.origin !== "static") continue;
    out.push(
      `${route.length === 0 ? "default" : `${route.destination}/${route.length}`} ${route.gateway ?? "link"} ${route.interface}`,
    );
  }
  if (build.machine.forwards(4)) out.push("forwards");
  for (const one of build.diagnostics) {
    const at = one.source?.position(one.span.start);
    out.push(`${one.source?.name}:${at?.line}:${at?.column} ${one.severity} ${one.code}`);
  }
  return out.join("\n");
}

describe("buildMachine, OpenBSD", () => {
  it("reads hostname.if, mygate and sysctl.conf", () => {
    expect(
      show(
        {
          "etc/hostname.em0": "inet 198.51.100.199 255.255.255.0 NONE\n",
          "etc/hostname.em1": "inet 192.168.1.1/24\ngroup lan\n!route add 10.0.0.0/8 192.168.1.2\n",
          "etc/hostname.vlan10": "vnetid 10 parent em1\ninet 192.168.10.1/24\n",
          "etc/mygate": "198.51.100.100\n",
          "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
        },
        "openbsd-7.8",
      ),
    ).toBe(
      [
        "em0 198.51.100.199/24 (egress) declared:known",
        "em1 192.168.1.1/24 (lan) declared:known",
        "vlan10 192.168.10.1/24 (vlan) declared:known",
        "default 198.51.100.100 em0",
        "10.0.0.0/8 192.168.1.2 em1",
        "forwards",
      ].join("\n"),
    );
  });

  it("takes the guest of the article", () => {
    expect(
      show(
        {
          "openbsd-hostname.vio0":
            "inet 203.0.113.100 255.255.255.255 NONE\n!/sbin/route add -net 192.0.2.1 -netmask 255.255.255.255 -link -cloning -iface vio0\n!/sbin/route add default -ifa 203.0.113.100 192.0.2.1\n",
        },
        "openbsd-7.8",
      ),
    ).toBe("vio0 203.0.113.100/32 (egress) declared:known\ndefault 192.0.2.1 vio0\n192.0.2.1/32 link vio0");
  });

  it("finds a gateway on no link, and one that is ignored", () => {
    expect(show({ "/etc/hostname.vio0": "inet 203.0.113.100/32\n", "/etc/mygate": "192.0.2.1\n" }, "openbsd-7.8")).toBe(
      "vio0 203.0.113.100/32 declared:known\n/etc/mygate:1:1 error machine/gateway-not-on-link",
    );
    expect(show({ "hostname.em0": "inet autoconf\n", mygate: "192.0.2.1\n" }, "openbsd-7.8")).toBe(
      "em0 198.19.0.100/24 (egress) declared:assumed\ndefault 198.19.0.1 em0\nmygate:1:1 warning machine/gateway-ignored\nhostname.em0:1:6 note machine/dynamic-address",
    );
  });

  it("reads bridgename.if where the release did", () => {
    const files = { "etc/hostname.em0": "up\n", "etc/bridgename.bridge0": "add em0\nup\n" };
    expect(show(files, "openbsd-4.6")).toBe("bridge0  (bridge) declared:none\nem0  declared:none");
    expect(show(files, "openbsd-5.7")).toBe(
      "em0  declared:none\netc/bridgename.bridge0:1:1 warning machine/bridgename",
    );
  });

  it("runs rc.local last", () => {
    const files = {
      "etc/hostname.em0": "inet 192.0.2.2 255.255.255.0\n",
      "etc/rc.local":
        "echo -n daemons\nroute add 10.0.0.0/8 192.0.2.9\n[ -x /usr/local/sbin/x ] && /usr/local/sbin/x\n",
    };
    expect(show(files, "openbsd-7.8")).toBe("em0 192.0.2.2/24 declared:known\n10.0.0.0/8 192.0.2.9 em0");
  });

  it("takes what the caller knows", () => {
    const system = parseSystem("openbsd-7.8") as System;
    const { machine } = buildMachine({ "hostname.em0": "dhcp\n" }, system);
    const own = machine.interface("em0")?.addresses[0];
    expect(own).toBeDefined();
    const given = buildMachine({ "hostname.em0": "dhcp\n" }, system, {
      interfaces: [{ name: "em0", addresses: own === undefined ? [] : [{ ...own, length: 25 }] }],
    });
    expect(given.machine.interface("em0")?.addresses[0]?.length).toBe(25);
    expect(given.diagnostics).toEqual([]);
  });
});

describe("buildMachine, FreeBSD", () => {
  it("takes the guest of the article", () => {
    const text =
      'ifconfig_vtnet0="inet 198.51.100.10/32"\ngateway_if="vtnet0"\ngateway_ip="192.0.2.1"\nstatic_routes="gateway default"\nroute_gateway="-host $gateway_ip -interface $gateway_if"\nroute_default="default $gateway_ip"\n';
    expect(show({ "freebsd-rc.conf": text }, "freebsd-14.3")).toBe(
      "vtnet0 198.51.100.10/32 (vtnet) declared:known\ndefault 192.0.2.1 vtnet0\n192.0.2.1/32 link vtnet0",
    );
    const wrong = text.replace("gateway default", "default gateway");
    expect(show({ "etc/rc.conf": wrong }, "freebsd-14.3")).toContain("error machine/route-order");
  });

  it("reads interfaces, aliases, clones, VLANs, IPv6 and routes", () => {
    expect(
      show(
        {
          "/etc/rc.conf": [
            'ifconfig_em0="inet 198.51.100.2/24"',
            'ifconfig_em0_alias0="inet 198.51.100.3/32"',
            'ifconfig_em0_aliases="inet 198.51.100.10-12/32"',
            'ifconfig_em0_ipv6="inet6 2001:db8::2/64"',
            'ifconfig_em1="up"',
            'vlans_em1="10 office"',
            'create_args_office="vlan 20"',
            'ifconfig_em1_10="inet 10.0.10.1/24"',
            'ifconfig_office="inet 10.0.20.1 netmask 255.255.255.0"',
            'cloned_interfaces="bridge0 tap0"',
            'ifconfig_bridge0="addm tap0 up"',
            'defaultrouter="198.51.100.1"',
            'static_routes="lab"',
            'route_lab="-net 172.16.0.0/12 10.0.10.2"',
            'ipv6_defaultrouter="2001:db8::1"',
            'gateway_enable="YES"',
            "",
          ].join("\n"),
        },
        "freebsd-14.3",
      ),
    ).toBe(
      [
        "em0 198.51.100.2/24 2001:db8::2/64 198.51.100.10/32 198.51.100.11/32 198.51.100.12/32 198.51.100.3/32 (em) declared:known",
        "em1  (em) declared:none",
        "bridge0  (bridge) declared:none",
        "tap0  (tap) down declared:none",
        "em1.10 10.0.10.1/24 (em1.) declared:known",
        "office 10.0.20.1/24 declared:known",
        "default 198.51.100.1 em0",
        "172.16.0.0/12 10.0.10.2 em1.10",
        "default 2001:db8::1 em0",
        "forwards",
      ].join("\n"),
    );
  });
});

describe("buildMachine, NetBSD", () => {
  it("takes the guest of the article", () => {
    expect(
      show(
        {
          "netbsd-netstart.local":
            "ifconfig vioif0 203.0.113.11/32\nroute add -net 192.0.2.1 -link -cloning -iface vioif0\nroute add default -ifa 203.0.113.11 192.0.2.1\n",
        },
        "netbsd-7.0",
      ),
    ).toBe("vioif0 203.0.113.11/32 declared:known\ndefault 192.0.2.1 vioif0\n192.0.2.1/32 link vioif0");
  });

  it("takes the old word for what a current release calls by another", () => {
    expect(
      show(
        {
          "netstart.local": "ifconfig vioif0 203.0.113.11/32\nroute add -net 192.0.2.1 -link -cloning -iface vioif0\n",
        },
        "netbsd-10.1",
      ),
    ).toBe(
      "vioif0 203.0.113.11/32 declared:known\n192.0.2.1/32 link vioif0\nnetstart.local:2:32 warning route/cloning-gone",
    );
  });

  it("reads ifconfig.if and mygate", () => {
    expect(
      show(
        {
          "etc/ifconfig.wm0": "# x\ninet 192.0.2.9 netmask 0xffffff00\ninet6 2001:db8::9 prefixlen 64 alias\n",
          "etc/mygate": "192.0.2.1\n",
        },
        "netbsd-10.1",
      ),
    ).toBe("wm0 192.0.2.9/24 2001:db8::9/64 declared:known\ndefault 192.0.2.1 wm0");
  });
});

const article = resolve(import.meta.dirname, "../../../../../shared/articles/two-isps");
describe.skipIf(!existsSync(article))("the article, as published", () => {
  it("infers interfaces from what pings, routes and rules say", () => {
    const files = Object.fromEntries(
      readdirSync(article).map((name) => [name, readFileSync(join(article, name), "utf8")]),
    );
    expect(show(files, "openbsd-5.7").split("\n").slice(0, 9)).toEqual([
      "dc0 192.168.0.1/24 assumed:assumed",
      "fxp0 198.18.0.1/24 assumed:assumed",
      "fxp1 198.18.1.1/24 assumed:assumed",
      "vr0 198.51.100.199/24 assumed:inferred",
      "vr1 192.168.1.1/24 assumed:assumed",
      "vr2 203.0.113.220/24 (egress) assumed:inferred",
      "default 203.0.113.200 vr2",
      "forwards",
      expect.stringContaining("machine/assumed-interface"),
    ]);
  });
});
