import type { Diagnostic } from "@pierhead/core";
import type { Language } from "../registry/language.ts";
import { printIni } from "./ini.ts";
import { type NetworkdFile, type NetworkdKind, networkdPath, parseNetworkd } from "./parse.ts";
import { readLink, readNetdev } from "./read-devices.ts";
import { readNetwork } from "./read-network.ts";

/** Folders that networkd and udev read, most important first. */
export const NETWORKD_FOLDERS: readonly string[] = [
  "/etc/systemd/network",
  "/run/systemd/network",
  "/usr/local/lib/systemd/network",
  "/usr/lib/systemd/network",
  "/lib/systemd/network",
];

export const SYSTEMD_NETWORKD: Language = {
  name: "systemd-networkd",
  title: "systemd.network",
  families: ["linux"],
  paths: NETWORKD_FOLDERS.flatMap((folder) =>
    ["network", "netdev", "link"].flatMap((kind) => [`${folder}/*.${kind}`, `${folder}/*.${kind}.d/*.conf`]),
  ),
  sniff: (text) => /^\[Match\]\s*$/m.test(text) && /^\[(Network|Link|Address|Route|DHCPv4)\]\s*$/m.test(text),
  read(source, _system, path) {
    const known = networkdPath(path);
    const file = parseNetworkd(source, known?.kind ?? guessKind(source.text), known?.dropInOf != null);
    return { diagnostics: [...file.diagnostics, ...valueDiagnostics(file)], print: () => printIni(file.ini) };
  },
};

/** What there is to say about the values of one file on its own. */
export function valueDiagnostics(file: NetworkdFile): readonly Diagnostic[] {
  if (file.kind === "network") return readNetwork([file]).diagnostics;
  return file.kind === "netdev" ? readNetdev([file]).diagnostics : readLink([file]).diagnostics;
}

function guessKind(text: string): NetworkdKind {
  if (/^\[NetDev\]\s*$/m.test(text)) return "netdev";
  return /^\[(Network|Address|Route)\]\s*$/m.test(text) || !/^\[Link\]\s*$/m.test(text) ? "network" : "link";
}
