import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { interfaceOnBox, inventoryInterfaces } from "./interfaces.ts";
import { parseDmesg } from "./parse.ts";

const BOX = parseDmesg(
  new Source(
    "dmesg",
    `OpenBSD 6.7 (GENERIC.MP) #1: Thu Aug 13 15:21:31 MDT 2020
    deraadt@amd64.openbsd.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
em0 at pci1 dev 0 function 0 "Intel I211" rev 0x03: msi, address 00:00:5E:00:53:1
em1 at pci2 dev 0 function 0 "Intel I211" rev 0x03: msi, address xx:xx:xx:xx:xx:xx
urtwn0 at uhub0 port 2 configuration 1 interface 0 "Realtek 802.11n WLAN Adapter" rev 2.00/2.00 addr 2
urtwn0: MAC/BB RTL8188EU, RF 6052 1T1R, address 00:00:5e:00:53:06
urtwn0 detached
`,
  ),
);

describe("interfaces for checks", () => {
  it("lists what is there at the end, with normal addresses", () => {
    expect(inventoryInterfaces(BOX)).toEqual([
      { name: "em0", driver: "em", mac: "00:00:5e:00:53:01" },
      { name: "em1", driver: "em", mac: null },
    ]);
  });

  it("leaves out the boot loader's names", () => {
    const loader = parseDmesg(new Source("log", "U-Boot 1.1.1 (x)\nNet:   octeth0, octeth1\n"));
    expect(loader.interfaces.map(({ name }) => name)).toEqual(["octeth0", "octeth1"]);
    expect(inventoryInterfaces(loader)).toEqual([]);
    expect(interfaceOnBox(loader, "cnmac0")).toBe("unknown");
  });

  it("knows what configuration makes, and what cannot be", () => {
    expect(interfaceOnBox(BOX, "em0")).toBe("yes");
    expect(interfaceOnBox(BOX, "vlan10")).toBe("yes");
    expect(interfaceOnBox(BOX, "carp0")).toBe("yes");
    expect(interfaceOnBox(BOX, "em2")).toBe("no");
    expect(interfaceOnBox(BOX, "urtwn0")).toBe("no");
  });
});
