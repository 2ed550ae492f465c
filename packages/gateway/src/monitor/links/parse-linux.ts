/** Link states as iproute2 shows them. */
import type { LinkState } from "@pierhead/core";
import type { LinkReport } from "@pierhead/engine/ifstated";
import type { LinkLine } from "./link-line.ts";

/**
 * RFC 2863 operational states in the kernel's names (if_link.h). An interface that is up and whose driver does not tell
 * (tunnels, dummies) is `unknown`, as it is on OpenBSD.
 */
function linkState(operational: string, flags: readonly string[]): LinkState {
  if (operational === "UP") return "up";
  return operational === "UNKNOWN" && flags.includes("UP") ? "unknown" : "down";
}

/** A line of `ip -o monitor link`; null when it is about something else. */
export function parseIpMonitorLine(line: string): LinkLine | null {
  const found = /^(Deleted )?\d+: ([^\s@:]+)(?:@[^\s:]*)?: <([^>]*)>(?:.*?\sstate (\w+))?/.exec(line);
  if (found === null) return null;
  const [, deleted, name = "", flags = "", operational = "UNKNOWN"] = found;
  if (deleted !== undefined) return { kind: "departed", interface: name };
  return { kind: "link", interface: name, link: linkState(operational, flags.split(",")) };
}

/** What `ip -j link show` printed, in system order; null when it is not that. */
export function parseIpLinks(text: string): LinkReport[] | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(data)) return null;
  const links: LinkReport[] = [];
  for (const entry of data as { ifname?: unknown; operstate?: unknown; flags?: unknown }[]) {
    if (typeof entry?.ifname !== "string") continue;
    const flags = Array.isArray(entry.flags) ? entry.flags.map(String) : [];
    links.push({ interface: entry.ifname, link: linkState(String(entry.operstate ?? "UNKNOWN"), flags) });
  }
  return links;
}
