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

describe("OpenBSD", () => {
  it("BeagleBone Black", () => {
    expect(
      card(`OpenBSD 6.0-current (GENERIC) #0: Thu Nov 24 16:17:52 CET 2016
    deraadt@builder.example.org:/usr/src/sys/arch/armv7/compile/GENERIC
real mem  = 536870912 (512MB)
mainbus0 at root: TI AM335x BeagleBone Black
cpu0 at mainbus0: ARM Cortex A8 R3 rev 2 (ARMv7 core)
cpsw0 at simplebus0: version 1.12 (0), address 00:00:5e:00:53:01
ukphy0 at cpsw0 phy 0: Generic IEEE 802.3u media interface, rev. 1: OUI 0x0001f0, model 0x000f
sd1 at scsibus1 targ 1 lun 0: <SD/MMC, MMC02G, 0000> SCSI2 0/direct fixed
sd1: 1832MB, 512 bytes/sector, 3751936 sectors`),
    ).toBe(`Product      TI AM335x BeagleBone Black (line 4)
System       OpenBSD 6.0-current, kernel GENERIC#0, armv7 (line 1)
Processor    Arm Cortex-A8, ARMv7, 1 processor started (line 5)
Memory       512 MiB (line 3)
Storage      sd1  SD/MMC MMC02G, 1.9 GB (line 8)
Network      cpsw0  Texas Instruments CPSW, 00:00:5e:00:53:01 (line 6)
Log          9 lines: 9 read, 0 known and passed over, 0 unknown`);
  });

  it("DigitalOcean droplet", () => {
    expect(
      card(`OpenBSD 6.4 (GENERIC.MP) #364: Thu Oct 11 13:30:23 MDT 2018
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
real mem = 1056935936 (1007MB)
bios0: vendor DigitalOcean version "20171212" date 12/12/2017
bios0: DigitalOcean Droplet
cpu0: Intel(R) Xeon(R) Gold 6140 CPU @ 2.30GHz, 241.24 MHz, 06-55-04
pvbus0 at mainbus0: KVM
vio0 at virtio0: address 00:00:5e:00:53:03
vio1 at virtio1: address 00:00:5e:00:53:04
vmm0 at mainbus0: VMX/EPT (using slow L1TF mitigation)`),
    ).toBe(`Product      DigitalOcean Droplet (line 5)
System       OpenBSD 6.4, kernel GENERIC.MP#364, amd64 (line 1)
Firmware     DigitalOcean 20171212, 12/12/2017 (line 4)
Processor    Intel Xeon Gold 6140, 241 MHz, x86-64, 1 processor started (line 6)
Memory       1008 MiB (line 3)
Runs on      KVM (line 7)
Can host     guests, with VMX/EPT (line 10)
Network      vio0  VirtIO network, paravirtual, 00:00:5e:00:53:03 (line 8)
             vio1  VirtIO network, paravirtual, 00:00:5e:00:53:04 (line 9)
Log          10 lines: 10 read, 0 known and passed over, 0 unknown`);
  });

  it("EdgeRouter 4", () => {
    expect(
      card(`OpenBSD 6.7-current (GENERIC.MP) #273: Thu Aug 13 15:21:31 MDT 2020
    deraadt@builder.example.org:/usr/src/sys/arch/octeon/compile/GENERIC.MP
real mem = 1073741824 (1024MB)
mainbus0 at root: board 20300 rev 0.15
cpu0 at mainbus0: CN70xx/CN71xx CPU rev 0.2 1000 MHz, CN70xx/CN71xx FPU rev 0.0
cpu1 at mainbus0: CN70xx/CN71xx CPU rev 0.2 1000 MHz, CN70xx/CN71xx FPU rev 0.0
cpu2 at mainbus0: CN70xx/CN71xx CPU rev 0.2 1000 MHz, CN70xx/CN71xx FPU rev 0.0
cpu3 at mainbus0: CN70xx/CN71xx CPU rev 0.2 1000 MHz, CN70xx/CN71xx FPU rev 0.0
octcrypto0 at mainbus0
cnmac0 at octgmx0: SGMII, address 00:00:5e:00:53:01
ukphy0 at cnmac0 phy 4: Generic IEEE 802.3u media interface, rev. 2: OUI 0x0001c1, model 0x000c
sd0 at scsibus0 targ 1 lun 0: <Kingston, MMC4GB, 0000> removable
sd0: 3728MB, 512 bytes/sector, 7634944 sectors
octpcie0 port 0: link timeout`),
    ).toBe(`Product      Ubiquiti EdgeRouter 4, 6 or 12 (E300) (line 4)
             the log says "board 20300 rev 0.15" [board types in Linux asm/octeon/cvmx-bootinfo.h and OpenBSD/octeon machdep.c]
System       OpenBSD 6.7-current, kernel GENERIC.MP#273, octeon (line 1)
Processor    Cavium OCTEON CN70xx/CN71xx, 1000 MHz, MIPS64, 4 cores (line 5)
Memory       1 GiB (line 3)
Crypto       octcrypto0: OCTEON cryptographic unit: AES-CBC/CTR/GCM, HMAC-MD5/SHA1/SHA2 for ipsec(4), octcrypto(4), OpenBSD 7.8 (line 9)
Storage      sd0  Kingston MMC4GB, 3.9 GB, removable (line 12)
Network      cnmac0  Cavium OCTEON built-in, 00:00:5e:00:53:01 (line 10)
             cnmac: TCP/UDP checksums of IPv4 and IPv6 both ways, IPv4 header checksum on receive, jumbo frames [cnmac(4), OpenBSD 7.8]
Log          14 lines: 13 read, 0 known and passed over, 1 unknown`);
  });

  it("EdgeRouter Lite", () => {
    expect(
      card(`OpenBSD 6.4-current (GENERIC.MP) #0: Sat Dec 15 10:58:09 UTC 2018
    deraadt@builder.example.org:/usr/src/sys/arch/octeon/compile/GENERIC.MP
real mem = 536870912 (512MB)
avail mem = 523796480 (499MB)
mainbus0 at root: board 20002 rev 2.18
cpu0 at mainbus0: CN50xx CPU rev 0.1 500 MHz, Software FP emulation
cpu0: cache L1-I 32KB 4 way D 16KB 64 way, L2 128KB 8 way
cpu1 at mainbus0: CN50xx CPU rev 0.1 500 MHz, Software FP emulation
octcrypto0 at mainbus0
octrng0 at iobus0 base 0x1400000000000 irq 0
cnmac0 at cn30xxgmx0: RGMII, address 00:00:5e:00:53:01
atphy0 at cnmac0 phy 7: AR8035 10/100/1000 PHY, rev. 2
cnmac1 at cn30xxgmx0: RGMII, address 00:00:5e:00:53:02
atphy1 at cnmac1 phy 6: AR8035 10/100/1000 PHY, rev. 2
sd0 at scsibus0 targ 1 lun 0: <, USB DISK 2.0, PMAP> SCSI4 0/direct removable serial.13fe41000000
sd0: 3824MB, 512 bytes/sector, 7831552 sectors`),
    ).toBe(`Product      Ubiquiti EdgeRouter Lite or UniFi Security Gateway (E100) (line 5)
             the log says "board 20002 rev 2.18" [board types in Linux asm/octeon/cvmx-bootinfo.h and OpenBSD/octeon machdep.c]
System       OpenBSD 6.4-current, kernel GENERIC.MP#0, octeon (line 1)
Processor    Cavium OCTEON CN50xx, 500 MHz, MIPS64, 2 cores (line 6)
Memory       512 MiB, 500 MiB free at boot (line 3)
Crypto       octcrypto0: OCTEON cryptographic unit: AES-CBC/CTR/GCM, HMAC-MD5/SHA1/SHA2 for ipsec(4), octcrypto(4), OpenBSD 7.8 (line 9)
             octrng0: OCTEON random number generator, octrng(4), OpenBSD 7.8 (line 10)
Storage      sd0  USB DISK 2.0, 4 GB, removable (line 15)
Network      cnmac0  Cavium OCTEON built-in, 00:00:5e:00:53:01, up to 1 Gbit/s (line 11)
             cnmac1  Cavium OCTEON built-in, 00:00:5e:00:53:02, up to 1 Gbit/s (line 13)
             cnmac: TCP/UDP checksums of IPv4 and IPv6 both ways, IPv4 header checksum on receive, jumbo frames [cnmac(4), OpenBSD 7.8]
Log          16 lines: 15 read, 1 known and passed over, 0 unknown`);
  });

  it("HP desktop, features by cpuid", () => {
    expect(
      card(`OpenBSD 7.9-current (GENERIC.MP) #4: Sun Jun 21 12:53:34 MDT 2026
    deraadt@amd64.openbsd.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
real mem = 34279374848 (32691MB)
avail mem = 33212223488 (31673MB)
bios0: vendor Hewlett-Packard version "K01 v02.05" date 05/07/2012
bios0: Hewlett-Packard HP Compaq Pro 6300 SFF
cpu0: Intel(R) Core(TM) i5-3470 CPU @ 3.20GHz, 3192.95 MHz, 06-3a-09, patch 00000021
cpu0: cpuid 1 edx=bfebfbff<FPU,VME,PBE> ecx=77bae3ff<SSE3,PCLMUL,DTES64,VMX,POPCNT,AES,XSAVE,AVX,F16C,RDRAND>
cpu0: cpuid 7.0 ebx=281<FSGSBASE,SMEP,ERMS> edx=9c000400<MD_CLEAR,IBRS,IBPB,STIBP,L1DF,SSBD>
cpu0: smt 0, core 0, package 0, type P
cpu1 at mainbus0: apid 2 (application processor)
cpu1: smt 0, core 1, package 0, type P
em0 at pci1 dev 0 function 0 "Intel I210" rev 0x03, msi, address 00:00:5e:00:53:01`),
    ).toBe(`Product      Hewlett-Packard HP Compaq Pro 6300 SFF (line 6)
System       OpenBSD 7.9-current, kernel GENERIC.MP#4, amd64 (line 1)
Firmware     Hewlett-Packard K01 v02.05, 05/07/2012 (line 5)
Processor    Intel Core i5-3470, 3193 MHz, x86-64, 2 cores (line 7)
             crypto instructions: AES, PCLMUL, RDRAND
Memory       31.9 GiB, 30.9 GiB free at boot (line 3)
Network      em0  Intel I210, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver (line 13)
             em: checks IPv4/TCP/UDP checksums on receive, computes TCP/UDP on transmit (not 82542), handles VLAN tags [em(4), OpenBSD 7.8]
             em: jumbo frames except on 82562V, 82566DC/DM and 82573E/L/V [em(4), OpenBSD 7.8]
Log          13 lines: 12 read, 1 known and passed over, 0 unknown`);
  });

  it("PC Engines ALIX, quotes lost", () => {
    expect(
      card(`OpenBSD 4.5 (GENERIC) #1749: Sat Feb 28 14:51:18 MST 2009
    deraadt@builder.example.org:/usr/src/sys/arch/i386/compile/GENERIC
cpu0: Geode(TM) Integrated Processor by AMD PCS (AuthenticAMD 586-class) 500 MHz
cpu0: FPU,DE,PSE,TSC,MSR,CX8,SEP,PGE,CMOV,CFLUSH,MMX
real mem  = 536440832 (511MB)
avail mem = 512069632 (488MB)
glxsb0 at pci0 dev 1 function 2 AMD Geode LX Crypto rev 0x00: RNG AES
vr0 at pci0 dev 6 function 0 VIA VT6105M RhineIII rev 0x96: irq 11, address 00:00:5e:00:53:01
ukphy0 at vr0 phy 1: Generic IEEE 802.3u media interface, rev. 3: OUI 0x004063, model 0x0034
wd0 at pciide0 channel 0 drive 0: <CF4GHS>
wd0: 1-sector PIO, LBA, 3823MB, 7831152 sectors`),
    ).toBe(`Product      not told
System       OpenBSD 4.5, kernel GENERIC#1749, i386 (line 1)
Processor    Geode Integrated Processor by AMD PCS, 500 MHz, x86, 1 processor started (line 3)
Memory       512 MiB, 488 MiB free at boot (line 5)
Crypto       glxsb0: Geode LX security block: AES-CBC for ipsec(4), random numbers, glxsb(4), OpenBSD 7.8 (line 7)
Storage      wd0  CF4GHS, 4 GB (line 10)
Network      vr0  VIA VT6105M RhineIII, 00:00:5e:00:53:01, 100 Mbit/s at most with this driver (line 8)
             vr: checksums and VLAN tags only on the VT6105M [vr(4), OpenBSD 7.8]
             vr: packets are copied to aligned buffers on transmit (Rhine I and II) [vr(4), OpenBSD 7.8]
Log          11 lines: 10 read, 1 known and passed over, 0 unknown`);
  });

  it("PC Engines apu4", () => {
    expect(
      card(`OpenBSD 6.3-current (GENERIC.MP) #130: Fri Jul 20 13:09:44 MDT 2018
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
real mem = 4261011456 (4063MB)
avail mem = 4122722304 (3931MB)
bios0 at mainbus0: SMBIOS rev. 2.7 @ 0xcfe9e020 (7 entries)
bios0: vendor coreboot version "v4.6.4" date 20171130
bios0: PC Engines PC Engines apu4
cpu0 at mainbus0: apid 0 (boot processor)
cpu0: AMD GX-412TC SOC, 998.40 MHz
cpu0: FPU,VME,SSE3,PCLMUL,SSSE3,POPCNT,AES,XSAVE,AVX,LONG,SVM
cpu0: smt 0, core 0, package 0
cpu1 at mainbus0: apid 1 (application processor)
cpu1: smt 0, core 1, package 0
cpu2 at mainbus0: apid 2 (application processor)
cpu2: smt 0, core 2, package 0
cpu3 at mainbus0: apid 3 (application processor)
cpu3: smt 0, core 3, package 0
em0 at pci1 dev 0 function 0 "Intel I211" rev 0x03: msi, address 00:00:5e:00:53:01
em1 at pci2 dev 0 function 0 "Intel I211" rev 0x03: msi, address 00:00:5e:00:53:02
ccp0 at pci0 dev 8 function 0 "AMD Cryptographic Co-processor v3" rev 0x00
sd0 at scsibus1 targ 0 lun 0: <ATA, KINGSTON SUV500M, 0030> SCSI3 0/direct fixed naa.50026b7682000000
sd0: 114473MB, 512 bytes/sector, 234441648 sectors, thin
vmm0 at mainbus0: SVM/RVI`),
    ).toBe(`Product      PC Engines apu4 (line 7)
System       OpenBSD 6.3-current, kernel GENERIC.MP#130, amd64 (line 1)
Firmware     coreboot v4.6.4, 20171130 (line 6)
Processor    AMD GX-412TC SOC, 998 MHz, x86-64, 4 cores (line 9)
             crypto instructions: AES, PCLMUL
Memory       4 GiB, 3.8 GiB free at boot (line 3)
Can host     guests, with SVM/RVI (line 23)
Crypto       ccp0: AMD cryptographic co-processor: OpenBSD uses its random numbers only, ccp(4), OpenBSD 7.8 (line 20)
Storage      sd0  KINGSTON SUV500M, 120 GB (line 21)
Network      em0  Intel I211, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver (line 18)
             em1  Intel I211, 00:00:5e:00:53:02, 1 Gbit/s at most with this driver (line 19)
             em: checks IPv4/TCP/UDP checksums on receive, computes TCP/UDP on transmit (not 82542), handles VLAN tags [em(4), OpenBSD 7.8]
             em: jumbo frames except on 82562V, 82566DC/DM and 82573E/L/V [em(4), OpenBSD 7.8]
Log          23 lines: 22 read, 1 known and passed over, 0 unknown`);
  });

  it("Portwell CAM-0100, OCTEON", () => {
    expect(
      card(`OpenBSD 5.3-current (GENERIC) #1: Wed Apr  3 12:59:41 CEST 2013
    deraadt@builder.example.org:/usr/src/sys/arch/octeon/compile/GENERIC
real mem = 247922688 (236MB)
avail mem = 245612544 (234MB)
cpu0 at mainbus0: Cavium OCTEON CPU rev 0.1 500 MHz, Software FP emulation
octcf0 at iobus0 base 0x1d000800 irq 0: <TS8GCF133>
octcf0: 1-sector PIO, CHS, 7647MB, 15538 cyl, 16 head, 63 sec, 15662304 sectors
cnmac0 at cn30xxgmx0 address=0x0001180008000000: RGMII, address 00:00:5e:00:53:01
rgephy0 at cnmac0 phy 0: RTL8169S/8110S PHY, rev. 2
root on octcf0a swap on octcf0b dump on octcf0b
cnmac0: link up (10baseT)
cnmac0: link down
cnmac0: link up (1000baseT-FDX)`),
    ).toBe(`Product      not told
System       OpenBSD 5.3-current, kernel GENERIC#1, octeon (line 1)
Processor    Cavium OCTEON, 500 MHz, MIPS64, 1 processor started (line 5)
Memory       236 MiB, 234 MiB free at boot (line 3)
Storage      octcf0  TS8GCF133, 8 GB, flash (line 6)
Network      cnmac0  Cavium OCTEON built-in, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver, link up at 1 Gbit/s (line 8)
             cnmac: TCP/UDP checksums of IPv4 and IPv6 both ways, IPv4 header checksum on receive, jumbo frames [cnmac(4), OpenBSD 7.8]
Log          13 lines: 12 read, 1 known and passed over, 0 unknown`);
  });

  it("PowerBook", () => {
    expect(
      card(`OpenBSD 5.8 (RAMDISK) #645: Sun Aug 16 05:23:19 MDT 2015
    deraadt@builder.example.org:/usr/src/sys/arch/macppc/compile/RAMDISK
real mem = 536870912 (512MB)
mainbus0 at root: model PowerBook6,7
cpu0 at mainbus0: 7447A (Revision 0x105): 1333 MHz: 512KB L2 cache
"Broadcom BCM4318" rev 0x02 at pci1 dev 18 function 0 not configured
wd0 at wdc1 channel 0 drive 0: <FUJITSU MHV2040AT>
wd0: 16-sector PIO, LBA48, 38154MB, 78140160 sectors
gem0 at pci2 dev 15 function 0 "Apple Uni-N2 GMAC" rev 0x80: irq 41, address 00:00:5e:00:53:01
bmtphy0 at gem0 phy 0: BCM5221 100baseTX PHY, rev. 4
rd0: fixed, 3800 blocks`),
    ).toBe(`Product      Apple PowerBook6,7 (line 4)
System       OpenBSD 5.8, kernel RAMDISK#645, macppc (line 1)
Processor    PowerPC 7447A, 1333 MHz, PowerPC, 1 processor started (line 5)
Memory       512 MiB (line 3)
Storage      wd0  FUJITSU MHV2040AT, 40 GB (line 7)
Network      gem0  Apple Uni-N2 GMAC, 00:00:5e:00:53:01, up to 100 Mbit/s (line 9)
Log          11 lines: 11 read, 0 known and passed over, 0 unknown`);
  });

  it("RockPro64, two kinds of cores", () => {
    expect(
      card(`OpenBSD 6.6-beta (GENERIC.MP) #181: Fri Aug 16 02:18:12 MDT 2019
    deraadt@builder.example.org:/usr/src/sys/arch/arm64/compile/GENERIC.MP
real mem  = 4096454656 (3906MB)
mainbus0 at root: Pine64 RockPro64
cpu0 at mainbus0 mpidr 0: ARM Cortex-A53 r0p4
efi0 at mainbus0: UEFI 2.0.5
efi0: Das U-boot rev 0x0
dwge0 at mainbus0
dwge0: address: 00:00:5e:00:53:01
rgephy0 at dwge0 phy 0: RTL8169S/8110S/8211 PHY, rev. 6
cpu1 at mainbus0 mpidr 1: ARM Cortex-A53 r0p4
cpu2 at mainbus0 mpidr 2: ARM Cortex-A53 r0p4
cpu3 at mainbus0 mpidr 3: ARM Cortex-A53 r0p4
cpu4 at mainbus0 mpidr 100: ARM Cortex-A72 r0p2
cpu5 at mainbus0 mpidr 101: ARM Cortex-A72 r0p2`),
    ).toBe(`Product      Pine64 RockPro64 (line 4)
System       OpenBSD 6.6-beta, kernel GENERIC.MP#181, arm64 (line 1)
Firmware     UEFI 2.0.5 (line 6)
             Das U-boot (line 7)
Processor    Arm Cortex-A53 (4) + Arm Cortex-A72 (2), AArch64, 6 cores (line 5)
Memory       3.8 GiB (line 3)
Network      dwge0  Synopsys DesignWare GMAC, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver (line 8)
Log          15 lines: 15 read, 0 known and passed over, 0 unknown`);
  });

  it("Sun Fire V100", () => {
    expect(
      card(`OpenBSD 5.7-beta (GENERIC) #448: Fri Feb 20 14:01:12 MST 2015
    deraadt@builder.example.org:/usr/src/sys/arch/sparc64/compile/GENERIC
real mem = 1073741824 (1024MB)
mainbus0 at root: Sun Fire V100 (UltraSPARC-IIe 500MHz)
cpu0 at mainbus0: SUNW,UltraSPARC-IIe (rev 1.4) @ 500 MHz
dc0 at pci0 dev 12 function 0 "Davicom DM9102" rev 0x31: ivec 0x7c6, address 00:00:5e:00:53:01
amphy0 at dc0 phy 1: DM9102 10/100 PHY, rev. 0
wd0 at pciide0 channel 1 drive 0: <WDC WD200EB-11CPF0>
wd0: 16-sector PIO, LBA, 19092MB, 39102336 sectors`),
    ).toBe(`Product      Sun Fire V100 (line 4)
System       OpenBSD 5.7-beta, kernel GENERIC#448, sparc64 (line 1)
Processor    SUNW,UltraSPARC-IIe, 500 MHz, SPARC64, 1 processor started (line 5)
Memory       1 GiB (line 3)
Storage      wd0  WDC WD200EB-11CPF0, 20 GB (line 8)
Network      dc0  Davicom DM9102, 00:00:5e:00:53:01, up to 100 Mbit/s (line 6)
Log          9 lines: 9 read, 0 known and passed over, 0 unknown`);
  });

  it("VIA C3 with PadLock", () => {
    expect(
      card(`OpenBSD 3.5-stable (GENERIC) #2: Wed Jun  9 23:55:25 EDT 2004
    root@builder.example.org:/home/build/src/sys/arch/i386/compile/GENERIC
cpu0: VIA Nehemiah ("CentaurHauls" 686-class) 1.01 GHz
cpu0: RNG
real mem  = 234405888 (228912K)
avail mem = 210989056 (206044K)
vr0 at pci0 dev 15 function 0 "VIA VT6105 RhineIII" rev 0x8b: irq 12 address 00:00:5e:00:53:01`),
    ).toBe(`Product      not told
System       OpenBSD 3.5-stable, kernel GENERIC#2, i386 (line 1)
Processor    VIA Nehemiah, 1010 MHz, x86, 1 processor started (line 3)
             crypto instructions: PadLock RNG
Memory       224 MiB, 201 MiB free at boot (line 5)
Network      vr0  VIA VT6105 RhineIII, 00:00:5e:00:53:01, 100 Mbit/s at most with this driver (line 7)
             vr: checksums and VLAN tags only on the VT6105M [vr(4), OpenBSD 7.8]
             vr: packets are copied to aligned buffers on transmit (Rhine I and II) [vr(4), OpenBSD 7.8]
Log          7 lines: 7 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of Hyper-V", () => {
    expect(
      card(`OpenBSD 6.1-beta (GENERIC.MP) #39: Sun Mar 19 16:34:23 MDT 2017
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
real mem = 2130640896 (2031MB)
bios0: vendor American Megatrends Inc. version "090006" date 04/28/2016
bios0: Microsoft Corporation Virtual Machine
cpu0: Intel(R) Core(TM) i7-4800MQ CPU @ 2.70GHz, 1347.71 MHz
pvbus0 at mainbus0: Hyper-V 10.0
wd0 at pciide0 channel 0 drive 0: <Virtual HD>
wd0: 128-sector PIO, LBA48, 10240MB, 20971520 sectors
hvn0 at hyperv0 channel 14: NVS 5.0 NDIS 6.30, address 00:00:5e:00:53:01`),
    ).toBe(`Product      Microsoft Corporation Virtual Machine (line 5)
System       OpenBSD 6.1-beta, kernel GENERIC.MP#39, amd64 (line 1)
Firmware     American Megatrends Inc. 090006, 04/28/2016 (line 4)
Processor    Intel Core i7-4800MQ, 1348 MHz, x86-64, 1 processor started (line 6)
Memory       2 GiB (line 3)
Runs on      Hyper-V 10.0 (line 7)
Storage      wd0  Virtual HD, 10.7 GB (line 8)
Network      hvn0  Hyper-V network, paravirtual, 00:00:5e:00:53:01 (line 10)
Log          10 lines: 10 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of KVM", () => {
    expect(
      card(`OpenBSD 5.8 (GENERIC) #1170: Sun Aug 16 02:26:00 MDT 2015
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC
real mem = 788398080 (751MB)
bios0: vendor SeaBIOS version "rel-1.8.2-0-g33fbe13 by qemu-project.org" date 04/01/2014
bios0: QEMU Standard PC (i440FX + PIIX, 1996)
cpu0: Virtual CPU e7da7129d3ee, 2400.48 MHz
pvbus0 at mainbus0: KVM
cd0 at scsibus1 targ 0 lun 0: <QEMU, QEMU DVD-ROM, 2.4.> ATAPI 5/cdrom removable
vio0 at virtio0: address 00:00:5e:00:53:02
sd0 at scsibus2 targ 0 lun 0: <VirtIO, Block Device, > SCSI3 0/direct fixed
sd0: 15360MB, 512 bytes/sector, 31457280 sectors`),
    ).toBe(`Product      QEMU Standard PC (i440FX + PIIX, 1996) (line 5)
System       OpenBSD 5.8, kernel GENERIC#1170, amd64 (line 1)
Firmware     SeaBIOS rel-1.8.2-0-g33fbe13 by qemu-project.org, 04/01/2014 (line 4)
Processor    Virtual CPU e7da7129d3ee, 2400 MHz, x86-64, 1 processor started (line 6)
Memory       752 MiB (line 3)
Runs on      KVM (line 7)
Storage      cd0  QEMU QEMU DVD-ROM, optical (line 8)
             sd0  VirtIO Block Device, 16.1 GB (line 10)
Network      vio0  VirtIO network, paravirtual, 00:00:5e:00:53:02 (line 9)
Log          11 lines: 11 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of VMware", () => {
    expect(
      card(`OpenBSD 6.1 (GENERIC.MP) #19: Thu Aug  3 14:59:44 CEST 2017
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
real mem = 2130640896 (2031MB)
bios0: vendor Phoenix Technologies LTD version "6.00" date 04/05/2016
bios0: VMware, Inc. VMware Virtual Platform
cpu0: Intel(R) Xeon(R) CPU E5-2660 v3 @ 2.60GHz, 2600.18 MHz
cpu0: smt 0, core 0, package 0
cpu1 at mainbus0: apid 2 (application processor)
cpu1: smt 0, core 0, package 2
pvbus0 at mainbus0: VMware
wd0 at pciide0 channel 0 drive 0: <VMware Virtual IDE Hard Drive>
wd0: 64-sector PIO, LBA, 30000MB, 61440000 sectors
"VMware VMCI" rev 0x10 at pci0 dev 7 function 7 not configured
vmx0 at pci3 dev 0 function 0 "VMware VMXNET3" rev 0x01: apic 1 int 18, address 00:00:5e:00:53:03
fd0 at fdc0 drive 0: 1.44MB 80 cyl, 2 head, 18 sec`),
    ).toBe(`Product      VMware, Inc. VMware Virtual Platform (line 5)
System       OpenBSD 6.1, kernel GENERIC.MP#19, amd64 (line 1)
Firmware     Phoenix Technologies LTD 6.00, 04/05/2016 (line 4)
Processor    Intel Xeon E5-2660 v3, 2600 MHz, x86-64, 2 cores, 2 sockets (line 6)
Memory       2 GiB (line 3)
Runs on      VMware (line 10)
Storage      wd0  VMware Virtual IDE Hard Drive, 31.5 GB (line 11)
             fd0  1.5 MB, floppy (line 15)
Network      vmx0  VMware VMXNET3, paravirtual, 00:00:5e:00:53:03, 10 Gbit/s at most with this driver (line 14)
             vmx: speed is the host's [vmx(4), OpenBSD 7.8]
Log          15 lines: 15 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of Xen at Amazon", () => {
    expect(
      card(`OpenBSD 5.9-beta (GENERIC.MP) #1: Sun Jan 24 21:19:26 UTC 2016
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
real mem = 520093696 (496MB)
bios0: vendor Xen version "4.2.amazon" date 12/07/2015
bios0: Xen HVM domU
cpu0: Intel(R) Xeon(R) CPU E5-2676 v3 @ 2.40GHz, 2400.32 MHz
pvbus0 at mainbus0: Xen 4.2
xnf0 at xen0: event channel 5, address 00:00:5e:00:53:01
wd0 at pciide0 channel 0 drive 0: <QEMU HARDDISK>
wd0: 16-sector PIO, LBA48, 10240MB, 20971520 sectors`),
    ).toBe(`Product      Xen HVM domU (line 5)
System       OpenBSD 5.9-beta, kernel GENERIC.MP#1, amd64 (line 1)
Firmware     Xen 4.2.amazon, 12/07/2015 (line 4)
Processor    Intel Xeon E5-2676 v3, 2400 MHz, x86-64, 1 processor started (line 6)
Memory       496 MiB (line 3)
Runs on      Xen 4.2 (line 7)
Storage      wd0  QEMU HARDDISK, 10.7 GB (line 9)
Network      xnf0  Xen Netfront, paravirtual, 00:00:5e:00:53:01 (line 8)
Log          10 lines: 10 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of bhyve", () => {
    expect(
      card(`OpenBSD 6.1 (GENERIC) #19: Sat Apr  1 13:42:46 MDT 2017
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC
real mem = 520093696 (496MB)
bios0: vendor BHYVE version "1.00" date 03/14/2014
bios0: bhyve BHYVE
cpu0: Intel(R) Xeon(R) CPU E5606 @ 2.13GHz, 2133.46 MHz
pvbus0 at mainbus0: bhyve
sd0 at scsibus1 targ 0 lun 0: <ATA, BHYVE SATA DISK, 001> SCSI3 0/direct fixed t10.ATA_BHYVE_SATA_DISK
sd0: 10240MB, 512 bytes/sector, 20971520 sectors, thin
vio0 at virtio0: address 00:00:5e:00:53:02`),
    ).toBe(`Product      bhyve BHYVE (line 5)
System       OpenBSD 6.1, kernel GENERIC#19, amd64 (line 1)
Firmware     BHYVE 1.00, 03/14/2014 (line 4)
Processor    Intel Xeon E5606, 2133 MHz, x86-64, 1 processor started (line 6)
Memory       496 MiB (line 3)
Runs on      bhyve (line 7)
Storage      sd0  BHYVE SATA DISK, 10.7 GB (line 8)
Network      vio0  VirtIO network, paravirtual, 00:00:5e:00:53:02 (line 10)
Log          10 lines: 10 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of vmm", () => {
    expect(
      card(`OpenBSD 6.0-current (GENERIC.MP) #0: Sat Oct 22 08:21:50 MDT 2016
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP
real mem = 520093696 (496MB)
cpu0: Intel(R) Core(TM) i5 CPU M 540 @ 2.53GHz, 2795.86 MHz
cpu0: FPU,VME,PCLMUL,SSE4.2,POPCNT,AES,HV
pvbus0 at mainbus0: OpenBSD
viornd0 at virtio0
sd0 at scsibus1 targ 0 lun 0: <VirtIO, Block Device, > SCSI3 0/direct fixed
sd0: 1953MB, 512 bytes/sector, 3999744 sectors
vio0 at virtio2: address 00:00:5e:00:53:01`),
    ).toBe(`Product      not told
System       OpenBSD 6.0-current, kernel GENERIC.MP#0, amd64 (line 1)
Processor    Intel Core i5 M 540, 2796 MHz, x86-64, 1 processor started (line 4)
             crypto instructions: AES, PCLMUL
Memory       496 MiB (line 3)
Runs on      OpenBSD vmm (line 6)
Crypto       viornd0: VirtIO random numbers from the host, viornd(4), OpenBSD 7.8 (line 7)
Storage      sd0  VirtIO Block Device, 2 GB (line 8)
Network      vio0  VirtIO network, paravirtual, 00:00:5e:00:53:01 (line 10)
Log          10 lines: 10 read, 0 known and passed over, 0 unknown`);
  });

  it("server that runs out of interrupts", () => {
    expect(
      card(`OpenBSD 5.8-beta (RAMDISK_CD) #1088: Mon Jul 27 10:52:24 MDT 2015
    deraadt@builder.example.org:/usr/src/sys/arch/amd64/compile/RAMDISK_CD
real mem = 68653105152 (65472MB)
bios0: vendor American Megatrends Inc. version "3.2" date 01/15/2015
bios0: Supermicro X9DRX+-F
cpu0: Intel(R) Xeon(R) CPU E5-2630L 0 @ 2.00GHz, 2000.21 MHz
cpu at mainbus0: not configured
ix0 at pci4 dev 0 function 0 "Intel 82599" rev 0x01: msi, address 00:00:5e:00:53:05
em18 at pci25 dev 0 function 0 "Intel I350 Fiber" rev 0x01failed to allocate interrupt slot for PIC msi pin -2138636288
iwm0 at pci2 dev 0 function 0 "Intel Dual Band Wireless AC 7265" rev 0x59, msi
iwm0: could not read firmware iwm-7265-17 (error 2)
vendor "Realtek", unknown product 0x8176 (class network subclass miscellaneous, rev 0x01) at pci2 dev 0 function 0 not configured
urtwn0 at uhub0 port 2 configuration 1 interface 0 "Realtek 802.11n WLAN Adapter" rev 2.00/2.00 addr 2
urtwn0: MAC/BB RTL8188EU, RF 6052 1T1R, address 00:00:5e:00:53:06
urtwn0 detached`),
    ).toBe(`Product      Supermicro X9DRX+-F (line 5)
System       OpenBSD 5.8-beta, kernel RAMDISK_CD#1088, amd64 (line 1)
Firmware     American Megatrends Inc. 3.2, 01/15/2015 (line 4)
Processor    Intel Xeon E5-2630L 0, 2000 MHz, x86-64, 2 processors started (line 6)
Memory       63.9 GiB (line 3)
Network      ix0     Intel 82599, 00:00:5e:00:53:05, 10 Gbit/s at most with this driver (line 8)
             iwm0    Intel Dual Band Wireless AC 7265, wireless, address not told (line 10)
             urtwn0  Realtek 802.11n WLAN Adapter, wireless, 00:00:5e:00:53:06, unplugged again (line 13)
No driver    vendor Realtek, unknown product 0x8176 (class network subclass miscellaneous, rev 0x01) (line 12)
Log          15 lines: 15 read, 0 known and passed over, 0 unknown
warning dmesg/attach-failed
warning dmesg/no-firmware
warning dmesg/no-driver`);
  });
});
