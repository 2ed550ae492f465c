/** Names: what they refer to is there, none means two things, none is a word of the files it goes into. */
import type { SiteDescription } from "../schema/index.ts";
import type { CheckContext } from "./check-context.ts";
import { startOrder } from "./order.ts";
import type { Host } from "./site.ts";

/** Words that mean something in pf.conf or ifstated.conf, so that no macro can be called so. */
const RESERVED: ReadonlySet<string> = new Set(
  `all allow anchor any antispoof bandwidth binat binat_anchor block bridge code const debug divert drop dup_to else
  fastroute file fingerprints flags for from global group hostid icmp if in include inet inet6 init interface ioctl
  keep label limit link load log loginterface match max min modulate nat nat_anchor no on optimization or os out
  overload parent pass pfsync_if pool port prio priority probability proto quick random rdr rdr_anchor received_on
  reply_to require_order reassemble return route route_to rtable rule ruleset run scrub self set skip state state_policy
  static_port sticky_address synproxy table tag tagged tbrsize timeout to tos ttl up upload urpf_failed user lan_net
  down unknown every set_state init_state and not`.split(/\s+/),
);

export function checkHostNames(host: Host, context: CheckContext): void {
  const seen = new Map<string, readonly (string | number)[]>();
  for (const one of [...host.uplinks, ...host.lans, ...host.tunnels]) {
    if (RESERVED.has(one.name)) {
      context.sayKey(
        "site/reserved-name",
        `\`${one.name}\` is a word of pf.conf or ifstated.conf; choose another.`,
        one.path,
      );
    }
    const before = seen.get(one.name);
    if (before !== undefined) {
      context.sayKey("site/duplicate-name", `${host.name} has two things called ${one.name}.`, one.path, before);
    } else seen.set(one.name, one.path);
  }
  const uplinks = new Set(host.uplinks.map((one) => one.name));
  const known = (name: string, path: readonly (string | number)[]): void => {
    if (uplinks.has(name)) return;
    const have = [...uplinks].join(", ");
    const message = `${host.name} has no line called ${name}${have === "" ? "" : `; it has ${have}`}.`;
    context.say("site/unknown-reference", "error", message, path);
  };
  for (const pin of host.pins) known(pin.uplink, [...pin.path, "uplink"]);
  for (const one of host.tunnels) known(one.uplink ?? "", [...one.path, "uplink"]);
  for (const one of host.services) {
    for (const [index, name] of one.uplinks.entries()) known(name, [...one.path, "uplinks", index]);
  }
}

/** The line that `balance.preferred` names, and what guests refer to. */
export function checkReferences(site: SiteDescription, hosts: ReadonlyMap<string, Host>, context: CheckContext): void {
  for (const [name, host] of Object.entries(site.hosts)) {
    const preferred = host.balance?.preferred;
    if (preferred === undefined || host.uplinks?.[preferred] !== undefined) continue;
    const message = `${name} has no line called ${preferred}.`;
    context.say("site/unknown-reference", "error", message, ["hosts", name, "balance", "preferred"]);
  }
  const guests = site.guests ?? {};
  for (const [name, guest] of Object.entries(guests)) {
    const path = ["guests", name];
    if (hosts.has(name)) {
      context.sayKey("site/duplicate-name", `A host is called ${name} too.`, path, ["hosts", name]);
    }
    const host = hosts.get(guest.on);
    if (host === undefined) {
      const message =
        guests[guest.on] === undefined
          ? `There is no host ${guest.on}; there is ${[...hosts.keys()].join(", ")}.`
          : `${guest.on} is a guest itself: a guest runs on a host.`;
      context.say("site/unknown-reference", "error", message, [...path, "on"]);
    } else if (host.hypervisor === null) {
      const message = `${host.name} has no \`hypervisor\`, so it runs no guests.`;
      context.say("site/no-hypervisor", "error", message, [...path, "on"], ["hosts", host.name]);
    }
    (guest.after ?? []).forEach((other, index) => {
      const found = guests[other];
      const message =
        found === undefined
          ? `There is no guest ${other}.`
          : found.on !== guest.on
            ? `${other} runs on ${found.on}, and what ${guest.on} starts cannot wait for it.`
            : null;
      if (message !== null) context.say("site/unknown-reference", "error", message, [...path, "after", index]);
    });
  }
  const order = startOrder(Object.entries(guests).map(([name, one]) => ({ name, after: one.after ?? [] })));
  if (order.cycle !== null) {
    const [first] = order.cycle;
    const message = `These guests wait for each other, so none of them starts: ${order.cycle.join(" → ")}.`;
    context.say("site/cyclic-reference", "error", message, ["guests", first as string, "after"]);
  }
}
