/** The plan by address family, checked: what the rules of both drivers are written from. */
import type { Address, Family, Prefix } from "@pierhead/core";
import { FirewallError, type FirewallPlan } from "./driver.ts";
import { interfaceName, ipAddress, network, port } from "./words.ts";

export interface FamilyGround {
  readonly family: Family;
  /** Our addresses on the guests' link. */
  readonly own: readonly Address[];
  /** The networks of the guests, of `own`. */
  readonly networks: readonly Prefix[];
  readonly resolvers: readonly Address[];
}

export interface Ground {
  readonly guests: string;
  readonly isolate: boolean;
  readonly uplink: string;
  readonly nat: boolean;
  readonly redirectPort: number;
  /** Ports everybody reaches: of the portal, the one HTTP is redirected to among them. */
  readonly portalPorts: readonly number[];
  readonly openPorts: readonly number[];
  /** IPv4 and IPv6, when guests have them. */
  readonly families: readonly FamilyGround[];
}

/** @throws FirewallError when the plan cannot be what was meant */
export function ground(plan: FirewallPlan): Ground {
  const guests = interfaceName(plan.guests.interface);
  const uplink = interfaceName(plan.uplink.interface);
  if (guests === uplink) throw new FirewallError(`guests and uplink are the same interface, ${guests}`);
  const own = plan.guests.addresses.map(network).filter((one) => !one.address.isLinkLocal());
  if (own.length === 0) throw new FirewallError(`the gateway needs an address with its prefix on ${guests}`);
  const resolvers = plan.resolvers.map(ipAddress);
  const families = ([4, 6] as const).flatMap((family): FamilyGround[] => {
    const here = own.filter((one) => one.address.family === family);
    if (here.length === 0) return [];
    for (const one of here) {
      if (one.length < one.address.bits && one.length > 0) continue;
      throw new FirewallError(
        `${one.address}/${one.length}: the gateway's address needs the prefix of the guests' network`,
      );
    }
    return [
      {
        family,
        own: here.map((one) => one.address),
        networks: here.map((one) => ({ address: one.address.masked(one.length), length: one.length })),
        resolvers:
          plan.resolvers.length === 0
            ? here.map((one) => one.address)
            : resolvers.filter((one) => one.family === family),
      },
    ];
  });
  return {
    guests,
    isolate: plan.guests.isolate,
    uplink,
    nat: plan.uplink.nat,
    redirectPort: port(plan.redirectPort),
    portalPorts: [...new Set([port(plan.redirectPort), ...plan.portalPorts.map(port)])],
    openPorts: plan.openPorts.map(port),
    families,
  };
}
