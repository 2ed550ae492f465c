/** Tunnels for IPv6: names the system knows, room for the outer header, ends that stay where they are. */
import { formatPrefix } from "@pierhead/core";
import type { CheckContext } from "./check-context.ts";
import type { Guest, Host, Lan, Tunnel, Uplink } from "./site.ts";

/** Octets of the IPv4 header around (RFC 791). */
const OUTER = 20;
const ETHERNET = 1500;

export function checkHostTunnels(host: Host, context: CheckContext): void {
  for (const tunnel of host.tunnels) {
    const line = host.uplinks.find((one) => one.name === tunnel.uplink) ?? null;
    checkTunnel(tunnel, host.system.family, line, context);
    if (line?.dhcp === true) {
      const message = `Where ${tunnel.name} starts is in the lease of ${line.name}, and what is built follows it; the far end has to be told each new address, which brokers have a web address for.`;
      context.say("site/tunnel-on-lease", "note", message, [...tunnel.path, "uplink"], line.path);
    }
  }
  if (host.tunnels.some((one) => one.prefix !== null)) {
    for (const lan of host.lans) checkLan(lan, host, context);
  }
}

export function checkGuestTunnels(guest: Guest, context: CheckContext): void {
  for (const tunnel of guest.tunnels) checkTunnel(tunnel, guest.system.family, null, context);
}

function checkTunnel(tunnel: Tunnel, family: string, line: Uplink | null, context: CheckContext): void {
  const path = [...tunnel.path, "interface"];
  const name = tunnel.interface;
  if (family !== "linux" && !/^gif\d+$/.test(name)) {
    context.say(
      "site/tunnel-interface",
      "error",
      `Protocol 41 is gif(4) here, so the interface is like gif0, not ${name}.`,
      path,
    );
  } else if (family === "linux" && /^(?:sit0|gif\d+)$/.test(name)) {
    const why = name === "sit0" ? "the kernel's own, for packets of no other tunnel" : "a name of the BSDs";
    context.say("site/tunnel-interface", "error", `${name} is ${why}; call it he0, for example.`, path);
  }
  const room = (line?.mtu ?? ETHERNET) - OUTER;
  if (tunnel.mtu > room) {
    const message = `${tunnel.mtu} octets and the IPv4 header do not fit into the ${room + OUTER} of the line: at most ${room}.`;
    context.say("site/tunnel-mtu", "error", message, [...tunnel.path, "mtu"]);
  }
}

/** Addresses of a LAN that come back by no line: nobody routes them here. Unique local ones are not meant to (RFC 4193). */
function checkLan(lan: Lan, host: Host, context: CheckContext): void {
  const networks = host.tunnels.flatMap((one) => (one.prefix === null ? [one.address] : [one.prefix, one.address]));
  lan.addresses.forEach((own, index) => {
    if (own.address.family === 4 || own.address.isLinkLocal() || own.address.w0 >>> 25 === 0xfc >>> 1) return;
    if (networks.some((one) => own.address.isIn(one.address, one.length))) return;
    const known = host.tunnels.flatMap((one) =>
      one.prefix === null ? [] : [`${formatPrefix(one.prefix)} to ${one.name}`],
    );
    const message = `Nobody routes ${formatPrefix(own)} to this host: the far ends route ${known.join(", ")}.`;
    context.say("site/inet6-not-routed", "warning", message, [...lan.path, "addresses", index]);
  });
}
