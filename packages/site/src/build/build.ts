/** A site to the files of all its machines. The same site gives the same text, every time. */
import type { Site } from "../model/site.ts";
import type { BuiltMachine, BuiltSite } from "./built.ts";
import { buildGuest, buildHost } from "./host.ts";

/** Builds every host and guest of a site that was read without errors. */
export function buildSite(site: Site): BuiltSite {
  const machines: BuiltMachine[] = [];
  const byHost = new Map<string, (typeof site.guests)[number][]>();
  for (const guest of site.guests) {
    const all = byHost.get(guest.on);
    if (all === undefined) byHost.set(guest.on, [guest]);
    else all.push(guest);
  }
  for (const host of site.hosts) machines.push(buildHost(host, byHost.get(host.name) ?? [], site));
  for (const guest of site.guests) machines.push(buildGuest(guest, site));
  return { name: site.name, machines };
}
