/** The files of one host. */
import type { Guest, Host, Site } from "../model/site.ts";
import type { BuiltMachine } from "./built.ts";
import { hostCards, hostTunnels } from "./card.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { freebsdCards } from "./freebsd.ts";
import { hasBalance, head } from "./gateway.ts";
import { enableIfstated, ifstatedFiles } from "./ifstated-conf.ts";
import { openbsdCards } from "./openbsd.ts";
import { pfFiles } from "./pf-conf.ts";

export function buildHost(host: Host, guests: readonly Guest[], site: Site): BuiltMachine {
  return {
    name: host.name,
    kind: "host",
    system: host.system,
    files: sorted(filesOf(host, guests, site)),
    secrets: host.secrets.map((secret) => ({ path: secret.file, from: secret.reference })),
    scenarios: host.scenarios,
    policies: host.policies,
  };
}

export function sorted(files: readonly BuiltFile[]): BuiltFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function filesOf(host: Host, _guests: readonly Guest[], site: Site): BuiltFile[] {
  switch (host.system.family) {
    case "openbsd":
      return openbsdHost(host, site);
    case "freebsd":
      return freebsdHost(host, site);
    default:
      return [];
  }
}

function forwards(host: Host): { readonly four: boolean; readonly six: boolean } {
  const has = (family: number): boolean =>
    host.lans.some((lan) => lan.addresses.some(({ address }) => address.family === family));
  return { four: has(4), six: has(6) };
}

function openbsdHost(host: Host, site: Site): BuiltFile[] {
  const files = openbsdCards(hostCards(host), hostTunnels(host), host.system);
  files.push(...pfFiles(host, site.name));
  const lans = [...host.path, "lans"];
  const sysctl = new FileWriter("/etc/sysctl.conf");
  if (forwards(host).four) sysctl.line("net.inet.ip.forwarding=1\t# this box is a gateway", lans);
  if (forwards(host).six) sysctl.line("net.inet6.ip6.forwarding=1", lans);
  if (!sysctl.isEmpty) files.push(sysctl.finish());
  const rc = new FileWriter("/etc/rc.conf.local");
  if (hasBalance(host)) {
    rc.line(enableIfstated(host), [...host.path, "uplinks"]);
    files.push(...ifstatedFiles(host, site.name));
  }
  if (!rc.isEmpty) files.push(rc.finish());
  return files;
}

function freebsdHost(host: Host, site: Site): BuiltFile[] {
  const rc = new FileWriter("/etc/rc.conf");
  head(rc, site.name, `${host.name}: what boot sets up and starts.`);
  rc.blank().line(`hostname="${host.name}"`, host.path);
  freebsdCards(rc, hostCards(host), hostTunnels(host));
  const { four, six } = forwards(host);
  if (four) rc.line('gateway_enable="YES"', [...host.path, "lans"]);
  if (six) rc.line('ipv6_gateway_enable="YES"', [...host.path, "lans"]);
  const ssh = host.services.find((one) => one.port === "ssh" || one.port === "22");
  if (ssh !== undefined) rc.line('sshd_enable="YES"', ssh.path);
  rc.line('pf_enable="YES"', host.path);
  const files = pfFiles(host, site.name);
  if (hasBalance(host)) {
    rc.line(enableIfstated(host), [...host.path, "uplinks"]);
    files.push(...ifstatedFiles(host, site.name));
  }
  files.push(rc.finish());
  return files;
}
