import type { Language } from "../registry/language.ts";
import { checkIked } from "./check.ts";
import { loadIked } from "./load.ts";

/** iked.conf(5) on its own, without the machine it is for. */
export const IKED: Language = {
  name: "iked",
  title: "iked.conf",
  families: ["openbsd"],
  paths: ["/etc/iked.conf"],
  sniff: (text) => /^\s*ikev2\s+("[^"\n]*"|quick|skip|default|active|passive|esp|ah|from|inet6?)/m.test(text),
  read(source, system) {
    const loaded = loadIked(source, {
      system,
      interfaces: [],
      resolveHost: () => [],
      readFile: () => null,
      machineUnknown: true,
    });
    return { diagnostics: [...loaded.diagnostics, ...checkIked(loaded)], print: () => loaded.syntax.print() };
  },
};
