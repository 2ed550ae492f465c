import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { configTree } from "./index.ts";

function show(files: Record<string, string>, system = "openbsd-7.8"): string[] {
  return configTree(files, parseSystem(system) as System).files.map(
    (file) => `${file.path} ${file.language?.name ?? "-"}${file.live ? "" : " copy"} <${file.source.name}>`,
  );
}

describe("configTree", () => {
  it("takes a root, an etc folder, and a flat folder", () => {
    expect(show({ "/etc/pf.conf": "", "/etc/hostname.em0": "" })).toEqual([
      "/etc/hostname.em0 hostname-if </etc/hostname.em0>",
      "/etc/pf.conf pf </etc/pf.conf>",
    ]);
    expect(
      show({ "site/a/etc/pf.conf": "", "site/a/etc/pf/rules": "pass in on em0\n", "site/a/etc/motd": "" }),
    ).toEqual([
      "/etc/motd - <site/a/etc/motd>",
      "/etc/pf.conf pf <site/a/etc/pf.conf>",
      "/etc/pf/rules pf <site/a/etc/pf/rules>",
    ]);
    expect(show({ "pf.conf": "", "hostname.em0": "", spammers: "192.0.2.1\n192.0.2.2\n" })).toEqual([
      "/etc/hostname.em0 hostname-if <hostname.em0>",
      "/etc/pf.conf pf <pf.conf>",
      "/etc/spammers - <spammers>",
    ]);
  });

  it("keeps copies apart", () => {
    expect(show({ "pf.conf": "", "pf.conf.original": "", "pf.conf.bak": "" })).toEqual([
      "/etc/pf.conf pf <pf.conf>",
      "/etc/pf.conf pf copy <pf.conf.bak>",
      "/etc/pf.conf pf copy <pf.conf.original>",
    ]);
    expect(show({ "pf.conf.original": "" })).toEqual(["/etc/pf.conf pf <pf.conf.original>"]);
    expect(show({ "etc/hostname.em0.bak": "dhcp\n" })).toEqual([
      "/etc/hostname.em0 hostname-if copy <etc/hostname.em0.bak>",
    ]);
  });

  it("takes every file of rc.conf.d for itself", () => {
    expect(show({ "etc/rc.conf.d/guests": "guests=YES\n", "etc/rc.conf.d/pf": "pf=YES\n" }, "netbsd-10.1")).toEqual([
      "/etc/rc.conf.d/guests rc-conf <etc/rc.conf.d/guests>",
      "/etc/rc.conf.d/pf rc-conf <etc/rc.conf.d/pf>",
    ]);
  });

  it("leaves files of another system alone", () => {
    const files = { "freebsd-rc.conf": 'ifconfig_vtnet0="DHCP"\n', "openbsd-hostname.vio0": "dhcp\n" };
    expect(show(files)).toEqual([
      "/etc/hostname.vio0 hostname-if <openbsd-hostname.vio0>",
      "/etc/rc.conf - copy <freebsd-rc.conf>",
    ]);
    expect(show(files, "freebsd-14.3")).toEqual([
      "/etc/openbsd-hostname.vio0 - <openbsd-hostname.vio0>",
      "/etc/rc.conf rc-conf <freebsd-rc.conf>",
    ]);
  });

  it("takes a file that sounds like rules for one that others load, beside the real one", () => {
    expect(show({ "pf.conf": "", "anchors/lan": "pass in on em0\n" })).toEqual([
      "/etc/anchors/lan pf <anchors/lan>",
      "/etc/pf.conf pf <pf.conf>",
    ]);
  });
});
