import type { Language } from "../registry/language.ts";
import { checkSwanctl } from "./check.ts";
import { loadSwanctl } from "./load.ts";

/** strongSwan's swanctl.conf; files that it includes are not known here. */
export const SWANCTL: Language = {
  name: "swanctl",
  title: "swanctl.conf",
  families: ["freebsd", "linux", "netbsd", "macos"],
  paths: [
    "/usr/local/etc/swanctl/swanctl.conf",
    "/usr/local/etc/swanctl/conf.d/*.conf",
    "/etc/swanctl/swanctl.conf",
    "/etc/swanctl/conf.d/*.conf",
  ],
  sniff: (text) => /^\s*(connections|secrets|pools|authorities)\s*\{/m.test(text),
  read(source, system, path) {
    const loaded = loadSwanctl(source, system);
    return {
      diagnostics: [
        ...loaded.diagnostics,
        ...checkSwanctl(loaded, loaded.settings.complete && !path.includes("/conf.d/")),
      ],
      print: () => loaded.settings.syntax.print(),
    };
  },
};
