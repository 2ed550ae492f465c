import type { Fact, Inventory, InventoryInterface, ProcessorFact, StorageDevice } from "./facts.ts";

/** Column where the values of a card begin. */
const COLUMN = 13;

/**
 * A card for people: lines of plain text, without colours and without a line end.
 *
 * Every statement ends with the number of the line it rests on, or with the document a table has it from.
 */
export function inventoryCard(inventory: Inventory): readonly string[] {
  const lines: string[] = [];
  const at = (span: { readonly start: number }): string => `(line ${inventory.source.position(span.start).line})`;
  const row = (label: string, text: string): void => {
    lines.push(`${label.padEnd(COLUMN)}${text}`.trimEnd());
  };
  if (inventory.grammar === null) return ["Not a boot log: no line of any system we know."];

  const { product, system, processor, memory, virtualisation } = inventory;
  if (product === null) row("Product", "not told");
  else {
    const words = product.reference === null ? "" : ` [${product.reference}]`;
    row("Product", `${product.name} ${at(product.span)}`);
    if (product.how === "table") row("", `the log says "${product.evidence}"${words}`);
    if (product.serial !== null) row("", `serial number ${product.serial}`);
  }
  if (system === null) row("System", `not told; the lines are ${inventory.grammar}'s`);
  else if (system.family === "u-boot") row("System", `none in this log: it ends in the boot loader`);
  else {
    const kernel = system.kernel === null ? "" : `, kernel ${system.kernel}`;
    const port = system.architecture === null ? "" : `, ${system.architecture}`;
    row("System", `${system.name} ${system.version}${kernel}${port} ${at(system.span)}`);
  }
  for (const [index, firmware] of inventory.firmware.entries()) {
    const date = firmware.date === null ? "" : `, ${firmware.date}`;
    row(index === 0 ? "Firmware" : "", `${firmware.name}${date} ${at(firmware.span)}`);
  }
  if (processor === null) row("Processor", "not told");
  else {
    row("Processor", `${processorSummary(processor)} ${at(processor.span)}`);
    if (processor.features.length > 0) row("", `crypto instructions: ${processor.features.join(", ")}`);
  }
  row("Memory", memorySummary(memory.total, memory.available, at));
  if (virtualisation !== null) {
    const version = virtualisation.version === null ? "" : ` ${virtualisation.version}`;
    row("Runs on", `${virtualisation.hypervisor}${version} ${at(virtualisation.span)}`);
  }
  if (inventory.canHost !== null) {
    row("Can host", `guests, with ${inventory.canHost.value} ${at(inventory.canHost.span)}`);
  }
  for (const [index, device] of inventory.crypto.entries()) {
    row(index === 0 ? "Crypto" : "", `${device.name}: ${device.description}, ${device.reference} ${at(device.span)}`);
  }
  const storage = inventory.storage.filter((drive) => drive.kind !== "memory");
  const driveWidth = Math.max(...storage.map((drive) => drive.name.length), 0);
  for (const [index, drive] of storage.entries()) {
    row(index === 0 ? "Storage" : "", `${drive.name.padEnd(driveWidth)}  ${storageSummary(drive)} ${at(drive.span)}`);
  }
  const width = Math.max(...inventory.interfaces.map((one) => one.name.length), 0);
  if (inventory.interfaces.length === 0) row("Network", "no interface in this log");
  for (const [index, one] of inventory.interfaces.entries()) {
    row(index === 0 ? "Network" : "", `${one.name.padEnd(width)}  ${interfaceSummary(one)} ${at(one.span)}`);
  }
  lines.push(...notes(inventory));
  for (const [index, device] of inventory.unattached.filter((one) => one.network).entries()) {
    row(index === 0 ? "No driver" : "", `${device.description} ${at(device.span)}`);
  }
  row("Log", logSummary(inventory));
  return lines;
}

/** `Cavium OCTEON CN5020, 500 MHz, MIPS64, 2 cores` */
export function processorSummary(processor: ProcessorFact): string {
  const parts = [processor.name ?? "name not told"];
  if (processor.megahertz !== null) parts.push(`${Math.round(processor.megahertz)} MHz`);
  if (processor.architecture !== null) parts.push(processor.architecture);
  const { cores, logical, packages } = processor;
  if (cores !== null) {
    parts.push(count(cores, "core"));
    if (logical !== null && logical > cores) parts.push(count(logical, "thread"));
    if (packages !== null && packages > 1) parts.push(count(packages, "socket"));
  } else if (logical !== null) parts.push(`${count(logical, "processor")} started`);
  return parts.join(", ");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function memorySummary(
  total: Fact<number> | null,
  available: Fact<number> | null,
  at: (span: { readonly start: number }) => string,
): string {
  if (total === null)
    return available === null ? "not told" : `${binarySize(available.value)} free at boot ${at(available.span)}`;
  const free = available === null ? "" : `, ${binarySize(available.value)} free at boot`;
  return `${binarySize(total.value)}${free} ${at(total.span)}`;
}

function storageSummary(drive: StorageDevice): string {
  const parts: string[] = [];
  if (drive.model !== null) parts.push(drive.model);
  if (drive.bytes !== null) parts.push(decimalSize(drive.bytes));
  if (drive.kind !== "disk") parts.push(drive.kind);
  if (drive.removable && drive.kind === "disk") parts.push("removable");
  return parts.length === 0 ? "nothing more told" : parts.join(", ");
}

function interfaceSummary(one: InventoryInterface): string {
  const parts: string[] = [one.chip ?? one.driverFacts?.hardware ?? `driver ${one.driver}`];
  if (one.kind !== "ethernet") parts.push(one.kind);
  parts.push(one.mac ?? "address not told");
  if (one.maximum !== null && one.kind !== "wireless") {
    // A manual names the fastest device of its driver, not this one.
    const words =
      one.maximum.from === "driver"
        ? `${speed(one.maximum.megabits)} at most with this driver`
        : `up to ${speed(one.maximum.megabits)}`;
    parts.push(words);
  }
  if (one.link !== null) {
    const { up, megabits } = one.link.value;
    parts.push(up ? `link up${megabits === null ? "" : ` at ${speed(megabits)}`}` : "link down");
  }
  if (one.detached) parts.push("unplugged again");
  if (one.namedBy === "firmware") parts.push("the boot loader's name");
  return parts.join(", ");
}

/** What is published about the drivers, each driver once. */
function notes(inventory: Inventory): string[] {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const { driver, driverFacts } of inventory.interfaces) {
    if (driverFacts === null || driverFacts.notes.length === 0 || seen.has(driver)) continue;
    seen.add(driver);
    for (const note of driverFacts.notes)
      lines.push(`${"".padEnd(COLUMN)}${driver}: ${note} [${driverFacts.reference}]`);
  }
  return lines;
}

function logSummary(inventory: Inventory): string {
  const { total, facts, passed, unknown } = inventory.lines;
  const boots = inventory.boots > 1 ? `last of ${inventory.boots} boots, ` : "";
  return `${boots}${count(total, "line")}: ${facts} read, ${passed} known and passed over, ${unknown} unknown`;
}

/** Mbit/s in words: `100 Mbit/s`, `2.5 Gbit/s`. */
export function speed(megabits: number): string {
  return megabits >= 1000 ? `${megabits / 1000} Gbit/s` : `${megabits} Mbit/s`;
}

function binarySize(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  if (mebibytes >= 1024) return `${Math.round((mebibytes / 1024) * 10) / 10} GiB`;
  return mebibytes >= 1 ? `${Math.round(mebibytes)} MiB` : `${Math.round(bytes / 1024)} KiB`;
}

/** Drives are sold in powers of ten. */
function decimalSize(bytes: number): string {
  if (bytes >= 1e12) return `${Math.round(bytes / 1e10) / 100} TB`;
  if (bytes >= 1e9) return `${Math.round(bytes / 1e8) / 10} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e5) / 10} MB` : `${Math.round(bytes / 1e3)} kB`;
}
