import type { Language } from "../registry/language.ts";
import { checkNpppd, checkNpppdUsers } from "./check.ts";
import { loadNpppd } from "./load.ts";
import { loadNpppdUsers } from "./users.ts";

export const NPPPD: Language = {
  name: "npppd",
  title: "npppd.conf",
  families: ["openbsd"],
  paths: ["/etc/npppd/npppd.conf"],
  sniff: (text) =>
    /^\s*(tunnel\s+\S+\s+protocol\s+(l2tp|pptp|pppoe)|authentication\s+\S+\s+type\s+(local|radius)|bind\s+tunnel\s+from)\b/m.test(
      text,
    ),
  read(source, system) {
    const loaded = loadNpppd(source, system);
    return { diagnostics: [...loaded.diagnostics, ...checkNpppd(loaded)], print: () => loaded.syntax.print() };
  },
};

/** The users file, without the npppd.conf that has the pools. */
export const NPPPD_USERS: Language = {
  name: "npppd-users",
  title: "npppd-users",
  families: ["openbsd"],
  paths: ["/etc/npppd/npppd-users"],
  sniff: (text) => /^\s*:(password|framed-ip-address|framed-ip-netmask|calling-number)=/m.test(text),
  read(source) {
    const loaded = loadNpppdUsers(source);
    return { diagnostics: [...loaded.diagnostics, ...checkNpppdUsers(loaded, null)], print: () => source.text };
  },
};
