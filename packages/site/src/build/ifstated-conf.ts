/** ifstated.conf of a host with several lines: watch them, keep rules, default route and states in step. */
import { isAtLeast } from "@pierhead/core";
import type { Host, Uplink } from "../model/site.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { hasDhcpleased, head, leased, loadCommand, PF_FOLDER } from "./gateway.ts";
import { type LineState, lineStates } from "./line-states.ts";

export function ifstatedFiles(host: Host, site: string): BuiltFile[] {
  const path = host.system.family === "freebsd" ? "/usr/local/etc/ifstated.conf" : "/etc/ifstated.conf";
  const out = new FileWriter(path);
  head(
    out,
    site,
    `${host.name}: watch the lines; keep the anchor "balance", the default route and the states in step.`,
  );
  out.blank();
  for (const line of host.uplinks) {
    out.line(`${line.name} = '( "${probe(host, line)}" every ${host.failover.every} )'`, line.path, host.failover.path);
  }
  for (const line of leased(host)) {
    out.line(
      `${line.name}_same = '( "${PF_FOLDER}/same-gateway ${line.interface}" every ${host.failover.every} )'`,
      line.path,
    );
  }
  out.blank().line("init-state allworking");
  const states = lineStates(host);
  for (const state of states) writeState(out, host, state, states);
  return [out.finish(), ...(leased(host).length > 0 ? leaseScripts(host, site) : [])];
}

/** One ping from the line's own address: another line's answer would say nothing. */
function probe(host: Host, line: Uplink): string {
  if (line.dhcp) return `${PF_FOLDER}/probe ${line.interface}${line.probe === null ? "" : ` ${line.probe}`}`;
  return `${ping(host)} ${line.address?.address} ${line.probe ?? line.gateway} > /dev/null`;
}

function ping(host: Host): string {
  const { timeout } = host.failover;
  // ping(8): -w is seconds to wait on OpenBSD, -t on FreeBSD; the source is -I there, -S here.
  return host.system.family === "freebsd" ? `ping -q -c 1 -t ${timeout} -S` : `ping -q -c 1 -w ${timeout} -I`;
}

function writeState(out: FileWriter, host: Host, state: LineState, states: readonly LineState[]): void {
  out.blank();
  if (state.dead.length === 1 && state === states.find((one) => one.dead.length === 1)) {
    out.line("# States are killed after the new rules are in, and only those of the dead line: the");
    out.line("# clients are told at once, and connect again by a line that works.");
  }
  const lines = [...host.path, "uplinks"];
  out.line(`state ${state.name} {`, lines);
  out.line("\tinit {");
  const run = (command: string, ...from: Parameters<FileWriter["line"]>[1][]): void => {
    out.line(`\t\trun "${command}"`, ...from);
  };
  const load = loadCommand(host, "balance", `${PF_FOLDER}/balance.${state.file}`);
  run(load, lines);
  if (leased(host).length > 0) run(loadCommand(host, "cross", `${PF_FOLDER}/cross`), lines);
  run(routeCommand(host, state.route), state.route?.path ?? lines);
  for (const line of state.dead) run(`pfctl -q -k label -k ${line.name}`, line.path);
  out.line("\t}");
  for (const line of leased(host).filter((one) => state.working.includes(one))) {
    // The lease has another gateway: the same rules again, with the new one.
    out.line(`\tif ! $${line.name}_same {`, line.path);
    run(load, line.path);
    run(loadCommand(host, "cross", `${PF_FOLDER}/cross`), line.path);
    if (state.route === line) run(routeCommand(host, line), line.path);
    run(`${PF_FOLDER}/gateway ${line.interface} > /var/run/gateway.${line.interface}`, line.path);
    out.line("\t}");
  }
  for (const other of states) {
    if (other === state) continue;
    const test = host.uplinks
      .map((line) => (other.working.includes(line) ? `$${line.name}` : `! $${line.name}`))
      .join(" && ");
    out.line(`\tif ${test}`, lines).line(`\t\tset-state ${other.name}`, lines);
  }
  out.line("}");
}

/**
 * The host's own default route. With dhcpleased(8) there is one for each lease already, with priority 8 and more:
 * ours has a better priority, so that neither disturbs the other.
 */
function routeCommand(host: Host, line: Uplink | null): string {
  const own = hasDhcpleased(host.system) && leased(host).length > 0 ? " -priority 6" : "";
  if (line === null) return `route -qn delete${own} default`;
  const gateway = line.gateway === null ? `$(${PF_FOLDER}/gateway ${line.interface})` : `${line.gateway}`;
  return `route -qn change${own} default ${gateway} || route -qn add${own} default ${gateway}`;
}

/** What ifstated asks about lines with a lease. */
function leaseScripts(host: Host, site: string): BuiltFile[] {
  const script = (name: string, what: string): FileWriter => {
    const out = new FileWriter(`${PF_FOLDER}/${name}`, { mode: 0o755 });
    out.line("#!/bin/sh");
    return head(out, site, what);
  };
  const gateway = script("gateway", "gateway INTERFACE: the gateway its lease names.");
  if (hasDhcpleased(host.system)) {
    // dhcpleased(8) installs a default route for every lease; the interface is the last column of route(8).
    gateway.line(`route -n show -inet | awk "/^default.* $1$/ { print \\$2 }" | head -1`, [...host.path, "uplinks"]);
  } else {
    // dhclient.leases(5): the newest lease comes last.
    gateway.line(`awk '/option routers/ { print $3 }' /var/db/dhclient.leases.$1 | tail -1 | tr -d ';'`, [
      ...host.path,
      "uplinks",
    ]);
  }
  const probes = script("probe", "probe INTERFACE [ADDRESS]: does the gateway, or the address, answer on this line?");
  probes.line("address=$(ifconfig $1 inet | awk '/inet / { print $2 }' | head -1)");
  probes.line(`exec ${ping(host)} $address \${2:-$(${PF_FOLDER}/gateway $1)} > /dev/null`, host.failover.path);
  const same = script("same-gateway", "same-gateway INTERFACE: is the gateway the one the rules were loaded with?");
  same.line(`test "$(${PF_FOLDER}/gateway $1)" = "$(cat /var/run/gateway.$1 2> /dev/null)"`);
  return [gateway.finish(), probes.finish(), same.finish()];
}

/** ifstated(8) came into OpenBSD with 3.8; on FreeBSD it is a port. */
export function enableIfstated(host: Host): string {
  if (host.system.family === "freebsd") return 'ifstated_enable="YES"';
  return isAtLeast(host.system, "openbsd", 5, 5) ? "ifstated_flags=" : 'ifstated_flags=""';
}
