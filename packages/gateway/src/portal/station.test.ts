import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { portalConfig } from "../../../../tests/support/portal/config.ts";
import { calledStation, logoffUrl } from "./station.ts";

const usual = portalConfig();

describe("what RADIUS is told about the gateway", () => {
  it("Called-Station-Id is the configuration's, else the MAC of the guests' interface", () => {
    const { radius } = usual;
    if (radius === null) throw new Error("a configuration with RADIUS is wanted");
    const named = { ...usual, radius: { ...radius, calledStation: "02-00-00-00-00-09:Pier" } };
    expect(calledStation(named)).toBe("02-00-00-00-00-09:Pier");
    // Loopback has none, and neither has what is not there.
    for (const name of ["lo", "pier-none0"])
      expect(calledStation({ ...usual, guests: { ...usual.guests, interface: name } })).toBeNull();
    for (const [name, facts] of Object.entries(networkInterfaces())) {
      const mac = facts?.[0]?.mac ?? "";
      const found = calledStation({ ...usual, guests: { ...usual.guests, interface: name } });
      expect(found, name).toBe(/^[0:]*$/.test(mac) ? null : mac.toUpperCase().replaceAll(":", "-"));
    }
  });

  it("WISPr-Logoff-URL is where people sign out", () => {
    expect(logoffUrl(usual)).toBe("http://10.99.0.1/");
    const { portal } = usual;
    const certificate = { kind: "files", chain: "c", key: "k" } as const;
    expect(logoffUrl({ ...usual, portal: { ...portal, name: "login.example", certificate } })).toBe(
      "https://login.example/",
    );
    const uam = { server: "https://vendor.example/", secret: null, port: 3990 };
    expect(logoffUrl({ ...usual, portal: { ...portal, uam } })).toBe("http://10.99.0.1:3990/logoff");
  });
});
