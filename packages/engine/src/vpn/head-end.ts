/** The VPN servers of a machine: what isakmpd, iked and npppd, or strongSwan and mpd5, end up with when boot starts them. */
import { Source } from "@pierhead/core";
import { type IkedConfiguration, loadIked } from "@pierhead/lang/iked";
import { type IkePeer, type IpsecConfiguration, ikePeers, loadIpsec } from "@pierhead/lang/ipsec";
import { type Bind, loadNpppd, loadNpppdUsers, type NpppdConfiguration, type NpppdUsers } from "@pierhead/lang/npppd";
import type { MachineBuild } from "../build/index.ts";
import { type Daemon, doesNotRun, notStarted, RUNS } from "./daemon.ts";
import { l2tpLinks, type Mpd, readMpd, readStrongswan, type Strongswan } from "./freebsd-head-end.ts";

export interface HeadEnd {
  readonly ipsec: IpsecConfiguration | null;
  /** What isakmpd was told by ipsecctl. */
  readonly peers: readonly IkePeer[];
  readonly isakmpd: Daemon;
  readonly npppd: NpppdConfiguration | null;
  /** The machine has no npppd.conf of its own: the one the system ships is read. */
  readonly npppdShipped: boolean;
  readonly npppdDaemon: Daemon;
  /** Users files by path, of local authentication. */
  readonly users: ReadonlyMap<string, NpppdUsers | null>;
  readonly iked: IkedConfiguration | null;
  readonly ikedDaemon: Daemon;
  /** FreeBSD: IKE of either version. */
  readonly strongswan: Strongswan | null;
  /** FreeBSD: L2TP and PPP. */
  readonly mpd: Mpd | null;
}

/** What `/etc/npppd/npppd.conf` says on a machine where nobody has touched it (OpenBSD 5.0 and later). */
const SHIPPED_NPPPD = `authentication LOCAL type local {
	users-file "/etc/npppd/npppd-users"
}
tunnel L2TP protocol l2tp {
	listen on 0.0.0.0
	listen on ::
}
ipcp IPCP {
	pool-address 10.0.0.2-10.0.0.254
	dns-servers 8.8.8.8
}
interface pppx0 address 10.0.0.1 ipcp IPCP
bind tunnel from L2TP authenticated by LOCAL to pppx0
`;

const NPPPD_CONF = "/etc/npppd/npppd.conf";

/** Reads the VPN files of a machine; null when it is neither OpenBSD nor FreeBSD, or has none of them. */
export function readHeadEnd(build: MachineBuild): HeadEnd | null {
  const { tree, system, machine, services } = build;
  if (system.family === "freebsd") return readFreebsd(build);
  if (system.family !== "openbsd") return null;
  const environment = machine.environment();
  const ipsecSource = tree.source("/etc/ipsec.conf");
  const ikedSource = tree.source("/etc/iked.conf");
  const npppdSource = tree.source(NPPPD_CONF);
  const wantsNpppd = npppdSource !== null || services.get("npppd")?.enabled === true;
  if (ipsecSource === null && ikedSource === null && !wantsNpppd) return null;
  const ipsec = ipsecSource === null ? null : loadIpsec(ipsecSource, environment);
  const iked = ikedSource === null ? null : loadIked(ikedSource, environment);
  const npppd = wantsNpppd
    ? loadNpppd(npppdSource ?? new Source(`${NPPPD_CONF} (as shipped)`, SHIPPED_NPPPD), system)
    : null;
  return {
    ipsec,
    peers: ipsec === null || !ipsec.accepted ? [] : ikePeers(ipsec),
    isakmpd: isakmpd(build, ipsec),
    npppd,
    npppdShipped: npppd !== null && npppdSource === null,
    npppdDaemon: npppdDaemon(build, npppd),
    users: usersOf(build, npppd),
    iked,
    ikedDaemon: ikedDaemon(build, iked),
    strongswan: null,
    mpd: null,
  };
}

function readFreebsd(build: MachineBuild): HeadEnd | null {
  const strongswan = readStrongswan(build);
  const mpd = readMpd(build);
  if (strongswan === null && mpd === null) return null;
  const none = doesNotRun("FreeBSD has none");
  return {
    ipsec: null,
    peers: [],
    isakmpd: none,
    npppd: null,
    npppdShipped: false,
    npppdDaemon: none,
    users: new Map(),
    iked: null,
    ikedDaemon: none,
    strongswan,
    mpd,
  };
}

function isakmpd(build: MachineBuild, ipsec: IpsecConfiguration | null): Daemon {
  if (ipsec === null) return doesNotRun("there is no ipsec.conf");
  if (!ipsec.accepted) return doesNotRun("ipsecctl refuses ipsec.conf");
  const missing = notStarted(build, "isakmpd", "isakmpd_flags");
  if (missing !== null) return missing;
  const loads = build.services.get("ipsec");
  if (build.tree.of("rc-conf").length > 0 && loads?.enabled !== true) {
    return doesNotRun("boot does not load ipsec.conf: write `ipsec=YES` in rc.conf.local");
  }
  const flags = build.services.get("isakmpd")?.flags ?? "-K";
  if (!/(^|\s)-\w*K/.test(flags)) {
    return doesNotRun("isakmpd without -K wants a keynote policy file, and refuses everybody without one");
  }
  return RUNS;
}

function npppdDaemon(build: MachineBuild, npppd: NpppdConfiguration | null): Daemon {
  if (npppd === null) return notStarted(build, "npppd", "npppd_flags") ?? doesNotRun("there is no npppd.conf");
  if (!npppd.accepted) return doesNotRun("npppd refuses npppd.conf");
  return notStarted(build, "npppd", "npppd_flags") ?? RUNS;
}

function ikedDaemon(build: MachineBuild, iked: IkedConfiguration | null): Daemon {
  if (iked === null) return doesNotRun("there is no iked.conf");
  if (!iked.accepted) return doesNotRun("iked refuses iked.conf");
  return notStarted(build, "iked", "iked_flags") ?? RUNS;
}

function usersOf(build: MachineBuild, npppd: NpppdConfiguration | null): Map<string, NpppdUsers | null> {
  const found = new Map<string, NpppdUsers | null>();
  for (const { type, usersFile } of npppd?.settings.authentications ?? []) {
    if (type !== "local" || usersFile === "" || found.has(usersFile)) continue;
    const source = build.tree.source(usersFile);
    found.set(usersFile, source === null ? null : loadNpppdUsers(source));
  }
  return found;
}

/** The binds that L2TP clients can come by. */
export function l2tpBinds(headEnd: HeadEnd): readonly Bind[] {
  return headEnd.npppd?.settings.binds.filter((bind) => bind.tunnel.protocol === "l2tp") ?? [];
}

/** Whether anything takes L2TP calls. */
export function servesL2tp(headEnd: HeadEnd): boolean {
  return l2tpBinds(headEnd).length > 0 || l2tpLinks(headEnd.mpd).length > 0;
}
