/** IPv6 through IPv4: every site of the example is built for its systems, lies in the example, and holds. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { readSite } from "@pierhead/site/read";
import { describe, expect, it } from "vitest";
import { holdsExample } from "./support/example-site.ts";

const folder = resolve(import.meta.dirname, "../examples/ipv6-tunnel");

const cases = [
  ...["openbsd-5.7", "openbsd-7.8", "freebsd-14.3"].flatMap((system) =>
    ["site.yaml", "leased.yaml", "two-lines.yaml"].map((file) => [file, system] as const),
  ),
  ["plain.yaml", null] as const,
];

describe.each(cases)("%s on %s", (file, name) => {
  const base = file === "site.yaml" ? "" : file.replace(".yaml", "");
  const system = name === null ? null : (parseSystem(name) as System);
  holdsExample(resolve(folder, file), resolve(folder, "built", base, name ?? ""), system);
});

const GOOD = readFileSync(resolve(folder, "two-lines.yaml"), "utf8");

describe("a tunnel that cannot be", () => {
  const findings = (from: string, to: string): string[] => {
    expect(GOOD).toContain(from);
    const source = new Source("site.yaml", GOOD.replace(from, to));
    return readSite(source).diagnostics.map((one) => `${source.position(one.span.start).line} ${one.code}`);
  };
  it("has the name of another interface", () =>
    expect(findings("interface: gif0", "interface: tun0")).toEqual(["19 site/tunnel-interface"]));
  it("takes from its line what the outer header leaves", () => {
    const narrow = GOOD.replace("gateway: 198.51.100.100,", "gateway: 198.51.100.100, mtu: 1492,");
    const reading = readSite(new Source("site.yaml", narrow));
    expect(reading.diagnostics).toEqual([]);
    expect(reading.site?.hosts[0]?.tunnels.map((one) => one.mtu)).toEqual([1472, 1480]);
  });
  it("does not fit into its line", () => {
    const line = "gateway: 198.51.100.100,";
    const narrow = GOOD.replace(line, `${line} mtu: 1492,`).replace(
      "interface: gif0",
      "interface: gif0\n        mtu: 1480",
    );
    const source = new Source("site.yaml", narrow);
    const found = readSite(source).diagnostics;
    expect(found.map((one) => `${source.position(one.span.start).line} ${one.code}`)).toEqual(["20 site/tunnel-mtu"]);
    expect(found[0]?.message).toContain("at most 1472");
  });
  it("has a peer outside", () =>
    expect(findings("peer: 2001:db8:ffff:7::1", "peer: 2001:db8:ffff:9::1")).toEqual(["23 site/gateway-not-on-link"]));
  it("leaves a LAN without a way back", () =>
    expect(findings("prefix: 2001:db8:2000::/48", "prefix: 2001:db8:3000::/48")).toEqual(["14 site/inet6-not-routed"]));
  it("is routed something that is no network", () =>
    expect(findings("prefix: 2001:db8:2000::/48", "prefix: 2001:db8:2000::1/48")).toEqual(["31 site/wrong-value"]));
});
