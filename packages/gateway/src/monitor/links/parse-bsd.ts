/** Link states as the BSDs show them: `route -n monitor` for changes, `ifconfig -a` for what is. */
import type { LinkState } from "@pierhead/core";
import type { LinkReport } from "@pierhead/engine/ifstated";
import type { LinkLine } from "./link-line.ts";

/** Words of LINK_STATE_DESCRIPTIONS (OpenBSD net/if.h) and of `ifconfig`'s status lines; all others mean down. */
const UP: ReadonlySet<string> = new Set([
  "up",
  "active",
  "master",
  "associated",
  "running",
  "full-duplex",
  "half-duplex",
]);

function linkState(word: string): LinkState {
  const text = word.trim().toLowerCase();
  return UP.has(text) ? "up" : text === "unknown" ? "unknown" : "down";
}

/**
 * A line of `route -n monitor`; null when it is about something else. OpenBSD names the interface (route.c
 * print_rtmsg); FreeBSD and NetBSD give its number only.
 */
export function parseRouteMonitorLine(line: string): LinkLine | null {
  if (line.startsWith("RTM_DESYNC")) return { kind: "look" };
  if (line.startsWith("RTM_IFANNOUNCE")) {
    const found = /, name (\S+), what: departure/.exec(line);
    return found === null ? { kind: "look" } : { kind: "departed", interface: found[1] as string };
  }
  if (!line.startsWith("RTM_IFINFO")) return null;
  const found = /, name (\S+), (?:link|carrier): ([^,]+),/.exec(line);
  if (found === null) return { kind: "look" };
  return { kind: "link", interface: found[1] as string, link: linkState(found[2] as string) };
}

/** What `ifconfig -a` printed, in system order. An interface without a status line does not tell: `unknown`. */
export function parseIfconfig(text: string): LinkReport[] {
  const links: { interface: string; link: LinkState }[] = [];
  for (const line of text.split("\n")) {
    const head = /^([^\s:]+): flags=/.exec(line);
    if (head !== null) links.push({ interface: head[1] as string, link: "unknown" });
    const status = /^\s+status: (.+)$/.exec(line);
    const last = links.at(-1);
    if (status !== null && last !== undefined) last.link = linkState(status[1] as string);
  }
  return links;
}
