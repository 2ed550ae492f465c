import { memoryBytes } from "./autoconf.ts";
import type { Collector, Verdict } from "./collector.ts";
import type { LogLine } from "./lines.ts";
import { loaderBoard } from "./products.ts";

// Das U-Boot's messages (common/board_f.c, board_r.c, net/eth.c) and those of Cavium's and Juniper's versions of it,
// which print the OCTEON model that the Cavium SDK makes up (octeon-model.c).

const PASSED =
  /^(?:BIST check|POST |Starting Memory POST|Checking |Running U-Boot|Clearing DRAM|USB: |scanning |\d{1,3} (?:USB|Storage) Device|Boot Media|Press SPACE|Hit any key|Type |In: |Out: |Err: |MPR |Loading |Loaded |ELF file|Bootloader: |argv\[|Alloc|Attempting|Processing PHDR|Clearing |## |reading |\d+ bytes read|Looking for valid|Jumping to start|Environment|Warning|\*\*\* Warning|Scanning |Found |Bus |MMC: |SF: |DTB: |Reset |WDT: |PCIe|PCI: |SATA|SCSI: |Trying to boot|Starting |Octeon \S+#|Consoles: |Will try to boot|Core: |Working FDT|Device \d: Vendor|Type: |Network|Using )/;

/** One line of a boot loader's output. */
export function ubootLine(line: LogLine, into: Collector): Verdict {
  const text = line.text;
  const banner = /^(?:[A-Z]{2,5}-)?U-Boot (SPL |TPL )?v?(\d\S{0,60})(?: \((.{1,120}))?/.exec(text);
  if (banner !== null) {
    const version = banner[2] as string;
    const date = /([A-Z][a-z]{2} \d{2} \d{4})/.exec(banner[3] ?? "");
    if (into.family === "u-boot") {
      into.system = {
        family: "u-boot",
        name: "U-Boot",
        version,
        kernel: null,
        architecture: null,
        system: null,
        span: line.span,
      };
    }
    return into.addFirmware(`U-Boot ${banner[1] ?? ""}${version}`, date?.[1] ?? null, line);
  }
  return (
    board(text, line, into) ??
    processor(text, line, into) ??
    memory(text, line, into) ??
    storage(text, line, into) ??
    network(text, line, into) ??
    (PASSED.test(text) ? "known" : "unknown")
  );
}

function board(text: string, line: LogLine, into: Collector): Verdict | null {
  // SRX_100_HIGHMEM board revision major:0, minor:0, serial #: AT0213AF1088
  // UBNT_E100 r1:2, r2:18, f:4/71, serial #: 802AA84CE978
  const code =
    /^([A-Z][A-Z0-9_]{2,40}) (?:board revision major:\d{1,3}, minor:\d{1,3}|r1:\d{1,3}, r2:\d{1,3}(?:, f:\d{1,3}\/\d{1,3})?), serial #: (\S{1,40})/.exec(
      text,
    );
  if (code !== null) {
    const known = loaderBoard(code[1] as string);
    into.product ??= {
      name: known?.name ?? (code[1] as string),
      serial: code[2] === "unknown" ? null : (code[2] as string),
      how: known === null ? "told" : "table",
      evidence: code[1] as string,
      reference: known?.reference ?? null,
      span: line.span,
    };
    return "fact";
  }
  const model = /^(?:Model|Board): {1,8}(\S.{0,100})$/.exec(text);
  return model === null ? null : into.toldProduct(model[1] as string, line);
}

function processor(text: string, line: LogLine, into: Collector): Verdict | null {
  const octeon = /^OCTEON (CN\w{4,6}(?:-[A-Z]{2,5})?) (?:pass|revision)/.exec(text);
  const clock = /Core clock: (\d{2,5}) MHz/.exec(text);
  if (octeon !== null || clock !== null) {
    if (octeon !== null) into.processor.name ??= { value: `Cavium OCTEON ${octeon[1]}`, span: line.span };
    // Only Cavium's U-Boot says "Core clock".
    else into.processor.name ??= { value: "Cavium OCTEON", span: line.span };
    if (clock !== null) into.processor.megahertz ??= Number(clock[1]);
    return "fact";
  }
  const generic = /^(?:CPU|SoC): {1,8}(\S.{0,80})$/.exec(text);
  if (generic === null) return null;
  const words = generic[1] as string;
  const megahertz = /(\d{2,5}) ?MHz/.exec(words);
  const name = words.replace(/ rev ?\d.*$| at \d.*$| \(.*$|,? \d{2,5} ?MHz.*$/, "");
  into.processor.name ??= { value: name, span: line.span };
  if (megahertz !== null) into.processor.megahertz ??= Number(megahertz[1]);
  return "fact";
}

function memory(text: string, line: LogLine, into: Collector): Verdict | null {
  const match = /^DRAM: {1,8}(\d{1,5}(?:\.\d{1,3})?) ([KMG])(?:i?B)/.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * (memoryBytes(`1${match[2]}`) as number);
  return into.memory("total", Math.round(bytes), line);
}

function storage(text: string, line: LogLine, into: Collector): Verdict | null {
  const flash = /^(Flash|NAND): {1,8}(\d{1,5}(?:\.\d)?) ([KMG])i?B/.exec(text);
  if (flash !== null) {
    const draft = into.storageDraft(flash[1] === "NAND" ? "nand" : "boot-flash", "flash", line);
    if (draft === null) return "known";
    draft.bytes = Number(flash[2]) * (memoryBytes(`1${flash[3]}`) as number);
    return "fact";
  }
  const device = /^Device (\d{1,2}): Vendor: (.{0,40}?)Prod\.: (.{0,40}?)Rev: /.exec(text);
  if (device !== null) {
    const draft = into.storageDraft(`usb:${device[1]}`, "disk", line);
    if (draft === null) return "known";
    draft.model = `${device[2]?.trim()} ${device[3]?.trim()}`.trim() || null;
    draft.removable = true;
    return "fact";
  }
  const capacity = /^Capacity: .{1,60}\((\d{1,15}) x (\d{3,5})\)/.exec(text);
  if (capacity === null) return null;
  const last = [...into.storage.values()].at(-1);
  if (last === undefined || !last.name.startsWith("usb:")) return "known";
  last.bytes = Number(capacity[1]) * Number(capacity[2]);
  return "fact";
}

/** `Net:   octeth0, octeth1` — the boot loader's names for ports, not the system's. */
function network(text: string, line: LogLine, into: Collector): Verdict | null {
  if (!text.startsWith("Net:")) return null;
  const ports = text.match(/(?:oct)?eth\d{1,2}/g) ?? [];
  for (const port of ports) {
    const draft = into.interfaceDraft(port, line, "firmware");
    if (draft !== null) draft.isInterface = true;
  }
  return ports.length === 0 ? "known" : "fact";
}
