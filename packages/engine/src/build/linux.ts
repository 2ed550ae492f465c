/**
 * Linux's boot as far as the network goes: systemd-sysctl, systemd-networkd, and ifup(8) of ifupdown. Linux has no pf:
 * the machine passes every packet, and rules of nftables or iptables are not read.
 */
import { parseSysctlConf } from "@pierhead/lang/sysctl";
import type { BuildContext } from "./context.ts";
import { bootIfupdown } from "./linux-ifupdown.ts";
import { bootNetworkd } from "./linux-networkd.ts";

export function bootLinux(context: BuildContext): void {
  context.machine.setUp("lo", true);
  applySysctl(context);
  const networkd = bootNetworkd(context);
  const ifupdown = bootIfupdown(context);
  for (const [name, place] of ifupdown) {
    const other = networkd.get(name);
    if (other === undefined || name === "lo") continue;
    context.say(
      "machine/two-managers",
      "warning",
      `${name} is set up by ifup here and by systemd-networkd as well; each undoes what the other does. Keep one.`,
      place.source,
      place.span,
      [{ ...other, message: "networkd's file" }],
    );
  }
  context.placeDynamic();
  for (const path of [
    "/etc/nftables.conf",
    "/etc/iptables/rules.v4",
    "/etc/iptables/rules.v6",
    "/etc/sysconfig/nftables.conf",
  ]) {
    const source = context.tree.source(path);
    if (source === null) continue;
    const text = "The rules of Linux's own filter are not read here: this machine passes every packet.";
    context.say("machine/filter-not-read", "note", text, source, { start: 0, end: 0 });
  }
}

/** sysctl.d(5): files in order of their names, then /etc/sysctl.conf. */
function applySysctl(context: BuildContext): void {
  const files = context.tree.of("sysctl").filter((file) => file.path.startsWith("/etc/sysctl"));
  const ordered = [...files].sort((a, b) => rank(a.path) - rank(b.path) || (a.path < b.path ? -1 : 1));
  for (const file of ordered) {
    for (const { name, value } of parseSysctlConf(file.source, context.system).settings) {
      const plain = name.replaceAll("/", ".");
      context.machine.setSysctl(plain, value);
      if (/^net\.ipv4\.(ip_forward|conf\.all\.forwarding)$/.test(plain))
        context.machine.setForwarding(value !== "0", 4);
      if (plain === "net.ipv6.conf.all.forwarding") context.machine.setForwarding(value !== "0", 6);
    }
  }
}

function rank(path: string): number {
  return path === "/etc/sysctl.conf" ? 1 : 0;
}
