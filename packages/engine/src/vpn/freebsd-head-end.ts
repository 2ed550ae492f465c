/** The VPN servers of a FreeBSD machine: strongSwan as charon has it, mpd5 as it has run its commands. */
import { Source } from "@pierhead/core";
import {
  findMpdUser,
  loadMpd,
  loadMpdSecret,
  type MpdBundle,
  type MpdConfiguration,
  type MpdLink,
  type MpdSecrets,
  type MpdUser,
} from "@pierhead/lang/mpd";
import { matchPath } from "@pierhead/lang/registry";
import { loadSwanctl, type SwanctlConfiguration, type SwanctlConnection } from "@pierhead/lang/swanctl";
import type { MachineBuild } from "../build/index.ts";
import { type Daemon, doesNotRun, notStarted, RUNS } from "./daemon.ts";

export const SWANCTL_FOLDER = "/usr/local/etc/swanctl";
export const SWANCTL_CONF: string = `${SWANCTL_FOLDER}/swanctl.conf`;
export const MPD_CONF = "/usr/local/etc/mpd5/mpd.conf";
export const MPD_SECRET = "/usr/local/etc/mpd5/mpd.secret";

export interface Strongswan {
  readonly configuration: SwanctlConfiguration;
  /** Connections that charon has not thrown away, in the order of the file. */
  readonly connections: readonly SwanctlConnection[];
  readonly daemon: Daemon;
}

export interface Mpd {
  readonly configuration: MpdConfiguration;
  /** Null: there is no mpd.secret. */
  readonly secrets: MpdSecrets | null;
  readonly daemon: Daemon;
}

/** What the port installs where nobody has written a swanctl.conf. */
const SHIPPED = "include conf.d/*.conf\n";

export function readStrongswan(build: MachineBuild): Strongswan | null {
  const { tree, system } = build;
  const own = tree.source(SWANCTL_CONF);
  const files = tree.files.filter(
    (file) => file.live && file.path.startsWith(`${SWANCTL_FOLDER}/`) && file.language?.name === "swanctl",
  );
  if (own === null && files.length === 0) return null;
  const main = own ?? new Source(`${SWANCTL_CONF} (as shipped)`, SHIPPED);
  const places = new Map(files.map((file) => [file.source, file.path]));
  const configuration = loadSwanctl(main, system, (pattern, from) => {
    const folder = (places.get(from) ?? SWANCTL_CONF).replace(/\/[^/]*$/, "");
    const path = pattern.startsWith("/") ? pattern : `${folder}/${pattern}`;
    return files.filter((file) => matchPath(path, file.path) !== null).map((file) => file.source);
  });
  return {
    configuration,
    connections: configuration.accepted ? configuration.connections.filter((one) => one.problem === null) : [],
    daemon: strongswanDaemon(build, configuration),
  };
}

export function readMpd(build: MachineBuild): Mpd | null {
  const source = build.tree.source(MPD_CONF);
  if (source === null) return null;
  const secret = build.tree.source(MPD_SECRET);
  const missing = notStarted(build, "mpd", 'mpd_enable="YES"');
  return {
    configuration: loadMpd(source, labelOf(build.services.get("mpd")?.flags ?? "")),
    secrets: secret === null ? null : loadMpdSecret(secret),
    daemon: missing ?? RUNS,
  };
}

/** `mpd5 [options] [label]`: what stands behind the options, those with a value of their own passed over. */
function labelOf(flags: string): string {
  const words = flags.split(/\s+/).filter((word) => word !== "");
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    if (/^-[dfpsm]$/.test(word)) index++;
    else if (!word.startsWith("-")) return word;
  }
  return "default";
}

function strongswanDaemon(build: MachineBuild, configuration: SwanctlConfiguration): Daemon {
  if (!configuration.accepted) return doesNotRun("swanctl refuses swanctl.conf");
  const missing = notStarted(build, "strongswan", 'strongswan_enable="YES"');
  if (missing !== null) return missing;
  for (const file of build.tree.of("rc-conf")) {
    // The rc script of the port: with `stroke` it runs ipsec(8), which reads ipsec.conf and no swanctl.conf.
    const value = /^[ \t]*strongswan_interface[ \t]*=[ \t]*["']?(\w+)/m.exec(file.source.text)?.[1];
    if (value !== undefined && value.toLowerCase() !== "vici") {
      return doesNotRun(
        `\`strongswan_interface="${value}"\` in ${file.path} starts it without swanctl.conf; write vici`,
      );
    }
  }
  return RUNS;
}

/** IKEv2 for anybody who comes: a connection that takes any address and gives out its own. */
export function servesRoadWarriors(connection: SwanctlConnection): boolean {
  const anybody = connection.remoteAddresses.some(
    (one) => one.startsWith("%any") || /^(0\.0\.0\.0|::)(\/0)?$/.test(one),
  );
  return connection.version !== 1 && anybody && connection.children.some((one) => one.mode === "tunnel");
}

/** Links that take L2TP calls. */
export function l2tpLinks(mpd: Mpd | null): readonly MpdLink[] {
  return mpd?.configuration.links.filter((link) => link.type === "l2tp" && link.incoming) ?? [];
}

/** The bundle a user's call comes to: the first action whose pattern fits. A string says why there is none. */
export function bundleFor(mpd: Mpd, link: MpdLink, user: string): MpdBundle | string {
  for (const { kind, target, pattern } of link.actions) {
    if (pattern !== "" && !fits(pattern, user)) continue;
    if (kind === "drop") return `link ${link.name} drops calls of ${user}`;
    if (kind === "forward") return `link ${link.name} hands calls of ${user} on to ${target}`;
    return (
      mpd.configuration.bundles.find((one) => one.name === target) ??
      `mpd.conf has no bundle ${target} for link ${link.name}`
    );
  }
  return `no \`set link action\` of link ${link.name} says what becomes of ${user}`;
}

/** regcomp(3) with REG_EXTENDED; what is a pattern here and none there does not fit. */
function fits(pattern: string, user: string): boolean {
  try {
    return new RegExp(pattern).test(user);
  } catch {
    return false;
  }
}

/** The user's line in mpd.secret; mpd takes a Windows domain off before it looks. */
export function mpdUser(mpd: Mpd, user: string): MpdUser | null {
  return mpd.secrets === null ? null : findMpdUser(mpd.secrets, user.replace(/^[^\\]*\\/, ""));
}
