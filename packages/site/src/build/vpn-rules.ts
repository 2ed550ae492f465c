/** Rules of pf.conf for a head-end: what comes by the wire, what comes out of IPsec, and where clients may go. */
import { formatPrefix } from "@pierhead/core";
import type { Host } from "../model/site.ts";
import type { VpnService } from "../model/vpn.ts";
import type { FileWriter } from "./file.ts";
import { hasBalance, leased, target } from "./gateway.ts";
import { list, type PfWriter, type RuleWords } from "./pf-rule.ts";
import { CLIENT_GROUP } from "./vpn-freebsd.ts";

/** The clients' private addresses leave by a line with that line's own. */
export function vpnTranslations(out: FileWriter, pf: PfWriter, host: Host): void {
  for (const service of host.vpn.filter((one) => one.internet)) {
    for (const line of host.uplinks) {
      out.line(pf.translate(`$${line.name}`, formatPrefix(service.pool)), [...service.path, "pool"], line.path);
    }
  }
}

export function vpnRules(out: FileWriter, pf: PfWriter, host: Host): void {
  // Two services by one line share what comes by the wire.
  const open = new Set<VpnService["uplink"]>();
  for (const service of host.vpn) {
    const rule = (words: RuleWords): void => {
      out.line(pf.rule(words), service.path);
    };
    out.blank();
    out.line(
      service.protocol === "ikev2"
        ? "# VPN: IKE and ESP by the line"
        : "# VPN: IKE and ESP by the line; L2TP only where it comes out of ESP",
      service.path,
    );
    if (!open.has(service.uplink)) wire(host, service, rule);
    open.add(service.uplink);
    if (service.protocol === "l2tp-ipsec") {
      const to =
        service.uplink?.address === null ? `(${service.uplink.interface})` : `${service.uplink?.address.address}`;
      // enc(4): states on enc0 are bound to it, or they would let the same packets pass in the clear.
      const more = "keep state (if-bound)";
      rule({ action: "pass", on: "enc0", family: "inet", protocol: "udp", to, toPort: "1701", direction: "in", more });
    }
    clients(host, service, rule);
  }
}

function wire(host: Host, service: VpnService, rule: (words: RuleWords) => void): void {
  const { uplink } = service;
  if (uplink === null) return;
  // With a lease and several lines the gateway is known only when ifstated loads rules: the answer takes the default route.
  const reply = hasBalance(host) && leased(host).length === 0 ? { replyTo: target(uplink) } : {};
  const base = {
    action: "pass",
    direction: "in",
    on: `$${uplink.name}`,
    family: "inet",
    to: `(${`$${uplink.name}`})`,
    label: uplink.name,
    ...reply,
  } as const;
  rule({ ...base, protocol: "udp", toPort: "{ isakmp, ipsec-nat-t }" });
  rule({ ...base, protocol: "esp" });
}

/** What clients may reach. The last rule that matches wins. */
function clients(host: Host, service: VpnService, rule: (words: RuleWords) => void): void {
  const l2tp = service.protocol === "l2tp-ipsec";
  const on = l2tp ? (host.system.family === "freebsd" ? CLIENT_GROUP : "pppx") : "enc0";
  const from = formatPrefix(service.pool);
  const bound = l2tp ? {} : { more: "keep state (if-bound)" };
  const base = { direction: "in", on, family: "inet", from } as const;
  // pfctl knows the addresses of interfaces that are there: the head-end's end of the clients' links is not, yet.
  const self = l2tp ? list(["self", `${service.gateway}`]) : "self";
  if (service.internet) {
    rule({ action: "pass", ...base, ...bound });
    const closed = host.lans.filter((lan) => !service.lans.includes(lan)).map((lan) => `$${lan.name}:network`);
    if (closed.length > 0) rule({ action: "block return", ...base, to: list(closed) });
    rule({ action: "block return", ...base, to: self });
  }
  for (const lan of service.lans) {
    if (!lan.addresses.some(({ address }) => address.family === 4)) continue;
    if (!service.internet) rule({ action: "pass", ...base, to: `$${lan.name}:network`, ...bound });
  }
  // The head-end's own resolver, when it is the one that clients are told.
  const own = service.dns.filter((one) => one.equals(service.gateway) || isOwn(host, one));
  for (const server of own) {
    rule({ action: "pass", ...base, protocol: "{ tcp, udp }", to: `${server}`, toPort: "domain", ...bound });
  }
  rule({
    action: "pass",
    ...base,
    protocol: "icmp",
    more: `icmp-type echoreq${l2tp ? "" : " keep state (if-bound)"}`,
    to: self,
  });
}

function isOwn(host: Host, address: VpnService["gateway"]): boolean {
  return host.lans.some((lan) => lan.addresses.some((one) => one.address.equals(address)));
}
