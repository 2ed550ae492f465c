import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { readSite } from "../read/index.ts";
import { verifyMachine } from "../verify/index.ts";
import { buildSite } from "./index.ts";

/** Two lines in addresses that stand alone, each with a gateway on no network of the host. */
const SITE = (system: string, second: string, lan: string): string => `site: two
hosts:
  edge:
    system: ${system}
    uplinks:
      one: { interface: em0, address: 198.51.100.7/32, gateway: 192.0.2.1 }
      two: { interface: em1, ${second} }
    ${lan}
`;
const STATIC = "address: 203.0.113.7/32, gateway: 192.0.2.65";
const LAN = "lans: { lan: { interface: em2, addresses: [192.168.1.1/24] } }";

function built(text: string): Map<string, string> {
  const { site, diagnostics } = readSite(new Source("site.yaml", text));
  expect(diagnostics).toEqual([]);
  if (site === null) throw new Error("no site");
  const [machine] = buildSite(site).machines;
  if (machine === undefined) throw new Error("no machine");
  const texts = new Map(machine.files.map((file) => [file.path, file.text]));
  const { diagnostics: found } = verifyMachine(machine, {
    site,
    nameOf: (path) => path,
    textOf: (path) => texts.get(path) ?? "",
    readBeside: () => null,
  });
  expect(found.filter((one) => one.severity !== "note")).toEqual([]);
  return texts;
}

describe("two lines whose gateways are outside", () => {
  it.each(["openbsd-5.7", "openbsd-7.8"])(
    "on %s: each gateway is on its link, one of them is the default",
    (system) => {
      const texts = built(SITE(system, STATIC, LAN));
      expect(texts.get("/etc/hostname.em0")).toContain(
        "-net 192.0.2.1 -netmask 255.255.255.255 -link -cloning -iface em0",
      );
      expect(texts.get("/etc/hostname.em0")).toContain("add default -ifa 198.51.100.7 192.0.2.1");
      expect(texts.get("/etc/hostname.em1")).toContain(
        "-net 192.0.2.65 -netmask 255.255.255.255 -link -cloning -iface em1",
      );
      expect(texts.get("/etc/hostname.em1")).not.toContain("default");
    },
  );

  it("on FreeBSD, in one list", () => {
    const rc = built(SITE("freebsd-14.3", STATIC, LAN)).get("/etc/rc.conf");
    expect(rc).toContain('static_routes="gateway_em0 default gateway_em1"');
    expect(rc).toContain('route_gateway_em1="-host 192.0.2.65 -interface em1"');
  });

  it.each(["openbsd-5.7", "openbsd-7.8"])("on %s beside a lease: the default route is ifstated's alone", (system) => {
    const texts = built(SITE(system, "dhcp: true", LAN));
    expect(texts.get("/etc/hostname.em0")).toContain("-link -cloning -iface em0");
    expect(texts.get("/etc/hostname.em0")).not.toContain("default");
  });

  it.each(["openbsd-7.8", "freebsd-14.3"])("on %s without a LAN: nothing to balance, everything to watch", (system) => {
    const texts = built(SITE(system, STATIC, ""));
    expect([...texts.keys()].filter((path) => path.includes("balance"))).toEqual([]);
    const conf = texts.get(system.startsWith("freebsd") ? "/usr/local/etc/ifstated.conf" : "/etc/ifstated.conf");
    expect(conf).toContain("state noone {");
    expect(conf).not.toContain("balance");
  });
});
