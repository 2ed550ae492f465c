import type { Language } from "../registry/language.ts";
import { checkVmConf } from "./check.ts";
import { loadVmConf } from "./load.ts";

export const VM_CONF: Language = {
  name: "vm-conf",
  title: "vm.conf",
  families: ["openbsd"],
  paths: ["/etc/vm.conf"],
  sniff: (text) => /^\s*(vm|switch)\s+"[^"\n]*"(\s+instance\s+\S+)?\s*\{/m.test(text),
  read(source) {
    const loaded = loadVmConf(source);
    return { diagnostics: [...loaded.diagnostics, ...checkVmConf(loaded)], print: () => loaded.syntax.print() };
  },
};
