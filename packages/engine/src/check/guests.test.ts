import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { checkTogether, checkTree } from "./index.ts";

type Files = Readonly<Record<string, string>>;

/** Findings that are not notes: `file:line code`, each with the line of a related place. */
function check(system: string, files: Files): string[] {
  return checkTree(files, parseSystem(system) as System)
    .filter((one) => one.severity !== "note" || one.code === "machine/no-default-route")
    .map((one) => {
      const related = one.related[0];
      const also = related === undefined ? "" : ` see ${related.source.position(related.span.start).line}`;
      return `${one.source?.name.replace(/^.*\//, "")}:${one.source?.position(one.span.start).line} ${one.code}${also}`;
    });
}

function together(hosts: Readonly<Record<string, readonly [system: string, files: Files]>>): string[] {
  const named = Object.entries(hosts).map(([name, [system, files]]) => {
    const placed = Object.fromEntries(Object.entries(files).map(([path, text]) => [`${name}${path}`, text]));
    return { name, build: buildMachine(placed, parseSystem(system) as System) };
  });
  return checkTogether(named).map(
    (one) => `${one.severity} ${one.code} ${one.source?.name}:${one.source?.position(one.span.start).line}`,
  );
}

/** One guest with an address of its own and a gateway elsewhere, on each system: parts that can be left out or turned round. */
interface GuestFiles {
  readonly system: string;
  right(): Files;
  wrongOrder(): Files;
  noRoute(): Files;
  noDefault(): Files;
  wide(): Files;
}

const openbsd = (lines: readonly string[], mask = "255.255.255.255"): Files => ({
  "/etc/hostname.vio0": `${[`inet 198.51.100.10 ${mask} NONE`, ...lines].join("\n")}\n`,
});
const OPENBSD_LINK = "!/sbin/route add -net 192.0.2.1 -netmask 255.255.255.255 -link -cloning -iface vio0";
const OPENBSD_DEFAULT = "!/sbin/route add default -ifa 198.51.100.10 192.0.2.1";

const freebsd = (list: string, length = 32): Files => ({
  "/etc/rc.conf": `ifconfig_vtnet0="inet 198.51.100.10/${length}"\nstatic_routes="${list}"\nroute_gateway="-host 192.0.2.1 -interface vtnet0"\nroute_world="default 192.0.2.1"\n`,
});

const netbsd = (lines: readonly string[], length = 32): Files => ({
  "/etc/ifconfig.vioif0": `${[`inet 198.51.100.10/${length}`, ...lines].join("\n")}\n`,
});
const NETBSD_LINK = "!route add -host 192.0.2.1 -link -connected -iface vioif0";
const NETBSD_DEFAULT = "!route add default -ifa 198.51.100.10 192.0.2.1";

const linux = (lines: readonly string[], length = 32): Files => ({
  "/etc/network/interfaces": `${["auto eth0", "iface eth0 inet static", `address 198.51.100.10/${length}`, ...lines].join("\n")}\n`,
});
const LINUX_LINK = "up ip route add 192.0.2.1 dev eth0";
const LINUX_DEFAULT = "up ip route add default via 192.0.2.1";

const SYSTEMS: readonly GuestFiles[] = [
  {
    system: "openbsd-7.8",
    right: () => openbsd([OPENBSD_LINK, OPENBSD_DEFAULT]),
    wrongOrder: () => openbsd([OPENBSD_DEFAULT, OPENBSD_LINK]),
    noRoute: () => openbsd([OPENBSD_DEFAULT]),
    noDefault: () => openbsd([OPENBSD_LINK]),
    wide: () => openbsd([OPENBSD_LINK, OPENBSD_DEFAULT], "255.255.255.0"),
  },
  {
    system: "freebsd-14.3",
    right: () => freebsd("gateway world"),
    wrongOrder: () => freebsd("world gateway"),
    noRoute: () => freebsd("world"),
    noDefault: () => freebsd("gateway"),
    wide: () => freebsd("gateway world", 24),
  },
  {
    system: "netbsd-10.1",
    right: () => netbsd([NETBSD_LINK, NETBSD_DEFAULT]),
    wrongOrder: () => netbsd([NETBSD_DEFAULT, NETBSD_LINK]),
    noRoute: () => netbsd([NETBSD_DEFAULT]),
    noDefault: () => netbsd([NETBSD_LINK]),
    wide: () => netbsd([NETBSD_LINK, NETBSD_DEFAULT], 24),
  },
  {
    system: "linux",
    right: () => linux([LINUX_LINK, LINUX_DEFAULT]),
    wrongOrder: () => linux([LINUX_DEFAULT, LINUX_LINK]),
    noRoute: () => linux([LINUX_DEFAULT]),
    noDefault: () => linux([LINUX_LINK]),
    wide: () => linux([LINUX_LINK, LINUX_DEFAULT], 24),
  },
];

/** Only what is about the guest's way out; rc.conf and others have more to say about these short files. */
function wayOut(system: string, files: Files): string[] {
  return check(system, files).flatMap((one) => /machine\/(.*)/.exec(one)?.[1] ?? []);
}

describe("a guest with a gateway outside its network", () => {
  for (const guest of SYSTEMS) {
    it(`${guest.system}: is fine, or is told what is missing`, () => {
      expect(wayOut(guest.system, guest.right())).toEqual([]);
      const order = wayOut(guest.system, guest.wrongOrder());
      expect(order[0]).toMatch(/^route-order see \d/);
      expect(order).toHaveLength(1);
      expect(wayOut(guest.system, guest.noRoute())).toEqual(["gateway-not-on-link"]);
      expect(wayOut(guest.system, guest.noDefault())).toEqual(["no-default-route"]);
      expect(wayOut(guest.system, guest.wide())).toEqual(["netmask-swallows-neighbours"]);
    });
  }

  it("Linux by systemd-networkd", () => {
    const files = (text: string): Files => ({
      "/etc/systemd/network/1.network": `[Match]\nName=eth0\n[Network]\n${text}`,
    });
    const onLink = "[Route]\nGateway=192.0.2.1\nGatewayOnLink=yes\n";
    expect(wayOut("linux", files(`Address=198.51.100.10/32\n${onLink}`))).toEqual([]);
    expect(wayOut("linux", files("Address=198.51.100.10/32\nGateway=192.0.2.1\n"))).toEqual(["gateway-not-on-link"]);
    expect(wayOut("linux", files("Address=198.51.100.10/32\n"))).toEqual(["no-default-route"]);
    expect(wayOut("linux", files(`Address=198.51.100.10/24\n${onLink}`))).toEqual(["netmask-swallows-neighbours"]);
  });
});

const VM_CONF =
  'switch "up" {\n\tinterface veb0\n}\nvm "one" {\n\tdisk /one.img\n\tinterface { switch "up" lladdr 00:50:56:00:01:aa }\n}\n';
const VMD: Files = {
  "/etc/hostname.em0": "inet 192.0.2.50/24\n",
  "/etc/hostname.veb0": "add em0\nup\n",
  "/etc/mygate": "192.0.2.1\n",
  "/etc/rc.conf.local": "vmd_flags=\n",
  "/etc/vm.conf": VM_CONF,
};

describe("a host and its guests", () => {
  it("is fine", () => expect(check("openbsd-7.8", VMD)).toEqual([]));

  it("has the MAC of a guest on the host's card", () => {
    const files = { ...VMD, "/etc/hostname.em0": "lladdr 00:50:56:00:01:AA\ninet 192.0.2.50/24\n" };
    expect(check("openbsd-7.8", files)).toEqual(["hostname.em0:1 guests/mac-on-host see 6"]);
    const bhyve: Files = {
      "/etc/rc.conf":
        'ifconfig_em0="ether 00:50:56:00:01:aa"\nifconfig_em0_alias0="inet 192.0.2.50/24"\ndefaultrouter="192.0.2.1"\n',
      "/etc/guests/one.sh": "bhyve -s 2,virtio-net,tap0,mac=00:50:56:00:01:AA one\n",
    };
    expect(check("freebsd-14.3", bhyve).filter((one) => one.includes("guests/"))).toEqual([
      "rc.conf:1 guests/mac-on-host see 1",
    ]);
    const kvm: Files = {
      "/etc/systemd/network/1.network":
        "[Match]\nName=eno1\n[Link]\nMACAddress=00:50:56:00:01:aa\n[Network]\nAddress=192.0.2.50/24\nGateway=192.0.2.1\n",
      "/etc/guests/one.xml": "<interface>\n  <mac address='00:50:56:00:01:aa'/>\n</interface>\n",
      "/etc/guests/two.xml": '<mac address="00:50:56:00:01:aa"/>\n',
    };
    expect(check("linux", kvm)).toEqual(["two.xml:1 guests/same-mac see 2", "1.network:4 guests/mac-on-host see 2"]);
  });

  it("has no bridge for its switch, or no vmd", () => {
    const { "/etc/hostname.veb0": _, ...rest } = VMD;
    expect(check("openbsd-7.8", rest)).toEqual(["vm.conf:2 guests/no-switch-interface"]);
    expect(check("openbsd-7.8", { ...VMD, "/etc/rc.conf.local": "ntpd_flags=\n" })).toEqual([
      "rc.conf.local:1 machine/not-started see 1",
    ]);
  });
});

describe("several machines", () => {
  const one: readonly [string, Files] = ["freebsd-14.3", freebsd("gateway world")];
  it("may be fine", () => {
    const two: readonly [string, Files] = ["openbsd-7.8", { "/etc/hostname.vio0": "inet 198.51.100.11/32\n" }];
    expect(together({ host: ["openbsd-7.8", VMD], one, two })).toEqual([]);
  });

  it("have one address", () => {
    expect(together({ one, two: ["linux", linux([])] })).toEqual([
      "error guests/same-address two/etc/network/interfaces:3",
    ]);
    const lan = (length: number): Files => ({ "/etc/hostname.em1": `inet 192.168.1.1/${length}\n` });
    expect(together({ a: ["openbsd-7.8", lan(24)], b: ["openbsd-7.8", lan(25)] })).toEqual([
      "warning guests/same-address b/etc/hostname.em1:1",
    ]);
  });

  it("have one MAC, another than the host gives, or somebody else's", () => {
    const host: readonly [string, Files] = ["openbsd-7.8", VMD];
    const guest = (mac: string): readonly [string, Files] => [
      "linux",
      {
        "/etc/network/interfaces": `auto eth0\niface eth0 inet static\naddress 198.51.100.10/32\ngateway 192.0.2.1\nhwaddress ${mac}\n`,
      },
    ];
    expect(together({ host, one: guest("00:50:56:00:01:aa") })).toEqual([]);
    expect(together({ host, one: guest("02:00:00:00:00:01") })).toEqual([
      "error guests/other-mac one/etc/network/interfaces:5",
    ]);
    expect(together({ host, other: guest("00:50:56:00:01:aa") })).toEqual([
      "error guests/mac-on-host other/etc/network/interfaces:5",
    ]);
    expect(together({ host, second: host })).toContain("error guests/same-mac second/etc/vm.conf:6");
  });
});
