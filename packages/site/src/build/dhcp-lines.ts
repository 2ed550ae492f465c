/**
 * Lines of a gateway whose address and next hop a DHCP server gives. Rules and routes name next hops, so scripts read
 * them out of the leases; ifstated(8) asks regularly whether the leases are still those that it loaded the rules with.
 */
import type { Host, Uplink } from "../model/site.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { hasDhcpleased, head, leased, PF_FOLDER } from "./gateway.ts";

/** Priority of our own default route on OpenBSD, better than that of a DHCP client's (8): neither disturbs the other. */
export const OWN_PRIORITY = 6;

export function leasedAddress(line: Uplink): string {
  return `$(${PF_FOLDER}/address ${line.interface})`;
}

export function leasedGateway(line: Uplink): string {
  return `$(${PF_FOLDER}/gateway ${line.interface})`;
}

export function noteCommand(line: Uplink): string {
  return `${PF_FOLDER}/note-lease ${line.interface}`;
}

export function leaseFiles(host: Host, site: string): BuiltFile[] {
  const from = leased(host).map((line) => line.path);
  const script = (name: string, what: string, ...text: readonly string[]): BuiltFile => {
    const out = new FileWriter(`${PF_FOLDER}/${name}`, { mode: 0o755 });
    out.line("#!/bin/sh");
    head(out, site, what);
    for (const line of text) out.line(line, ...from);
    return out.finish();
  };
  const gateway = hasDhcpleased(host.system)
    ? [
        // dhcpleased(8) has a default route for every lease; the last two columns of route(8) are priority and interface.
        `# Not the route of priority ${OWN_PRIORITY}, which is the one that ifstated sets.`,
        `route -n show -inet | grep "^default .* $1$" | grep -v " ${OWN_PRIORITY} $1$" | awk '{ print $2 }' | head -1`,
      ]
    : [
        "# dhclient.leases(5): the newest lease comes last.",
        "grep 'option routers' /var/db/dhclient.leases.$1 | tail -1 | awk '{ print $3 }' | tr -d ',;'",
      ];
  const files = [
    script("gateway", "gateway INTERFACE: the next hop that its lease names.", ...gateway),
    script(
      "address",
      "address INTERFACE: the address that it has now.",
      "ifconfig $1 inet | awk '/inet / { print $2 }' | head -1",
    ),
    script(
      "note-lease",
      "note-lease INTERFACE: the rules that are loaded next know this lease.",
      `echo "$(${PF_FOLDER}/address $1) $(${PF_FOLDER}/gateway $1)" > /var/run/lease.$1`,
    ),
    script(
      "same-lease",
      "same-lease INTERFACE: is it the lease that the rules know?",
      `test "$(${PF_FOLDER}/address $1) $(${PF_FOLDER}/gateway $1)" = "$(cat /var/run/lease.$1 2> /dev/null)"`,
    ),
  ];
  if (host.system.family === "freebsd") files.push(enterHooks(host, site));
  return files;
}

/** dhclient-script(8) would add a default route for every lease, and delete whichever there is when an address changes. */
function enterHooks(host: Host, site: string): BuiltFile {
  const out = new FileWriter("/etc/dhclient-enter-hooks");
  head(out, site, `${host.name}: the default route is ifstated's; dhclient-script leaves it alone on these lines.`);
  const lines = leased(host);
  out.line("case $interface in");
  out.line(`${lines.map((line) => line.interface).join("|")})`, ...lines.map((line) => [...line.path, "interface"]));
  out.line("\tunset new_routers old_routers new_classless_routes old_classless_routes");
  out.line("\t;;").line("esac");
  return out.finish();
}
