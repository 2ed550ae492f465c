import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { findLastBoot } from "./boots.ts";
import { parseDmesg } from "./parse.ts";

function last(text: string): [grammar: string | null, count: number, line: number] {
  const boot = findLastBoot(new Source("log", text), 0, 1);
  return [boot.grammar, boot.count, boot.number];
}

const COPYRIGHT = "Copyright (c) 1995-2020 OpenBSD. All rights reserved.  https://www.OpenBSD.org\n";
const BUILDER = "    deraadt@amd64.openbsd.org:/usr/src/sys/arch/amd64/compile/GENERIC\n";
const OPENBSD = (version: string): string => `OpenBSD ${version} (GENERIC) #1: Thu Aug 13 15:21:31 MDT 2020\n`;

describe("which boot", () => {
  it("takes the last of several", () => {
    const one = COPYRIGHT + OPENBSD("6.6") + BUILDER;
    const two = COPYRIGHT + OPENBSD("6.7") + BUILDER;
    expect(last(`${one}syncing disks... done\nrebooting...\n${two}`)).toEqual(["openbsd", 2, 6]);
    expect(parseDmesg(new Source("log", one + two)).system?.version).toBe("6.7");
  });

  it("takes a boot loader's words and the kernel's for one boot", () => {
    const boot = `U-Boot SPL 2020.01 (Jan 01 2020)\nU-Boot 2020.01 (Jan 01 2020)\nDRAM:  1 GiB\n${COPYRIGHT}${OPENBSD("6.7")}`;
    expect(last(boot)).toEqual(["openbsd", 1, 1]);
    expect(last(boot + boot)).toEqual(["openbsd", 2, 6]);
  });

  it("counts a boot loader that starts again", () => {
    expect(last("U-Boot 1.1.1 (x)\nBIST check passed.\nU-Boot 1.1.1 (x)\nDRAM:  512 MB\n")).toEqual(["u-boot", 2, 3]);
  });

  it("is not taken in by motd(5), which repeats the version line", () => {
    const boot = COPYRIGHT + OPENBSD("6.7") + BUILDER;
    const filler = "em0 at pci0 dev 1 function 0\n".repeat(40);
    expect(last(`${boot}${filler}login: root\n${OPENBSD("6.7")}\nWelcome to OpenBSD\n`)).toEqual(["openbsd", 1, 1]);
  });

  it("accepts a version line with only the builder's address after it", () => {
    expect(last(OPENBSD("5.3-current") + BUILDER)).toEqual(["openbsd", 1, 1]);
  });

  it("accepts a version line alone when there is nothing better", () => {
    expect(last(OPENBSD("5.3"))).toEqual(["openbsd", 1, 1]);
  });

  it("reads a log whose beginning is lost with the grammar its lines are of", () => {
    const openbsd =
      'em0 at pci1 dev 0 function 0 "Intel I211" rev 0x03: msi\nem1 at pci2 dev 0 function 0 "Intel I211" rev 0x03: msi\n';
    const freebsd =
      "em0: <Intel(R) PRO/1000> port 0xe000 irq 16 at device 0.0 on pci1\nem1: <Intel(R) PRO/1000> at device 1.0 on pci1\n";
    const linux = "[    2.099379] random: x\n[    2.099662] random: y\n";
    expect(last(openbsd)).toEqual(["openbsd", 0, 1]);
    expect(last(freebsd)).toEqual(["freebsd", 0, 1]);
    expect(last(linux)).toEqual(["linux", 0, 1]);
    expect(parseDmesg(new Source("log", openbsd)).diagnostics.map(({ code }) => code)).toEqual(["dmesg/no-system"]);
  });

  it("does not guess from a tie, or from one line", () => {
    const one = 'em0 at pci1 dev 0 function 0 "Intel I211" rev 0x03: msi\n';
    expect(last(one)).toEqual([null, 0, 1]);
    const tie = `${one}${one}[    2.099379] random: x\n[    2.099662] random: y\n`;
    expect(last(tie)).toEqual([null, 0, 1]);
  });

  it("says so when the text is no log", () => {
    const inventory = parseDmesg(new Source("pf.conf", "pass in on em0\nblock\n"));
    expect(inventory.grammar).toBeNull();
    expect(inventory.lines).toEqual({ total: 2, facts: 0, passed: 0, unknown: 2 });
    expect(inventory.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["dmesg/not-a-log", "error"]]);
  });
});
