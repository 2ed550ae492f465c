import { interfaceDriver, parseSystem } from "@pierhead/core";
import { type AttachLine, detached, interfaceAttached, interfaceSpoke, mediaList, phySpeed } from "./autoconf.ts";
import type { Collector, InterfaceDraft, Verdict } from "./collector.ts";
import { cryptoFeatures, findCrypto } from "./crypto.ts";
import { isClonedDriver } from "./drivers.ts";
import type { StorageDevice } from "./facts.ts";
import { hypervisorOfAcpi, hypervisorOfSignature } from "./hypervisors.ts";
import type { LogLine } from "./lines.ts";
import { portArchitecture } from "./processors.ts";

// The forms are those of FreeBSD's kern/subr_bus.c (device_print_child), x86/identcpu.c, arm64/identcpu.c,
// kern/subr_smp.c, cam/*_da.c, dev/pci/pci.c and net/if_ethersubr.c. Junos kernels are FreeBSD with Juniper's lines.

const DRIVES: ReadonlyMap<string, StorageDevice["kind"]> = new Map([
  ["aacd", "disk"],
  ["acd", "optical"],
  ["ad", "disk"],
  ["ada", "disk"],
  ["amrd", "disk"],
  ["cd", "optical"],
  ["cfi", "flash"],
  ["da", "disk"],
  ["idad", "disk"],
  ["ipsd", "disk"],
  ["mfid", "disk"],
  ["mfisyspd", "disk"],
  ["mlxd", "disk"],
  ["mmcsd", "flash"],
  ["nda", "disk"],
  ["nvd", "disk"],
  ["pmem", "memory"],
  ["twed", "disk"],
  ["vtbd", "disk"],
  ["xbd", "disk"],
]);

const PASSED =
  /^(?:---<<BOOT>>---|Copyright \(c\)|The Regents of|All rights reserved|FreeBSD is a registered|FreeBSD clang|FreeBSD\/SMP: |Timecounter|Event timer|VT\(|GDB: |KDB: |kbd\d|random: |Trying to mount|Root mount|Launching APs|SMP: |WARNING: |Security policy|ACPI |acpi|ioapic|MADT|SRAT|Firmware (?:Warning|Error)|module_register|link_elf|linker_load|usbd_|uhub_|usb_|ugen|ipfw|IPsec: |ZFS |wlan: |netmap|CPU: |arc4random|Preloaded|Table |MCA: |hwpmc|Loading |\/boot\/|Booting |Consoles: |Memory: |SBI|real memory|Setting host|Mounting |Starting |Features?2?=|Structured |Origin ?=|Id=|TSC: |XSAVE |IA32_|AMD |AMD Extended |pid \d|lo0: |nexus0|cryptosoft|Waiting |All buffers|Uptime: |Syncing |Rebooting|mountroot)/;

/** One line of a FreeBSD or Junos boot log. */
export function freebsdLine(line: LogLine, into: Collector): Verdict {
  const text = line.text;
  const spoke = /^([a-z][a-z0-9_]{0,30}\d): {1,2}/.exec(text);
  if (spoke !== null) return device(spoke[1] as string, text.slice(spoke[0].length), line, into);
  const verdict = machine(text, line, into);
  if (verdict !== null) return verdict;
  if (/^[a-z][a-z0-9_]{0,30}\d (?:on|at) [a-z]/.test(text)) return placed(text, into);
  return PASSED.test(text) ? "known" : "unknown";
}

/** `ada0 at ahcich1 bus 0 scbus0 target 0 lun 0`: says where a drive hangs, before the drive speaks. */
function placed(text: string, into: Collector): Verdict {
  const match = /^([a-z][a-z0-9_]{0,30}\d) at ([a-z][a-z0-9_-]{0,30}) bus \d/.exec(text);
  if (match !== null) {
    into.attach(match[1] as string, {
      parent: match[2] as string,
      description: null,
      location: match[2] as string,
      span: { start: 0, end: 0 },
    });
  }
  return "known";
}

function device(name: string, text: string, line: LogLine, into: Collector): Verdict {
  if (text === "detached") return detached(name, into);
  // The driver vtblk(4) makes disks called vtbd; Xen's xbd0 may take an ATA name.
  const renamed = /^attaching as ([a-z]{2,4}\d{1,2})$/.exec(text);
  const renaming = renamed === null ? undefined : into.storage.get(name);
  if (renaming !== undefined) {
    renaming.name = renamed?.[1] as string;
    return "fact";
  }
  if (/^vtblk\d/.test(name)) return driveSpoke(`vtbd${name.slice(5)}`, "disk", text, line, into);
  const idle = /^<([^>]{1,200})> at device (\d{1,2}\.\d) .{0,80}\(no driver attached\)/.exec(`${text} `);
  if (idle !== null || text.includes("(no driver attached)")) {
    const what = /^<([^>]{1,200})>/.exec(text)?.[1];
    const slot = /at device (\d{1,2}\.\d)/.exec(text)?.[1];
    if (what === undefined) return "known";
    const place = slot === undefined ? null : `${name} device ${slot}`;
    return into.addUnattached(`${what} at ${place ?? name}`, /network|ethernet/i.test(what), line, place);
  }
  const drive = DRIVES.get(interfaceDriver(name));
  if (drive !== undefined) return driveSpoke(name, drive, text, line, into);
  const attach = /^<([^>]{0,240})>/.exec(text);
  if (attach !== null) return attached(name, attach[1] as string, text.slice(attach[0].length), line, into);
  // "if_fwe0: Fake Ethernet address": fwe(4) talking of fwe0 before it exists.
  if (isClonedDriver(interfaceDriver(name)) || name.startsWith("if_")) return "known";
  const processor = /^(Freescale e\d00\w{0,4}|IBM POWER\d\+?\w{0,2}|IBM PowerPC \S{1,12}) /.exec(text);
  if (processor !== null && name === "cpu0") {
    into.processor.name ??= { value: processor[1] as string, span: line.span };
    return "fact";
  }
  const nic = nicOfPhy(name, into);
  if (nic !== undefined && mediaList(nic, text, line)) return "fact";
  const verdict = interfaceSpoke(name, text, line, into);
  if (verdict === "fact") return verdict;
  return into.attached.has(name) || into.interfaces.has(name) || PASSED.test(line.text) ? "known" : "unknown";
}

/** The interface behind a PHY: `rgephy0` is on `miibus0`, which is on `re0`. */
function nicOfPhy(phy: string, into: Collector): InterfaceDraft | undefined {
  const bus = into.attached.get(phy)?.parent;
  const nic = bus === undefined ? undefined : into.attached.get(bus)?.parent;
  return nic === undefined ? undefined : into.interfaces.get(nic);
}

function attached(name: string, description: string, rest: string, line: LogLine, into: Collector): Verdict {
  const driver = driverOf(name);
  const parent = / on ([a-z][a-z0-9_]{0,30}\d{0,3})(?: \(.{0,40}\))?$/.exec(rest)?.[1] ?? "";
  const slot = / at device (\d{1,2}\.\d)/.exec(rest)?.[1];
  const location = parent === "" ? null : slot === undefined ? parent : `${parent} device ${slot}`;
  if (location !== null) into.unattached.delete(location);
  // "cxl0: <port 0> on t5nex0": the card's name is its parent's.
  const words = /^port \d{1,2}$/.test(description)
    ? (into.attached.get(parent)?.description ?? description)
    : description;
  const device = { parent, description: words, location, span: line.span };
  const attach: AttachLine = { name, driver, device, text: rest };
  into.attach(name, attach.device);
  const crypto = findCrypto("freebsd", driver);
  if (crypto !== null) {
    const words = driver === "aesni" ? `${crypto.description} (${description})` : crypto.description;
    return into.addCrypto(name, crypto.kind, words, crypto.reference, line);
  }
  if (driver === "ue") return usbEthernet(name, parent, line, into);
  // Junos on OCTEON has a USB controller dwc0; the dwc(4) of FreeBSD is an Ethernet one.
  if (driver === "dwc" && /\bOTG\b/.test(description)) return "known";
  if (driver.endsWith("phy")) {
    const nic = nicOfPhy(name, into);
    if (nic === undefined) return "known";
    nic.phy = description;
    phySpeed(nic, driver, description, line);
    return "fact";
  }
  if (isClonedDriver(driver)) return "known";
  if (driver === "acpi") return oemIds(description, line, into) ?? "known";
  const verdict = interfaceAttached(attach, line, into);
  const draft = into.interfaces.get(name);
  if (draft !== undefined) draft.driver = driver;
  return verdict;
}

/** The driver in a device's name; `rtw880` is the first device of rtw88(4). */
function driverOf(name: string): string {
  return /^rtw8[89]\d/.test(name) ? name.slice(0, 5) : interfaceDriver(name);
}

/** `ue0: <USB Ethernet> on ure0`: usb_ethernet.c names the interface, the driver only attaches. */
function usbEthernet(name: string, parent: string, line: LogLine, into: Collector): Verdict {
  const behind = into.interfaces.get(parent);
  const draft = into.interfaceDraft(name, line);
  if (draft === null) return "known";
  draft.isInterface = true;
  draft.detached = false;
  draft.driver = interfaceDriver(parent);
  draft.span = line.span;
  draft.location = parent;
  draft.chip = into.attached.get(parent)?.description?.replace(/, class .*$/, "") ?? null;
  if (behind !== undefined) {
    draft.phy = behind.phy;
    draft.maximum = behind.maximum;
    into.interfaces.delete(parent);
  }
  return "fact";
}

function driveSpoke(name: string, kind: StorageDevice["kind"], text: string, line: LogLine, into: Collector): Verdict {
  // da0: <ATP ATP IG eUSB SSD 1100> Fixed Direct Access SCSI-0 device
  // mmcsd0: 128GB <SDHC SR128 8.6 SN 40CC4673 MFG 12/2024 by 3 SD> at mmc1 50.0MHz/4bit
  // ad0: 19092MB <FUJITSU MHT2020AT PL 0022> at ata0-master UDMA100
  const model = /^(?:(\d{1,8})([MG])B )?<([^>]{1,120})>(.*)$/.exec(text);
  if (model !== null) {
    const draft = into.storageDraft(name, kind, line);
    if (draft === null) return "known";
    draft.model = (model[3] as string).replace(/ SN [0-9A-F]{4,16}\b.*$/, "").trim();
    draft.span = line.span;
    draft.removable = kind === "optical" || /^ Removable\b/.test(model[4] as string);
    draft.parent =
      / (?:at|on) ([a-z][a-z0-9_-]{0,30})/.exec(model[4] as string)?.[1] ?? into.attached.get(name)?.parent ?? null;
    // mmcsd(4) counts GB as the card's label does; ad(4) and others count in 1024s.
    const unit = model[2] === "M" ? 1024 ** 2 : name.startsWith("mmcsd") ? 1e9 : 1024 ** 3;
    if (model[1] !== undefined) draft.bytes = Number(model[1]) * unit;
    if (kind === "flash" && draft.bytes === null) {
      const size = /(\d{1,5})MB$/.exec(draft.model);
      if (size !== null) draft.bytes = Number(size[1]) * 1024 ** 2;
    }
    return "fact";
  }
  const size = /^(\d{1,10})MB \((\d{1,15}) (?:(\d{3,5}) byte )?sectors/.exec(text);
  if (size === null) return "known";
  const draft = into.storageDraft(name, kind, line);
  if (draft === null) return "known";
  draft.bytes = Number(size[2]) * Number(size[3] ?? 512);
  return "fact";
}

function machine(text: string, line: LogLine, into: Collector): Verdict | null {
  switch (text.charCodeAt(0)) {
    case 70: // F
      return system(text, line, into) ?? topology(text, line, into) ?? features(text, line, into);
    case 74: // J
      return junos(text, line, into);
    case 67: // C
      return processor(text, line, into);
    case 65: {
      // A
      const table = /^ACPI APIC Table: <(.{1,40})>/.exec(text);
      if (table !== null) return oemIds(table[1] as string, line, into) ?? "known";
      return memory(text, line, into) ?? features(text, line, into);
    }
    case 72: {
      // H
      const origin = /^Hypervisor: Origin = "(.{1,16})"/.exec(text);
      if (origin === null) return null;
      const hypervisor = hypervisorOfSignature(origin[1] as string);
      return into.addVirtualisation({ hypervisor, version: null, evidence: "cpuid", span: line.span });
    }
    default:
      return memory(text, line, into) ?? features(text, line, into) ?? builder(text, into) ?? juniper(text, line, into);
  }
}

function system(text: string, line: LogLine, into: Collector): Verdict | null {
  const junos = /^FreeBSD (JNPR-\S{1,60})/.exec(text);
  if (junos !== null) return setSystem("Junos", junos[1] as string, null, null, null, line, into);
  const match = /^FreeBSD (\d{1,2})\.(\d{1,2})(\S{0,30})(.{0,120})/.exec(text);
  if (match === null || !/^\S{0,20}-[A-Z]/.test(match[3] as string)) return null;
  const name = `freebsd-${match[1]}.${match[2]}`;
  // "GENERIC amd64" at the end; kernels before 13 put it on the next line.
  const words = (match[4] as string).trim().split(" ");
  const last = words.at(-1) ?? "";
  const told = portArchitecture(last) !== null;
  const kernel = told && words.length > 1 ? (words.at(-2) ?? null) : null;
  const known = parseSystem(name) === null ? null : name;
  return setSystem("FreeBSD", `${match[1]}.${match[2]}${match[3]}`, kernel, told ? last : null, known, line, into);
}

function setSystem(
  name: "FreeBSD" | "Junos",
  version: string,
  kernel: string | null,
  architecture: string | null,
  known: string | null,
  line: LogLine,
  into: Collector,
): Verdict {
  if (into.system !== null) return "known";
  const family = name === "Junos" ? "junos" : "freebsd";
  into.system = { family, name, version, kernel, architecture, system: known, span: line.span };
  return "fact";
}

function junos(text: string, line: LogLine, into: Collector): Verdict | null {
  const match = /^JUNOS (\d\S{1,40})(?: #\d|$)/.exec(text);
  return match === null ? null : setSystem("Junos", match[1] as string, null, null, null, line, into);
}

/** `root@releng1:/usr/obj/usr/src/amd64.amd64/sys/GENERIC amd64`, and Junos' `builder@…/obj/powerpc/…/JUNIPER-PPC/kernel`. */
function builder(text: string, into: Collector): Verdict | null {
  if (into.system === null || into.system.kernel !== null) return null;
  const path = /^[^\s@]{1,80}@[^\s:]{1,255}:(\/\S{1,300})(?: ([a-z0-9_]{2,12}))?$/.exec(text);
  if (path === null) return null;
  const parts = (path[1] as string).split("/");
  let kernel = parts.at(-1) ?? "";
  if (kernel === "kernel") kernel = parts.at(-2) ?? "";
  const port = path[2] ?? /\/obj[/-](powerpc|octeon|i386|amd64|arm)\b/.exec(path[1] as string)?.[1] ?? null;
  into.system = { ...into.system, kernel, architecture: into.system.architecture ?? port };
  return "fact";
}

function processor(text: string, line: LogLine, into: Collector): Verdict | null {
  const draft = into.processor;
  const x86 = /^CPU: (\S.{0,120}?) {0,8}\((\d{1,6}\.\d\d)-MHz (K8|[3-6]86)-class CPU\)/.exec(text);
  if (x86 !== null) {
    draft.name ??= { value: x86[1] as string, span: line.span };
    draft.megahertz ??= Number(x86[2]);
    if (into.system !== null && into.system.architecture === null) {
      into.system = { ...into.system, architecture: x86[3] === "K8" ? "amd64" : "i386" };
    }
    return "fact";
  }
  const numbered = /^CPU {0,3}(\d{1,4}) {0,2}: (.{1,120})/.exec(text);
  if (numbered !== null) {
    draft.listed.add(`cpu${numbered[1]}`);
    const vendor = /^Vendor=(\S{1,20}) Core=(.{1,60}?)(?: \(Hart \d{1,4}\))?$/.exec(numbered[2] as string);
    const words = vendor === null ? coreName(numbered[2] as string) : `${vendor[1]} ${vendor[2]}`;
    if (words !== null) into.processorKind(`cpu${numbered[1]}`, words, line);
    return "fact";
  }
  const arm = /^CPU: (\S.{1,80})/.exec(text);
  const words = arm === null ? null : coreName(arm[1] as string);
  if (words === null) return null;
  draft.name ??= { value: words, span: line.span };
  return "fact";
}

/** `ARM Neoverse-N1 r3p1 affinity: 0 0` without revision and place; null for words without a core's revision. */
function coreName(text: string): string | null {
  const match = /^([A-Z]\S{1,20}(?: \S{1,20}){0,3}?) r\d{1,2}p\d{1,2}\b/.exec(text);
  return match === null ? null : (match[1] as string);
}

function topology(text: string, line: LogLine, into: Collector): Verdict | null {
  if (!text.startsWith("FreeBSD/SMP: ")) return null;
  const count = /Detected: (\d{1,4}) CPUs/.exec(text);
  if (count !== null) {
    into.processor.logical = Number(count[1]);
    into.processor.span ??= line.span;
    return "fact";
  }
  const levels = /^FreeBSD\/SMP: (\d{1,3}) package\(s\)((?: x \d{1,4} [a-z() ]{3,20}?)*)$/.exec(text);
  if (levels === null) return null;
  const packages = Number(levels[1]);
  let cores = packages;
  for (const level of (levels[2] as string).matchAll(/x (\d{1,4}) (groups|cache groups|core\(s\))/g)) {
    cores *= Number(level[1]);
  }
  into.processor.packages = packages;
  if (text.includes("core(s)")) into.processor.cores = cores;
  return "fact";
}

function memory(text: string, line: LogLine, into: Collector): Verdict | null {
  const match = /^(real|avail) memory\s{1,3}= (\d{1,15})\b/.exec(text);
  return match === null ? null : into.memory(match[1] === "real" ? "total" : "available", Number(match[2]), line);
}

const FEATURE_LINE =
  /^(?:Features2?|AMD Features2?|Structured Extended Features\d?|Instruction Set Attributes \d|VIA Padlock Features) ?= ?(?:0x[0-9a-f]{1,16})?<(.{1,1500})>?$/;

function features(text: string, line: LogLine, into: Collector): Verdict | null {
  const flags = FEATURE_LINE.exec(text);
  if (flags !== null) {
    const before = into.processor.features.size;
    for (const feature of cryptoFeatures(flags[1] as string)) into.processor.features.add(feature);
    return into.processor.features.size > before ? "fact" : "known";
  }
  const host = /^(VT-x|SVM): /.exec(text);
  if (host !== null && line.indented) {
    into.canHost = { value: host[1] as string, span: line.span };
    return "fact";
  }
  const source = /^random: (?:registering fast source|fast provider:) "?([A-Z][\w -]{2,60}?)"?$/.exec(text);
  if (source === null) return null;
  const name = (source[1] as string).trim();
  return into.addCrypto(name, "random", "random numbers from the processor", "random(4), FreeBSD 15", line);
}

function oemIds(ids: string, line: LogLine, into: Collector): Verdict | null {
  const hypervisor = hypervisorOfAcpi(ids);
  if (hypervisor === null) return null;
  return into.addVirtualisation({ hypervisor, version: null, evidence: "acpi", span: line.span });
}

/** Lines only Juniper's kernels and installers print. */
function juniper(text: string, line: LogLine, into: Collector): Verdict | null {
  const octeon = /\bCAVIUM's OCTEON (?:CN)?(\d{4}|\d\dXX) CPU\b/i.exec(text);
  if (octeon !== null) {
    const model = (octeon[1] as string).toLowerCase();
    into.processor.name ??= { value: `Cavium OCTEON CN${model}`, span: line.span };
    return "fact";
  }
  if (into.family !== "junos") return null;
  const model = /^\w{2,16}_set_re_type: (?:hw\.board\.type is|.{0,60}model:) ?([A-Z]{1,4}\d{1,5}\w{0,6})\b/.exec(text);
  if (model !== null) return into.toldProduct(`Juniper ${model[1]}`, line);
  const engine = /^Routing engine model is RE-(\S{1,24})/.exec(text);
  return engine === null ? null : into.toldProduct(`Juniper ${engine[1]}`, line);
}
