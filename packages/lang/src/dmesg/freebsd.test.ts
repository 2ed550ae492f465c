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

describe("FreeBSD and Junos", () => {
  it("Ampere server at Oracle", () => {
    expect(
      card(`Copyright (c) 1992-2021 The FreeBSD Project.
FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 14.0-CURRENT main-n250146-a40784e6acc GENERIC arm64
real memory  = 1098164764672 (1047291 MB)
avail memory = 1070503600128 (1020911 MB)
FreeBSD/SMP: Multiprocessor System Detected: 160 CPUs
armv8crypto0: <AES-CBC,AES-XTS,AES-GCM>
mlx5_core0: <mlx5_core> mem 0x28000000-0x29ffffff at device 0.0 on pci2
mce0: Ethernet address: 00:00:5e:00:53:01
mce0: link state changed to DOWN
CPU  0: ARM Neoverse-N1 r3p1 affinity:  0  0  0  0
 Instruction Set Attributes 0 = <DP,RDM,Atomic,CRC32,SHA2,SHA1,AES+PMULL>
CPU  1: ARM Neoverse-N1 r3p1 affinity:  0  1  0  0
CPU100: ARM Neoverse-N1 r3p1 affinity:  1 19  0  0`),
    ).toBe(`Product      not told
System       FreeBSD 14.0-CURRENT, kernel GENERIC, arm64 (line 3)
Processor    Arm Neoverse N1, AArch64, 160 cores (line 11)
             crypto instructions: AES, SHA1, SHA2
Memory       1022.7 GiB, 997 GiB free at boot (line 4)
Crypto       armv8crypto0: ARMv8 AES instructions for crypto(9), armv8crypto(4), FreeBSD 15 (line 7)
Network      mce0  NVIDIA Mellanox ConnectX-4/5/6, 00:00:5e:00:53:01, 200 Gbit/s at most with this driver, link down (line 9)
             mce: checksums, TSO, LRO, VLAN checksums and TSO, RSS, rate limits, TLS on transmit [mlx5en(4), FreeBSD 15]
             mce: jumbo frames [mlx5en(4), FreeBSD 15]
Log          14 lines: 11 read, 3 known and passed over, 0 unknown`);
  });

  it("Core 2 laptop, FreeBSD 9", () => {
    expect(
      card(`Copyright (c) 1992-2011 The FreeBSD Project.
FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 9.0-RELEASE #0 r225473M: Sun Sep 11 16:07:30 BST 2011
    root@psi:/usr/obj/usr/src/sys/GENERIC amd64
CPU: Intel(R) Core(TM)2 Duo CPU     T9400  @ 2.53GHz (2527.05-MHz K8-class CPU)
real memory  = 3221225472 (3072 MB)
avail memory = 2926649344 (2791 MB)
FreeBSD/SMP: Multiprocessor System Detected: 2 CPUs
FreeBSD/SMP: 1 package(s) x 2 core(s)
ioapic0 <Version 2.0> irqs 0-23 on motherboard`),
    ).toBe(`Product      not told
System       FreeBSD 9.0-RELEASE, kernel GENERIC, amd64 (line 3)
Processor    Intel Core2 Duo T9400, 2527 MHz, x86-64, 2 cores (line 5)
Memory       3 GiB, 2.7 GiB free at boot (line 6)
Network      no interface in this log
Log          10 lines: 7 read, 3 known and passed over, 0 unknown`);
  });

  it("Juniper MX80, Junos", () => {
    expect(
      card(`		FreeBSD/PowerPC U-Boot bootstrap loader, Revision 2.2
		Booting [/boot/installer]...
		platform_early_bootinit: MX-PPC Series Early Boot Initialization
		mxppc_set_re_type: hw.board.type is MX80
		Copyright (c) 1996-2020, Juniper Networks, Inc.
		All rights reserved.
		Copyright (c) 1992-2007 The FreeBSD Project.
		FreeBSD is a registered trademark of The FreeBSD Foundation.
		JUNOS 19.4R3.11 #0: 2020-10-08 21:55:46 UTC
		    builder@emake.juniper.example:/volume/build/junos/19.4/release/19.4R3.11/obj/powerpc/junos/bsd/kernels/MFS-PPC/kernel
		cpu0: Freescale e500v2 core revision 3.0
		real memory  = 2084569088 (1988 MB)
		avail memory = 2044055552 (1949 MB)
		cfi0: <AMD/Fujitsu - 8MB> iomem 0xff800000-0xffffffff on lbc0
		tsec0: <eTSEC ethernet controller> iomem 0xf7f24000-0xf7f24fff irq 45,46,50 on ocpbus0
		tsec0: hardware MAC address 02:00:00:00:00:0b
		miibus0: <MII bus> on tsec0
		gentbi0: <Generic ten-bit interface> on miibus0
		gentbi0:  1000baseSX-FDX, 1000baseT-FDX, auto
		da0: <ATP ATP IG eUSB SSD 1100> Fixed Direct Access SCSI-0 device
		da0: 3920MB (8028160 512 byte sectors: 255H 63S/T 499C)
		Routing engine model is RE-MX80`),
    ).toBe(`Product      Juniper MX80 (line 4)
System       Junos 19.4R3.11, kernel MFS-PPC, powerpc (line 9)
Processor    Freescale e500v2, PowerPC (line 11)
Memory       1.9 GiB, 1.9 GiB free at boot (line 12)
Storage      cfi0  AMD/Fujitsu - 8MB, 8.4 MB, flash (line 14)
             da0   ATP ATP IG eUSB SSD 1100, 4.1 GB (line 20)
Network      tsec0  eTSEC ethernet controller, 02:00:00:00:00:0b, up to 1 Gbit/s (line 15)
Log          20 lines: 13 read, 6 known and passed over, 1 unknown`);
  });

  // Put together by hand: the boot loader of a recorded log, the version of a public sysDescr, lines in FreeBSD's form.
  it("a Juniper SRX100: boot loader and Junos are one boot, and a USB controller is no network interface", () => {
    const found = card(`U-Boot 1.1.6-JNPR-2.0 (Build time: Nov 17 2010 - 07:04:52)
SRX_100_HIGHMEM board revision major:0, minor:0, serial #: AT0213AF1088
OCTEON CN5020-SCP pass 1.1, Core clock: 500 MHz, DDR clock: 266 MHz (532 Mhz data rate)
DRAM:  1024 MB
Copyright (c) 1996-2016, Juniper Networks, Inc.
Copyright (c) 1992-2006 The FreeBSD Project.
JUNOS 12.1X46-D65.4 #0: 2016-12-30 01:34:30 UTC
    builder@emake.juniper.example:/volume/build/junos/12.1/service/12.1X46-D65.4/obj-octeon/junos/bsd/kernels/JSRXNLE/kernel
real memory  = 1073741824 (1024MB)
avail memory = 526864384 (502MB)
FreeBSD/SMP: Multiprocessor System Detected: 2 CPUs
dwc0: <Synopsis DWC OTG Controller Driver> on obio0
da0: <ST72682 Nand Flash 2.10> Removable Direct Access SCSI-2 device
da0: 1000MB (2048000 512 byte sectors: 64H 32S/T 1000C)`);
    expect(found).toContain("Product      Juniper SRX100 (high memory) (line 2)");
    expect(found).toContain("System       Junos 12.1X46-D65.4, kernel JSRXNLE, octeon (line 7)");
    expect(found).toContain("Processor    Cavium OCTEON CN5020, 500 MHz, MIPS64, 2 cores (line 3)");
    expect(found).toContain("Firmware     U-Boot 1.1.6-JNPR-2.0");
    expect(found).toMatch(/Network +no interface in this log/);
  });

  it("PC Engines apu2 with BSDRP", () => {
    expect(
      card(`Copyright (c) 1992-2026 The FreeBSD Project.
FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 16.0-CURRENT BSDRP-AMD64 amd64
CPU: AMD GX-412TC SOC                                (998.17-MHz K8-class CPU)
  Features2=0x3ed8220b<SSE3,PCLMULQDQ,MON,SSSE3,CX16,MOVBE,POPCNT,AESNI,XSAVE,OSXSAVE,AVX,F16C>
  SVM: NP,NRIP,AFlush,DAssist,NAsids=8
real memory  = 4294967296 (4096 MB)
avail memory = 4108115968 (3917 MB)
ACPI APIC Table: <COREv4 COREBOOT>
FreeBSD/SMP: Multiprocessor System Detected: 4 CPUs
FreeBSD/SMP: 1 package(s) x 4 core(s)
igb0: <Intel(R) I210 Flashless (Copper)> port 0x2000-0x201f mem 0xd0000000-0xd001ffff irq 28 at device 0.0 on pci1
igb0: Using MSI-X interrupts with 5 vectors
igb0: Ethernet address: 00:00:5e:00:53:01
pci0: <encrypt/decrypt> at device 8.0 (no driver attached)
ada0 at ahcich0 bus 0 scbus0 target 0 lun 0
ada0: <SATA SSD S9FM02.8> ACS-3 ATA SATA 3.x device
ada0: 15272MB (31277232 512 byte sectors)
igb0: link state changed to UP`),
    ).toBe(`Product      not told
System       FreeBSD 16.0-CURRENT, kernel BSDRP-AMD64, amd64 (line 3)
Processor    AMD GX-412TC SOC, 998 MHz, x86-64, 4 cores (line 4)
             crypto instructions: AES, PCLMUL
Memory       4 GiB, 3.8 GiB free at boot (line 7)
Can host     guests, with SVM (line 6)
Storage      ada0  SATA SSD S9FM02.8, 16 GB (line 17)
Network      igb0  Intel(R) I210 Flashless (Copper), 00:00:5e:00:53:01, 1 Gbit/s at most with this driver, link up (line 12)
             igb: checksums, TSO [em(4), FreeBSD 15]
             igb: jumbo frames up to 16114 octets [em(4), FreeBSD 15]
Log          19 lines: 14 read, 5 known and passed over, 0 unknown`);
  });

  it("VisionFive 2, RISC-V", () => {
    expect(
      card(`Copyright (c) 1992-2025 The FreeBSD Project.
FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 15.1-BETA1 releng/15.1-n283455-58777180c5b0 GENERIC riscv
CPU 0  : Vendor=SiFive Core=6/7/P200/X200-Series Processor (Hart 1)
real memory  = 4294967296 (4096 MB)
FreeBSD/SMP: Multiprocessor System Detected: 4 CPUs
eqos0: <DesignWare EQOS Gigabit Ethernet for JH7110> mem 0x16030000-0x1603ffff irq 50,51,52 on simplebus0
miibus0: <MII bus> on eqos0
mcommphy0: <Motorcomm YT8531 10/100/1000 PHY> PHY 0 on miibus0
mcommphy0:  none, 10baseT, 10baseT-FDX, 100baseTX, 100baseTX-FDX, 1000baseT-FDX, 1000baseT-FDX-master, auto
eqos0: Ethernet address: 00:00:5e:00:53:01
mmcsd0: 128GB <SDHC SR128 8.6 SN 40CC4673 MFG 12/2024 by 3 SD> at mmc1 50.0MHz/4bit/1016-block
eqos0: link state changed to DOWN
FreeBSD 15.1-BETA1 (GENERIC) releng/15.1-n283455-58777180c5b0`),
    ).toBe(`Product      not told
System       FreeBSD 15.1-BETA1, kernel GENERIC, riscv (line 3)
Processor    SiFive 6/7/P200/X200-Series Processor, RISC-V 64, 4 processors started (line 4)
Memory       4 GiB (line 5)
Storage      mmcsd0  SDHC SR128 8.6, 128 GB, flash (line 12)
Network      eqos0  DesignWare EQOS Gigabit Ethernet for JH7110, 00:00:5e:00:53:01, up to 1 Gbit/s, link down (line 7)
Log          14 lines: 10 read, 4 known and passed over, 0 unknown`);
  });

  it("guest of Hyper-V", () => {
    expect(
      card(`FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 13.0-RELEASE #0 releng/13.0-n244733-ea31abc261f: Fri Apr  9 04:24:09 UTC 2021
    root@releng1.nyi.freebsd.org:/usr/obj/usr/src/amd64.amd64/sys/GENERIC amd64
CPU: Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz (3192.00-MHz K8-class CPU)
Hypervisor: Origin = "Microsoft Hv"
hn0: <Hyper-V Network Interface> on vmbus0
hn0: Ethernet address: 00:00:5e:00:53:01
da0 at storvsc0 bus 0 scbus0 target 0 lun 0
da0: <Msft Virtual Disk 1.0> Fixed Direct Access SPC-3 SCSI device
da0: 130048MB (266338304 512 byte sectors)
vtblk0: <VirtIO Block Adapter> on virtio_pci0
vtblk0: 20480MB (41943040 512 byte sectors)`),
    ).toBe(`Product      not told
System       FreeBSD 13.0-RELEASE, kernel GENERIC, amd64 (line 2)
Processor    Intel Core i7-8700, 3192 MHz, x86-64 (line 4)
Memory       not told
Runs on      Hyper-V (line 5)
Storage      da0    Msft Virtual Disk 1.0, 136.4 GB (line 9)
             vtbd0  VirtIO Block Adapter, 21.5 GB (line 11)
Network      hn0  Hyper-V Network Interface, paravirtual, 00:00:5e:00:53:01 (line 6)
Log          12 lines: 10 read, 2 known and passed over, 0 unknown`);
  });

  it("guest of Xen, a NIC passed through", () => {
    expect(
      card(`FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 11.2-RELEASE-p4 #7 r313908+57fc10ba2d6(factory-RELENG_2_4_4): Thu Sep 20 09:38:19 EDT 2018
    root@buildbot:/xbuilder/obj/amd64/pfSense amd64
acpi0: <Xen> on motherboard
igb0: <Intel(R) PRO/1000 Network Connection, Version - 2.5.3-k> port 0xc100-0xc11f mem 0xf3000000-0xf301ffff irq 32 at device 4.0 on pci0
igb0: Ethernet address: 00:00:5e:00:53:01
xbd1: 10240MB <Virtual Block Device> at device/vbd/832 on xenbusb_front0
xbd1: attaching as ada1
xbd1: features: flush, write_barrier`),
    ).toBe(`Product      not told
System       FreeBSD 11.2-RELEASE-p4, kernel pfSense, amd64 (line 2)
Processor    not told
Memory       not told
Runs on      Xen (line 4)
Storage      ada1  Virtual Block Device, 10.7 GB (line 7)
Network      igb0  Intel(R) PRO/1000 Network Connection, Version - 2.5.3-k, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver (line 5)
             igb: checksums, TSO [em(4), FreeBSD 15]
             igb: jumbo frames up to 16114 octets [em(4), FreeBSD 15]
Log          9 lines: 7 read, 2 known and passed over, 0 unknown`);
  });

  it("guest of bhyve", () => {
    expect(
      card(`FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 12.2-RELEASE r366954 GENERIC amd64
CPU: Intel(R) Xeon(R) CPU           E5620  @ 2.40GHz (2399.33-MHz K8-class CPU)
Hypervisor: Origin = "bhyve bhyve "
real memory  = 68717379584 (65534 MB)
ACPI APIC Table: <BHYVE  BVMADT  >
FreeBSD/SMP: Multiprocessor System Detected: 16 CPUs
FreeBSD/SMP: 1 package(s) x 4 core(s) x 4 hardware threads
vtnet0: <VirtIO Networking Adapter> on virtio_pci0
vtnet0: Ethernet address: 00:00:5e:00:53:01
vtbd0: <VirtIO Block Adapter> on virtio_pci1
vtbd0: 20480MB (41943040 512 byte sectors)`),
    ).toBe(`Product      not told
System       FreeBSD 12.2-RELEASE, kernel GENERIC, amd64 (line 2)
Processor    Intel Xeon E5620, 2399 MHz, x86-64, 4 cores, 16 threads (line 3)
Memory       64 GiB (line 5)
Runs on      bhyve (line 4)
Storage      vtbd0  VirtIO Block Adapter, 21.5 GB (line 11)
Network      vtnet0  VirtIO Networking Adapter, paravirtual, 00:00:5e:00:53:01 (line 9)
             vtnet: checksums both ways, TSO, LRO [vtnet(4), FreeBSD 15]
             vtnet: jumbo frames up to 9216 octets [vtnet(4), FreeBSD 15]
Log          12 lines: 11 read, 1 known and passed over, 0 unknown`);
  });

  it("laptop with OPNsense", () => {
    expect(
      card(`---<<BOOT>>---
Copyright (c) 1992-2019 The FreeBSD Project.
FreeBSD is a registered trademark of The FreeBSD Foundation.
FreeBSD 12.1-RELEASE-p8-HBSD #0  b3665671c4d(stable/20.7)-dirty: Thu Aug 27 05:58:53 CEST 2020
    root@builder:/usr/obj/usr/src/amd64.amd64/sys/SMP amd64
CPU: Intel(R) Core(TM) i5-6200U CPU @ 2.30GHz (4278.87-MHz K8-class CPU)
  Features2=0x7ffafbbf<SSE3,PCLMULQDQ,VMX,AESNI,XSAVE,AVX,RDRAND>
  Structured Extended Features=0x29c67af<FSGSBASE,AVX2,RDSEED,ADX>
  VT-x: PAT,HLT,MTF,PAUSE,EPT,UG,VPID
real memory  = 8589934592 (8192 MB)
avail memory = 8140832768 (7763 MB)
ACPI APIC Table: <DELL   CBX3   >
FreeBSD/SMP: Multiprocessor System Detected: 4 CPUs
FreeBSD/SMP: 1 package(s) x 2 core(s) x 2 hardware threads
random: fast provider: "Intel Secure Key RNG"
pci1: <network> at device 0.0 (no driver attached)
re0: <Realtek PCIe FE Family Controller> port 0xe000-0xe0ff mem 0xdf000000-0xdf000fff irq 17 at device 0.0 on pci2
re0: Ethernet address: 00:00:5e:00:53:01
ada0 at ahcich0 bus 0 scbus0 target 0 lun 0
ada0: <TOSHIBA MQ01ABD100 AX0P3D> ATA8-ACS SATA 3.x device
ada0: 953869MB (1953525168 512 byte sectors)
cd0: <PLDS DVD+-RW DU-8A5LH 6D11> Removable CD-ROM SCSI device
iwm0: <Intel(R) Dual Band Wireless AC 3160> mem 0xdf100000-0xdf101fff irq 16 at device 0.0 on pci1
iwm0: hw rev 0x160, fw ver 17.352738.0, address 00:00:5e:00:53:02
ure0: <TP-LINK USB 10/100/1000 LAN, class 0/0, rev 3.00/30.00, addr 4> on usbus0
miibus0: <MII bus> on ure0
rgephy0: <RTL8251/8153 1000BASE-T media interface> PHY 0 on miibus0
rgephy0:  none, 10baseT, 10baseT-FDX, 100baseTX, 100baseTX-FDX, 1000baseT-FDX, 1000baseT-FDX-master, auto
ue0: <USB Ethernet> on ure0
ue0: Ethernet address: 00:00:5e:00:53:03
ue0: link state changed to UP
bridge0: Ethernet address: 58:9c:fc:00:53:04
aesni0: <AES-CBC,AES-CCM,AES-GCM,AES-ICM,AES-XTS> on motherboard`),
    ).toBe(`Product      not told
System       FreeBSD 12.1-RELEASE-p8-HBSD, kernel SMP, amd64 (line 4)
Processor    Intel Core i5-6200U, 4279 MHz, x86-64, 2 cores, 4 threads (line 6)
             crypto instructions: AES, PCLMUL, RDRAND, RDSEED
Memory       8 GiB, 7.6 GiB free at boot (line 10)
Can host     guests, with VT-x (line 9)
Crypto       Intel Secure Key RNG: random numbers from the processor, random(4), FreeBSD 15 (line 15)
             aesni0: AES-NI and SHA instructions for crypto(9) (AES-CBC,AES-CCM,AES-GCM,AES-ICM,AES-XTS), aesni(4), FreeBSD 15 (line 33)
Storage      ada0  TOSHIBA MQ01ABD100 AX0P3D, 1 TB (line 20)
             cd0   PLDS DVD+-RW DU-8A5LH 6D11, optical (line 22)
Network      re0   Realtek PCIe FE Family Controller, 00:00:5e:00:53:01, up to 100 Mbit/s (line 17)
             iwm0  Intel(R) Dual Band Wireless AC 3160, wireless, 00:00:5e:00:53:02 (line 23)
             ue0   TP-LINK USB 10/100/1000 LAN, 00:00:5e:00:53:03, up to 1 Gbit/s, link up (line 29)
             re: checksums, VLAN tags, TSO on some chips [re(4), FreeBSD 15]
             re: 10/100 only with the 8139C+ and 810xE [re(4), FreeBSD 15]
             re: MTU at most 7422 [re(4), FreeBSD 15]
             ure: 10/100 with the RTL8152, 1 Gbit/s with the RTL8153 [ure(4), FreeBSD 15]
Log          33 lines: 26 read, 7 known and passed over, 0 unknown`);
  });

  it("mini PC, indented", () => {
    expect(
      card(`  Copyright (c) 1992-2021 The FreeBSD Project.
  FreeBSD is a registered trademark of The FreeBSD Foundation.
  FreeBSD 13.2-RELEASE-p2 GENERIC amd64
  CPU: Intel(R) N100 (806.40-MHz K8-class CPU)
	Features2=0x7ffafbbf<SSE3,PCLMULQDQ,AESNI,RDRAND>
  real memory  = 17179869184 (16384 MB)
  FreeBSD/SMP: Multiprocessor System Detected: 4 CPUs
  FreeBSD/SMP: 1 package(s) x 4 core(s)
  re0: <RealTek 8168/8111 B/C/CP/D/DP/E/F/G PCIe Gigabit Ethernet> port 0x5000-0x50ff mem 0x80604000-0x80604fff at device 0.0 on pci1
  re0: Ethernet address: 00:00:5e:00:53:01
  ada0: <LuminouTek 128GB V0922A0> ACS-4 ATA SATA 3.x device
  ada0: 122104MB (250069680 512 byte sectors)
  rtw880: <rtw_8821ce> port 0x4000-0x40ff mem 0x80500000-0x8050ffff at device 0.0 on pci2`),
    ).toBe(`Product      not told
System       FreeBSD 13.2-RELEASE-p2, kernel GENERIC, amd64 (line 3)
Processor    Intel N100, 806 MHz, x86-64, 4 cores (line 4)
             crypto instructions: AES, PCLMUL, RDRAND
Memory       16 GiB (line 6)
Storage      ada0  LuminouTek 128GB V0922A0, 128 GB (line 11)
Network      re0     RealTek 8168/8111 B/C/CP/D/DP/E/F/G PCIe Gigabit Ethernet, 00:00:5e:00:53:01, up to 1 Gbit/s (line 9)
             rtw880  rtw_8821ce, wireless, address not told (line 13)
             re: checksums, VLAN tags, TSO on some chips [re(4), FreeBSD 15]
             re: 10/100 only with the 8139C+ and 810xE [re(4), FreeBSD 15]
             re: MTU at most 7422 [re(4), FreeBSD 15]
Log          13 lines: 11 read, 2 known and passed over, 0 unknown`);
  });
});
