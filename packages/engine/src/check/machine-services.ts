/** Switches that do not fit what the files are for: forwarding off on a gateway, a daemon with a file that never starts. */
import { type Diagnostic, diagnostic, type RelatedPlace, type SystemFamily } from "@pierhead/core";
import type { Rule } from "@pierhead/lang/pf";
import type { MachineBuild } from "../build/index.ts";
import type { Machine } from "../machine/index.ts";
import { rulesOf } from "./pf-walk.ts";

export function checkServices(build: MachineBuild): Diagnostic[] {
  return [...checkForwarding(build), ...checkStarted(build)];
}

/** Rules that only make sense on a machine that forwards, and the switch says no. */
function checkForwarding(build: MachineBuild): Diagnostic[] {
  const { machine, pf, tree } = build;
  const sysctl = tree.source("/etc/sysctl.conf");
  if (build.assumed && sysctl === null) return [];
  if (machine.forwards(4)) return [];
  const evidence: RelatedPlace | null = pf === null ? null : forwardingEvidence(build);
  if (evidence === null) return [];
  const place = forwardingPlace(build);
  const how =
    build.system.family === "freebsd"
      ? '`gateway_enable="YES"` in rc.conf'
      : "`net.inet.ip.forwarding=1` in sysctl.conf";
  return [
    diagnostic(
      "machine/not-forwarding",
      "warning",
      `Rules translate or route packets of other hosts, but this machine does not forward: write ${how}.`,
      place?.source ?? evidence.source,
      place?.span ?? evidence.span,
      { related: place === null ? [] : [evidence] },
    ),
  ];
}

/** A rule that is about packets of others: translated on the way out, or sent on by route-to on the way in. */
function forwardingEvidence(build: MachineBuild): RelatedPlace | null {
  const { pf, machine } = build;
  if (pf === null) return null;
  for (const { rule } of rulesOf(pf.load)) {
    if (rule.origin === null) continue;
    const translates = rule.nat !== null && (rule.direction === "out" || rule.action === "nat") && rule.afTo === null;
    const from = rule.from.address;
    if (translates && !isOwn(from, machine) && !rule.from.negated && rule.family !== 6) {
      return { ...rule.origin, message: "this rule translates packets of other hosts" };
    }
    if (rule.routeOption === "route-to" && rule.direction === "in") {
      return { ...rule.origin, message: "this rule sends on packets of other hosts" };
    }
  }
  return null;
}

/** The machine's own addresses and those of its jails: translating their packets needs no forwarding. */
function isOwn(from: Rule["from"]["address"], machine: Machine): boolean {
  const isLoopback = (name: string): boolean => machine.interface(name)?.kind === "loopback";
  if (from.kind === "dynamic") return isLoopback(from.interface);
  if (from.kind !== "prefix") return false;
  const inside = machine
    .interfaces()
    .flatMap((one) => one.addresses.map(({ address, length }) => ({ address, length, on: one.name })))
    .filter(({ address }) => address.family === from.address.family && address.isIn(from.address, from.length));
  return (
    inside.length > 0 &&
    inside.every(({ address, length, on }) => length > from.length || length === address.bits || isLoopback(on))
  );
}

function forwardingPlace(build: MachineBuild): RelatedPlace | null {
  const { tree } = build;
  const source = tree.source("/etc/sysctl.conf");
  if (source === null) return null;
  const at = /^net\.inet\.ip\.forwarding.*$/m.exec(source.text);
  const rc = build.system.family === "freebsd" && at === null ? tree.source("/etc/rc.conf") : null;
  if (rc !== null) return { source: rc, span: { start: 0, end: 0 }, message: "where it is switched on" };
  const span = at === null ? { start: 0, end: 0 } : { start: at.index, end: at.index + at[0].length };
  return { source, span, message: "the switch" };
}

interface Daemon {
  readonly service: string;
  readonly file: string;
  readonly families: readonly SystemFamily[];
  /** What to write, by family. */
  readonly enable: string;
}

const DAEMONS: readonly Daemon[] = [
  { service: "pf", file: "/etc/pf.conf", families: ["freebsd"], enable: 'pf_enable="YES"' },
  { service: "pf", file: "/etc/pf.conf", families: ["netbsd"], enable: "pf=YES" },
  { service: "ifstated", file: "/etc/ifstated.conf", families: ["openbsd"], enable: "ifstated_flags=" },
  { service: "ifstated", file: "/usr/local/etc/ifstated.conf", families: ["freebsd"], enable: 'ifstated_enable="YES"' },
  { service: "ipsec", file: "/etc/ipsec.conf", families: ["openbsd"], enable: "ipsec=YES" },
  { service: "npppd", file: "/etc/npppd/npppd.conf", families: ["openbsd"], enable: "npppd_flags=" },
  { service: "iked", file: "/etc/iked.conf", families: ["openbsd"], enable: "iked_flags=" },
  {
    service: "strongswan",
    file: "/usr/local/etc/swanctl/swanctl.conf",
    families: ["freebsd"],
    enable: 'strongswan_enable="YES"',
  },
  { service: "mpd", file: "/usr/local/etc/mpd5/mpd.conf", families: ["freebsd"], enable: 'mpd_enable="YES"' },
  { service: "vmd", file: "/etc/vm.conf", families: ["openbsd"], enable: "vmd_flags=" },
  { service: "relayd", file: "/etc/relayd.conf", families: ["openbsd"], enable: "relayd_flags=" },
];

/** A file for a daemon that boot does not start. Only where the file that starts daemons is there to be read. */
function checkStarted(build: MachineBuild): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { tree, services, system } = build;
  const rc = tree.of("rc-conf")[0];
  if (rc === undefined) return found;
  for (const { service, file, families, enable } of DAEMONS) {
    if (!families.includes(system.family)) continue;
    const source = tree.source(file);
    if (source === null) continue;
    const setting = services.get(service);
    if (setting?.enabled === true) continue;
    if (setting === undefined && system.family === "openbsd" && service === "pf") continue;
    found.push(
      diagnostic(
        "machine/not-started",
        "warning",
        `${file} is here, but boot does not start ${service}: write \`${enable}\` in ${rc.path}.`,
        setting?.place?.source ?? rc.source,
        setting?.place?.span ?? { start: 0, end: 0 },
        { related: [{ source, span: { start: 0, end: 0 }, message: `the file of ${service}` }] },
      ),
    );
  }
  const pf = services.get("pf");
  if (system.family === "openbsd" && pf?.place != null && !pf.enabled && build.pf !== null) {
    found.push(
      diagnostic(
        "machine/pf-off",
        "warning",
        "pf is switched off here: none of the rules of pf.conf is in force.",
        pf.place.source,
        pf.place.span,
        {
          related: [{ source: build.pf.source, span: { start: 0, end: 0 }, message: "the rules" }],
        },
      ),
    );
  }
  return found;
}
