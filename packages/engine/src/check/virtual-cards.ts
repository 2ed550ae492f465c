/** Network cards of guests in the files of their host: vm.conf, scripts for bhyve and qemu, vm-bhyve, libvirt. */
import type { Source, Span } from "@pierhead/core";
import { matchPath } from "@pierhead/lang/registry";
import { loadVmConf } from "@pierhead/lang/vm-conf";
import type { ConfigTree, TreeFile } from "../tree/index.ts";

/** A card that the host gives a guest. */
export interface VirtualCard {
  /** Of the guest, when the file tells: the vm's name, or that of its file. */
  readonly guest: string | null;
  /** Lower case, with colons. */
  readonly mac: string;
  readonly source: Source;
  readonly span: Span;
}

/** How the programs write a card's link-layer address: `mac=…` of bhyve and qemu, `network0_mac=`, `<mac address=`. */
const WRITTEN = /(?:\bmac=|\bnetwork\d+_mac=|<mac\s+address=|\bmacaddr=)["']?((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b/gi;

/** Files that are read for cards: what starts guests lies in many places, but never in a file of the host's own network. */
function mayHoldCards({ live, language, path, source }: TreeFile): boolean {
  const own = language?.paths.some((pattern) => matchPath(pattern, path) !== null) ?? false;
  return live && !own && source.text.length < 256 * 1024;
}

/** All cards of a host's guests. */
export function virtualCards(tree: ConfigTree): VirtualCard[] {
  const found: VirtualCard[] = [];
  for (const file of tree.files) {
    if (file.live && file.language?.name === "vm-conf") {
      for (const machine of loadVmConf(file.source).machines) {
        for (const { lladdr } of machine.interfaces) {
          if (lladdr === null) continue;
          const { source, span } = lladdr.origin;
          found.push({ guest: machine.name, mac: lladdr.mac, source, span });
        }
      }
    } else if (mayHoldCards(file)) {
      const guest = /([^/]+?)(?:\.[a-z]+)?$/.exec(file.path)?.[1] ?? null;
      for (const match of file.source.text.matchAll(WRITTEN)) {
        const mac = match[1] as string;
        const end = match.index + match[0].length;
        found.push({ guest, mac: mac.toLowerCase(), source: file.source, span: { start: end - mac.length, end } });
      }
    }
  }
  return found;
}
