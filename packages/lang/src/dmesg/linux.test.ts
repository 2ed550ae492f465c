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

describe("Linux", () => {
  it("ClearFog GT 8K with switch ports", () => {
    expect(
      card(`[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd081]
[    0.000000] Linux version 5.8.0-0.bpo.2-arm64 (debian-kernel@lists.debian.org) (gcc-8 (Debian 8.3.0-6) 8.3.0) #1 SMP Debian 5.8.10-1~bpo10+1
[    0.000000] Machine model: SolidRun ClearFog GT 8K
[    0.000000] Memory: 3564464K/4192256K available (10748K kernel code, 1862K rwdata)
[    0.003719] smp: Brought up 1 node, 4 CPUs
[    0.020006] DMI: Unknown Unknown/Unknown, BIOS 2020.10 10/11/2020
[    2.581075] mvpp2 f2000000.ethernet eth0: Using random mac address 02:00:5e:00:53:01
[    2.801950] mmcblk0: mmc0:0001 8GTF4R 7.28 GiB 
[    2.806665] mmcblk0boot0: mmc0:0001 8GTF4R partition 1 4.00 MiB
[    4.049969] mvpp2 f4000000.ethernet eth2: Using random mac address 02:00:5e:00:53:02
[   13.900000] mv88e6085 f412a200.mdio-mii:04 lan2 (uninitialized): PHY [!cp1!config-space@f4000000!mdio@12a200!switch0@4!mdio:12] driver [Marvell 88E6390]
[  289.996145] mvpp2 f4000000.ethernet eth2: Link is Up - 2.5Gbps/Full - flow control rx/tx`),
    ).toBe(`Product      SolidRun ClearFog GT 8K (line 3)
System       Linux 5.8.0-0.bpo.2-arm64, kernel #1 SMP, arm64 (line 2)
Firmware     BIOS 2020.10, 10/11/2020 (line 6)
Processor    Arm Cortex-A72, AArch64, 4 cores (line 1)
Memory       4 GiB, 3.4 GiB free at boot (line 4)
Storage      mmcblk0  8GTF4R, 7.8 GB, flash (line 8)
Network      eth0  Marvell ARMADA 375/7K/8K, 02:00:5e:00:53:01 (line 7)
             eth2  Marvell ARMADA 375/7K/8K, 02:00:5e:00:53:02, up to 2.5 Gbit/s, link up at 2.5 Gbit/s (line 10)
             lan2  Marvell 88E6xxx switch port, address not told, 1 Gbit/s at most with this driver (line 11)
Log          12 lines: 11 read, 1 known and passed over, 0 unknown`);
  });

  it("CuBox", () => {
    expect(
      card(`[    0.000000] Booting Linux on physical CPU 0x0
[    0.000000] Linux version 3.14.4 (root@host) (gcc version 4.7.3 (CRUX-ARM) ) #1 Fri May 30 20:18:00 CEST 2014
[    0.000000] CPU: ARMv7 Processor [560f5815] revision 5 (ARMv7), cr=10c53c7d
[    0.000000] Machine model: SolidRun CuBox
[    0.000000] Memory: 765004K/778240K available (4365K kernel code, 252K rwdata)
[    0.793478] mv643xx_eth_port mv643xx_eth_port.0 eth0: port 0 with MAC address 00:00:5e:00:53:01
[    1.130599] mmcblk0: mmc0:1234 SA04G 3.63 GiB 
[    1.607100] scsi 0:0:0:0: Direct-Access     ATA      TOSHIBA MK5055GS FH30 PQ: 0 ANSI: 5
[    1.615998] sd 0:0:0:0: [sda] 976773168 512-byte logical blocks: (500 GB/465 GiB)
[   14.883681] mv643xx_eth_port mv643xx_eth_port.0 eth0: link up, 1000 Mb/s, full duplex, flow control disabled`),
    ).toBe(`Product      SolidRun CuBox (line 4)
System       Linux 3.14.4, kernel #1 (line 2)
Processor    ARMv7 Processor (line 3)
Memory       760 MiB, 747 MiB free at boot (line 5)
Storage      mmcblk0  SA04G, 3.9 GB, flash (line 7)
             sda      TOSHIBA MK5055GS, 500.1 GB (line 9)
Network      eth0  Marvell Discovery/Orion, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver, link up at 1 Gbit/s (line 6)
Log          10 lines: 8 read, 2 known and passed over, 0 unknown`);
  });

  it("EdgeRouter Lite after U-Boot", () => {
    expect(
      card(`U-Boot 1.1.1 (UBNT Build ID: 4670715-gbd7e2d7) (Build time: May 27 2014 - 11:15:15)
UBNT_E100 r1:1, r2:27, f:8/135, serial #: 00005E005301
Core clock: 500 MHz, DDR clock: 266 MHz (532 Mhz data rate)
DRAM:  512 MB
Flash:  8 MB
Net:   octeth0, octeth1, octeth2
USB:   (port 0) scanning bus for devices... 1 USB Devices found
  Device 0: Vendor:          Prod.: UDinfo UF2 4GB   Rev: PMAP
            Capacity: 3824.0 MB = 3.7 GB (7831552 x 512)
[    0.000000] Linux version 5.18.0-rc1+ (user@host) (mips64-linux-gnuabi64-gcc (Debian 10.2.1-6) 10.2.1 20210110) #17 SMP Thu Apr 28 11:59:05 CEST 2022
[    0.000000] CPU0 revision is: 000d0601 (Cavium Octeon+)
[    0.000000] Memory: 445240K/497344K available (4947K kernel code, 837K rwdata)
[  274.740638] smp: Brought up 1 node, 2 CPUs
[  277.345867] scsi 0:0:0:0: Direct-Access              UDinfo UF2 4GB   PMAP PQ: 0 ANSI: 6
[  277.362381] sd 0:0:0:0: [sda] 7831552 512-byte logical blocks: (4.01 GB/3.73 GiB)
[  277.403803] sd 0:0:0:0: [sda] Attached SCSI removable disk`),
    ).toBe(`Product      Ubiquiti EdgeRouter Lite or UniFi Security Gateway (E100) (line 2)
             the log says "UBNT_E100" [board types in Linux asm/octeon/cvmx-bootinfo.h and OpenBSD/octeon machdep.c]
             serial number 00005E005301
System       Linux 5.18.0-rc1+, kernel #17 SMP, mips64 (line 10)
Firmware     U-Boot 1.1.1, May 27 2014 (line 1)
Processor    Cavium OCTEON CN50xx, 500 MHz, MIPS64, 2 cores (line 11)
Memory       512 MiB, 435 MiB free at boot (line 4)
Storage      boot-flash  8.4 MB, flash (line 5)
             sda         UDinfo UF2 4GB, 4 GB, removable (line 15)
Network      octeth0  driver octeth, address not told, the boot loader's name (line 6)
             octeth1  driver octeth, address not told, the boot loader's name (line 6)
             octeth2  driver octeth, address not told, the boot loader's name (line 6)
Log          16 lines: 14 read, 2 known and passed over, 0 unknown`);
  });

  it("HP desktop, journal", () => {
    expect(
      card(`[    0.000000] gw.example.org kernel: Linux version 6.1.1-arch1-4-hpe8k (linux-hpe8k@archlinux) (gcc (GCC) 12.2.0) #5 SMP PREEMPT_DYNAMIC Sun, 01 Jan 2023 02:48:04 +0000
[    0.000000] gw.example.org kernel: DMI: Hewlett-Packard HP Compaq 8000 Elite USDT PC/3648h, BIOS 786G7 v01.02 10/22/2009
[    0.000000] gw.example.org kernel: tsc: Detected 3159.014 MHz processor
[    1.518893] gw.example.org kernel: Memory: 3912404K/4087036K available (10241K kernel code, 963K rwdata)
[    1.656265] gw.example.org kernel: smpboot: CPU0: Intel(R) Core(TM)2 Duo CPU     E8500  @ 3.16GHz (family: 0x6, model: 0x17, stepping: 0xa)
[    1.657301] gw.example.org kernel: smp: Brought up 1 node, 2 CPUs
[    2.048880] gw.example.org kernel: scsi 0:0:0:0: Direct-Access     ATA      SanDisk SSD PLUS 00RL PQ: 0 ANSI: 5
[    2.266736] gw.example.org kernel: sd 0:0:0:0: [sda] 234455040 512-byte logical blocks: (120 GB/112 GiB)
[    4.543148] gw.example.org kernel: e1000e 0000:00:19.0 eth0: (PCI Express:2.5GT/s:Width x1) 00:00:5e:00:53:01
[    4.543159] gw.example.org kernel: e1000e 0000:00:19.0 eth0: Intel(R) PRO/1000 Network Connection
[    4.563082] gw.example.org kernel: e1000e 0000:00:19.0 enp0s25: renamed from eth0
[    8.134777] gw.example.org kernel: e1000e 0000:00:19.0 enp0s25: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: Rx/Tx`),
    ).toBe(`Product      Hewlett-Packard HP Compaq 8000 Elite USDT PC (line 2)
System       Linux 6.1.1-arch1-4-hpe8k, kernel #5 SMP (line 1)
Firmware     BIOS 786G7 v01.02, 10/22/2009 (line 2)
Processor    Intel Core2 Duo E8500, 3159 MHz, 2 processors started (line 5)
Memory       3.9 GiB, 3.7 GiB free at boot (line 4)
Storage      sda  SanDisk SSD PLUS, 120 GB (line 8)
Network      enp0s25  Intel(R) PRO/1000 Network Connection, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver, link up at 1 Gbit/s (line 9)
Log          12 lines: 10 read, 2 known and passed over, 0 unknown`);
  });

  it("MikroTik hAP, OpenWrt's logread", () => {
    expect(
      card(`Mon Aug 10 23:21:24 2020 kern.notice kernel: [    0.000000] Linux version 5.4.52 (user@host) (gcc version 8.4.0 (OpenWrt GCC 8.4.0 r13611+1-3f27a6e640)) #0 Mon Aug 10 18:09:24 2020
Mon Aug 10 23:21:24 2020 kern.info kernel: [    0.000000] CPU0 revision is: 00019374 (MIPS 24Kc)
Mon Aug 10 23:21:24 2020 kern.info kernel: [    0.000000] MIPS: machine is MikroTik hAP ac lite
Mon Aug 10 23:21:24 2020 kern.info kernel: [    0.000000] SoC: Qualcomm Atheros QCA9533 ver 2 rev 0
Mon Aug 10 23:21:24 2020 kern.info kernel: [    0.000000] Memory: 55528K/65536K available (5958K kernel code, 589K rwdata)`),
    ).toBe(`Product      MikroTik hAP ac lite (line 3)
System       Linux 5.4.52, kernel #0 (line 1)
Processor    Qualcomm Atheros QCA9533 (MIPS 24Kc), MIPS32 (line 4)
Memory       64 MiB, 54 MiB free at boot (line 5)
Network      no interface in this log
Log          5 lines: 5 read, 0 known and passed over, 0 unknown`);
  });

  it("OCTEON CN52 board, old SDK", () => {
    expect(
      card(`[    0.000000] Linux version 2.6.32.27 (user@host) (gcc version 4.3.3 (Cavium Networks Version: 2_2_0 build 3) ) #1 SMP
[    0.000000] CPU revision is: 000d0708 (Cavium Octeon+)
[    0.000000] Memory: 706432k/718016k available (4936k kernel code, 10976k reserved)
[   16.734303] SMP: Booting CPU01 (CoreId  1)...
[   16.738708] Brought up 2 CPUs
[   30.787514] octeon_rng octeon_rng: Octeon Random Number Generator`),
    ).toBe(`Product      not told
System       Linux 2.6.32.27, kernel #1 SMP (line 1)
Processor    Cavium OCTEON CN52xx, MIPS64, 2 cores (line 2)
Memory       701 MiB, 690 MiB free at boot (line 3)
Crypto       octeon_rng: OCTEON random number generator, Linux driver octeon_rng (drivers/crypto) (line 6)
Network      no interface in this log
Log          6 lines: 5 read, 1 known and passed over, 0 unknown`);
  });

  it("Orange Pi RV2, RISC-V", () => {
    expect(
      card(`[    0.000000] Linux version 6.6.63-ky (root@test) (riscv64-unknown-linux-gnu-gcc (g09b62c20e09) 13.2.1 20240423) #1.0.0 SMP PREEMPT Wed Mar 12 09:04:00 CST 2025
[    0.000000] Machine model: ky x1 orangepi-rv2 board
[    0.000000] Memory: 7608956K/8388608K available (15625K kernel code, 6864K rwdata)
[    0.013030] smp: Brought up 1 node, 8 CPUs
[    4.021570] mmcblk0: mmc0:59b4 EB1QL 29.8 GiB
[    5.071520] x1_emac cac81000.ethernet end1: renamed from eth1
[    5.117700] x1_emac cac80000.ethernet end0: renamed from eth0
[    9.000000] x1_emac cac80000.ethernet end0: Link is Up - 1Gbps/Full - flow control rx/tx`),
    ).toBe(`Product      ky x1 orangepi-rv2 board (line 2)
System       Linux 6.6.63-ky, kernel #1, riscv64 (line 1)
Processor    name not told, RISC-V 64, 8 processors started (line 4)
Memory       8 GiB, 7.3 GiB free at boot (line 3)
Storage      mmcblk0  EB1QL, 32 GB, flash (line 5)
Network      end1  driver x1_emac, address not told (line 6)
             end0  driver x1_emac, address not told, up to 1 Gbit/s, link up at 1 Gbit/s (line 7)
Log          8 lines: 8 read, 0 known and passed over, 0 unknown`);
  });

  it("Supermicro server, bonded", () => {
    expect(
      card(`[    0.000000] Linux version 5.14.0-570.23.1.el9_6.x86_64 (mockbuild@build.example.org) (gcc (GCC) 11.5.0) #1 SMP PREEMPT_DYNAMIC Thu Jun 26 19:29:53 UTC 2025
[    0.000000] DMI: Supermicro AS -4125GS-TNRT/H13DSG-O-CPU, BIOS 3.2 11/21/2024
[    0.000000] tsc: Detected 2400.054 MHz processor
[    0.008979] Booting paravirtualized kernel on bare hardware
[    0.152254] Memory: 2007276K/1610305216K available (16384K kernel code, 5766K rwdata)
[    0.319630] smpboot: CPU0: AMD EPYC 9654 96-Core Processor (family: 0x19, model: 0x11, stepping: 0x1)
[    0.882097] smp: Brought up 2 nodes, 384 CPUs
[    1.900000] AVX2 version of gcm_enc/dec engaged.
[    4.900000] ccp 0000:01:00.5: tee enabled
[    5.064305] i40e 0000:02:00.0: MAC address: 00:00:5e:00:53:01
[    5.097489] i40e 0000:02:00.0 eth0: NIC Link is Up, 1000 Mbps Full Duplex, Flow Control: None, EEE: Enabled
[    5.220155] i40e 0000:02:00.1: MAC address: 00:00:5e:00:53:02
[    5.228462]  nvme1n1: p1
[    5.233396] i40e 0000:02:00.1 eth1: NIC Link is Up, 1000 Mbps Full Duplex, Flow Control: None, EEE: Enabled
[   14.596204] i40e 0000:02:00.0 enp2s0f0: renamed from eth0
[   14.614006] i40e 0000:02:00.1 enp2s0f1: renamed from eth1
[   18.165456] i40e 0000:02:00.1 enp2s0f1: set new mac address 00:00:5e:00:53:01`),
    ).toBe(`Product      Supermicro AS -4125GS-TNRT (line 2)
System       Linux 5.14.0-570.23.1.el9_6.x86_64, kernel #1 SMP, x86_64 (line 1)
Firmware     BIOS 3.2, 11/21/2024 (line 2)
Processor    AMD EPYC 9654 96-Core Processor, 2400 MHz, x86-64, 384 processors started (line 6)
             crypto instructions: AES
Memory       1535.7 GiB, 1.9 GiB free at boot (line 5)
Crypto       ccp: AMD cryptographic co-processor, Linux driver ccp (drivers/crypto) (line 9)
Storage      nvme1n1  nothing more told (line 13)
Network      enp2s0f0  Intel 700 series, 00:00:5e:00:53:01, 40 Gbit/s at most with this driver, link up at 1 Gbit/s (line 11)
             enp2s0f1  Intel 700 series, 00:00:5e:00:53:02, 40 Gbit/s at most with this driver, link up at 1 Gbit/s (line 14)
Log          17 lines: 13 read, 4 known and passed over, 0 unknown`);
  });

  it("Wavlink router, MT7621", () => {
    expect(
      card(`[    0.000000] Linux version 5.4.61 (builder@buildhost) (gcc version 8.4.0 (OpenWrt GCC 8.4.0 r14391-7f676b5ed6)) #0 SMP Sat Sep 5 13:43:16 2020
[    0.000000] SoC Type: MediaTek MT7621 ver:1 eco:3
[    0.000000] CPU0 revision is: 0001992f (MIPS 1004Kc)
[    0.000000] MIPS: machine is Wavlink WL-WN531A6
[    0.600000] mtk_soc_eth 1e100000.ethernet eth0: mediatek frame engine at 0xbe100000, irq 21`),
    ).toBe(`Product      Wavlink WL-WN531A6 (line 4)
System       Linux 5.4.61, kernel #0 SMP (line 1)
Processor    MediaTek MT7621 (MIPS 1004Kc), MIPS32 (line 2)
Memory       not told
Network      eth0  MediaTek SoC, address not told (line 5)
Log          5 lines: 5 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of VirtualBox, that says KVM", () => {
    expect(
      card(`[    0.000000] kernel: Linux version 5.4.0-110-generic (buildd@ubuntu) (gcc version 9.4.0 (Ubuntu 9.4.0-1ubuntu1~20.04.1)) #124-Ubuntu SMP Thu Apr 14 19:46:19 UTC 2022
[    0.000000] kernel: DMI: innotek GmbH VirtualBox/VirtualBox, BIOS VirtualBox 12/01/2006
[    0.000000] kernel: Hypervisor detected: KVM
[    0.234744] kernel: Booting paravirtualized kernel on KVM
[    0.270582] kernel: Memory: 3990676K/4193848K available (14339K kernel code, 2401K rwdata)
[    0.654186] kernel: smpboot: CPU0: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz (family: 0x6, model: 0x9e, stepping: 0xa)
[    0.677925] kernel: smp: Brought up 1 node, 4 CPUs
[    1.874700] kernel: AES CTR mode by8 optimization enabled
[    2.317913] kernel: e1000 0000:00:03.0 eth0: (PCI:33MHz:32-bit) 00:00:5e:00:53:01
[    2.322673] kernel: e1000 0000:00:03.0 enp0s3: renamed from eth0
[    8.012062] kernel: e1000: enp0s3 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX`),
    ).toBe(`Product      innotek GmbH VirtualBox (line 2)
System       Linux 5.4.0-110-generic, kernel #124-Ubuntu SMP (line 1)
Firmware     BIOS VirtualBox, 12/01/2006 (line 2)
Processor    Intel Core i7-9750H, 2600 MHz, 4 processors started (line 6)
             crypto instructions: AES
Memory       4 GiB, 3.8 GiB free at boot (line 5)
Runs on      VirtualBox (line 2)
Network      enp0s3  Intel PRO/1000, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver, link up at 1 Gbit/s (line 9)
Log          11 lines: 11 read, 0 known and passed over, 0 unknown`);
  });

  it("guest of Xen, 2.6.32", () => {
    expect(
      card(`[    0.000000] Linux version 2.6.32.43-0.4.1.xs1.8.0.835.170778xen (geeko@buildhost) (gcc version 4.1.2 20080704 (Red Hat 4.1.2-51)) #1 SMP Wed May 29 18:06:30 EDT 2013
[    0.833751] Xen-provided physical RAM map:
[    1.170970] Memory: 737316k/778240k available (2935k kernel code, 32360k reserved)
[    1.171706] Xen reported: 2226.212 MHz processor.
[    1.372605] Brought up 1 CPUs
[   20.386781] e1000: 0000:00:03.0: e1000_probe: (PCI:33MHz:32-bit) 00:00:5e:00:53:01
[   21.950443] e1000: eth0: e1000_probe: Intel(R) PRO/1000 Network Connection
[   22.282600] e1000: 0000:00:08.0: e1000_probe: (PCI:33MHz:32-bit) 00:00:5e:00:53:02
[   24.074064] e1000: eth1: e1000_probe: Intel(R) PRO/1000 Network Connection
[   26.952993] e1000: eth0: e1000_watchdog_task: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: None`),
    ).toBe(`Product      not told
System       Linux 2.6.32.43-0.4.1.xs1.8.0.835.170778xen, kernel #1 SMP (line 1)
Processor    name not told, 2226 MHz, 1 processor started (line 4)
Memory       760 MiB, 720 MiB free at boot (line 3)
Runs on      Xen (line 2)
Network      eth0  Intel(R) PRO/1000 Network Connection, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver, link up at 1 Gbit/s (line 7)
             eth1  Intel(R) PRO/1000 Network Connection, 00:00:5e:00:53:02, 1 Gbit/s at most with this driver (line 9)
Log          10 lines: 8 read, 2 known and passed over, 0 unknown`);
  });

  it("server with igb, old form", () => {
    expect(
      card(`[    0.000000] Linux version 3.2.0-4-amd64 (debian-kernel@lists.debian.org) (gcc version 4.6.3 (Debian 4.6.3-14) ) #1 SMP Debian 3.2.60-1
[    9.812014] igb 0000:01:00.0: Intel(R) Gigabit Ethernet Network Connection
[    9.812017] igb 0000:01:00.0: eth0: (PCIe:2.5Gb/s:Width x4) 00:00:5e:00:53:01
[    9.812019] igb 0000:01:00.0: eth0: PBA No: Unknown
[    9.812020] igb 0000:01:00.1: eth1: (PCIe:2.5Gb/s:Width x4) 00:00:5e:00:53:02`),
    ).toBe(`Product      not told
System       Linux 3.2.0-4-amd64, kernel #1 SMP, amd64 (line 1)
Processor    not told
Memory       not told
Network      eth0  Intel 82575/82576 and later Gigabit, 00:00:5e:00:53:01, 1 Gbit/s at most with this driver (line 3)
             eth1  Intel 82575/82576 and later Gigabit, 00:00:5e:00:53:02, 1 Gbit/s at most with this driver (line 5)
Log          5 lines: 3 read, 1 known and passed over, 1 unknown`);
  });
});
