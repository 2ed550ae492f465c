/**
 * What the networks of providers expect of a guest with an address of its own. Every fact carries where it is from;
 * what nobody could be cited for says so, and nothing is refused because of it.
 */
import type { ProviderName } from "../schema/index.ts";

/** `documented`: the provider says so itself; `reported`: customers say so; `unverified`: widely believed, no source at hand; `unknown`. */
export type Evidence = "documented" | "reported" | "unverified" | "unknown";

export interface Fact {
  /** One sentence or two, without a full stop at the end. */
  readonly text: string;
  readonly evidence: Evidence;
  /** Addresses of pages, or titles of what is no page. */
  readonly sources: readonly string[];
}

export interface Provider {
  readonly name: ProviderName;
  readonly title: string;
  /** `host`: a single address uses the gateway of the host, outside its own network; `any`: as told. */
  readonly gateway: "host" | "any";
  /** Gateways that are right for every guest, whatever its host's is. */
  readonly gateways: readonly string[];
  /** First octets of the virtual MACs its console hands out, as far as the provider documents them; empty: any. */
  readonly macPrefixes: readonly string[];
  /** How the server is given its IPv6 network. */
  readonly inet6: {
    readonly method: "dhcpv6-pd" | "static" | "any";
    /** Length of the network a server gets; null when it depends. */
    readonly length: number | null;
    /** The delegation is given only to the DUID that the console shows. */
    readonly duidFromConsole: boolean;
    /** Timers of its DHCPv6 leases were reported not to be as the RFC wants them. */
    readonly brokenTimers: boolean;
  };
  /** The customer's wire is shared with strangers, as far as known; when it is not known this is true. */
  readonly sharedWire: boolean;
  readonly facts: {
    readonly gateway: Fact;
    readonly mac: Fact;
    readonly inet6: Fact;
    readonly duid: Fact;
    readonly filtered: Fact;
    readonly sharedWire: Fact;
  };
}

const ARTICLE = "Running FreeBSD / OpenBSD / NetBSD as a virtualised guest on Online.net (article, 2016)";
const DEDIBOX = "https://www.scaleway.com/en/docs";
const OVH = "https://help.ovhcloud.com/csm";
const HETZNER = "https://docs.hetzner.com/robot/dedicated-server";

function fact(evidence: Evidence, text: string, ...sources: readonly string[]): Fact {
  return { text, evidence, sources };
}

const unknown: Fact = fact("unknown", "as the network's owner says");

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  "online-net": {
    name: "online-net",
    title: "Online.net / Scaleway Dedibox",
    gateway: "host",
    gateways: ["62.210.0.1"],
    macPrefixes: ["00:50:56", "52:54:00", "00:16:3e"],
    inet6: { method: "dhcpv6-pd", length: 48, duidFromConsole: true, brokenTimers: true },
    sharedWire: true,
    facts: {
      gateway: fact(
        "documented",
        "a failover address is a /32 and is routed through 62.210.0.1, the same for all guests, so that a guest can move; the default gateway of its server works too",
        `${DEDIBOX}/dedibox-ip-failover/how-to/configure-network-virtual-machine/`,
        ARTICLE,
      ),
      mac: fact(
        "documented",
        "the console makes a virtual MAC for a failover address (00:50:56 VMware, 52:54:00 KVM, 00:16:3e Xen; which one does not matter); one MAC may carry several addresses that then move together",
        `${DEDIBOX}/dedibox-ip-failover/how-to/create-virtual-mac/`,
        `${DEDIBOX}/dedibox-ip-failover/how-to/configure-multiip-virtualmac/`,
      ),
      inet6: fact(
        "documented",
        "a /48 by DHCPv6 prefix delegation, to be cut into /64; the router comes from router advertisements. Without the delegation nothing is routed. Some servers have one address by SLAAC instead",
        `${DEDIBOX}/dedibox-ipv6/how-to/configure-ipv6-linux/`,
        `${DEDIBOX}/dedibox-ipv6/how-to/enable-ipv6-slaac/`,
        "http://bsdjlh.blogspot.com/2020/06",
      ),
      duid: fact(
        "documented",
        "the console shows the DUID (a DUID-LL, 00:03:…) that the delegation is tied to. A client that asks several times a second, as dhcp6c may, has its port blocked",
        `${DEDIBOX}/dedibox-ipv6/how-to/debug-ipv6/`,
        `${DEDIBOX}/dedibox-ipv6/how-to/configure-ipv6-linux/`,
      ),
      filtered: fact(
        "documented",
        "only the MAC of the server's card and MACs made in the console: a frame from another one closes the port",
        `${DEDIBOX}/dedibox-ip-failover/how-to/create-virtual-mac/`,
      ),
      sharedWire: fact(
        "reported",
        "customers are in one layer-2 domain, without MLD snooping: a stranger's router advertisement arrives. Timers of the DHCPv6 leases did not follow RFC 3315 22.4. Whether either is so today is not known",
        ARTICLE,
      ),
    },
  },
  ovh: {
    name: "ovh",
    title: "OVHcloud dedicated servers",
    gateway: "host",
    gateways: [],
    macPrefixes: [],
    inet6: { method: "static", length: 64, duidFromConsole: false, brokenTimers: false },
    sharedWire: true,
    facts: {
      gateway: fact(
        "documented",
        "an additional address with a virtual MAC is a /32 and uses the gateway of the server: the first three octets of the server's address, then 254 (not on Scale and High Grade servers, which route it)",
        `${OVH}/en-gb-dedicated-servers-network-bridging`,
      ),
      mac: fact(
        "documented",
        "the console makes a virtual MAC (type ovh or vmware); the address is routed only from that MAC. That they begin with 02:00:00 or 00:50:56 is not documented, so it is not checked; a server can be without the feature",
        "https://www.pulumi.com/registry/packages/ovh/api-docs/dedicatedservervirtualmac/",
        `${OVH}/en-gb-dedicated-servers-network-bridging`,
      ),
      inet6: fact(
        "documented",
        "a /64 (a /56 on Scale and High Grade, a /128 on Kimsufi), set by hand, without DHCPv6 and with router advertisements refused; the gateway is outside it (2607:5300:60:62ff:ff:ff:ff:ff) or fe80::1, as the console says",
        `${OVH}/en-gb-dedicated-servers-network-ipv6`,
      ),
      duid: fact("documented", "none: there is no DHCPv6", `${OVH}/en-gb-dedicated-servers-network-ipv6`),
      filtered: fact(
        "documented",
        "an additional address from another MAC than its virtual one",
        "https://www.pulumi.com/registry/packages/ovh/api-docs/dedicatedservervirtualmac/",
      ),
      sharedWire: fact("unknown", "not documented; taken to be shared"),
    },
  },
  hetzner: {
    name: "hetzner",
    title: "Hetzner Robot dedicated servers",
    gateway: "any",
    gateways: [],
    macPrefixes: [],
    inet6: { method: "static", length: 64, duidFromConsole: false, brokenTimers: false },
    sharedWire: false,
    facts: {
      gateway: fact(
        "documented",
        "write /32 and a route to the gateway on the link: frames that are not addressed to the gateway are rejected. Additional addresses are routed to the server's main address unless they have a MAC of their own; which gateway those use is shown in Robot",
        `${HETZNER}/network/net-config-debian-ubuntu`,
        `${HETZNER}/ip/additional-ip-adresses/`,
      ),
      mac: fact(
        "documented",
        "an additional single address can have a MAC of its own, made in Robot. With what it begins (00:50:56, it is said) is not documented, so it is not checked",
        `${HETZNER}/ip/additional-ip-adresses/`,
      ),
      inet6: fact(
        "documented",
        "a /64, routed to the link-local address that follows from the server's MAC (or, on demand, from that of an additional address); the gateway is always fe80::1",
        `${HETZNER}/network/net-config-debian-ubuntu`,
        `${HETZNER}/ip/additional-ip-adresses/`,
      ),
      duid: fact(
        "documented",
        "none: the network is routed without DHCPv6",
        `${HETZNER}/network/net-config-debian-ubuntu`,
      ),
      filtered: fact(
        "documented",
        "frames that are not addressed to the gateway; servers with a wrong network configuration are locked. That other MACs are filtered is reported by customers",
        `${HETZNER}/network/net-config-debian-ubuntu`,
        `${HETZNER}/troubleshooting/guideline-in-case-of-server-locking/`,
        "https://docs.xynap.tech/en/architecture/network",
      ),
      sharedWire: fact(
        "documented",
        "neighbours in the same subnet cannot be spoken to directly, only through the gateway. Whether their multicast (router advertisements) arrives is not documented",
        `${HETZNER}/network/net-config-debian-ubuntu`,
      ),
    },
  },
  generic: {
    name: "generic",
    title: "Any other network",
    gateway: "any",
    gateways: [],
    macPrefixes: [],
    inet6: { method: "any", length: null, duidFromConsole: false, brokenTimers: false },
    sharedWire: true,
    facts: {
      gateway: unknown,
      mac: unknown,
      inet6: unknown,
      duid: unknown,
      filtered: unknown,
      sharedWire: fact("unknown", "taken to be shared: what is built must not depend on strangers' good will"),
    },
  },
};
