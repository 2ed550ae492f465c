import { parseSystem } from "@pierhead/core";
import {
  type AttachLine,
  attachLine,
  detached,
  inquiryModel,
  interfaceAttached,
  interfaceSpoke,
  memoryBytes,
  phyAttached,
} from "./autoconf.ts";
import type { Collector, Verdict } from "./collector.ts";
import { cryptoFeatures, findCrypto } from "./crypto.ts";
import { hypervisorOfName, hypervisorOfProduct } from "./hypervisors.ts";
import type { LogLine } from "./lines.ts";
import { octeonBoard } from "./products.ts";

// The forms are those of the kernel's own printf calls: kern/subr_autoconf.c (config_attach, config_detach),
// dev/pci/pci_subr.c, scsi/sd.c, dev/ata/wd.c, arch/*/*/{machdep,cpu,identcpu,bios}.c, dev/pv/pvbus.c.

/** Lines that are always there and tell an inventory nothing. */
const PASSED =
  /^(?:Copyright \(c\)|The Regents of|\[ using \d|root on |root device|swap on |swap device|boot device: |booted from|rootdev=|dump on|WARNING: |warning: |random: |\/dev\/ksyms|mtrr: |kbc: |dkcsum: |biomask |uvm_|syncing disks|rebooting|splash|clock: |scsi_|carp: |pflog|npx|isapnp|user-supplied|hw\.|kern\.|using \d+ buffers|acpi(?:cpu|prt|tz|ec|bat)|vscsi|softraid|mpath|pcic|Initial setup done|boot_(?:desc|info)->|bootmem|mem_layout|Total DRAM|avail phys|rsvd mem)/;

/** One line of an OpenBSD dmesg. */
export function openbsdLine(line: LogLine, into: Collector): Verdict {
  const text = line.text;
  const attach = attachLine(line);
  if (attach !== null) return attached(attach, line, into);
  const spoke = /^([a-z][a-z0-9_]{0,30}\d): /.exec(text);
  if (spoke !== null) return deviceSpoke(spoke[1] as string, text.slice(spoke[0].length), line, into);
  const gone = /^([a-z][a-z0-9_]{0,30}\d) detached$/.exec(text);
  if (gone !== null) return detached(gone[1] as string, into);
  if (text.endsWith("not configured")) return notConfigured(text, line, into);
  const memory = /^(real|avail|total) mem(?:ory)?\s{0,3}= ?(.{1,40})/.exec(text);
  if (memory !== null) {
    const bytes = memoryBytes(memory[2] as string);
    return bytes === null ? "unknown" : into.memory(memory[1] === "avail" ? "available" : "total", bytes, line);
  }
  const version = /^OpenBSD (\d{1,2})\.(\d)(\S{0,20}) \(([^)]{1,80})\)(?: (#\d{1,6}))?/.exec(text);
  if (version !== null) {
    const name = `openbsd-${version[1]}.${version[2]}`;
    into.system = {
      family: "openbsd",
      name: "OpenBSD",
      version: `${version[1]}.${version[2]}${version[3]}`,
      kernel: `${version[4]}${version[5] ?? ""}`,
      architecture: null,
      system: parseSystem(name) === null ? null : name,
      span: line.span,
    };
    return "fact";
  }
  const port = /\/sys\/arch\/([a-z0-9]{2,16})\/compile\//.exec(text);
  if (port !== null && into.system !== null && into.system.architecture === null) {
    into.system = { ...into.system, architecture: port[1] as string };
    return "fact";
  }
  const early = /^cpu: (\S.{0,80})/.exec(text);
  if (early !== null && into.processor.name === null) {
    into.processor.name = { value: early[1] as string, span: line.span };
    return "fact";
  }
  return PASSED.test(text) ? "known" : "unknown";
}

function attached(attach: AttachLine, line: LogLine, into: Collector): Verdict {
  const { name, driver, device, text } = attach;
  if (text.endsWith("not configured") && device.description === null) return notConfigured(line.text, line, into);
  into.attach(name, device);
  switch (driver) {
    case "cpu":
      return processorAttached(name, text, line, into);
    case "mainbus":
      return machine(text, line, into);
    case "sd":
    case "cd":
    case "wd":
    case "octcf":
    case "amdcf":
    case "fd":
      return driveAttached(attach, line, into);
    case "pvbus":
      return hypervisors(text, line, into);
    case "vmm":
      // "VMX/EPT (using slow L1TF mitigation)"; older kernels said "initialized".
      if (/^(?:VMX|SVM)/.test(text)) into.canHost = { value: text.split(" ", 1)[0] as string, span: line.span };
      return into.canHost === null ? "known" : "fact";
    case "efi":
      return /^UEFI \S/.test(text) ? into.addFirmware(text.slice(0, 40), null, line) : "known";
    default:
  }
  const crypto = findCrypto("openbsd", driver);
  if (crypto !== null) return into.addCrypto(name, crypto.kind, crypto.description, crypto.reference, line);
  return phyAttached(attach, line, into) ?? interfaceAttached(attach, line, into);
}

function deviceSpoke(name: string, text: string, line: LogLine, into: Collector): Verdict {
  if (/^cpu\d{1,4}$/.test(name)) return processorSpoke(name, text, line, into);
  if (name === "bios0") return biosSpoke(text, line, into);
  if (name === "smbios0") return biosSpoke(text, line, into);
  if (name === "efi0") {
    const rev = /^(.{1,60}?) rev 0x[0-9a-f]{1,8}$/.exec(text);
    return rev === null ? "known" : into.addFirmware(rev[1] as string, null, line);
  }
  const drive = into.storage.get(name);
  if (drive !== undefined) {
    const sectors = /(?:^|[ ,])(\d{1,15}) (?:sectors|sec total)/.exec(text);
    const size = /(\d{3,5}) bytes\/sec/.exec(text);
    if (sectors !== null) {
      drive.bytes = Number(sectors[1]) * Number(size?.[1] ?? 512);
      return "fact";
    }
    return "known";
  }
  if (/^rd\d$/.test(name)) {
    const blocks = /^fixed, (\d{1,12}) blocks/.exec(text);
    const disk = blocks === null ? null : into.storageDraft(name, "memory", line);
    if (disk === null) return "known";
    disk.bytes = Number(blocks?.[1]) * 512;
    return "fact";
  }
  const verdict = interfaceSpoke(name, text, line, into);
  if (verdict === "fact") return verdict;
  return into.attached.has(name) || PASSED.test(line.text) || /^(?:pcibios|mpbios|acpi|apm)\d$/.test(name)
    ? "known"
    : "unknown";
}

const NOTHING_OF_A_PROCESSOR = /^(?:apid \d|\(uniprocessor\)|mpidr|not configured|$)/;

function processorAttached(name: string, text: string, line: LogLine, into: Collector): Verdict {
  const processor = into.processor;
  processor.listed.add(name);
  if (NOTHING_OF_A_PROCESSOR.test(text)) return "fact";
  const clock = /(\d{1,5}(?:\.\d{1,3})?) MHz/.exec(text);
  if (clock !== null) processor.megahertz ??= Number(clock[1]);
  const words = text
    .replace(/^ID \d{1,3} \(primary\), /, "")
    .replace(
      /(?:,? \(?rev |,? \(Revision |, | @ |: \d{1,5} MHz| \d{1,5}(?:\.\d{1,3})? MHz| r\d{1,2}p\d{1,2}| imp ).*$/,
      "",
    )
    .replace(/ CPU$/, "");
  if (words !== "") into.processorKind(name, words.replace(/^(?=\d{3,4}[A-Z]*$)/, "PowerPC "), line);
  return "fact";
}

function processorSpoke(name: string, text: string, line: LogLine, into: Collector): Verdict {
  const processor = into.processor;
  const place = /^smt (\d{1,3}), core (\d{1,4}), package (\d{1,3})(?:, type \w)?$/.exec(text);
  if (place !== null) {
    processor.coreIds.add(`${place[3]}/${place[2]}`);
    processor.packageIds.add(place[3] as string);
    return "fact";
  }
  if (text.includes("speeds:") || text.startsWith("apic clock")) return "known";
  const modern = /^(\S.{0,120}?), (\d{1,5}(?:\.\d{1,3})?) MHz(?:,|$)/.exec(text);
  const classed = /^(\S.{0,120}?) \([^)]{0,60}[3-6]86-class[^)]{0,40}\)(?: (\d{1,5}(?:\.\d{1,3})?) (MHz|GHz))?/.exec(
    text,
  );
  const named = modern ?? classed;
  if (named !== null) {
    // A uniprocessor kernel never says "cpu0 at mainbus0".
    processor.listed.add(name);
    processor.name ??= { value: named[1] as string, span: line.span };
    if (named[2] !== undefined) {
      processor.megahertz ??= Math.round(Number(named[2]) * (named[3] === "GHz" ? 1000 : 1) * 100) / 100;
    }
    return "fact";
  }
  // luna88k and vax name the chip or the board: "M88100 rev 0xb, 2 CMMU", "KA49"
  const chip = /^(M88\d{3}) rev |^(KA\d{2,3})\b/.exec(text);
  if (chip !== null) {
    processor.listed.add(name);
    processor.name ??= { value: (chip[1] ?? chip[2]) as string, span: line.span };
    return "fact";
  }
  // One list before 7.6; "cpuid 1 edx=…<FPU,…> ecx=…<SSE3,…>" since.
  if (
    name === "cpu0" &&
    (/^[A-Z][A-Z0-9]{1,12},[A-Z0-9]|^cpuid [0-9a-f.]{1,10} /.test(text) || /^(?:RNG|AES|ACE)\b/.test(text))
  ) {
    const before = processor.features.size;
    for (const feature of cryptoFeatures(text)) processor.features.add(feature);
    return processor.features.size > before ? "fact" : "known";
  }
  return "known";
}

/** `mainbus0 at root: …`: the machine by name, except on amd64 and i386, where the BIOS tells. */
function machine(text: string, line: LogLine, into: Collector): Verdict {
  if (text === "" || text === "no device tree") return "known";
  const board = /^board (\d{1,6}) rev \d/.exec(text);
  if (board !== null) {
    const known = octeonBoard(Number(board[1]));
    if (known === null) return "known";
    into.product ??= {
      name: known.name,
      serial: null,
      how: "table",
      evidence: text,
      reference: known.reference,
      span: line.span,
    };
    return "fact";
  }
  const model = /^model (\S{1,40})$/.exec(text);
  if (model !== null) return into.toldProduct(`Apple ${model[1]}`, line);
  // "Sun Fire V100 (UltraSPARC-IIe 500MHz)", "OMRON LUNA-88K2, 33MHz"
  return into.toldProduct(text.replace(/ \([^)]{0,80}\)\s*$|, \d{1,4}MHz$/, ""), line);
}

function biosSpoke(text: string, line: LogLine, into: Collector): Verdict {
  const vendor = /^vendor (\S.{0,80}?) version "([^"]{0,80})"(?: date (\S{1,20}))?/.exec(text);
  if (vendor !== null) return into.addFirmware(`${vendor[1]} ${vendor[2]}`.trim(), vendor[3] ?? null, line);
  if (/^(?:ROM list|vendor |SMBIOS |AT\/|date )/.test(text)) return "known";
  const verdict = into.toldProduct(text, line);
  const hypervisor = hypervisorOfProduct(text);
  if (hypervisor !== null) {
    into.addVirtualisation({ hypervisor, version: null, evidence: "product", span: line.span });
    return "fact";
  }
  return verdict;
}

/** `pvbus0 at mainbus0: Xen 4.2, Hyper-V 10.0`: the first is the hypervisor, the others it imitates. */
function hypervisors(text: string, line: LogLine, into: Collector): Verdict {
  const match = /^([A-Za-z-]{2,20})(?: (\d{1,5}\.\d{1,5}))?/.exec(text);
  if (match === null) return "known";
  return into.addVirtualisation({
    hypervisor: hypervisorOfName(match[1] as string),
    version: match[2] ?? null,
    evidence: "cpuid",
    span: line.span,
  });
}

function driveAttached(attach: AttachLine, line: LogLine, into: Collector): Verdict {
  const { driver, text } = attach;
  if (driver === "fd" && text.startsWith("density unknown")) return "known";
  const kind =
    driver === "cd"
      ? "optical"
      : driver === "fd"
        ? "floppy"
        : driver === "octcf" || driver === "amdcf"
          ? "flash"
          : "disk";
  const drive = into.storageDraft(attach.name, kind, line);
  if (drive === null) return "known";
  drive.model = inquiryModel(text);
  drive.parent = attach.device.parent;
  drive.span = line.span;
  drive.removable = kind === "optical" || kind === "floppy" || /\bremovable\b/.test(text);
  const floppy = /^(\d\.\d{1,2})MB /.exec(text);
  if (floppy !== null) drive.bytes = Math.round(Number(floppy[1]) * 1000 * 1024);
  return "fact";
}

/** `"Intel 8 Series HECI" rev 0x04 at pci0 dev 22 function 0 not configured` */
function notConfigured(text: string, line: LogLine, into: Collector): Verdict {
  if (/^cpu at /.test(text)) {
    into.processor.listed.add(`unused ${line.number}`);
    return "fact";
  }
  // Only buses of devices that a driver could be for: what ACPI and device trees list besides is no loss.
  const where = text.search(/ at (?:pci|uhub|cardbus|sdmmc|isa|xen|hyperv|virtio)\d{1,3}\b/);
  if (where === -1) return "known";
  const what = text.slice(0, where).replaceAll('"', "").trim();
  if (what === "") return "known";
  // pci_devinfo() prints the class of what it cannot name: (class network subclass ethernet, rev 0x01)
  // Class "wireless" is IrDA, Bluetooth and modems.
  const words = what.replace("class wireless", "");
  const network = /class network|\bethernet\b|\bwireless\b|802\.11|\bWi-?Fi\b/i.test(words);
  return into.addUnattached(what, network, line);
}
