import type { Language } from "../registry/language.ts";
import { checkDhcpcd } from "./check.ts";
import { parseDhcpcd, printDhcpcd } from "./parse.ts";

export const DHCPCD: Language = {
  name: "dhcpcd-conf",
  title: "dhcpcd.conf",
  families: ["openbsd", "freebsd", "netbsd", "linux"],
  paths: ["/etc/dhcpcd.conf", "/usr/local/etc/dhcpcd.conf", "/usr/pkg/etc/dhcpcd.conf"],
  sniff: (text) => /^\s*(?:ia_pd\s|ipv6ra_\w+\s*$|option rapid_commit|slaac (?:private|hwaddr))/m.test(text),
  read(source) {
    const file = parseDhcpcd(source);
    return { diagnostics: checkDhcpcd(file), print: () => printDhcpcd(file) };
  },
};
