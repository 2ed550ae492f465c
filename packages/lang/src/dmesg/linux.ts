import { macIn, memoryBytes, normalMac, raise } from "./autoconf.ts";
import type { Collector, InterfaceDraft, Verdict } from "./collector.ts";
import { findDriver } from "./drivers.ts";
import { hypervisorOfName, hypervisorOfProduct } from "./hypervisors.ts";
import type { LogLine } from "./lines.ts";
import { armById, octeonById } from "./processors.ts";

// Linux has no autoconf: every driver prints what it likes. What is read here is what the core prints for all of them
// (net/core/dev.c netdev_printk and renames, drivers/scsi/sd.c, init and arch code) and the few driver forms that
// carry a MAC address.

const INTERFACE = /^(?:eth|en|wlan|wl|lan|wan|ib|usb|wwan|ww|sw|dsl|internal|end)[a-z0-9]{0,14}$/;

/** One line of a Linux kernel log. */
export function linuxLine(line: LogLine, into: Collector): Verdict {
  const text = line.text;
  return (
    system(text, line, into) ??
    product(text, line, into) ??
    processor(text, line, into) ??
    memory(text, line, into) ??
    storage(text, line, into) ??
    network(text, line, into) ??
    other(text, line, into)
  );
}

function system(text: string, line: LogLine, into: Collector): Verdict | null {
  const match = /^Linux version (\d{1,2}\.\S{1,80})(.*)$/.exec(text);
  if (match === null) return null;
  if (into.system !== null) return "known";
  const build = /(#\d{1,6}(?:-\w{1,20})?(?: SMP)?)/.exec(match[2] as string);
  const version = match[1] as string;
  const machine = /[.-](x86_64|aarch64|arm64|amd64|i686|riscv64|armv7l|ppc64le|s390x)\b/.exec(version)?.[1] ?? null;
  const port = machine === "aarch64" ? "arm64" : machine === "i686" ? "i386" : machine;
  into.system = {
    family: "linux",
    name: "Linux",
    version,
    kernel: build?.[1] ?? null,
    architecture: port ?? /\((mips64|aarch64|riscv64|x86_64|arm)-[\w-]{1,40}gcc/.exec(match[2] as string)?.[1] ?? null,
    system: "linux",
    span: line.span,
  };
  return "fact";
}

function product(text: string, line: LogLine, into: Collector): Verdict | null {
  const tree = /^(?:(?:OF: fdt: ?)?Machine model: |MIPS: machine is )(\S.{0,100})$/.exec(text);
  if (tree !== null) return into.toldProduct(tree[1] as string, line);
  // DMI: PC Engines apu2/apu2, BIOS v4.11.0.3 10/29/2019
  const dmi = /^DMI: (\S.{0,160}?), BIOS (.{0,60}?) ?(\d{2}\/\d{2}\/\d{4})?$/.exec(text);
  if (dmi === null) return null;
  const words = (dmi[1] as string).replace(/\/.*$/, "").trim();
  if (dmi[2] !== "") into.addFirmware(`BIOS ${dmi[2]}`, dmi[3] ?? null, line);
  into.toldProduct(words, line);
  const hypervisor = hypervisorOfProduct(words);
  if (hypervisor !== null) into.addVirtualisation({ hypervisor, version: null, evidence: "product", span: line.span });
  return "fact";
}

function processor(text: string, line: LogLine, into: Collector): Verdict | null {
  const draft = into.processor;
  const x86 = /^(?:smpboot: )?CPU0: (\S.{0,120}?) (?:\(family: 0x|\(fam: |stepping )/.exec(text);
  if (x86 !== null) {
    draft.name ??= { value: x86[1] as string, span: line.span };
    return "fact";
  }
  const clock =
    /^(?:tsc: )?Detected (\d{1,6}(?:\.\d{1,3})?) MHz processor/.exec(text) ??
    /^Xen reported: (\d{1,6}(?:\.\d{1,3})?) MHz processor/.exec(text);
  if (clock !== null) {
    draft.megahertz ??= Number(clock[1]);
    draft.span ??= line.span;
    return "fact";
  }
  const arm =
    /^(?:Booting Linux on physical CPU 0x0\b|Booting Linux on physical CPU 0x0000000000).{0,40}\[0x([0-9a-f]{8})\]/.exec(
      text,
    );
  if (arm !== null) {
    const identity = armById(arm[1] as string);
    if (identity === null) return "known";
    draft.identity = identity;
    draft.name ??= { value: identity.name, span: line.span };
    return "fact";
  }
  const soc = /^SoC(?: Type)?: (\S.{0,60}?)(?: ver:? ?\d.*| rev:? ?\d.*)?$/.exec(text);
  if (soc !== null) {
    // The chip; the core comes on a line before or after: "CPU0 revision is: 00019374 (MIPS 24Kc)".
    const core = draft.name === null ? "" : ` (${draft.name.value})`;
    if (draft.name === null || draft.name.value.startsWith("MIPS ")) {
      draft.name = { value: (soc[1] as string) + core, span: line.span };
      draft.identity = null;
    }
    return "fact";
  }
  const ath79 = /^Clocks: CPU: ?(\d{2,4}(?:\.\d{1,3})?) ?MHz/.exec(text);
  if (ath79 !== null) {
    draft.megahertz ??= Number(ath79[1]);
    return "fact";
  }
  const mips = /^CPU(?:0)? revision is: ([0-9a-f]{8}) \((.{1,60})\)/.exec(text);
  if (mips !== null) {
    const identity = octeonById(mips[1] as string);
    // A boot loader may have told the exact model.
    if (draft.name === null || draft.name.value === "Cavium OCTEON") {
      draft.identity = identity;
      draft.name = { value: identity?.name ?? (mips[2] as string), span: line.span };
    } else if (identity === null && !draft.name.value.includes("(")) {
      draft.name = { value: `${draft.name.value} (${mips[2]})`, span: draft.name.span };
    }
    return "fact";
  }
  const old = /^CPU: (ARMv\d Processor|\S.{0,60}Processor) \[([0-9a-f]{8})\] revision \d/.exec(text);
  if (old !== null) {
    const identity = armById(old[2] as string);
    if (identity !== null) draft.identity = identity;
    draft.name ??= { value: identity?.name ?? (old[1] as string), span: line.span };
    return "fact";
  }
  const count =
    /^smp: Brought up \d{1,4} nodes?, (\d{1,5}) CPUs?/.exec(text) ??
    /^Brought up (\d{1,5}) CPUs/.exec(text) ??
    /^SMP: Total of (\d{1,5}) processors activated/.exec(text);
  if (count === null) return null;
  draft.logical = Number(count[1]);
  draft.span ??= line.span;
  return "fact";
}

function memory(text: string, line: LogLine, into: Collector): Verdict | null {
  const match = /^Memory: (\d{1,15})[kK]\/(\d{1,15})[kK] available/.exec(text);
  if (match === null) return null;
  into.memory("available", memoryBytes(`${match[1]}K`) as number, line);
  return into.memory("total", memoryBytes(`${match[2]}K`) as number, line);
}

function storage(text: string, line: LogLine, into: Collector): Verdict | null {
  const direct = /^scsi (\d{1,4}:\d{1,4}:\d{1,4}:\d{1,6}): (Direct-Access|CD-ROM) {1,8}(.{1,120}?) PQ: \d/.exec(text);
  if (direct !== null) {
    // Remembered until sd names the disk: "sd 0:0:0:0: [sda]".
    const words = (direct[3] as string).replace(/ {1,16}\S{1,8} {0,4}$/, "").replace(/ {1,16}/g, " ");
    const model = words.replace(/^ATA /, "").trim();
    into.attach(`scsi ${direct[1]}`, { parent: "", description: model, location: null, span: line.span });
    return "known";
  }
  const disk = /^sd (\d{1,4}:\d{1,4}:\d{1,4}:\d{1,6}): \[(sd[a-z]{1,3})\] (.*)$/.exec(text);
  if (disk !== null) return scsiDisk(disk[1] as string, disk[2] as string, disk[3] as string, line, into);
  const virtio = /^virtio_blk \S{1,40}: \[(vd[a-z]{1,3})\] (\d{1,15}) (\d{3,5})-byte logical blocks/.exec(text);
  if (virtio !== null) {
    const draft = into.storageDraft(virtio[1] as string, "disk", line);
    if (draft === null) return "known";
    draft.bytes = Number(virtio[2]) * Number(virtio[3]);
    draft.model = "VirtIO disk";
    return "fact";
  }
  // mmcblk0: mmc0:0001 8GTF4R 7.28 GiB
  const card = /^(mmcblk\d{1,2}): (mmc\d{1,2}):[0-9a-f]{1,8} (\S{1,24}) (\d{1,6}(?:\.\d{1,2})?) ([KMGT])iB/.exec(text);
  if (card !== null) {
    const draft = into.storageDraft(card[1] as string, "flash", line);
    if (draft === null) return "known";
    const unit = 1024 ** ("KMGT".indexOf(card[5] as string) + 1);
    draft.model = card[3] as string;
    draft.parent = card[2] as string;
    draft.bytes = Math.round(Number(card[4]) * unit);
    return "fact";
  }
  const nvme = /^(nvme\d{1,3}n\d{1,3}): /.exec(text);
  if (nvme === null) return null;
  return into.storage.has(nvme[1] as string) || into.storageDraft(nvme[1] as string, "disk", line) === null
    ? "known"
    : "fact";
}

function scsiDisk(address: string, name: string, text: string, line: LogLine, into: Collector): Verdict {
  const draft = into.storageDraft(name, "disk", line);
  if (draft === null) return "known";
  const size = /^(\d{1,15}) (\d{3,5})-byte (?:logical blocks|hardware sectors)/.exec(text);
  if (size !== null) {
    draft.bytes = Number(size[1]) * Number(size[2]);
    draft.parent = `scsi ${address}`;
    draft.model = into.attached.get(`scsi ${address}`)?.description ?? null;
    draft.span = line.span;
    return "fact";
  }
  if (text.startsWith("Attached SCSI removable")) draft.removable = true;
  return draft.removable ? "fact" : "known";
}

const MAC = /(?:^|[\s,:=])((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b/i;

function network(text: string, line: LogLine, into: Collector): Verdict | null {
  // netdev_printk: driver, bus address, interface: e1000e 0000:00:19.0 enp0s25: renamed from eth0
  const device = /^([\w.-]{2,24}) ([\w:.@-]{1,60}) ([a-z][\w-]{1,15})(?: \(un\w{1,20}\))?: (.*)$/.exec(text);
  if (device !== null && INTERFACE.test(device[3] as string)) {
    return said(device[1] as string, device[2] as string, device[3] as string, device[4] as string, line, into);
  }
  // ixgbe 0000:01:00.0: 00:25:90:aa:bb:cc — before the device has a name
  const unnamed = /^([\w.-]{2,24}):? ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d): (.*)$/.exec(text);
  if (unnamed !== null) return nameless(unnamed[1] as string, unnamed[2] as string, unnamed[3] as string, line, into);
  // Before 3.15: igb 0000:01:00.0: eth0: (PCIe:2.5Gb/s:Width x4) 00:15:17:e6:9d:cc
  const colon = /^([\w.-]{2,24}) ([\w:.@-]{1,60}): ([a-z][\w-]{1,15}): (.*)$/.exec(text);
  if (colon !== null && INTERFACE.test(colon[3] as string)) {
    return said(colon[1] as string, colon[2] as string, colon[3] as string, colon[4] as string, line, into);
  }
  // Older: e1000: eth0: e1000_probe: Intel(R) PRO/1000 Network Connection; igb: enp1s0: igb: enp1s0 NIC Link is Up
  const old = /^([\w.-]{2,24}): ([a-z][\w-]{1,15})(?:: | (?=NIC Link))(.*)$/.exec(text);
  if (old !== null && INTERFACE.test(old[2] as string)) {
    return said(old[1] as string, null, old[2] as string, old[3] as string, line, into);
  }
  // Oldest: eth0: RealTek RTL8139 at 0xc800, 00:50:fc:12:34:56, IRQ 11
  const bare = /^(eth\d{1,2}): (.*)$/.exec(text);
  if (bare === null) return null;
  return said(null, null, bare[1] as string, bare[2] as string, line, into);
}

function said(
  driver: string | null,
  bus: string | null,
  name: string,
  text: string,
  line: LogLine,
  into: Collector,
): Verdict {
  const renamed = /^renamed from ([a-z][\w-]{1,15})\b/.exec(text);
  if (renamed !== null) return rename(driver, bus, renamed[1] as string, name, line, into);
  const facts = driver === null ? null : findDriver("linux", driver);
  // "set new mac address" is configuration (a bond's), not the hardware's.
  const mac = text.startsWith("set new ") ? null : (macIn(text) ?? bareMac(text));
  const known = into.interfaces.get(name);
  if (facts === null && mac === null && known === undefined) return "known";
  const draft = into.interfaceDraft(name, line);
  if (draft === null) return "known";
  const news = known === undefined || mac !== null;
  draft.isInterface = true;
  describe(draft, driver, bus, text, into);
  if (mac !== null && mac !== "hidden") {
    draft.mac = mac;
    draft.macSpan = line.span;
  }
  return link(draft, text, line) || news ? "fact" : "known";
}

function describe(
  draft: InterfaceDraft,
  driver: string | null,
  bus: string | null,
  text: string,
  into: Collector,
): void {
  if (driver !== null) draft.driver = driver;
  if (bus !== null) draft.location = bus;
  // e1000 of 2.6 tells the address by bus first and the name right after: "e1000: eth0: e1000_probe: …".
  const probe = bus === null && text.startsWith(`${driver}_probe: `);
  const pending = into.attached.get(probe ? `last ${driver}` : `bus ${bus}`);
  if (pending !== undefined && draft.mac === null) {
    draft.mac = pending.description;
    draft.macSpan = pending.span;
    draft.location ??= pending.location;
  }
  const chip =
    /^(?:\w{1,24}_probe: )?((?:Intel\(R\)|RTL|RealTek|Tigon3|Broadcom|Marvell|NVIDIA) ?[\w()/ .-]{2,60}?)(?:,| at 0x| \[|$)/i.exec(
      text,
    );
  if (chip !== null) draft.chip ??= (chip[1] as string).trim();
}

/** A MAC address that stands alone or in a list, without the word "address". */
function bareMac(text: string): string | null {
  const match = MAC.exec(text);
  return match === null ? null : normalMac(match[1] as string);
}

function rename(
  driver: string | null,
  bus: string | null,
  before: string,
  name: string,
  line: LogLine,
  into: Collector,
): Verdict {
  const old = into.interfaces.get(before);
  // Only what was seen on the same bus address is the same device: names are handed on between devices.
  const same = old !== undefined && (bus === null || old.location === null || old.location === bus) ? old : null;
  if (same !== null) into.interfaces.delete(before);
  const draft = into.interfaceDraft(name, line);
  if (draft === null) return "known";
  if (same !== null) Object.assign(draft, same, { name });
  draft.isInterface = true;
  describe(draft, driver, bus, "", into);
  return "fact";
}

function nameless(driver: string, bus: string, text: string, line: LogLine, into: Collector): Verdict | null {
  const mac = bareMac(text);
  if (mac === null || findDriver("linux", driver) === null) return null;
  into.attach(`bus ${bus}`, { parent: driver, description: mac, location: bus, span: line.span });
  into.attach(`last ${driver}`, { parent: driver, description: mac, location: bus, span: line.span });
  return "known";
}

/** `NIC Link is Up 1000 Mbps Full Duplex`, `Link is Up - 2.5Gbps/Full`, `link up, 1000 Mb/s, full duplex`. */
function link(draft: InterfaceDraft, text: string, line: LogLine): boolean {
  const match = /\blink (?:is )?(up|down)\b(?:.{0,20}?(\d{1,6}(?:\.\d)?) ?([MG])b(?:ps|it\/s|\/s))?/i.exec(text);
  if (match === null) return false;
  const megabits = match[2] === undefined ? null : Number(match[2]) * (match[3]?.toUpperCase() === "G" ? 1000 : 1);
  draft.link = { value: { up: (match[1] as string).toLowerCase() === "up", megabits }, span: line.span };
  // A link that came up is the least it can do, when nothing else tells.
  if (megabits !== null && findDriver("linux", draft.driver)?.megabits == null) {
    raise(draft, { megabits, from: "text", span: line.span, reference: null });
  }
  return true;
}

const PASSED =
  /^(?:Command line|Kernel command line|BIOS-|BIOS-provided|e820: |ACPI: |ACPI |PM: |PCI: |pci |pci_bus |pcieport |NUMA: |Zone |DMA|Normal |Movable |Early memory|node |Initmem|On node|percpu: |pcpu-alloc|Built \d|Policy zone|mem auto-init|SLUB: |rcu: |NR_IRQS|Console: |printk: |clocksource: |sched_clock|Calibrating|pid_max|LSM: |Mount-cache|Mountpoint|Dentry cache|Inode-cache|futex|NET: |audit|cpuidle|thermal|SCSI subsystem|usbcore|usb |hub |libata|ata\d|ahci |TCP|UDP|IPv6|IPv4|RPC|Trying to unpack|Freeing |workingset|io scheduler|Serial: |systemd|EXT4-fs|XFS|random: |input: |intel|DMAR|x86|Spectre|MDS|software IO TLB|KERNEL supported|Intel Gen|AMD Auth|Hygon|Centaur|zhaoxin|secureboot|efi: |SMBIOS|tsc: |hpet|TSC|psci: |GICv|arch_timer|Detected \S+ I-cache|CPU features|CPU\d{1,4}|smp: |SMP|smpboot|devtmpfs|pinctrl|gpio|iommu|loop: |squashfs|fuse|Key type|Loading |Run |cfg80211|platform |scsi|sd |nvme|mmc|i2c|rtc|EDAC|hid|usbhid|Bluetooth|md: |device-mapper|Bridge|bridge|8021q|xor: |raid6|Booting Linux|CVMSEG|Checking for|Primary |Wasting|Determined physical|memory: |Interface \d|Using |Waiting |VFS: |cryptd|microcode|MTRR|PAT)/;

function other(text: string, line: LogLine, into: Collector): Verdict {
  const found = /^Hypervisor detected: (\S.{0,30})$/.exec(text);
  if (found !== null) {
    const hypervisor = hypervisorOfName(found[1] as string);
    return into.addVirtualisation({ hypervisor, version: null, evidence: "cpuid", span: line.span });
  }
  const booting = /^Booting paravirtualized kernel on (\S.{0,30})$/.exec(text);
  if (booting !== null) {
    if (booting[1] === "bare hardware") return "known";
    const hypervisor = hypervisorOfName(booting[1] as string);
    return into.addVirtualisation({ hypervisor, version: null, evidence: "device", span: line.span });
  }
  const xen = /^Xen version: (\d{1,3}\.\d{1,3}\S{0,20})/.exec(text);
  if (xen !== null) {
    const version = xen[1] as string;
    return into.addVirtualisation({ hypervisor: "Xen", version, evidence: "cpuid", span: line.span });
  }
  if (text === "Xen-provided physical RAM map:") {
    return into.addVirtualisation({ hypervisor: "Xen", version: null, evidence: "device", span: line.span });
  }
  if (/^AES CTR mode by\d optimization enabled|^AVX2? version of gcm_enc/.test(text)) {
    into.processor.features.add("AES");
    return "fact";
  }
  const crypto =
    /^(?:ccp|qat_\w{2,10}|caam|marvell-cesa|omap-aes|mv_cesa|hisi_sec2|octeon_rng|inside-secure|crypto-safexcel) (\S{1,60}): (.{1,80})$/.exec(
      text,
    );
  if (crypto !== null) return linuxCrypto(text, line, into);
  return PASSED.test(text) ? "known" : "unknown";
}

const CRYPTO: ReadonlyMap<string, readonly ["cipher" | "random", string]> = new Map([
  ["ccp", ["cipher", "AMD cryptographic co-processor"]],
  ["caam", ["cipher", "Freescale CAAM security engine"]],
  ["marvell-cesa", ["cipher", "Marvell cryptographic engine"]],
  ["mv_cesa", ["cipher", "Marvell cryptographic engine"]],
  ["omap-aes", ["cipher", "OMAP AES engine"]],
  ["hisi_sec2", ["cipher", "HiSilicon security engine"]],
  ["inside-secure", ["cipher", "Inside Secure EIP engine"]],
  ["crypto-safexcel", ["cipher", "Inside Secure EIP engine"]],
  ["octeon_rng", ["random", "OCTEON random number generator"]],
]);

function linuxCrypto(text: string, line: LogLine, into: Collector): Verdict {
  const driver = text.slice(0, text.indexOf(" "));
  const [kind, description] = CRYPTO.get(driver) ?? (["cipher", "Intel QuickAssist"] as const);
  return into.addCrypto(driver, kind, description, `Linux driver ${driver} (drivers/crypto)`, line);
}
