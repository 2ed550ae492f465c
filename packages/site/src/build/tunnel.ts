/**
 * IPv6 through IPv4, protocol 41 (RFC 4213): gif(4) on the BSDs, sit on Linux. What every system has in common: the far
 * end's address, an MTU that leaves room for the IPv4 header, the address inside, the default route through it.
 */
import type { Address } from "@pierhead/core";
import type { Guest, Host, Tunnel } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";
import type { LinuxNetwork } from "../schema/index.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { hasBalance, head, PF_FOLDER } from "./gateway.ts";

/** A tunnel with where it starts from. */
export interface TunnelEnd {
  readonly tunnel: Tunnel;
  /** Null: a lease on {@link interface} says. */
  readonly local: Address | null;
  /** Card of the line that it goes through. */
  readonly interface: string;
  /** The default route for IPv6 goes through it after boot: of several tunnels, that of the preferred line. */
  readonly leads: boolean;
  /** Next hop of its line, where there are others: what comes from there must leave there. */
  readonly via: { readonly gateway: Address; readonly path: SitePath } | null;
}

export function hostTunnels(host: Host): TunnelEnd[] {
  const able = host.tunnels.filter((tunnel) => tunnel.isDefault);
  const best = able.find((tunnel) => tunnel.uplink === host.preferred?.name) ?? able[0];
  return host.tunnels.flatMap((tunnel) => {
    const line = host.uplinks.find((one) => one.name === tunnel.uplink);
    if (line === undefined) return [];
    const via =
      line.gateway === null || !hasBalance(host) ? null : { gateway: line.gateway, path: [...line.path, "gateway"] };
    return [{ tunnel, local: line.address?.address ?? null, interface: line.interface, leads: tunnel === best, via }];
  });
}

export function guestTunnels(guest: Guest): TunnelEnd[] {
  const best = guest.tunnels.find((tunnel) => tunnel.isDefault);
  return guest.tunnels.map((tunnel) => ({
    tunnel,
    local: guest.address.address,
    interface: guest.interface,
    leads: tunnel === best,
    via: null,
  }));
}

/** A tunnel between this address and the far end, in the words of ifconfig(8). */
function ends({ tunnel, local }: TunnelEnd): string {
  return `tunnel ${local} ${tunnel.remote}`;
}

/** What ifstated runs, and what boot cannot know: the lease on the line. `gif(4)` takes no 0.0.0.0 as its own end. */
export function leasedTunnelCommand({ tunnel, interface: card }: TunnelEnd): string {
  return `ifconfig ${tunnel.interface} tunnel $(${PF_FOLDER}/address ${card}) ${tunnel.remote}`;
}

/** hostname.if(5). The default route is added here: mygate is read before the tunnel is up. */
export function openbsdTunnel(end: TunnelEnd): BuiltFile {
  const { tunnel, local, via, leads } = end;
  const { path } = tunnel;
  const out = new FileWriter(`/etc/hostname.${tunnel.interface}`, { mode: 0o640 });
  if (local === null) {
    out.line("# Where it starts is in a lease: ifstated(8) says so as soon as there is one.", path);
  } else out.line(ends(end), [...path, "remote"], path);
  out.line(`mtu ${tunnel.mtu}`, [...path, "mtu"]);
  out.line(`inet6 ${tunnel.address.address} ${tunnel.address.length}`, [...path, "address"]);
  if (via !== null)
    out.line(`!/sbin/route -qn add -host ${tunnel.remote} ${via.gateway}`, [...path, "remote"], via.path);
  if (leads) out.line(`!/sbin/route -qn add -inet6 default ${tunnel.peer}`, [...path, "peer"]);
  return out.finish();
}

/** rc.conf(5): the interface itself is in `cloned_interfaces`. */
export function freebsdTunnel(out: FileWriter, end: TunnelEnd): void {
  const { tunnel, local } = end;
  const { interface: name, path } = tunnel;
  const set = (variable: string, value: string, ...from: readonly SitePath[]): void => {
    out.line(`${variable}="${value}"`, ...from);
  };
  const start = local === null ? "" : `${ends(end)} `;
  set(`ifconfig_${name}`, `${start}mtu ${tunnel.mtu}`, [...path, "remote"], [...path, "mtu"]);
  set(`ifconfig_${name}_ipv6`, `inet6 ${tunnel.address.address}/${tunnel.address.length}`, [...path, "address"]);
  if (end.leads) set("ipv6_defaultrouter", `${tunnel.peer}`, [...path, "peer"]);
}

/** Routes for `static_routes`: name, and what route(8) is given. */
export function freebsdTunnelRoutes(ends: readonly TunnelEnd[]): { name: string; words: string; from: SitePath[] }[] {
  return ends.flatMap(({ tunnel, via }) => {
    if (via === null) return [];
    const from = [[...tunnel.path, "remote"], via.path];
    return [{ name: tunnel.name, words: `-host ${tunnel.remote} ${via.gateway}`, from }];
  });
}

/** dhclient-script(8) runs this with every lease; an address that stays costs nothing. */
export function freebsdLeaseHook(ends: readonly TunnelEnd[], site: string): BuiltFile | null {
  const leased = ends.filter((end) => end.local === null);
  if (leased.length === 0) return null;
  const out = new FileWriter("/etc/dhclient-exit-hooks");
  head(out, site, "tunnels start where the lease says.");
  out.line('if [ -n "$new_ip_address" ]; then');
  out.line("\tcase $interface in");
  for (const card of new Set(leased.map((end) => end.interface))) {
    out.line(`\t${card})`);
    for (const { tunnel } of leased.filter((end) => end.interface === card)) {
      out.line(`\t\tifconfig ${tunnel.interface} tunnel $new_ip_address ${tunnel.remote}`, [...tunnel.path, "remote"]);
    }
    out.line("\t\t;;");
  }
  out.line("\tesac").line("fi");
  return out.finish();
}

/** ifconfig.if(5). */
export function netbsdTunnel(end: TunnelEnd): BuiltFile {
  const { tunnel, local, leads } = end;
  const { path } = tunnel;
  const out = new FileWriter(`/etc/ifconfig.${tunnel.interface}`);
  out.line("create", [...path, "interface"]);
  if (local !== null) out.line(ends(end), [...path, "remote"], path);
  out.line(`mtu ${tunnel.mtu}`, [...path, "mtu"]);
  out.line(`inet6 ${tunnel.address.address}/${tunnel.address.length}`, [...path, "address"]);
  out.line("up", [...path, "interface"]);
  if (leads) out.line(`!/sbin/route -qn add -inet6 default ${tunnel.peer}`, [...path, "peer"]);
  return out.finish();
}

/** dhcpcd-run-hooks(8) ends with this file; NetBSD's rc.conf `dhcpcd` and the `dhcp` word of ifconfig.if run dhcpcd. */
export function netbsdLeaseHook(ends: readonly TunnelEnd[], site: string): BuiltFile | null {
  const leased = ends.filter((end) => end.local === null);
  if (leased.length === 0) return null;
  const out = new FileWriter("/etc/dhcpcd.exit-hook");
  head(out, site, "tunnels start where the lease says.");
  out.line('case "$interface $reason" in');
  for (const card of new Set(leased.map((end) => end.interface))) {
    out.line(`"${card} BOUND"|"${card} REBIND"|"${card} RENEW"|"${card} REBOOT")`);
    for (const { tunnel } of leased.filter((end) => end.interface === card)) {
      out.line(`\t/sbin/ifconfig ${tunnel.interface} tunnel $new_ip_address ${tunnel.remote}`, [
        ...tunnel.path,
        "remote",
      ]);
    }
    out.line("\t;;");
  }
  return out.line("esac").finish();
}

/** systemd.netdev(5) and systemd.network(5), or the v4tunnel method of interfaces(5). */
export function linuxTunnels(ends: readonly TunnelEnd[], network: LinuxNetwork): BuiltFile[] {
  return network === "systemd-networkd" ? ends.flatMap(networkdTunnel) : [];
}

/** `Local=any`: whatever address the route to the far end has, so that a lease may change. */
function networkdTunnel({ tunnel, local, leads }: TunnelEnd): BuiltFile[] {
  const { interface: name, path } = tunnel;
  const netdev = new FileWriter(`/etc/systemd/network/30-${name}.netdev`);
  netdev
    .line("[NetDev]")
    .line(`Name=${name}`, [...path, "interface"])
    .line("Kind=sit", path);
  netdev.line(`MTUBytes=${tunnel.mtu}`, [...path, "mtu"]).blank();
  netdev.line("[Tunnel]").line("Independent=yes", path);
  netdev
    .line(`Local=${local ?? "any"}`, path)
    .line(`Remote=${tunnel.remote}`, [...path, "remote"])
    .line("TTL=255", path);
  const out = new FileWriter(`/etc/systemd/network/30-${name}.network`);
  out.line("[Match]").line(`Name=${name}`, [...path, "interface"]);
  out.blank().line("[Network]").line("IPv6AcceptRA=no");
  out
    .blank()
    .line("[Address]")
    .line(`Address=${tunnel.address.address}/${tunnel.address.length}`, [...path, "address"]);
  if (leads) {
    out
      .blank()
      .line("[Route]")
      .line(`Gateway=${tunnel.peer}`, [...path, "peer"]);
  }
  return [netdev.finish(), out.finish()];
}

/** Stanzas for /etc/network/interfaces, behind those of the cards. */
export function ifupdownTunnel(out: FileWriter, { tunnel, local, leads }: TunnelEnd): void {
  const { interface: name, path } = tunnel;
  out
    .blank()
    .line(`auto ${name}`, [...path, "interface"])
    .line(`iface ${name} inet6 v4tunnel`, path);
  out.line(`\taddress ${tunnel.address.address}`, [...path, "address"]);
  out.line(`\tnetmask ${tunnel.address.length}`, [...path, "address"]);
  out.line(`\tendpoint ${tunnel.remote}`, [...path, "remote"]);
  if (local !== null) out.line(`\tlocal ${local}`, path);
  out.line("\tttl 255", path).line(`\tmtu ${tunnel.mtu}`, [...path, "mtu"]);
  if (leads) out.line(`\tgateway ${tunnel.peer}`, [...path, "peer"]);
}
