import { Secret } from "@pierhead/core";
import type { PortalConfig } from "@pierhead/lang/portal-conf";

/** A configuration as the reader makes it, for tests that need no file. */
export function portalConfig(more: Partial<PortalConfig> = {}): PortalConfig {
  return {
    gateway: "pier-1",
    guests: { interface: "guest0", addresses: ["10.99.0.1/16", "2001:db8:99::1/64"], isolate: true },
    uplink: { interface: "up0", nat: true },
    firewall: "nftables",
    resolvers: [],
    garden: [],
    portal: { name: null, httpPort: 80, httpsPort: 443, certificate: null, landing: null, uam: null },
    look: { title: "Pier", text: "", logo: null, accent: "#0a6", terms: null, language: "en" },
    signIn: ["click", "voucher", "password"],
    limits: {
      session: null,
      idle: null,
      octetsInput: null,
      octetsOutput: null,
      octetsTotal: null,
      rateUp: null,
      rateDown: null,
    },
    radius: {
      servers: [],
      timeout: 3,
      attempts: 3,
      deadTime: 60,
      nasIdentifier: "pier-1",
      nasAddress: null,
      calledStation: null,
      protocol: "pap",
      swapOctets: false,
      interim: 60,
      macPassword: null,
      dynamic: null,
    },
    store: new Secret("sqlite:/dev/null"),
    admin: null,
    socket: "/dev/null",
    tick: 10,
    keep: null,
    places: new Map(),
    ...more,
  };
}
