/** ifstated.conf of a host with several lines: watch them, keep rules, default route and states in step. */
import { isAtLeast } from "@pierhead/core";
import type { Host, Uplink } from "../model/site.ts";
import { leasedAddress, leasedGateway, leaseFiles, noteCommand, OWN_PRIORITY } from "./dhcp-lines.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { balances, hasBalance, head, leased, loadCommand, PF_FOLDER } from "./gateway.ts";
import { type LineState, lineStates } from "./line-states.ts";
import { leasedTunnelCommand, type TunnelEnd } from "./tunnel.ts";

export function ifstatedFiles(host: Host, tunnels: readonly TunnelEnd[], site: string): BuiltFile[] {
  if (!hasBalance(host)) return [leasedTunnels(host, tunnels, site), ...leaseFiles(host, site)];
  const path = host.system.family === "freebsd" ? "/usr/local/etc/ifstated.conf" : "/etc/ifstated.conf";
  const out = new FileWriter(path);
  head(
    out,
    site,
    `${host.name}: watch the lines; keep ${balances(host) ? 'the anchor "balance", ' : ""}the default route and the states in step.`,
  );
  out.blank();
  for (const line of host.uplinks) {
    out.line(`${line.name} = '( "${probe(host, line)}" every ${host.failover.every} )'`, line.path, host.failover.path);
  }
  for (const line of leased(host)) {
    const test = `${PF_FOLDER}/same-lease ${line.interface}`;
    out.line(`${line.name}_same = '( "${test}" every ${host.failover.every} )'`, line.path);
  }
  out.blank().line("init-state allworking");
  const states = lineStates(host);
  for (const state of states) writeState(out, host, tunnels, state, states);
  return [out.finish(), ...(leased(host).length > 0 ? leaseFiles(host, site) : [])];
}

/** One ping from the line's own address: another line's answer would say nothing. */
function probe(host: Host, line: Uplink): string {
  if (line.dhcp) {
    return `${ping(host)} ${leasedAddress(line)} ${line.probe ?? leasedGateway(line)} > /dev/null`;
  }
  return `${ping(host)} ${line.address?.address} ${line.probe ?? line.gateway} > /dev/null`;
}

function ping(host: Host): string {
  const { timeout } = host.failover;
  // ping(8): -w is seconds to wait on OpenBSD, -t on FreeBSD; the source is -I there, -S here.
  return host.system.family === "freebsd" ? `ping -q -c 1 -t ${timeout} -S` : `ping -q -c 1 -w ${timeout} -I`;
}

function writeState(
  out: FileWriter,
  host: Host,
  tunnels: readonly TunnelEnd[],
  state: LineState,
  states: readonly LineState[],
): void {
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
  const load = (line: Parameters<FileWriter["line"]>[1]): void => {
    if (balances(host)) run(loadCommand(host, "balance", `${PF_FOLDER}/balance.${state.file}`), line);
    if (leased(host).length > 0) run(loadCommand(host, "cross", `${PF_FOLDER}/cross.${state.file}`), line);
  };
  for (const line of leased(host)) run(noteCommand(line), line.path);
  load(lines);
  run(routeCommand(host, state.route), state.route?.path ?? lines);
  for (const end of leasedOn(host, tunnels, state.working)) run(leasedTunnelCommand(end), end.tunnel.path);
  if (tunnels.some((end) => end.tunnel.isDefault)) run(inet6Route(tunnels, state), lines);
  for (const line of state.dead) run(`pfctl -q -k label -k ${line.name}`, line.path);
  out.line("\t}");
  for (const line of leased(host).filter((one) => state.working.includes(one))) {
    // Another lease: the same rules again with its gateway, and what was translated to the old address is over.
    out.line(`\tif ! $${line.name}_same {`, line.path);
    run(noteCommand(line), line.path);
    load(line.path);
    if (state.route === line) run(routeCommand(host, line), line.path);
    for (const end of leasedOn(host, tunnels, [line])) run(leasedTunnelCommand(end), end.tunnel.path);
    run(`pfctl -q -k label -k ${line.name}`, line.path);
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

/** Tunnels that start at the lease of one of these lines. On FreeBSD the DHCP client's own hook sees to them. */
function leasedOn(host: Host, tunnels: readonly TunnelEnd[], lines: readonly Uplink[]): readonly TunnelEnd[] {
  if (host.system.family !== "openbsd") return [];
  return tunnels.filter((end) => end.local === null && lines.some((line) => line.name === end.tunnel.uplink));
}

/** The IPv6 default route goes through a tunnel whose line works; without one programs are to hear of it at once. */
function inet6Route(tunnels: readonly TunnelEnd[], state: LineState): string {
  const able = tunnels.filter(
    ({ tunnel }) => tunnel.isDefault && state.working.some((line) => line.name === tunnel.uplink),
  );
  const best = able.find(({ tunnel }) => tunnel.uplink === state.route?.name) ?? able[0];
  if (best === undefined) return "route -qn delete -inet6 default";
  const { peer } = best.tunnel;
  return `route -qn change -inet6 default ${peer} || route -qn add -inet6 default ${peer}`;
}

/** One leased line, and a tunnel on it: there is nothing to choose, only to follow. */
function leasedTunnels(host: Host, tunnels: readonly TunnelEnd[], site: string): BuiltFile {
  const out = new FileWriter("/etc/ifstated.conf");
  head(out, site, `${host.name}: tunnels start where the lease says.`);
  out.blank();
  const lines = leased(host);
  for (const line of lines) {
    out.line(
      `${line.name}_same = '( "${PF_FOLDER}/same-lease ${line.interface}" every ${host.failover.every} )'`,
      line.path,
    );
  }
  out.blank().line("init-state follow").blank().line("state follow {");
  const follow = (line: Uplink): void => {
    out.line(`\t\trun "${noteCommand(line)}"`, line.path);
    for (const end of leasedOn(host, tunnels, [line]))
      out.line(`\t\trun "${leasedTunnelCommand(end)}"`, end.tunnel.path);
  };
  out.line("\tinit {");
  for (const line of lines) follow(line);
  out.line("\t}");
  for (const line of lines) {
    out.line(`\tif ! $${line.name}_same {`, line.path);
    follow(line);
    out.line("\t}");
  }
  return out.line("}").finish();
}

/** The host's own default route: `change` where there is one, `add` where there is none. */
function routeCommand(host: Host, line: Uplink | null): string {
  const own = host.system.family === "openbsd" && leased(host).length > 0 ? ` -priority ${OWN_PRIORITY}` : "";
  if (line === null) return `route -qn delete${own} default`;
  const gateway = line.gateway === null ? leasedGateway(line) : `${line.gateway}`;
  return `route -qn change${own} default ${gateway} || route -qn add${own} default ${gateway}`;
}

/** ifstated(8) came into OpenBSD with 3.8; on FreeBSD it is a port. */
export function enableIfstated(host: Host): string {
  if (host.system.family === "freebsd") return 'ifstated_enable="YES"';
  return isAtLeast(host.system, "openbsd", 5, 5) ? "ifstated_flags=" : 'ifstated_flags=""';
}
