/** pf.conf around a captive portal: its anchor, and nothing that would let guests past it. */
import { asksByAcme, dynamicClients, type Hotspot } from "../model/hotspot.ts";
import type { Host } from "../model/site.ts";
import type { FileWriter } from "./file.ts";
import type { PfWriter } from "./pf-rule.ts";

/** The anchor that the portal loads its rules into. */
const ANCHOR = "pierhead";

/** FreeBSD: translation has anchors of its own, before any other. */
export function translationAnchors(out: FileWriter, { path }: Hotspot): void {
  out.blank().line("# guests are translated and redirected by the portal");
  out.line(`nat-anchor "${ANCHOR}"`, path).line(`rdr-anchor "${ANCHOR}"`, path);
}

/** Every rule in the anchor is quick, so that no rule after it decides about guests while it is filled. */
export function guestAnchor(out: FileWriter, pf: PfWriter, host: Host, { lan, path, own }: Hotspot): void {
  const on = `$${lan.name}`;
  const pass = (words: Omit<Parameters<PfWriter["rule"]>[0], "action" | "on">): void => {
    out.line(pf.rule({ action: "pass", on, ...words }), lan.path);
  };
  out.blank().line("# guests: the portal's rules come first, and each of them is final");
  out.line(`anchor "${ANCHOR}"`, path);
  out.line("# while there are none, guests get an address, and nothing else");
  pass({ direction: "in", family: "inet", protocol: "udp", from: "any port 68", toPort: "67" });
  pass({ direction: "out", family: "inet", protocol: "udp", from: `(${on}) port 67`, toPort: "68" });
  if (!own.some(({ prefix }) => prefix.address.family === 6)) return;
  const six = { family: "inet6", protocol: "icmp6" } as const;
  pass({ direction: "in", ...six, more: "icmp6-type { neighbrsol, neighbradv, routersol }" });
  pass({ direction: "out", ...six, more: "icmp6-type { neighbrsol, neighbradv, routeradv }" });
  if (host.system.family !== "freebsd") return;
  // dnsmasq(8) answers what is asked of it by DHCPv6 (RFC 8415, 7.2).
  const udp = { family: "inet6", protocol: "udp" } as const;
  pass({ direction: "in", ...udp, from: "fe80::/10 port 546", toPort: "547" });
  pass({ direction: "out", ...udp, from: "fe80::/10 port 547", toPort: "546" });
}

/** What the portal itself listens to on the line. */
export function portalServices(out: FileWriter, pf: PfWriter, hotspot: Hotspot): void {
  const { uplink, path } = hotspot;
  const on = `$${uplink.name}`;
  const clients = dynamicClients(hotspot).filter(({ address }) => address.family === 4 || uplink.inet6 !== null);
  if (clients.length === 0 && !asksByAcme(hotspot)) return;
  out.blank().line("# the portal, from outside");
  for (const { address, port, path: at } of clients) {
    const family = address.family === 4 ? "inet" : "inet6";
    const words = { action: "pass", direction: "in", on, family, protocol: "udp" } as const;
    const rule = pf.rule({ ...words, from: `${address}`, to: `(${on})`, toPort: `${port}` });
    out.line(`${rule}\t# CoA and Disconnect (RFC 5176)`, at);
  }
  if (!asksByAcme(hotspot)) return;
  const certificate = [...path, "portal", "certificate"];
  for (const family of uplink.inet6 === null ? (["inet"] as const) : (["inet", "inet6"] as const)) {
    const words = { action: "pass", direction: "in", on, family, protocol: "tcp" } as const;
    const rule = pf.rule({ ...words, to: `(${on})`, toPort: "80" });
    out.line(`${rule}\t# the proof for the certificate (RFC 8555, 8.3)`, certificate);
  }
}
