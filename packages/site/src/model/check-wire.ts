/** What strangers on a shared wire, or a guest gone bad, can still do after all that is built: said, so that nobody trusts it. */
import { isAtLeast } from "@pierhead/core";
import { PROVIDERS } from "../providers/index.ts";
import type { CheckContext } from "./check-context.ts";
import type { Guest, Host } from "./site.ts";

export function checkWire(host: Host, guests: readonly Guest[], context: CheckContext): void {
  const provider = PROVIDERS[host.provider];
  if (!provider.sharedWire || host.uplinks.length === 0) return;
  if (host.hypervisor === null && host.provider === "generic") return;
  const path = host.hypervisor?.path ?? [...host.path, "provider"];
  const say = (message: string): void => context.say("site/wire-open", "note", message, path);
  const lines = host.uplinks.filter((line) => line.gateway !== null);
  if (lines.some((line) => line.gatewayMac === null)) {
    say(
      "Whoever is on the wire can answer ARP for the gateway and read what goes there: pf does not see ARP. Write the gateway's MAC as `gatewayMac` (arp -a shows it), and the entry is fixed; then it must be changed by hand when the provider changes routers.",
    );
  }
  if (host.uplinks.some((line) => line.dhcp)) {
    say("Anybody on the wire can answer the DHCP client first: it reads frames before pf does.");
  }
  if (host.hypervisor === null || guests.length === 0) return;
  for (const open of openOnBridge(host, guests)) say(open);
}

function openOnBridge(host: Host, guests: readonly Guest[]): string[] {
  const { family } = host.system;
  const kind = host.hypervisor?.kind;
  const open: string[] = [];
  const six = guests.some((guest) => guest.inet6 !== null);
  if (family === "openbsd") {
    if (host.hypervisor?.bridge.startsWith("veb") === true) {
      open.push(
        "veb(4) shows pf nothing, so a guest can send from any IP address (its MAC and its ARP are held to its own). A bridge0 lets pf look.",
      );
    }
    if (!isAtLeast(host.system, "openbsd", 6, 5)) {
      open.push(
        "Rules of bridge(4) look into ARP from OpenBSD 6.5 on: here a guest can say in ARP that it is another.",
      );
    }
    if (six)
      open.push(
        "A guest can answer neighbour discovery for another's address: pf knows the kind of message, not whom it speaks of.",
      );
  } else if (family === "freebsd") {
    open.push(
      "A guest can say in ARP that it is another: pf's `ether` rules see what is for the host, not what is passed on between the members of a bridge, and if_bridge(4) lets all ARP through.",
    );
    if (kind === "vm-bhyve") {
      open.push("vm-bhyve names the taps itself, so no rules are written for them: guests can send from any address.");
    } else if (six)
      open.push(
        "A guest can answer neighbour discovery for another's address: pf knows the kind of message, not whom it speaks of.",
      );
  } else if (family === "netbsd") {
    open.push(
      "bridge(4) of NetBSD filters nothing here: guests can send from any MAC and address, as routers and DHCP servers too.",
    );
  } else if (six) {
    open.push(
      "A guest can answer neighbour discovery for another's address: the rules look at who sends, not at whom it speaks of.",
    );
  }
  return open;
}
