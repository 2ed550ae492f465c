/** The languages, one entry each. A new language is a new folder and an entry here. */
import type { Source, SystemFamily } from "@pierhead/core";
import { CHILLI_CONF } from "../chilli-conf/index.ts";
import { DHCPCD } from "../dhcpcd/index.ts";
import { parseHostnameIf, printHostnameIf } from "../hostname-if/index.ts";
import { printIfstated, readIfstated } from "../ifstated/index.ts";
import { IKED } from "../iked/index.ts";
import { INTERFACES } from "../interfaces/index.ts";
import { IPSEC } from "../ipsec/index.ts";
import { MPD, MPD_SECRET } from "../mpd/index.ts";
import { parseMygate, printMygate } from "../mygate/index.ts";
import { parseIfconfigIf, parseNetstartLocal, printIfconfigIf, printNetstartLocal } from "../netstart/index.ts";
import { NPPPD, NPPPD_USERS } from "../npppd/index.ts";
import { dialectOf, parsePf, printSyntax } from "../pf/index.ts";
import { PORTAL_CONF } from "../portal-conf/language.ts";
import { parseRcConf, printRcConf } from "../rc-conf/index.ts";
import { SWANCTL } from "../swanctl/index.ts";
import { parseSysctlConf, printSysctlConf } from "../sysctl/index.ts";
import { SYSTEMD_NETWORKD } from "../systemd-networkd/index.ts";
import { VM_CONF } from "../vm-conf/index.ts";
import { XL2TPD } from "../xl2tpd/index.ts";
import { type Language, matchPath } from "./language.ts";
import { sniffHostnameIf, sniffIfstated, sniffNetstart, sniffPf, sniffRcConf, sniffSysctl } from "./sniff.ts";

const BSD: readonly SystemFamily[] = ["openbsd", "freebsd", "netbsd"];

export const LANGUAGES: readonly Language[] = [
  {
    name: "pf",
    title: "pf.conf",
    families: ["openbsd", "freebsd", "netbsd", "macos"],
    paths: ["/etc/pf.conf", "/etc/pf/*.conf", "/etc/pf.anchors/*"],
    sniff: sniffPf,
    read(source, system) {
      const syntax = parsePf(source, dialectOf(system));
      return { diagnostics: syntax.diagnostics, print: () => printSyntax(syntax) };
    },
  },
  {
    name: "ifstated",
    title: "ifstated.conf",
    families: ["openbsd", "freebsd", "linux"],
    paths: ["/etc/ifstated.conf", "/usr/local/etc/ifstated.conf"],
    sniff: sniffIfstated,
    read(source) {
      const read = readIfstated(source);
      return { diagnostics: read.diagnostics, print: () => printIfstated(read.file) };
    },
  },
  {
    name: "hostname-if",
    title: "hostname.if",
    families: ["openbsd"],
    // bridgename.* went into hostname.* with OpenBSD 4.7.
    paths: ["/etc/hostname.*", "/etc/bridgename.*"],
    sniff: sniffHostnameIf,
    read(source, system, path) {
      const read = parseHostnameIf(source, system, interfaceOfFile(path));
      return { diagnostics: read.diagnostics, print: () => printHostnameIf(read) };
    },
  },
  {
    name: "mygate",
    title: "mygate",
    families: ["openbsd", "netbsd"],
    paths: ["/etc/mygate"],
    // A list of addresses may be anything: a table of pf, for one.
    sniff: () => false,
    read(source, system) {
      const read = parseMygate(source, system);
      return { diagnostics: read.diagnostics, print: () => printMygate(read) };
    },
  },
  {
    name: "sysctl",
    title: "sysctl.conf",
    families: [...BSD, "linux"],
    paths: ["/etc/sysctl.conf", "/etc/sysctl.d/*.conf"],
    sniff: sniffSysctl,
    read(source, system) {
      const read = parseSysctlConf(source, system);
      return { diagnostics: read.diagnostics, print: () => printSysctlConf(read) };
    },
  },
  {
    name: "rc-conf",
    title: "rc.conf",
    families: BSD,
    paths: ["/etc/rc.conf.local", "/etc/rc.conf", "/etc/rc.conf.d/*"],
    sniff: sniffRcConf,
    read(source, system) {
      const read = parseRcConf(source, system);
      return { diagnostics: read.diagnostics, print: () => printRcConf(read) };
    },
  },
  {
    name: "netstart",
    title: "ifconfig.if",
    families: ["netbsd"],
    paths: ["/etc/ifconfig.*"],
    sniff: () => false,
    read(source, system, path) {
      const read = parseIfconfigIf(source, system, matchPath("/etc/ifconfig.*", path));
      return { diagnostics: read.diagnostics, print: () => printIfconfigIf(read) };
    },
  },
  {
    name: "netstart-local",
    title: "netstart.local",
    families: BSD,
    paths: ["/etc/netstart.local", "/etc/rc.local"],
    sniff: sniffNetstart,
    read(source: Source) {
      const read = parseNetstartLocal(source);
      return { diagnostics: read.diagnostics, print: () => printNetstartLocal(read) };
    },
  },
  IPSEC,
  IKED,
  NPPPD,
  NPPPD_USERS,
  SWANCTL,
  XL2TPD,
  MPD,
  MPD_SECRET,
  CHILLI_CONF,
  VM_CONF,
  DHCPCD,
  SYSTEMD_NETWORKD,
  INTERFACES,
  PORTAL_CONF,
];

/** Interface that a hostname.if(5) or bridgename.if(5) file is for, by its path; null when it is none of them. */
export function interfaceOfFile(path: string): string | null {
  return matchPath("/etc/hostname.*", path) ?? matchPath("/etc/bridgename.*", path);
}

/** The language of that name; null when there is none. */
export function languageByName(name: string): Language | null {
  return LANGUAGES.find((language) => language.name === name) ?? null;
}
