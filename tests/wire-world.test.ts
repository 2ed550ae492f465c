/**
 * Layer 2 for real: the bridge table that is built for a Linux host, loaded in network namespaces, with a guest and a
 * stranger on the bridge. Needs root, ip(8), nft(8) and ping(8).
 */
import { spawnSync } from "node:child_process";
import { Source } from "@pierhead/core";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const GUEST_MAC = "00:50:56:00:01:aa";
const GATEWAY_MAC = "02:00:00:00:00:01";
const SITE = `site: wire
hosts:
  metal:
    system: linux
    provider: online-net
    uplinks: { wan: { interface: eno1, address: 198.51.100.2/24, gateway: 198.51.100.1, gatewayMac: "${GATEWAY_MAC}" } }
    hypervisor: { kind: libvirt, bridge: br0 }
guests:
  web: { on: metal, system: linux, interface: enp1s0, address: 198.51.100.10/24, mac: "${GUEST_MAC}" }
`;

function built(path: string): string {
  const { site, diagnostics } = readSite(new Source("site.yaml", SITE));
  expect(diagnostics.filter((one) => one.severity === "error")).toEqual([]);
  const host = buildSite(site as NonNullable<typeof site>).machines.find((one) => one.kind === "host");
  return host?.files.find((one) => one.path === path)?.text ?? "";
}

/** In the network namespace of one of the three. */
const name = (who: "host" | "guest" | "wire" | "try"): string => `ph-wire-${process.pid}-${who}`;

function run(who: "host" | "guest" | "wire", command: string, input = ""): number | null {
  return spawnSync("ip", ["netns", "exec", name(who), "sh", "-c", command], { encoding: "utf8", input }).status;
}

const able =
  process.getuid?.() === 0 &&
  ["ip", "nft", "ping"].every((program) => spawnSync(program, ["-V"]).error === undefined) &&
  spawnSync("sh", ["-c", `ip netns add ${name("try")} && ip netns del ${name("try")}`]).status === 0;

describe.skipIf(!able)("a guest on a wire shared with strangers (needs root, ip, nft, ping)", () => {
  beforeAll(() => {
    for (const who of ["host", "guest", "wire"] as const) spawnSync("ip", ["netns", "add", name(who)]);
    const steps = [
      "ip link add br0 type bridge && ip link set br0 up",
      `ip link add tap0 type veth peer name eth0 netns ${name("guest")}`,
      `ip link add eno1 type veth peer name eth0 netns ${name("wire")}`,
      "for i in tap0 eno1; do ip link set $i master br0 && ip link set $i up; done",
    ];
    for (const step of steps) expect(run("host", step), step).toBe(0);
    expect(run("guest", `ip link set eth0 address ${GUEST_MAC} && ip link set eth0 up`)).toBe(0);
    expect(run("wire", `ip link set eth0 address ${GATEWAY_MAC} && ip link set eth0 up`)).toBe(0);
    expect(run("guest", "ip addr add 198.51.100.10/24 dev eth0")).toBe(0);
    expect(run("wire", "ip addr add 198.51.100.1/24 dev eth0")).toBe(0);
    expect(run("host", "nft -f -", built("/etc/guests/wire.nft"))).toBe(0);
  });

  afterAll(() => {
    for (const who of ["host", "guest", "wire"] as const) spawnSync("ip", ["netns", "del", name(who)]);
  });

  /** Whether it answers within a second. */
  const ping = (from: "guest" | "wire", to: string, more = ""): boolean =>
    run(from, `ip neigh flush all; ping -q -c 1 -W 1 ${more} ${to}`) === 0;
  /** Whether it answers at all: a link carries nothing until the kernel has noticed its carrier, up to a second later. */
  const answers = (from: "guest" | "wire", to: string): boolean =>
    run(from, `ip neigh flush all; ping -q -c 1 -w 15 -i 0.2 ${to}`) === 0;

  it("speaks from its own address", () => expect(answers("guest", "198.51.100.1")).toBe(true));

  it("loads again, as the script does at every start", () =>
    expect(run("host", "nft -f -", built("/etc/guests/wire.nft"))).toBe(0));

  it("does not speak from another address", () => {
    expect(run("guest", "ip addr add 198.51.100.66/24 dev eth0")).toBe(0);
    expect(ping("guest", "198.51.100.1", "-I 198.51.100.66")).toBe(false);
    expect(ping("wire", "198.51.100.66")).toBe(false);
    expect(run("guest", "ip addr del 198.51.100.66/24 dev eth0")).toBe(0);
    expect(answers("guest", "198.51.100.1")).toBe(true);
  });

  it("does not speak from another MAC", () => {
    expect(run("guest", "ip link set eth0 address 00:50:56:00:01:ab")).toBe(0);
    expect(ping("guest", "198.51.100.1")).toBe(false);
    expect(run("guest", `ip link set eth0 address ${GUEST_MAC}`)).toBe(0);
    expect(answers("guest", "198.51.100.1")).toBe(true);
  });

  it("takes nobody else for the gateway", () => {
    expect(run("wire", "ip link set eth0 address 02:00:00:00:00:66")).toBe(0);
    expect(ping("guest", "198.51.100.1")).toBe(false);
    expect(run("wire", `ip link set eth0 address ${GATEWAY_MAC}`)).toBe(0);
    expect(answers("guest", "198.51.100.1")).toBe(true);
  });

  it("speaks no IPv6, which it was not given", () => {
    expect(run("guest", "ip -6 addr add 2001:db8::10/64 dev eth0 nodad")).toBe(0);
    expect(run("wire", "ip -6 addr add 2001:db8::1/64 dev eth0 nodad")).toBe(0);
    expect(ping("guest", "2001:db8::1")).toBe(false);
  });
});

it("fixes the ARP entry of the gateway on every system", () => {
  const files = (system: string, more = ""): string => {
    const text = SITE.replace("system: linux\n", `system: ${system}\n${more}`).replace(/ {4}hypervisor[\s\S]*/, "");
    const { site } = readSite(new Source("site.yaml", text.replace("eno1", "em0")));
    const machine = buildSite(site as NonNullable<typeof site>).machines[0];
    return machine?.files.map((one) => one.text).join("\n") ?? "";
  };
  expect(files("openbsd-7.8")).toContain(`!/usr/sbin/arp -s 198.51.100.1 ${GATEWAY_MAC} permanent`);
  expect(files("freebsd-14.3")).toContain(`static_arp_gw_em0="198.51.100.1 ${GATEWAY_MAC}"`);
  expect(files("netbsd-10.1")).toContain(`!/usr/sbin/arp -s 198.51.100.1 ${GATEWAY_MAC}`);
  expect(files("linux")).toContain(`[Neighbor]\nAddress=198.51.100.1\nLinkLayerAddress=${GATEWAY_MAC}`);
  expect(files("linux", "    network: ifupdown\n")).toContain(
    `post-up ip neigh replace 198.51.100.1 lladdr ${GATEWAY_MAC} nud permanent dev em0`,
  );
});

it("says what is still open, for each system another thing", () => {
  const open = (text: string): string[] =>
    readSite(new Source("site.yaml", text))
      .diagnostics.filter((one) => one.code === "site/wire-open")
      .map((one) => one.message.slice(0, 40));
  expect(open(SITE)).toEqual([]);
  expect(open(SITE.replace(/, gatewayMac: "[^"]*"/, ""))).toEqual(["Whoever is on the wire can answer ARP fo"]);
  const on = (system: string, kind: string, bridge = "bridge0"): string[] =>
    open(
      SITE.replace("system: linux\n", `system: ${system}\n`)
        .replace("libvirt, bridge: br0", `${kind}, bridge: ${bridge}`)
        .replace("eno1", "em0"),
    );
  expect(on("freebsd-14.3", "bhyve")).toEqual(["A guest can say in ARP that it is anothe"]);
  expect(on("netbsd-10.1", "qemu-nvmm")).toEqual(["bridge(4) of NetBSD filters nothing here"]);
  expect(on("openbsd-7.8", "vmd")).toEqual([]);
  expect(on("openbsd-6.4", "vmd")).toEqual(["Rules of bridge(4) look into ARP from Op"]);
});
