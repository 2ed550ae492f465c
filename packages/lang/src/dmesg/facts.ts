import type { Diagnostic, Source, Span } from "@pierhead/core";

/** Which grammar a log was read with. `junos` is FreeBSD's grammar with Juniper's own lines on top. */
export type LogFamily = "openbsd" | "freebsd" | "netbsd" | "linux" | "junos" | "u-boot";

/** A value and the line of the log that says so. */
export interface Fact<T> {
  readonly value: T;
  /** The whole line, without its line end. */
  readonly span: Span;
}

/** The system that booted. */
export interface SystemFact {
  readonly family: LogFamily;
  /** `OpenBSD`, `FreeBSD`, `NetBSD`, `Linux`, `Junos`, `U-Boot`. */
  readonly name: string;
  /** As the log writes it: `7.8-current`, `13.2-RELEASE-p2`, `19.4R3.11`. */
  readonly version: string;
  /** Kernel configuration and build: `GENERIC.MP#1391`; null when the log does not say. */
  readonly kernel: string | null;
  /** The port's own name (`amd64`, `octeon`, `arm64`); null when the log does not say. */
  readonly architecture: string | null;
  /** The name `--system` takes, such as `openbsd-7.8`; null when there is none for this system. */
  readonly system: string | null;
  readonly span: Span;
}

/** BIOS, UEFI, U-Boot: what ran before the kernel. */
export interface FirmwareFact {
  /** `coreboot 4.0.7`, `U-Boot 1.1.6-JNPR-2.0`. */
  readonly name: string;
  /** Date as written; null when not told. */
  readonly date: string | null;
  readonly span: Span;
}

/** The thing with a name on its front. */
export interface ProductFact {
  readonly name: string;
  /** Serial number of the board when the boot loader prints it. */
  readonly serial: string | null;
  /** `told`: the log has the name; `table`: the log has a board number that a published list names. */
  readonly how: "told" | "table";
  /** The words of the log it rests on. */
  readonly evidence: string;
  /** Where the list is published; null for `told`. */
  readonly reference: string | null;
  readonly span: Span;
}

/** All processors of the machine taken together. */
export interface ProcessorFact {
  /** What it is: `Cavium OCTEON CN5020`, `AMD GX-412TC SOC`; null when the log has only numbers of it. */
  readonly name: string | null;
  /** Instruction set: `MIPS64`, `x86-64`, `AArch64`; null when neither the name nor the port tells. */
  readonly architecture: string | null;
  /** MHz as measured or told at boot; null when not told. */
  readonly megahertz: number | null;
  /** Physical cores; null when the log does not separate cores from hardware threads. */
  readonly cores: number | null;
  /** Processors the kernel started or the firmware lists; null when not told. */
  readonly logical: number | null;
  /** Sockets; null when not told. */
  readonly packages: number | null;
  /** Hardware help for ciphers, hashes and randomness that the processor itself has: `AES`, `SHA`, `RDRAND`. */
  readonly features: readonly string[];
  /** Where a table filled in what the log leaves out; null when everything is from the log. */
  readonly reference: string | null;
  readonly span: Span;
}

/** Memory in bytes. */
export interface MemoryFact {
  /** What the machine has, as the kernel or boot loader counts it. */
  readonly total: Fact<number> | null;
  /** What was left after the kernel took its own. */
  readonly available: Fact<number> | null;
}

/** One disk, flash chip, optical drive. */
export interface StorageDevice {
  readonly name: string;
  readonly kind: "disk" | "flash" | "optical" | "floppy" | "memory";
  /** Model as the drive tells it; null when not told. */
  readonly model: string | null;
  /** Bytes; null when not told (no medium, or the system does not print it). */
  readonly bytes: number | null;
  readonly removable: boolean;
  /** Where it hangs: `scsibus0`, `ahcich1`; null when not told. */
  readonly parent: string | null;
  readonly span: Span;
}

export type InterfaceKind = "ethernet" | "wireless" | "paravirtual" | "mobile";

/** Highest speed, and what says so. */
export interface SpeedFact {
  /** Mbit/s. */
  readonly megabits: number;
  /** `media`: the PHY's media list; `text`: the chip's or PHY's own description; `driver`: the driver's manual. */
  readonly from: "media" | "text" | "driver";
  /** The line; null when it is from the manual. */
  readonly span: Span | null;
  readonly reference: string | null;
}

/** What is published about a network driver on the system that booted. */
export interface DriverFacts {
  readonly driver: string;
  readonly kind: InterfaceKind;
  /** The hardware it drives, in our words. */
  readonly hardware: string;
  /** Mbit/s of the fastest device the driver handles; null when its manual gives none. */
  readonly megabits: number | null;
  /** Offloads and limits a gateway cares about. */
  readonly notes: readonly string[];
  /** `em(4), OpenBSD 7.8`. */
  readonly reference: string;
}

/** One row of a driver table: name, kind, hardware, Mbit/s at most, notes. */
export type DriverRow = readonly [
  driver: string,
  kind: InterfaceKind,
  hardware: string,
  megabits: number | null,
  ...notes: string[],
];

/** One network interface with hardware (or a paravirtual device) behind it. */
export interface InventoryInterface {
  readonly name: string;
  readonly driver: string;
  readonly kind: InterfaceKind;
  /** As the log describes the chip; null when it does not. */
  readonly chip: string | null;
  /** Lower-case, two digits an octet; null when not told or hidden (`xx:xx:xx:xx:xx:xx`). */
  readonly mac: string | null;
  /** Bus and place: `pci1 dev 0 function 0`, `0000:00:19.0`; null when not told. */
  readonly location: string | null;
  readonly phy: string | null;
  readonly maximum: SpeedFact | null;
  /** The last link state told, in Mbit/s; null when the log has none. */
  readonly link: Fact<LinkFact> | null;
  /** Gone again before the log ends (unplugged). */
  readonly detached: boolean;
  /** `firmware`: only the boot loader named it, with its own name, not the system's. */
  readonly namedBy: "kernel" | "firmware";
  readonly driverFacts: DriverFacts | null;
  /** The line it attached on. */
  readonly span: Span;
  /** The line its MAC address is on. */
  readonly macSpan: Span | null;
}

export interface LinkFact {
  readonly up: boolean;
  /** Mbit/s; null when not told. */
  readonly megabits: number | null;
}

/** Hardware for ciphers or randomness besides the processor's own instructions. */
export interface CryptoDevice {
  readonly name: string;
  readonly kind: "cipher" | "random";
  readonly description: string;
  readonly reference: string;
  readonly span: Span;
}

/** A hypervisor underneath. */
export interface VirtualisationFact {
  /** `KVM`, `VMware`, `Xen`, `Hyper-V`, `bhyve`, `OpenBSD vmm`, `VirtualBox`, `QEMU`. */
  readonly hypervisor: string;
  readonly version: string | null;
  /** `cpuid`: the hypervisor's own signature; `product`, `acpi`, `device`: it shows in names. */
  readonly evidence: "cpuid" | "product" | "acpi" | "device";
  readonly span: Span;
}

/** A device the kernel saw and has no driver for. */
export interface UnattachedDevice {
  readonly description: string;
  /** The log itself says that it is a network device. */
  readonly network: boolean;
  readonly span: Span;
}

/** What became of the lines of the boot that was read. Blank lines are not counted. */
export interface LineCounts {
  /** Lines of this boot. */
  readonly total: number;
  /** Lines that gave a fact. */
  readonly facts: number;
  /** Lines of a form we know that tell nothing an inventory keeps. */
  readonly passed: number;
  /** Lines of no form we know. */
  readonly unknown: number;
}

/** What is this box? Everything that one boot log says, and nothing it does not. */
export interface Inventory {
  readonly source: Source;
  /** Which grammar read the lines; null when nothing in the text looks like a boot log. */
  readonly grammar: LogFamily | null;
  /** Boots found in the log; the last one is the one that was read. */
  readonly boots: number;
  /** The text that was read: the last boot. */
  readonly bootSpan: Span;
  readonly system: SystemFact | null;
  readonly firmware: readonly FirmwareFact[];
  readonly product: ProductFact | null;
  readonly processor: ProcessorFact | null;
  readonly memory: MemoryFact;
  readonly storage: readonly StorageDevice[];
  readonly interfaces: readonly InventoryInterface[];
  readonly crypto: readonly CryptoDevice[];
  readonly virtualisation: VirtualisationFact | null;
  /** Set when the machine can run guests itself: `VMX/EPT`. */
  readonly canHost: Fact<string> | null;
  readonly unattached: readonly UnattachedDevice[];
  readonly lines: LineCounts;
  /** Numbers (from 1) of the lines of no form we know, for `--unknown`; use `source.line(number)`. */
  readonly unknownLines: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
}
