/** Linux: `ip -j -d link`, /proc/cpuinfo, /proc/meminfo. */
import type { LinkState } from "@pierhead/core";
import type { HardwareFacts, HostInterface } from "./types.ts";

/** Interfaces of `ip -j -d link show`; none when the text is no such list. */
export function readIpLinks(text: string): HostInterface[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  const found: HostInterface[] = [];
  for (const one of list as readonly unknown[]) {
    if (typeof one !== "object" || one === null) continue;
    const { ifname, address, mtu, operstate, flags, link_type, linkinfo } = one as Record<string, unknown>;
    if (typeof ifname !== "string") continue;
    const isEthernet = link_type === "ether" && typeof address === "string" && isMac(address);
    const kind =
      typeof linkinfo === "object" && linkinfo !== null ? (linkinfo as Record<string, unknown>)["info_kind"] : null;
    found.push({
      name: ifname,
      mac: isEthernet ? (address as string) : null,
      mtu: typeof mtu === "number" ? mtu : null,
      link: linkOf(operstate),
      up: Array.isArray(flags) && flags.includes("UP"),
      megabits: null,
      driver: typeof kind === "string" ? kind : link_type === "loopback" ? "loopback" : null,
    });
  }
  return found;
}

/** RFC 2863 operational states as iproute2 names them. */
function linkOf(state: unknown): LinkState {
  if (state === "UP") return "up";
  return state === "DOWN" || state === "LOWERLAYERDOWN" || state === "DORMANT" ? "down" : "unknown";
}

export function isMac(text: string): boolean {
  return /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text);
}

/** /proc/cpuinfo and /proc/meminfo (proc(5)). */
export function readProc(cpuinfo: string, meminfo: string): HardwareFacts {
  // x86 says `model name`, MIPS `cpu model`, ARM and others less.
  const model = /^(?:model name|cpu model|Model|uarch)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1]?.trim() ?? null;
  const processors = cpuinfo.match(/^processor\s*:/gm)?.length ?? null;
  const kilobytes = /^MemTotal:\s*(\d+) kB$/m.exec(meminfo)?.[1];
  return {
    processor: model,
    processors,
    memory: kilobytes === undefined ? null : Number(kilobytes) * 1024,
    product: null,
  };
}
