import type { Language } from "../registry/language.ts";
import { readPortalConf } from "./read.ts";

export const PORTAL_CONF: Language = {
  name: "portal",
  title: "portal.yaml",
  families: ["openbsd", "freebsd", "linux"],
  paths: ["/etc/pierhead/portal.yaml", "/usr/local/etc/pierhead/portal.yaml"],
  sniff: (text) => /^guests:/m.test(text) && /^signIn:/m.test(text) && /^uplink:/m.test(text),
  read(source) {
    const { diagnostics } = readPortalConf(source);
    return { diagnostics, print: () => source.text };
  },
};
