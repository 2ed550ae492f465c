/** What the networks of providers expect of a guest with an address of its own. Facts with where they are from. */
import type { ProviderName } from "../schema/index.ts";

export interface Provider {
  readonly name: ProviderName;
  readonly title: string;
  /** `host`: a single address uses the gateway of the host, outside its own network; `any`: as told. */
  readonly gateway: "host" | "any";
  readonly gatewayRule: string;
  /** First octets of the virtual MACs its console hands out; empty: any. */
  readonly macPrefixes: readonly string[];
  readonly macRule: string;
  readonly inet6Rule: string;
  /** What its switches let through, and what they leave to you. */
  readonly filtered: string;
  /** The customer's wire is shared with strangers. */
  readonly sharedWire: boolean;
  readonly sources: readonly string[];
}

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  "online-net": {
    name: "online-net",
    title: "Online.net / Scaleway Dedibox",
    gateway: "host",
    gatewayRule: "a failover address is a /32 and uses the default gateway of the server it is moved to",
    macPrefixes: ["00:50:56", "52:54:00", "00:16:3e"],
    macRule: "the console makes a virtual MAC for each failover address (VMware, KVM or Xen style)",
    inet6Rule:
      "a /48 by DHCPv6 prefix delegation, tied to a DUID from the console; its lease timers were not those of RFC 3315",
    filtered: "frames of a failover address from another MAC; customers are not kept apart from each other",
    sharedWire: true,
    sources: [
      "https://www.scaleway.com/en/docs/dedibox-network/ip-failover/concepts/",
      "Running FreeBSD / OpenBSD / NetBSD as a virtualised guest on Online.net",
    ],
  },
  ovh: {
    name: "ovh",
    title: "OVHcloud dedicated servers",
    gateway: "host",
    gatewayRule:
      "an additional address with a virtual MAC is a /32 and uses the gateway of the server (its network's .254)",
    macPrefixes: ["02:00:00", "00:50:56"],
    macRule: "the console makes a virtual MAC (type ovh or vmware); the address is only routed from that MAC",
    inet6Rule: "a /64 for the server, used without DHCPv6; the gateway is outside it",
    filtered: "frames of an additional address from another MAC, and unknown MACs after a warning",
    sharedWire: true,
    sources: [
      "https://help.ovhcloud.com/csm/en-dedicated-servers-network-bridging",
      "https://www.pulumi.com/registry/packages/ovh/api-docs/dedicatedservervirtualmac/",
      "https://forum.ovh.ie/showthread.php/952-HOWTO-Clean-IP-Failover-RIPE-configuration-notes",
    ],
  },
  hetzner: {
    name: "hetzner",
    title: "Hetzner Robot dedicated servers",
    gateway: "any",
    gatewayRule:
      "an additional single address with its own MAC has the gateway Robot shows for it; frames that do not go to the gateway are dropped, so use /32 and a host route to it",
    macPrefixes: ["00:50:56"],
    macRule: "Robot makes a separate MAC for an additional single address; without one the host routes it",
    inet6Rule: "a /64 routed to the link-local address of the server's MAC; the gateway is fe80::1",
    filtered: "every MAC that is not the server's or made in Robot",
    sharedWire: false,
    sources: ["https://docs.hetzner.com/robot/dedicated-server/network/net-config-debian-ubuntu"],
  },
  generic: {
    name: "generic",
    title: "Any other network",
    gateway: "any",
    gatewayRule: "as the network's owner says",
    macPrefixes: [],
    macRule: "any unicast MAC",
    inet6Rule: "as the network's owner says",
    filtered: "not known",
    sharedWire: true,
    sources: [],
  },
};
