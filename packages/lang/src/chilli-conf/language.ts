import type { Language } from "../registry/language.ts";
import { checkChilliConf } from "./check.ts";
import { parseChilliConf, printChilliConf } from "./parse.ts";

export const CHILLI_CONF: Language = {
  name: "chilli-conf",
  title: "chilli.conf",
  families: ["linux", "freebsd", "openbsd"],
  paths: ["/etc/chilli.conf", "/etc/chilli/*.conf", "/usr/local/etc/chilli.conf", "/usr/local/etc/chilli/*.conf"],
  sniff: (text) => /^[ \t]*(?:uam(?:listen|server|secret|allowed)|radiusserver[12]|dhcpif)[ \t=]/m.test(text),
  read(source) {
    const conf = parseChilliConf(source);
    return { diagnostics: [...conf.diagnostics, ...checkChilliConf(conf)], print: () => printChilliConf(conf) };
  },
};
