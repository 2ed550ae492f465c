import type { System } from "@pierhead/core";

/** Switches of the kernel that decide what happens to packets, with their defaults. Values are as sysctl prints them. */
export function defaultSysctls(system: System): Map<string, string> {
  switch (system.family) {
    case "freebsd":
      return new Map([
        ["net.inet.ip.forwarding", "0"],
        ["net.inet6.ip6.forwarding", "0"],
        ["net.inet.ip.redirect", "1"],
        ["net.inet6.ip6.redirect", "1"],
        ["net.inet.ip.ttl", "64"],
        ["net.inet6.ip6.hlim", "64"],
        ["net.inet.ip.sourceroute", "0"],
        ["net.inet.icmp.bmcastecho", "0"],
        ["net.inet.icmp.icmplim", "200"],
        ["net.inet.icmp.reply_from_interface", "0"],
        ["net.inet.tcp.blackhole", "0"],
        ["net.inet.udp.blackhole", "0"],
        ["net.route.multipath", "1"],
        // enc(4): with the outer header in, without it out.
        ["net.enc.in.ipsec_filter_mask", "1"],
        ["net.enc.out.ipsec_filter_mask", "1"],
        ["net.inet.ipsec.filtertunnel", "0"],
        ["net.inet6.ipsec6.filtertunnel", "0"],
        ["net.pf.filter_local", "0"],
        ["net.pf.default_to_drop", "0"],
      ]);
    case "openbsd":
      return new Map([
        ["net.inet.ip.forwarding", "0"],
        ["net.inet6.ip6.forwarding", "0"],
        ["net.inet.ip.redirect", "1"],
        ["net.inet6.ip6.redirect", "1"],
        ["net.inet.ip.ttl", "64"],
        ["net.inet6.ip6.hlim", "64"],
        ["net.inet.ip.multipath", "0"],
        ["net.inet6.ip6.multipath", "0"],
        ["net.inet.ip.directed-broadcast", "0"],
        ["net.inet.ip.sourceroute", "0"],
        ["net.inet.icmp.bmcastecho", "0"],
        ["net.inet.icmp.errppslimit", "100"],
        ["net.pipex.enable", "0"],
      ]);
    default:
      return new Map([
        ["net.inet.ip.forwarding", "0"],
        ["net.inet6.ip6.forwarding", "0"],
        ["net.inet.ip.redirect", "1"],
        ["net.inet.ip.ttl", "64"],
        ["net.inet6.ip6.hlim", "64"],
      ]);
  }
}
