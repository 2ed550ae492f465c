import type { Language } from "../registry/language.ts";
import { checkXl2tpd } from "./check.ts";
import { loadXl2tpd } from "./load.ts";

export const XL2TPD: Language = {
  name: "xl2tpd",
  title: "xl2tpd.conf",
  families: ["freebsd", "linux", "netbsd"],
  paths: ["/usr/local/etc/xl2tpd/xl2tpd.conf", "/usr/local/etc/xl2tpd.conf", "/etc/xl2tpd/xl2tpd.conf"],
  sniff: (text) => /^[ \t]*\[(lns|lac)([ \t]+\S+)?\]/im.test(text),
  read(source) {
    const loaded = loadXl2tpd(source);
    return { diagnostics: [...loaded.diagnostics, ...checkXl2tpd(loaded)], print: () => loaded.syntax.print() };
  },
};
