/** The BSDs: `ifconfig -a`, `sysctl hw`, and FreeBSD's `pciconf -lv`. */
import type { LinkState } from "@pierhead/core";
import { isMac } from "./linux.ts";
import type { HardwareFacts, HostInterface, PciDevice } from "./types.ts";

/** Interfaces of `ifconfig -a` of OpenBSD (`lladdr`), FreeBSD (`ether`) and NetBSD (`address:`). */
export function readIfconfigAll(text: string): HostInterface[] {
  const found: { -readonly [K in keyof HostInterface]: HostInterface[K] }[] = [];
  for (const line of text.split("\n")) {
    const head = /^([A-Za-z][\w.]{0,30}): flags=\w+<([\w,]*)>/.exec(line);
    if (head !== null) {
      const name = head[1] as string;
      const mtu = /\bmtu (\d{1,6})\b/.exec(line)?.[1];
      found.push({
        name,
        mac: null,
        mtu: mtu === undefined ? null : Number(mtu),
        link: "unknown",
        up: (head[2] as string).split(",").includes("UP"),
        megabits: null,
        driver: name.replace(/\d.*$/, ""),
      });
      continue;
    }
    const last = found.at(-1);
    if (last === undefined) continue;
    const mac = /^\s+(?:lladdr|ether|address:) (\S+)$/.exec(line.trimEnd())?.[1];
    if (mac !== undefined && isMac(mac)) last.mac = mac;
    const status = /^\s+status: (.+)$/.exec(line)?.[1];
    if (status !== undefined) last.link = linkOf(status.trim());
    const media = /^\s+media: .*?\b(\d{1,6}(?:\.\d)?)(G?)(?:base|BASE)/.exec(line);
    if (media !== null) last.megabits = Number(media[1]) * (media[2] === "G" ? 1_000 : 1);
  }
  return found;
}

function linkOf(status: string): LinkState {
  if (/^(?:active|associated|master)$/.test(status)) return "up";
  return /^(?:no carrier|no network|backup|down)/.test(status) ? "down" : "unknown";
}

/** `sysctl hw`: OpenBSD writes `name=value`, NetBSD `name = value`, FreeBSD `name: value`. */
export function readSysctlHw(text: string): HardwareFacts {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const found = /^(hw\.[a-z0-9]+)(?:=| = |: )(.*)$/.exec(line);
    if (found !== null) values.set(found[1] as string, (found[2] as string).trim());
  }
  const number = (name: string): number | null => {
    const value = values.get(name);
    return value !== undefined && /^\d{1,19}$/.test(value) && Number(value) > 0 ? Number(value) : null;
  };
  const words = [values.get("hw.vendor"), values.get("hw.product")].filter((one) => one !== undefined && one !== "");
  return {
    processor: values.get("hw.model") || null,
    processors: number("hw.ncpuonline") ?? number("hw.ncpu"),
    // hw.physmem of NetBSD ends at 4 GB.
    memory: number("hw.physmem64") ?? number("hw.physmem"),
    product: words.length === 0 ? null : words.join(" "),
  };
}

/** `pciconf -lv` (pciconf(8)): a line for each device, then what is known of it. */
export function readPciconf(text: string): PciDevice[] {
  const found: { -readonly [K in keyof PciDevice]: PciDevice[K] }[] = [];
  for (const line of text.split("\n")) {
    const head = /^([a-z]\w{0,30})@(pci\d+:\d+:\d+:\d+):?\s/.exec(line);
    if (head !== null) {
      const driver = head[1] as string;
      // `none0` is a device that no driver took.
      found.push({
        address: head[2] as string,
        driver: /^none\d+$/.test(driver) ? null : driver,
        vendor: null,
        device: null,
        kind: null,
      });
      continue;
    }
    const last = found.at(-1);
    const told = /^\s+(vendor|device|class)\s*= (.*)$/.exec(line);
    if (last === undefined || told === null) continue;
    const value = (told[2] as string).trim().replace(/^'(.*)'$/, "$1");
    if (told[1] === "class") last.kind = value;
    else last[told[1] as "vendor" | "device"] = value;
  }
  return found;
}
