/**
 * Two clients behind one NAT: both have one address at the head-end. In tunnel mode each has its own inside; in transport
 * mode the selectors are all there is, and they can be the same.
 */
import type { HeadEnd } from "@pierhead/engine/vpn";
import { CLIENTS, type ClientPlatform } from "./catalogue.ts";
import type { Compatibility } from "./compat.ts";

export interface SameNat {
  /** Two of this platform at a time behind one NAT. */
  readonly verdict: "both work" | "one at a time" | "unknown";
  readonly reason: string;
  /** What lets both in; null when they do, or nothing is known to. */
  readonly change: string | null;
  readonly sources: readonly string[];
}

/** What does IPsec at the head-end, as far as this question goes. */
export type IpsecKind = "isakmpd" | "iked" | "strongswan-tunnel" | "strongswan-transport" | "strongswan-connmark";

export function ipsecKind(protocol: Compatibility["protocol"], headEnd: HeadEnd): IpsecKind | null {
  // connmark is of Linux, and head-ends with strongSwan that are read here are FreeBSD's.
  if (headEnd.strongswan !== null) return protocol === "ikev2" ? "strongswan-tunnel" : "strongswan-transport";
  if (protocol === "ikev2") return headEnd.iked === null ? null : "iked";
  return headEnd.ipsec === null ? null : "isakmpd";
}

/** UDP port of its own that a platform's L2TP asks IPsec for. */
type OwnPort = "1701" | "any" | "unknown";

interface PortEvidence {
  readonly port: OwnPort;
  readonly sources: readonly string[];
}

const CONNMARK = "https://docs.strongswan.org/docs/latest/plugins/connmark.html";
const NM_PORTS =
  "https://github.com/nm-l2tp/NetworkManager-l2tp/blob/nm-1-2/README.md (L2TP connection issues with UDP source port 1701)";

const WINDOWS: PortEvidence = { port: "1701", sources: [`${CONNMARK} (Windows L2TP)`] };

const PORTS: Readonly<Record<string, PortEvidence>> = {
  "windows-7": WINDOWS,
  "windows-10": WINDOWS,
  "windows-11": WINDOWS,
  "android-11": {
    port: "any",
    sources: ["AOSP external/ipsec-tools setup.c: set_port(myaddrs[0].addr, 0) before spdadd"],
  },
  networkmanager: { port: "1701", sources: [NM_PORTS] },
  chromeos: {
    port: "1701",
    sources: ['ChromiumOS platform2, shill/vpn/ipsec_connection_test.cc: local_ts = "dynamic[17/1701]"'],
  },
};

const OPENBSD = [
  "OpenBSD sbin/isakmpd/ipsec.c ipsec_set_network: NAT-T with transport mode takes the addresses of phase 1",
  "OpenBSD sbin/isakmpd/pf_key_v2.c pf_key_v2_flow: SADB_X_FLOW_TYPE_REQUIRE, with the identities of phase 1",
  "OpenBSD sys/net/pfkeyv2.c SADB_X_ADDFLOW: a flow that exists gets the new identities",
  'OpenBSD sys/netinet/ip_spd.c ipsp_spd_lookup: "Match source/dest IDs", else "Silently drop packet"',
];
const IKED = ["OpenBSD iked.conf(5): `from 0.0.0.0/0 to dynamic`", "RFC 7296 2.19"];

/** Null when there is nothing to ask: the platform does not have the protocol, or no daemon is there for it. */
export function sameNat(
  kind: IpsecKind | null,
  protocol: Compatibility["protocol"],
  platform: ClientPlatform,
): SameNat | null {
  const client = protocol === "ikev2" ? platform.ikev2 : platform.l2tp;
  if (kind === null || "missing" in client) return null;
  if (kind === "iked" || kind === "strongswan-tunnel") {
    const reason =
      "tunnel mode: each client has an address of its own inside, and so flows of its own; the ports of UDP 4500 tell their ESP apart";
    return {
      verdict: "both work",
      reason,
      change: null,
      sources: kind === "iked" ? IKED : ["RFC 7296 2.19", "RFC 3948 5.1"],
    };
  }
  const { port, sources } = PORTS[platform.name] ?? { port: "unknown", sources: [] };
  const change =
    platform.name === "networkmanager"
      ? '"Use L2TP ephemeral source port" in the client\'s settings'
      : "IKEv2, or one of them at a time";
  if (port === "unknown") {
    const reason =
      "which UDP port of its own it asks for is not known; two that ask for the same one, or for any, are one flow to the head-end";
    return { verdict: "unknown", reason, change: null, sources: [] };
  }
  const both = port === "any" ? "both ask for any UDP port of theirs" : "both ask for UDP 1701 at either end";
  if (kind === "isakmpd") {
    const reason = `transport mode: ${both}, from one address, so their flows are the same; the second to connect puts its identity into the flow, and from its first packet on the kernel drops those of the first without a word`;
    return { verdict: "one at a time", reason, change, sources: [...OPENBSD, ...sources] };
  }
  if (kind === "strongswan-connmark" && port === "any") {
    const reason =
      "transport mode with the connmark plugin: connection tracking tells their UDP ports apart, and marks the answers";
    return { verdict: "both work", reason, change: null, sources: [CONNMARK, ...sources] };
  }
  const reason =
    kind === "strongswan-connmark"
      ? `transport mode with the connmark plugin: ${both}, so there is one entry of connection tracking, and answers go to whoever sent last`
      : `transport mode: ${both}, from one address, so their policies are the same, and answers go into one of the two associations`;
  return { verdict: "one at a time", reason, change, sources: [CONNMARK, ...sources] };
}

/** For all platforms of a protocol: what is the same is said once, with the platforms it is true of. */
export function sameNatSummary(
  kind: IpsecKind | null,
  protocol: Compatibility["protocol"],
  platforms: readonly ClientPlatform[] = CLIENTS,
): { readonly answer: SameNat; readonly platforms: readonly ClientPlatform[] }[] {
  const groups = new Map<string, { answer: SameNat; platforms: ClientPlatform[] }>();
  for (const platform of platforms) {
    const answer = sameNat(kind, protocol, platform);
    if (answer === null) continue;
    const key = `${answer.verdict} ${answer.reason} ${answer.change}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { answer, platforms: [platform] });
    else known.platforms.push(platform);
  }
  return [...groups.values()];
}
