import { parseSystem } from "@pierhead/core";
import {
  type AttachLine,
  attachLine,
  detached,
  inquiryModel,
  interfaceAttached,
  interfaceSpoke,
  mediaList,
  memoryBytes,
  phyAttached,
} from "./autoconf.ts";
import type { Collector, Verdict } from "./collector.ts";
import { findCrypto } from "./crypto.ts";
import { hypervisorOfAcpi, hypervisorOfProduct } from "./hypervisors.ts";
import type { LogLine } from "./lines.ts";

// The forms are those of NetBSD's kern/subr_autoconf.c, arch/x86/x86/{cpu,identcpu}.c, arch/arm/arm32/cpu.c,
// dev/scsipi/sd.c, dev/ata/wd.c, dev/ld.c, dev/mii/*phy.c and net drivers' aprint_normal calls.

const PASSED =
  /^(?:Copyright \(c\)|The Regents of|20\d\d(?:, 20\d\d)*|The NetBSD Foundation|\d{4}, \d{4}|timecounter: |Kernelized|running cgd|root on|root file system|boot device|kern\.|IPsec: |ACPI: |ACPI |cpu_rng|rnd: |entropy: |WARNING: |vchiq|usb\d|mainbus0 \(root\)|armfdt0 \(root\)|efi: |pmap|NetBSD\/|Loaded initial|raid|findroot|dump|\S+ already disabled|x86_|swwdog|kernel |atkbd|panic: |init: )/;

/** One line of a NetBSD dmesg. */
export function netbsdLine(line: LogLine, into: Collector): Verdict {
  const text = line.text;
  const attach = attachLine(line);
  if (attach !== null) return attached(attach, line, into);
  const spoke = /^([a-z][a-z0-9_]{0,30}\d): /.exec(text);
  if (spoke !== null) return deviceSpoke(spoke[1] as string, text.slice(spoke[0].length), line, into);
  const gone = /^([a-z][a-z0-9_]{0,30}\d):? detached$/.exec(text);
  if (gone !== null) return detached(gone[1] as string, into);
  if (text.endsWith(" not configured")) return notConfigured(text, line, into);
  if (/^mainbus0 \(root\)/.test(text)) return platform(text, line, into);
  const memory = /^(total|avail) memory = (.{1,30})/.exec(text);
  if (memory !== null) {
    const bytes = memoryBytes(memory[2] as string);
    return bytes === null ? "unknown" : into.memory(memory[1] === "avail" ? "available" : "total", bytes, line);
  }
  const version = /^NetBSD (\d{1,2})\.(\d{1,2})(\S{0,30}) \(([^)]{1,80})\)(?: (#\d{1,6}))?/.exec(text);
  if (version !== null) {
    const name = `netbsd-${version[1]}.${version[2]}`;
    into.system = {
      family: "netbsd",
      name: "NetBSD",
      version: `${version[1]}.${version[2]}${version[3]}`,
      kernel: `${version[4]}${version[5] ?? ""}`,
      architecture: null,
      system: parseSystem(name) === null ? null : name,
      span: line.span,
    };
    return "fact";
  }
  const port = /\/(?:sys|src)\/arch\/([a-z0-9]{2,16})\/compile\/|\/obj\/sys\/arch\/([a-z0-9]{2,16})\/compile\//.exec(
    text,
  );
  if (port !== null && into.system !== null && into.system.architecture === null) {
    into.system = { ...into.system, architecture: (port[1] ?? port[2]) as string };
    return "fact";
  }
  const module = /^kern\.module\.path=\/stand\/([a-z0-9]{2,16})\//.exec(text);
  if (module !== null && into.system !== null && into.system.architecture === null) {
    into.system = { ...into.system, architecture: module[1] as string };
    return "fact";
  }
  return PASSED.test(text) ? "known" : "unknown";
}

function attached(attach: AttachLine, line: LogLine, into: Collector): Verdict {
  const { name, driver, text } = attach;
  if (line.text.endsWith(" not configured")) return notConfigured(line.text, line, into);
  // What the driver says is the description: "wm0 at pci0 dev 3 function 0: Intel i82540EM … (rev. 0x02)".
  const words = text.replace(/ \(rev\.? 0x[0-9a-f]{1,4}\).*$/, "").trim();
  // A virtio driver lists its features there, an older Ethernet driver its address.
  const telling = words !== "" && !/^Features: |^address |^0x/.test(words);
  const device = { ...attach.device, description: attach.device.description ?? (telling ? words : null) };
  into.attach(name, device);
  const described: AttachLine = { ...attach, device };
  switch (driver) {
    case "cpu":
      into.processor.listed.add(name);
      return processorWords(name, words, line, into) ?? "fact";
    case "simplebus":
      // The root of a device tree carries the board's model.
      return /^armfdt\d$|^mainbus\d$/.test(device.parent) && words !== "" ? into.toldProduct(words, line) : "known";
    case "hypervisor":
      return xen(text, line, into);
    case "sd":
    case "cd":
    case "wd":
    case "ld":
    case "xbd":
      return driveAttached(described, line, into);
    default:
  }
  const crypto = findCrypto("netbsd", driver);
  if (crypto !== null) return into.addCrypto(name, crypto.kind, crypto.description, crypto.reference, line);
  return phyAttached(described, line, into) ?? interfaceAttached(described, line, into);
}

function deviceSpoke(name: string, text: string, line: LogLine, into: Collector): Verdict {
  if (/^cpu\d{1,4}$/.test(name)) {
    const place = /^(?:node \d{1,3}, )?package (\d{1,3}), core (\d{1,4}), smt (\d{1,3})/.exec(text);
    if (place !== null) {
      into.processor.coreIds.add(`${place[1]}/${place[2]}`);
      into.processor.packageIds.add(place[1] as string);
      return "fact";
    }
    return processorWords(name, text, line, into) ?? "known";
  }
  const drive = into.storage.get(name);
  if (drive !== undefined) {
    // wd0: 16384 MB, 33288 cyl, 16 head, 63 sec, 512 bytes/sect x 33554432 sectors
    const size = /(\d{3,5}) bytes\/sect x (\d{1,15}) sectors/.exec(text);
    if (size !== null) {
      drive.bytes = Number(size[1]) * Number(size[2]);
      return "fact";
    }
    const model = /^<([^>]{1,120})>$/.exec(text);
    if (model !== null && drive.model === null) {
      drive.model = (model[1] as string).trim();
      return "fact";
    }
    return "known";
  }
  if (/^acpi\d$/.test(name)) {
    const ids = /OemId <([^>]{1,40})>/.exec(text);
    const hypervisor = ids === null ? null : hypervisorOfAcpi((ids[1] as string).replaceAll(",", " "));
    if (hypervisor === null) return "known";
    return into.addVirtualisation({ hypervisor, version: null, evidence: "acpi", span: line.span });
  }
  const attach = into.attached.get(name);
  if (attach !== undefined && mediaList(into.interfaces.get(attach.parent), text, line)) return "fact";
  const draft = into.interfaces.get(name);
  // ure0: Realtek (0xbda) USB 10/100 LAN (0x8152), rev 2.10/20.00, addr 5
  const usb = /^(\S.{0,80}), rev \d{1,2}\.\d{2}\/[0-9a-f.]{1,6}, addr \d{1,3}/.exec(text);
  if (draft !== undefined && usb !== null) {
    draft.chip = (usb[1] as string).replace(/ \(0x[0-9a-f]{1,4}\)/g, "");
    return "fact";
  }
  const verdict = interfaceSpoke(name, text, line, into);
  if (verdict === "fact") return verdict;
  return attach !== undefined || PASSED.test(line.text) ? "known" : "unknown";
}

/** `Intel(R) … CPU @ 2.30GHz, id 0x40661`, `600 MHz Cortex-A53 r0p4 (Cortex V8A core)`, `Cortex-A7 r0p5 (…)`. */
function processorWords(name: string, text: string, line: LogLine, into: Collector): Verdict | null {
  const draft = into.processor;
  const x86 = /^(\S.{0,120}?), (?:(\d{1,5}(?:\.\d{1,3})?) MHz, )?id 0x[0-9a-f]{3,8}/.exec(text);
  if (x86 !== null) {
    draft.name ??= { value: x86[1] as string, span: line.span };
    if (x86[2] !== undefined) draft.megahertz ??= Number(x86[2]);
    return "fact";
  }
  const arm = /^(?:(\d{2,5}) MHz )?((?:Arm |ARM )?[A-Z][\w-]{2,20}(?: \w{1,10})?) r\d{1,2}p\d{1,2} /.exec(text);
  if (arm !== null) {
    into.processorKind(name, arm[2] as string, line);
    if (arm[1] !== undefined) draft.megahertz ??= Number(arm[1]);
    return "fact";
  }
  const octeon = /^Cavium (CN\w{4})\b.{0,40}?(?:(\d{2,5})\.?\d{0,2} ?MHz)?/.exec(text);
  if (octeon === null) return null;
  draft.name ??= { value: `Cavium OCTEON ${octeon[1]}`, span: line.span };
  if (octeon[2] !== undefined) draft.megahertz ??= Number(octeon[2]);
  return "fact";
}

/** On x86 the line before `mainbus0 (root)` is `vendor product (version)` out of the BIOS (arch/x86 platform). */
function platform(text: string, line: LogLine, into: Collector): Verdict {
  const model = /^mainbus0 \(root\): (\S.{1,80})/.exec(text);
  if (model !== null) return into.toldProduct(model[1] as string, line);
  const before = into.previous;
  const words = before === null ? null : /^(\S.{0,100}?) \(([^()]{1,40})\)$/.exec(before.text);
  if (before === null || words === null || /^(?:NetBSD|timecounter|ACPI|efi)\b/.test(before.text)) return "known";
  const product = words[1] as string;
  into.previousWasFact = into.toldProduct(product, before) === "fact";
  const hypervisor = hypervisorOfProduct(product);
  if (hypervisor !== null) {
    into.addVirtualisation({ hypervisor, version: null, evidence: "product", span: before.span });
    into.previousWasFact = true;
  }
  return "known";
}

function xen(text: string, line: LogLine, into: Collector): Verdict {
  const match = /^(Xen)(?: version (\d{1,3}\.\d{1,3}\S{0,20}))?/.exec(text);
  if (match === null) return "known";
  return into.addVirtualisation({
    hypervisor: "Xen",
    version: match[2]?.replace(/[.,]$/, "") ?? null,
    evidence: "cpuid",
    span: line.span,
  });
}

function driveAttached(attach: AttachLine, line: LogLine, into: Collector): Verdict {
  const { driver, name, text, device } = attach;
  const kind = driver === "cd" ? "optical" : driver === "ld" && /^sdmmc/.test(device.parent) ? "flash" : "disk";
  const drive = into.storageDraft(name, kind, line);
  if (drive === null) return "known";
  // <vendor, product, revision> on SCSI; <model, serial, revision> on ATAPI.
  const inquiry = text.startsWith("<") ? text : "";
  drive.model = /^atapibus/.test(device.parent)
    ? (/^<([^,>]{1,80})/.exec(inquiry)?.[1] ?? null)
    : inquiryModel(inquiry);
  if (driver === "xbd" && text !== "") drive.model ??= text;
  if (kind === "flash") drive.model = cardName(text);
  drive.parent = device.parent;
  drive.span = line.span;
  drive.removable = kind === "optical" || /\bremovable\b/.test(text);
  return "fact";
}

/** `<0x27:0x5048:SD64G:0x60:0xda7f8e63:0x14a>`: the product name of an SD or MMC card. */
function cardName(text: string): string | null {
  return /^<0x[0-9a-f]{1,8}:0x[0-9a-f]{1,8}:([^:>]{1,16}):/.exec(text)?.[1] ?? null;
}

/** `vendor 8086 product 1e31 (USB serial bus, xHCI) at pci0 dev 30 function 0 not configured` */
function notConfigured(text: string, line: LogLine, into: Collector): Verdict {
  const where = text.search(/ at (?:pci|uhub|cardbus|sdmmc|isa|xenbus|virtio)\d{1,3}\b/);
  if (where < 1) return "known";
  const what = text.slice(0, where).trim();
  const network = /\((?:[\w ]{0,30})?network\b|ethernet\b|wireless\b/i.test(what);
  return into.addUnattached(what, network, line);
}
