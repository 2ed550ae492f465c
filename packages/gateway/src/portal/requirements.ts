/** What must be so before anything is touched. */
import { spawnSync } from "node:child_process";
import { parseAddress, parsePrefix } from "@pierhead/core";
import type { PortalConfig } from "@pierhead/lang/portal-conf";

export interface Obstacle {
  readonly message: string;
  readonly hint: string;
}

/** @returns why the portal cannot run here; null when it can */
export function obstacle(config: PortalConfig, uid: number | null, sshConnection: string | undefined): Obstacle | null {
  if (uid !== 0) {
    return {
      message: "the portal changes the packet filter, so it needs root",
      hint: "run it as root; `pierhead check` and `-n` need nothing",
    };
  }
  const locked = lockedOut(config, sshConnection);
  if (locked !== null) return locked;
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
