import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { inventoryCard } from "./card.ts";
import { parseDmesg } from "./parse.ts";

// The lines with facts out of public boot logs; addresses, serial numbers and builders' names are made up.

function card(log: string): string {
  const inventory = parseDmesg(new Source("dmesg", log));
  const said = inventory.diagnostics.map(({ code, severity }) => `${severity} ${code}`);
  return [...inventoryCard(inventory), ...said].join("\n");
}

describe("NetBSD", () => {
  it("Orange Pi PC after U-Boot", () => {
    expect(
      card(`U-Boot 2019.10 (Dec 10 2019 - 10:10:10 +0000) Allwinner Technology
CPU:   Allwinner H3 (SUN8I 0000)
DRAM:  1 GiB
Starting kernel ...
[   1.0000000] NetBSD/evbarm (fdt) booting ...
[   1.0000000] NetBSD 9.0 (GENERIC) #0: Fri Feb 14 00:06:28 UTC 2020
[   1.0000000]         mkrepro@mkrepro.NetBSD.org:/usr/src/sys/arch/evbarm/compile/GENERIC
[   1.0000000] total memory = 1024 MB
[   1.0000000] avail memory = 1003 MB
[   1.0000000] simplebus0 at armfdt0: Xunlong Orange Pi PC
[   1.0000000] cpu0 at cpus0: Cortex-A7 r0p5 (Cortex V7A core)
[   2.3812082] ld0 at sdmmc0: <0xaa:0x5859:QEMU!:0x01:0xdeadbeef:0x062>
[   2.4012856] ld0: 1226 MB, 622 cyl, 64 head, 63 sec, 512 bytes/sect x 2511872 sectors`),
    ).toBe(`Product      Xunlong Orange Pi PC (line 10)
System       NetBSD 9.0, kernel GENERIC#0, evbarm (line 6)
Firmware     U-Boot 2019.10, Dec 10 2019 (line 1)
Processor    Allwinner H3, ARM, 1 processor started (line 2)
Memory       1 GiB, 1003 MiB free at boot (line 3)
Storage      ld0  QEMU!, 1.3 GB, flash (line 12)
Network      no interface in this log
Log          13 lines: 11 read, 2 known and passed over, 0 unknown`);
  });

  it("Raspberry Pi 3, with times", () => {
    expect(
      card(`[     1.000000]     2018, 2019, 2020 The NetBSD Foundation, Inc.  All rights reserved.
[     1.000000] NetBSD 9.1 (GENERIC) #0: Sun Oct 18 19:24:30 UTC 2020
[     1.000000]         mkrepro@mkrepro.NetBSD.org:/usr/src/sys/arch/evbarm/compile/GENERIC
[     1.000000] total memory = 948 MB
[     1.000000] avail memory = 928 MB
[     1.000000] armfdt0 (root)
[     1.000000] simplebus0 at armfdt0: Raspberry Pi 3 Model B Plus Rev 1.3
[     1.000000] cpu0 at cpus0: 600 MHz Cortex-A53 r0p4 (Cortex V8A core)
[     1.000000] cpu1 at cpus0
[     1.000000] cpu2 at cpus0
[     1.000000] cpu3 at cpus0
[     1.000003] bcmrng0 at simplebus1: RNG
[     2.610826] ld0 at sdmmc0: <0x27:0x5048:SD64G:0x60:0xda7f8e63:0x14a>
[     2.622107] ld0: 59616 MB, 7599 cyl, 255 head, 63 sec, 512 bytes/sect x 122093568 sectors
[     2.751137] (manufacturer 0x2d0, product 0xa9a6) at sdmmc1 function 1 not configured
[     8.312188] ure0 at uhub3 port 1
[     8.312188] ure0: Realtek (0xbda) USB 10/100 LAN (0x8152), rev 2.10/20.00, addr 5
[     8.422203] rlphy0 at ure0 phy 0: RTL8201E 10/100 media interface, rev. 2
[     8.442206] rlphy0: 10baseT, 10baseT-FDX, 100baseTX, 100baseTX-FDX, auto
[     8.442206] ure0: Ethernet address 00:00:5e:00:53:01
[    11.023054] mue0 at uhub2 port 1
[    11.023054] mue0: vendor 0424 (0x424) product 7800 (0x7800), rev 2.10/3.00, addr 7
[    11.343096] ukphy0 at mue0 phy 1: OUI 0x00800f, model 0x0013, rev. 2
[    11.343096] ukphy0: 10baseT, 10baseT-FDX, 100baseTX, 100baseTX-FDX, 1000baseT, 1000baseT-FDX, auto
[    11.353768] mue0: Ethernet address 00:00:5e:00:53:02`),
    ).toBe(`Product      Raspberry Pi 3 Model B Plus Rev 1.3 (line 7)
System       NetBSD 9.1, kernel GENERIC#0, evbarm (line 2)
Processor    Arm Cortex-A53, 600 MHz, ARM, 4 cores (line 8)
Memory       948 MiB, 928 MiB free at boot (line 4)
Crypto       bcmrng0: Broadcom BCM283x random number generator, NetBSD driver bcmrng (line 12)
Storage      ld0  SD64G, 62.5 GB, flash (line 13)
Network      ure0  Realtek USB 10/100 LAN, 00:00:5e:00:53:01, up to 100 Mbit/s (line 16)
             mue0  vendor 0424 product 7800, 00:00:5e:00:53:02, up to 1 Gbit/s (line 21)
Log          24 lines: 23 read, 1 known and passed over, 0 unknown`);
  });

  it("guest of VirtualBox", () => {
    expect(
      card(`Copyright (c) 1996, 1997, 1998, 1999, 2000, 2001, 2002, 2003, 2004, 2005,
    The NetBSD Foundation, Inc.  All rights reserved.
NetBSD 7.1 (GENERIC.201703111743Z)
total memory = 65084 KB
avail memory = 45028 KB
kern.module.path=/stand/amd64/7.1/modules
innotek GmbH VirtualBox (1.2)
mainbus0 (root)
cpu0 at mainbus0 apid 0: Intel(R) Core(TM) i7-4850HQ CPU @ 2.30GHz, id 0x40661
wm0 at pci0 dev 3 function 0: Intel i82540EM 1000BASE-T Ethernet (rev. 0x02)
wm0: interrupting at ioapic0 pin 19
wm0: Ethernet address 00:00:5e:00:53:01
makphy0 at wm0 phy 1: Marvell 88E1011 Gigabit PHY, rev. 4
makphy0: 10baseT, 10baseT-FDX, 100baseTX, 100baseTX-FDX, auto
wd0 at atabus0 drive 0
wd0: <VBOX HARDDISK>
wd0: 16384 MB, 33288 cyl, 16 head, 63 sec, 512 bytes/sect x 33554432 sectors
cd0 at atapibus0 drive 0: <VBOX CD-ROM, VB2-01700376, 1.0> cdrom removable`),
    ).toBe(`Product      innotek GmbH VirtualBox (line 7)
System       NetBSD 7.1, kernel GENERIC.201703111743Z, amd64 (line 3)
Processor    Intel Core i7-4850HQ, 2300 MHz, x86-64, 1 processor started (line 9)
Memory       64 MiB, 44 MiB free at boot (line 4)
Runs on      VirtualBox (line 7)
Storage      wd0  VBOX HARDDISK, 17.2 GB (line 15)
             cd0  VBOX CD-ROM, optical (line 18)
Network      wm0  Intel i82540EM 1000BASE-T Ethernet, 00:00:5e:00:53:01, up to 100 Mbit/s (line 10)
Log          18 lines: 14 read, 4 known and passed over, 0 unknown`);
  });

  it("guest of bhyve", () => {
    expect(
      card(`Copyright (c) 1996, 1997, 1998, 1999, 2000, 2001, 2002, 2003, 2004, 2005,
    2018, 2019, 2020 The NetBSD Foundation, Inc.  All rights reserved.
NetBSD 9.1_STABLE (GENERIC) #0: Thu Apr 22 10:08:46 UTC 2021
	mkrepro@mkrepro.NetBSD.org:/usr/src/sys/arch/amd64/compile/GENERIC
total memory = 8191 MB
avail memory = 7926 MB
efi: systbl at pa bfb7cf18
  BHYVE (1.0)
mainbus0 (root)
cpu0 at mainbus0 apid 0
cpu0: Intel(R) Pentium(R) Gold G5420 CPU @ 3.80GHz, id 0x906ea
cpu0: package 0, core 0, smt 0
cpu1 at mainbus0 apid 1
cpu1: Intel(R) Pentium(R) Gold G5420 CPU @ 3.80GHz, id 0x906ea
cpu1: package 0, core 0, smt 1
cpu2 at mainbus0 apid 2
cpu2: package 1, core 0, smt 0
cpu3 at mainbus0 apid 3
cpu3: package 1, core 0, smt 1
acpi0: X/RSDT: OemId <BHYVE ,BVFACP  ,00000001>, AslId <    ,01000013>
virtio0 at pci0 dev 3 function 0
virtio0: Virtio Block Device (rev. 0x00)
ld0 at virtio0: Features: 0x10000244<INDIRECT_DESC,FLUSH,BLK_SIZE,SEG_MAX>
ld0: 10240 MB, 5201 cyl, 64 head, 63 sec, 512 bytes/sect x 20971520 sectors
vioif0 at virtio1: Features: 0x11010020<INDIRECT_DESC,NOTIFY_ON_EMPTY,STATUS,MAC>
vioif0: Ethernet address 00:00:5e:00:53:01
vendor 8086 product 1e31 (USB serial bus, xHCI) at pci0 dev 30 function 0 not configured`),
    ).toBe(`Product      BHYVE (line 8)
System       NetBSD 9.1_STABLE, kernel GENERIC#0, amd64 (line 3)
Processor    Intel Pentium Gold G5420, 3800 MHz, x86-64, 2 cores, 4 threads, 2 sockets (line 11)
Memory       8 GiB, 7.7 GiB free at boot (line 5)
Runs on      bhyve (line 20)
Storage      ld0  10.7 GB (line 23)
Network      vioif0  VirtIO network, paravirtual, 00:00:5e:00:53:01 (line 25)
Log          27 lines: 21 read, 6 known and passed over, 0 unknown`);
  });
});
