/** Everything but the rules that decides about packets, as text: equal texts, equal worlds. */
import { formatPrefix } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { formatDestination } from "../network/routes.ts";

export function worldOf(machine: Machine): string {
  const { core } = machine.pf;
  core.interfaces.refresh(core.host.interfaces());
  const lines: string[] = [machine.system.name, `pf ${machine.pf.enabled}`];
  for (const one of machine.interfaces()) {
    const addresses = one.addresses.map(({ address, length, broadcast, peer }) =>
      [formatPrefix({ address, length }), broadcast, peer].join(" "),
    );
    const { name, groups, link, up, kind, mtu, routingDomain } = one;
    const isSkipped = core.interfaces.get(name).skip;
    lines.push([name, kind, link, up, mtu, routingDomain, isSkipped, [...groups].sort(), addresses].join("|"));
  }
  for (const route of machine.routes.list()) {
    const { table, gateway, interface: name, origin, priority, label, discard, mtu, multipath, weight } = route;
    lines.push(
      [table, formatDestination(route), gateway, name, origin, priority, label, discard, mtu, multipath, weight].join(
        "|",
      ),
    );
  }
  lines.push(...[...machine.sysctls].map(([name, value]) => `${name}=${value}`).sort());
  lines.push(...machine.services.map((one) => [one.protocol, one.address, one.port, one.user, one.group].join("|")));
  lines.push(...[...machine.neighbours].map(([key, answers]) => `${key} ${answers}`).sort());
  for (const table of core.tables.list(null)) {
    const entries = table.entries().map((one) => `${one.negated ? "!" : ""}${formatPrefix(one)}`);
    lines.push(`<${table.anchor}/${table.name}> ${entries.sort().join(" ")}`);
  }
  const { reassemble, limits, timeouts, syncookies } = core;
  lines.push([reassemble.enabled, reassemble.noDf, ...limits, ...timeouts, syncookies.mode].join("|"));
  return lines.join("\n");
}
