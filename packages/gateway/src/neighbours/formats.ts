/** What the systems' tools print about neighbours. A line that is none of ours says nothing. */
import { parseAddress } from "@pierhead/core";

export interface NeighbourLine {
  readonly address: string;
  /** Null when nobody answers. */
  readonly mac: string | null;
}

/**
 * `ip neigh show dev X` and `ip monitor neigh dev X` (print_neigh() of iproute2/ip/ipneigh.c):
 * `192.0.2.7 lladdr 02:00:00:00:00:07 REACHABLE`, `Deleted 192.0.2.7 lladdr … STALE`, `192.0.2.8 FAILED`.
 */
export function readIpNeighbour(line: string): NeighbourLine | null {
  const words = line.trim().split(/\s+/);
  const gone = words[0] === "Deleted";
  if (gone) words.shift();
  const address = plainAddress(words[0] ?? "");
  if (address === null) return null;
  if (gone || words.includes("FAILED")) return { address, mac: null };
  const at = words.indexOf("lladdr");
  const mac = at < 0 ? null : plainMac(words[at + 1] ?? "");
  return mac === null ? null : { address, mac };
}

/**
 * `arp -an` of FreeBSD and old OpenBSD (`? (192.0.2.7) at 02:… on em1 …`), `arp -an` of OpenBSD since 5.6 and `ndp -an` of
 * both (`ADDRESS  MAC  em1 …` in columns), for one interface.
 */
export function readBsdNeighbours(text: string, device: string): NeighbourLine[] {
  return text.split("\n").flatMap((line): NeighbourLine[] => {
    const words = line.trim().split(/\s+/);
    const sentence = /^\S+ \((\S+)\) at (\S+) on (\S+)/.exec(line.trim());
    const [address, mac, name] = sentence === null ? words : sentence.slice(1);
    if (name !== device) return [];
    const plain = plainAddress(address ?? "");
    const hardware = plainMac(mac ?? "");
    return plain === null || hardware === null ? [] : [{ address: plain, mac: hardware }];
  });
}

/** Without zone. */
function plainAddress(text: string): string | null {
  return parseAddress(text.split("%", 1)[0] ?? "")?.toString() ?? null;
}

/** Some print `2:0:0:0:0:7`. Multicast and empty ones are nobody's. */
function plainMac(text: string): string | null {
  if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)) return null;
  const mac = text
    .toLowerCase()
    .split(":")
    .map((byte) => byte.padStart(2, "0"))
    .join(":");
  return mac === "00:00:00:00:00:00" || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 ? null : mac;
}
