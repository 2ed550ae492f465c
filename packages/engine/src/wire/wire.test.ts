import { parseAddress, parsePrefix, parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { pingOnWire, type Wire, type WirePort } from "./index.ts";

const GATEWAY = "192.0.2.1";
const MAC = "02:00:00:00:00:10";

function address(text: string): NonNullable<ReturnType<typeof parseAddress>> {
  return parseAddress(text) as NonNullable<ReturnType<typeof parseAddress>>;
}

function port(
  system: string,
  card: string,
  files: Record<string, string>,
  own: string,
  mac = MAC,
  real = mac,
): WirePort {
  const interfaces = [{ name: card, mac: real, up: false }];
  const { machine } = buildMachine(files, parseSystem(system) as System, { interfaces });
  return { name: system, machine, interface: card, allowed: { mac, addresses: [parsePrefix(own) as never] } };
}

const FREEBSD = {
  "/etc/rc.conf":
    'ifconfig_vtnet0="inet 198.51.100.10/32"\nstatic_routes="gateway default"\nroute_gateway="-host 192.0.2.1 -interface vtnet0"\nroute_default="default 192.0.2.1"\n',
};
const OPENBSD = {
  "/etc/hostname.vio0":
    "inet 198.51.100.20 255.255.255.255 NONE\n!/sbin/route add -net 192.0.2.1 -netmask 255.255.255.255 -link -iface vio0\n!/sbin/route add default -ifa 198.51.100.20 192.0.2.1\n",
};

function wire(ports: readonly WirePort[], more: Partial<Wire> = {}): Wire {
  return { router: { addresses: [address(GATEWAY)] }, ports, isolated: true, ...more };
}

function ping(on: Wire, from: WirePort, to: string): string {
  const result = pingOnWire(on, from, address(to));
  if (!result.ok) return `${result.fault}: ${result.reason}`;
  return typeof result.at === "string" ? result.at : result.at.name;
}

describe("a provider's wire", () => {
  const freebsd = port("freebsd-14.3", "vtnet0", FREEBSD, "198.51.100.10/32");
  const openbsd = port("openbsd-7.8", "vio0", OPENBSD, "198.51.100.20/32", "02:00:00:00:00:20");

  it("carries the article's guests to the gateway, beyond it, and to each other by it", () => {
    const both = wire([freebsd, openbsd]);
    expect(ping(both, freebsd, GATEWAY)).toBe("router");
    expect(ping(both, freebsd, "203.0.113.99")).toBe("beyond");
    expect(ping(both, freebsd, "198.51.100.20")).toBe("openbsd-7.8");
    expect(ping(both, openbsd, "198.51.100.10")).toBe("freebsd-14.3");
    expect(ping(both, freebsd, "198.51.100.10")).toBe("freebsd-14.3");
  });

  it("drops frames of the wrong card and packets of another's address", () => {
    const card = port("freebsd-14.3", "vtnet0", FREEBSD, "198.51.100.10/32", MAC, "02:00:00:00:00:99");
    expect(ping(wire([card]), card, GATEWAY)).toBe(
      `wrong-mac: frames from 02:00:00:00:00:99 are dropped: ${MAC} was agreed on`,
    );
    expect(ping(wire([openbsd, card]), openbsd, "198.51.100.10")).toBe(
      `not-taken: freebsd-14.3 has 02:00:00:00:00:99, and frames go to ${MAC}`,
    );
    const thief = port("openbsd-7.8", "vio0", OPENBSD, "198.51.100.21/32");
    expect(ping(wire([thief]), thief, GATEWAY)).toBe(
      "wrong-address: packets from 198.51.100.20 are dropped: it is not this port's",
    );
  });

  it("leaves questions for swallowed neighbours unanswered, unless somebody answers", () => {
    const files = { "/etc/rc.conf": FREEBSD["/etc/rc.conf"].replace("/32", "/24") };
    const wide = port("freebsd-14.3", "vtnet0", files, "198.51.100.10/32");
    expect(ping(wire([wide, openbsd]), wide, "198.51.100.20")).toBe("no-answer: nobody answers for 198.51.100.20");
    const heard = wire([port("freebsd-14.3", "vtnet0", files, "198.51.100.10/32"), openbsd], { isolated: false });
    expect(ping(heard, heard.ports[0] as WirePort, "198.51.100.20")).toBe("openbsd-7.8");
    const proxied = wire([port("freebsd-14.3", "vtnet0", files, "198.51.100.10/32"), openbsd], {
      router: { addresses: [address(GATEWAY)], answersForPorts: true },
    });
    expect(ping(proxied, proxied.ports[0] as WirePort, "198.51.100.20")).toBe("openbsd-7.8");
  });

  it("says why nothing leaves", () => {
    const files = { "/etc/rc.conf": 'ifconfig_vtnet0="inet 198.51.100.10/32"\n' };
    const stranded = port("freebsd-14.3", "vtnet0", files, "198.51.100.10/32");
    expect(ping(wire([stranded]), stranded, GATEWAY)).toBe(`not-sent: there is no route to ${GATEWAY}`);
  });

  it("tells an answer that goes to another port", () => {
    const second = port("openbsd-7.8", "vio0", OPENBSD, "198.51.100.20/32", "02:00:00:00:00:30");
    const twins = wire([openbsd, { ...second, allowed: null }]);
    expect(ping(twins, twins.ports[1] as WirePort, GATEWAY)).toBe(
      "answer-astray: the answer to 198.51.100.20 goes to another port",
    );
  });
});
