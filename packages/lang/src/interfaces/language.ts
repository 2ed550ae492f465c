import type { Language } from "../registry/language.ts";
import { parseInterfaces, printInterfaces } from "./parse.ts";
import { checkInterfaces } from "./resolve.ts";

export const INTERFACES: Language = {
  name: "interfaces",
  title: "interfaces",
  families: ["linux"],
  paths: ["/etc/network/interfaces", "/etc/network/interfaces.d/*"],
  sniff: (text) => /^[ \t]*iface[ \t]+\S+[ \t]+(inet6?|can|link)[ \t]+\S/m.test(text),
  read(source) {
    const file = parseInterfaces(source);
    return { diagnostics: checkInterfaces(file), print: () => printInterfaces(file) };
  },
};
