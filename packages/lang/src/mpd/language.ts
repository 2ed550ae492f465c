import type { Language } from "../registry/language.ts";
import { checkMpd, checkMpdSecret } from "./check.ts";
import { loadMpd } from "./load.ts";
import { loadMpdSecret } from "./secret.ts";

export const MPD: Language = {
  name: "mpd",
  title: "mpd.conf",
  families: ["freebsd"],
  paths: ["/usr/local/etc/mpd5/mpd.conf"],
  sniff: (text) => /^[ \t]+create[ \t]+(link|bundle)[ \t]+\S/m.test(text) && /^[ \t]+set[ \t]+\S/m.test(text),
  read(source) {
    const loaded = loadMpd(source);
    return { diagnostics: [...loaded.diagnostics, ...checkMpd(loaded)], print: () => loaded.syntax.print() };
  },
};

export const MPD_SECRET: Language = {
  name: "mpd-secret",
  title: "mpd.secret",
  families: ["freebsd"],
  paths: ["/usr/local/etc/mpd5/mpd.secret"],
  // Words and words: it may be anything.
  sniff: () => false,
  read(source) {
    const loaded = loadMpdSecret(source);
    return { diagnostics: [...loaded.diagnostics, ...checkMpdSecret(loaded)], print: () => loaded.syntax.print() };
  },
};
