/** Random sites, all of them right: every machine is built, read back without findings, and reaches its gateways. */
import { Source } from "@pierhead/core";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import type { GuestDescription, HostDescription, SiteDescription, UplinkDescription } from "@pierhead/site/schema";
import { verifyMachine } from "@pierhead/site/verify";
import fc from "fast-check";
import { expect, it } from "vitest";
import { stringify } from "yaml";

const HOSTS = [
  { system: "freebsd-14.3", kind: "bhyve", bridge: "bridge0", card: "em0" },
  { system: "freebsd-12.1", kind: "vm-bhyve", bridge: "bridge0", card: "igb0" },
  { system: "openbsd-7.8", kind: "vmd", bridge: "bridge0", card: "em0" },
  { system: "openbsd-6.1", kind: "vmd", bridge: "bridge0", card: "em0" },
  { system: "openbsd-7.0", kind: "vmd", bridge: "veb0", card: "vport0" },
  { system: "netbsd-9.3", kind: "qemu-nvmm", bridge: "bridge0", card: "wm0" },
  { system: "linux", kind: "libvirt", bridge: "br0", card: "eno1" },
] as const;

const GUESTS = [
  ["freebsd-9.0", "vtnet0"],
  ["freebsd-14.3", "vtnet0"],
  ["openbsd-4.9", "vio0"],
  ["openbsd-5.8", "vio0"],
  ["openbsd-7.8", "vio0"],
  ["netbsd-6.0", "vioif0"],
  ["netbsd-10.1", "vioif0"],
  ["linux", "enp1s0"],
  ["linux", "eth0"],
] as const;

const line = fc.constantFrom<Omit<UplinkDescription, "interface">>(
  { dhcp: true },
  { address: "192.0.2.50/32", gateway: "198.18.7.1" },
  { address: "192.0.2.50/24", gateway: "192.0.2.1", mtu: 1400, description: "the line" },
);
const second = fc.constantFrom<UplinkDescription | null>(
  null,
  { interface: "em7", dhcp: true },
  { interface: "em7", address: "172.16.1.2/24", gateway: "172.16.1.1" },
);

const guest = fc.record({
  system: fc.constantFrom(...GUESTS),
  alone: fc.boolean(),
  six: fc.constantFrom(null, "fe80::1", "2001:db8:9::ffff", "2001:db8:ff::1"),
  ifupdown: fc.boolean(),
  services: fc.boolean(),
  dns: fc.boolean(),
  waits: fc.boolean(),
});

const site = fc.record({
  host: fc.constantFrom(...HOSTS),
  line,
  second,
  lan: fc.boolean(),
  services: fc.boolean(),
  ifupdown: fc.boolean(),
  guests: fc.array(guest, { minLength: 1, maxLength: 5 }),
});

function describeSite(random: typeof site extends fc.Arbitrary<infer T> ? T : never): SiteDescription {
  const { system, kind, bridge, card } = random.host;
  const isGateway = /^(openbsd|freebsd)/.test(system) && bridge !== "veb0";
  const host: HostDescription = {
    system,
    uplinks: {
      wan: { interface: card, ...random.line },
      ...(isGateway && random.second !== null ? { two: random.second } : {}),
    },
    hypervisor: { kind, bridge, ...(bridge === "veb0" ? { interface: "em0" } : {}) },
    ...(isGateway && random.lan ? { lans: { lan: { interface: "em8", addresses: ["192.168.1.1/24"] } } } : {}),
    ...(system !== "linux" && random.services ? { services: { ssh: { port: "ssh", from: ["198.51.100.0/24"] } } } : {}),
    ...(system === "linux" && random.ifupdown ? { network: "ifupdown" } : {}),
  };
  const guests: Record<string, GuestDescription> = {};
  random.guests.forEach((one, index) => {
    const [name, virtio] = one.system;
    guests[`g${index}`] = {
      on: "metal",
      system: name,
      interface: virtio,
      address: one.alone ? `203.0.113.${index + 5}` : `198.18.3.${index + 5}/24`,
      gateway: one.alone ? "198.18.7.1" : "198.18.3.1",
      mac: `00:50:56:00:00:0${index}`,
      ...(one.six === null ? {} : { inet6: { address: `2001:db8:9::${index + 1}/64`, gateway: one.six } }),
      ...(name === "linux" && one.ifupdown ? { network: "ifupdown" } : {}),
      ...(name !== "linux" && one.services ? { services: { web: { port: 443, from: ["10.0.0.0/8"] } } } : {}),
      ...(one.dns ? { dns: ["9.9.9.9"] } : {}),
      ...(one.waits && index > 0 ? { after: [`g${index - 1}`] } : {}),
    };
  });
  return { site: "random", hosts: { metal: host }, guests };
}

it("builds what is right", { timeout: 240_000 }, () => {
  fc.assert(
    fc.property(site, (random) => {
      const source = new Source("site.yaml", stringify(describeSite(random)));
      const { site: read, diagnostics } = readSite(source);
      expect(diagnostics.filter((one) => one.severity === "error")).toEqual([]);
      if (read === null) throw new Error("no site");
      const built = buildSite(read);
      expect(buildSite(read)).toEqual(built);
      for (const machine of built.machines) {
        const { diagnostics: found } = verifyMachine(machine, {
          site: read,
          nameOf: (path) => `${machine.name}${path}`,
          textOf: (path) => machine.files.find((file) => file.path === path)?.text ?? "",
          readBeside: () => null,
        });
        const loud = found.filter((one) => one.severity !== "note");
        expect(loud.map((one) => `${machine.system.name}: ${one.code} ${one.message}`)).toEqual([]);
        expect(machine.files.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 25, seed: 20260101 },
  );
});
