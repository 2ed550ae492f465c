import type { Language } from "../registry/language.ts";
import { checkIpsec } from "./check.ts";
import { loadIpsec } from "./load.ts";

/** ipsec.conf(5) on its own, without the machine it is for. */
export const IPSEC: Language = {
  name: "ipsec",
  title: "ipsec.conf",
  families: ["openbsd"],
  paths: ["/etc/ipsec.conf"],
  sniff: (text) =>
    /^\s*(ike\s+(passive|dynamic|active|esp|ah|from)|flow\s+(esp|ah|ipcomp|ipip|in|out|from)|tcpmd5\s+from)\b/m.test(
      text,
    ),
  read(source, system) {
    const loaded = loadIpsec(source, {
      system,
      interfaces: [],
      resolveHost: () => [],
      readFile: () => null,
      machineUnknown: true,
    });
    return { diagnostics: [...loaded.diagnostics, ...checkIpsec(loaded)], print: () => loaded.syntax.print() };
  },
};
