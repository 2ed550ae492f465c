import { type Address, type Prefix, parseAddress, parsePrefix, parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { Machine } from "../machine/index.ts";
import { applyLease, type Lease } from "./apply-lease.ts";

function lease(address: string, gateway: string): Lease {
  return { address: parsePrefix(address) as Prefix, gateway: parseAddress(gateway) as Address };
}

const FIRST = lease("198.51.100.7/24", "198.51.100.1");
const SECOND = lease("203.0.113.7/24", "203.0.113.1");
const MOVED = lease("192.0.2.7/24", "192.0.2.1");

function machine(system: string, files: Record<string, string> = {}): Machine {
  const made = new Machine(parseSystem(system) as System, { files: new Map(Object.entries(files)) });
  for (const name of ["em0", "em1"]) made.addInterface({ name });
  return made;
}

/** `gateway interface priority` of every default route. */
function defaults(of: Machine): string[] {
  return of.routes
    .list(0)
    .filter((route) => route.length === 0 && route.family === 4)
    .map((route) => `${route.gateway} ${route.interface} ${route.priority}`);
}

describe("a lease", () => {
  it("has a default route of its own with dhcpleased, which goes with it", () => {
    const one = machine("openbsd-7.8");
    applyLease(one, "em0", FIRST);
    applyLease(one, "em1", SECOND);
    expect(defaults(one)).toEqual(["198.51.100.1 em0 8", "203.0.113.1 em1 8"]);
    applyLease(one, "em1", MOVED);
    expect(defaults(one)).toEqual(["198.51.100.1 em0 8", "192.0.2.1 em1 8"]);
    expect(one.interface("em1")?.addresses.map(({ address }) => `${address}`)).toEqual(["192.0.2.7"]);
    applyLease(one, "em0", null);
    expect(defaults(one)).toEqual(["192.0.2.1 em1 8"]);
  });

  it("reaches a gateway outside its network with dhcpleased", () => {
    const one = machine("openbsd-7.8");
    applyLease(one, "em0", lease("198.51.100.7/32", "192.0.2.1"));
    expect(defaults(one)).toEqual(["192.0.2.1 em0 8"]);
    expect(one.routes.exact(0, parseAddress("192.0.2.1") as Address, 32)[0]?.interface).toBe("em0");
  });

  it("brings no routes where dhcpleased.conf ignores them", () => {
    const one = machine("openbsd-7.8", { "/etc/dhcpleased.conf": "interface em0 {\n\tignore routes\n}\n" });
    applyLease(one, "em0", FIRST);
    applyLease(one, "em1", SECOND);
    expect(defaults(one)).toEqual(["203.0.113.1 em1 8"]);
  });

  it("is written down by dhclient, and the second default route is refused", () => {
    const one = machine("openbsd-5.7");
    applyLease(one, "em0", FIRST);
    applyLease(one, "em1", SECOND);
    expect(defaults(one)).toEqual(["198.51.100.1 em0 8"]);
    applyLease(one, "em1", MOVED);
    expect(one.files.get("/var/db/dhclient.leases.em1")?.match(/option routers .*/g)).toEqual([
      "option routers 203.0.113.1;",
      "option routers 192.0.2.1;",
    ]);
  });

  it("is a path beside the first on FreeBSD, unless a hook says otherwise", () => {
    const plain = machine("freebsd-14.3");
    applyLease(plain, "em0", FIRST);
    applyLease(plain, "em1", SECOND);
    expect(defaults(plain)).toHaveLength(2);
    const hook = "case $interface in\nem1)\n\tunset new_routers old_routers\n\t;;\nesac\n";
    const hooked = machine("freebsd-14.3", { "/etc/dhclient-enter-hooks": hook });
    applyLease(hooked, "em0", FIRST);
    applyLease(hooked, "em1", SECOND);
    expect(defaults(hooked)).toEqual(["198.51.100.1 em0 0"]);
    applyLease(hooked, "em1", MOVED);
    expect(defaults(hooked)).toEqual(["198.51.100.1 em0 0"]);
  });

  it("needs an interface", () => expect(applyLease(machine("openbsd-7.8"), "em9", FIRST)).toBe(false));
});
