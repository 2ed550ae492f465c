/** What must be so before anything is touched. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseAddress, parsePrefix } from "@pierhead/core";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Privileges } from "./privileges.ts";

export interface Obstacle {
  readonly message: string;
  readonly hint: string;
}

/** Where ACME's proof is fetched (RFC 8555, 8.3). */
const PROOF_PORT = 80;

/** @returns why the portal cannot run here; null when it can */
export function obstacle(
  config: PortalConfig,
  privileges: Privileges,
  sshConnection: string | undefined,
): Obstacle | null {
  return (
    lackingPrivilege(config, privileges) ??
    lockedOut(config, sshConnection) ??
    missingTool(config) ??
    lackingFolder(config)
  );
}

/** @returns what it may not do and has to, and how it is given; null when it may do all */
export function lackingPrivilege(config: PortalConfig, privileges: Privileges): Obstacle | null {
  const { uid, capabilities, firstFreePort } = privileges;
  const nothing = "`pierhead check` and `-n` need nothing";
  if (config.firewall === "pf" || capabilities === null) {
    if (uid === 0) return null;
    return { message: "the portal changes the packet filter, so it needs root", hint: `run it as root; ${nothing}` };
  }
  const hint = `its unit gives it by AmbientCapabilities= (\`pierhead portal install --print linux\`), and root has it; ${nothing}`;
  if (!capabilities.own.has("CAP_NET_ADMIN")) {
    return { message: "the portal changes the packet filter, so it needs CAP_NET_ADMIN", hint };
  }
  if (!capabilities.inherited.has("CAP_NET_ADMIN")) {
    const message =
      "the portal has CAP_NET_ADMIN, but nft, tc and ip would not inherit it: it has to be in the ambient set";
    return { message, hint };
  }
  const reserved = portsOf(config).filter((port) => port < firstFreePort);
  if (reserved.length === 0 || capabilities.own.has("CAP_NET_BIND_SERVICE")) return null;
  const ports = `port${reserved.length === 1 ? "" : "s"} ${reserved.join(" and ")}`;
  return { message: `the portal listens on ${ports}, so it needs CAP_NET_BIND_SERVICE`, hint };
}

/** Without repetition, the lowest first. */
function portsOf({ portal, admin, radius }: PortalConfig): number[] {
  const ports = [portal.httpPort];
  if (portal.certificate !== null) ports.push(portal.httpsPort);
  if (portal.certificate?.kind === "acme") ports.push(PROOF_PORT);
  if (portal.uam !== null) ports.push(portal.uam.port);
  if (admin !== null) ports.push(admin.port);
  const dynamic = radius?.dynamic ?? null;
  if (dynamic !== null) ports.push(dynamic.port);
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** A certificate that is got and cannot be kept would be asked for until the authority gives none any more. */
function lackingFolder({ portal }: PortalConfig): Obstacle | null {
  if (portal.certificate?.kind !== "acme") return null;
  const { folder } = portal.certificate;
  for (let place = resolve(folder); ; place = dirname(place)) {
    try {
      accessSync(place, constants.W_OK | constants.X_OK);
      return null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" && place !== dirname(place)) continue;
      return {
        message: `a certificate cannot be kept in ${folder}: ${place} may not be written (${code})`,
        hint: "name a folder that is the portal's own, as /var/lib/pierhead/acme",
      };
    }
  }
}

function missingTool(config: PortalConfig): Obstacle | null {
  const tool = config.firewall === "pf" ? "pfctl" : "nft";
  const argument = config.firewall === "pf" ? "-si" : "--version";
  const { error } = spawnSync(tool, [argument], { stdio: "ignore", timeout: 10_000 });
  if (error === undefined) return null;
  return {
    message: `${tool} cannot be run: ${(error as NodeJS.ErrnoException).code ?? error.message}`,
    hint:
      tool === "nft"
        ? "install it: apt-get install nftables"
        : "`firewall: pf` is for OpenBSD and FreeBSD; Linux has `firewall: nftables`",
  };
}

/**
 * Whoever starts it over ssh from the guests' side would stand before the wall in the next moment.
 * @param sshConnection `client port server port`, as sshd(8) gives it
 */
export function lockedOut(config: PortalConfig, sshConnection: string | undefined): Obstacle | null {
  const client = parseAddress((sshConnection ?? "").split(" ")[0]?.replace(/%.*$/, "") ?? "");
  if (client === null) return null;
  const atGuests = config.guests.addresses.some((text) => {
    const prefix = parsePrefix(text);
    if (prefix === null || prefix.address.family !== client.family) return false;
    return client.isIn(prefix.address.masked(prefix.length), prefix.length);
  });
  if (!atGuests) return null;
  return {
    message: `you are here over ssh from ${client}, on the guests' side: the portal would lock you out`,
    hint: "come by the uplink or the console",
  };
}
