import { type Diagnostic, diagnostic, interfaceDriver, type Source, type Span } from "@pierhead/core";
import { findDriver } from "./drivers.ts";
import type {
  CryptoDevice,
  DriverFacts,
  Fact,
  FirmwareFact,
  InterfaceKind,
  InventoryInterface,
  LinkFact,
  LogFamily,
  ProductFact,
  SpeedFact,
  StorageDevice,
  SystemFact,
  UnattachedDevice,
  VirtualisationFact,
} from "./facts.ts";
import type { LogLine } from "./lines.ts";
import type { ProcessorIdentity } from "./processors.ts";
import { isPlaceholder, withoutPlaceholder } from "./products.ts";

/** What a grammar made of a line: a fact; a known form with nothing to keep; no form it knows. */
export type Verdict = "fact" | "known" | "unknown";

/** Devices of one kind that are kept; a real machine has a tenth of it. */
const MOST_DEVICES = 1_024;

/** An interface while its lines come in. */
export interface InterfaceDraft {
  name: string;
  driver: string;
  /** A line said that it is a network interface: a MAC address, a PHY, a driver of the table. */
  isInterface: boolean;
  kind: InterfaceKind | null;
  chip: string | null;
  mac: string | null;
  macSpan: Span | null;
  location: string | null;
  phy: string | null;
  maximum: SpeedFact | null;
  link: Fact<LinkFact> | null;
  detached: boolean;
  namedBy: "kernel" | "firmware";
  span: Span;
}

/** Any device that attached. */
export interface Attached {
  /** `pci1`, `scsibus0`; empty when the line names none. */
  readonly parent: string;
  /** What the line says it is; null when it says nothing. */
  readonly description: string | null;
  /** `pci1 dev 0 function 0`; null when the line names no place. */
  readonly location: string | null;
  readonly span: Span;
}

/** A drive while its lines come in. */
export interface StorageDraft {
  name: string;
  kind: StorageDevice["kind"];
  model: string | null;
  bytes: number | null;
  removable: boolean;
  parent: string | null;
  span: Span;
}

/** The processor while its lines come in. */
export interface ProcessorDraft {
  /** First line that told anything, for when none tells the name. */
  span: Span | null;
  name: Fact<string> | null;
  /** Set when an id number told more than a name. */
  identity: ProcessorIdentity | null;
  megahertz: number | null;
  /** Distinct processors listed: `cpu0`, `cpu1`. */
  readonly listed: Set<string>;
  /** Kinds of cores where a machine mixes them, with the processors of each. */
  readonly kinds: Map<string, Set<string>>;
  /** Distinct `package/core` pairs. */
  readonly coreIds: Set<string>;
  readonly packageIds: Set<string>;
  cores: number | null;
  logical: number | null;
  packages: number | null;
  readonly features: Set<string>;
}

/** Gathers the facts of one boot while a grammar goes through its lines. */
export class Collector {
  readonly source: Source;
  readonly family: LogFamily;
  system: SystemFact | null = null;
  readonly firmware: FirmwareFact[] = [];
  product: ProductFact | null = null;
  readonly processor: ProcessorDraft = {
    span: null,
    name: null,
    identity: null,
    megahertz: null,
    listed: new Set(),
    kinds: new Map(),
    coreIds: new Set(),
    packageIds: new Set(),
    cores: null,
    logical: null,
    packages: null,
    features: new Set(),
  };
  total: Fact<number> | null = null;
  available: Fact<number> | null = null;
  readonly storage: Map<string, StorageDraft> = new Map();
  readonly interfaces: Map<string, InterfaceDraft> = new Map();
  readonly crypto: Map<string, CryptoDevice> = new Map();
  virtualisation: VirtualisationFact | null = null;
  canHost: Fact<string> | null = null;
  /** By place (`pci1 device 0.0`) or line: a driver that comes later takes its device off. */
  readonly unattached: Map<string, UnattachedDevice> = new Map();
  readonly diagnostics: Diagnostic[] = [];
  /** All devices that attached, by name. */
  readonly attached: Map<string, Attached> = new Map();
  /** The line before this one, when a grammar needs to look back. */
  previous: LogLine | null = null;
  /** Set by a grammar that understood the line before only now. */
  previousWasFact = false;
  #full = false;

  constructor(source: Source, family: LogFamily) {
    this.source = source;
    this.family = family;
  }

  /** Remembers that `name` attached. */
  attach(name: string, device: Attached): void {
    if (this.attached.size < 64 * MOST_DEVICES) this.attached.set(name, device);
  }

  /** Processor `name` calls itself `kind`; the first to speak names the machine's processor. */
  processorKind(name: string, kind: string, line: LogLine): void {
    this.processor.name ??= { value: kind, span: line.span };
    const same = this.processor.kinds.get(kind);
    if (same !== undefined) same.add(name);
    else if (this.processor.kinds.size < 8) this.processor.kinds.set(kind, new Set([name]));
  }

  /** The draft of interface `name`, made on first sight; null when there are too many. */
  interfaceDraft(name: string, line: LogLine, namedBy: "kernel" | "firmware" = "kernel"): InterfaceDraft | null {
    const known = this.interfaces.get(name);
    if (known !== undefined) return known;
    if (this.interfaces.size >= MOST_DEVICES) return this.#tooMany(line);
    const draft: InterfaceDraft = {
      name,
      driver: interfaceDriver(name),
      isInterface: false,
      kind: null,
      chip: null,
      mac: null,
      macSpan: null,
      location: null,
      phy: null,
      maximum: null,
      link: null,
      detached: false,
      namedBy,
      span: line.span,
    };
    this.interfaces.set(name, draft);
    return draft;
  }

  /** The draft of drive `name`, made on first sight; null when there are too many. */
  storageDraft(name: string, kind: StorageDevice["kind"], line: LogLine): StorageDraft | null {
    const known = this.storage.get(name);
    if (known !== undefined) return known;
    if (this.storage.size >= MOST_DEVICES) return this.#tooMany(line);
    const draft: StorageDraft = {
      name,
      kind,
      model: null,
      bytes: null,
      removable: false,
      parent: null,
      span: line.span,
    };
    this.storage.set(name, draft);
    return draft;
  }

  addCrypto(name: string, kind: CryptoDevice["kind"], description: string, reference: string, line: LogLine): Verdict {
    if (this.crypto.size >= MOST_DEVICES) this.#tooMany(line);
    else if (!this.crypto.has(name)) this.crypto.set(name, { name, kind, description, reference, span: line.span });
    return "fact";
  }

  addUnattached(description: string, network: boolean, line: LogLine, place: string | null = null): Verdict {
    if (this.unattached.size >= MOST_DEVICES) this.#tooMany(line);
    else this.unattached.set(place ?? `line ${line.number}`, { description, network, span: line.span });
    return "fact";
  }

  addFirmware(name: string, date: string | null, line: LogLine): Verdict {
    if (this.firmware.length < 16) this.firmware.push({ name, date, span: line.span });
    return "fact";
  }

  /** A product name as the log has it; what vendors leave in unfilled fields is not one. */
  toldProduct(words: string, line: LogLine): Verdict {
    if (isPlaceholder(words)) return "known";
    const name = withoutPlaceholder(words);
    this.product ??= { name, serial: null, how: "told", evidence: words, reference: null, span: line.span };
    return "fact";
  }

  /** A hypervisor; its own signature goes before what names suggest. */
  addVirtualisation(fact: VirtualisationFact): Verdict {
    const rank = (one: VirtualisationFact): number =>
      // VirtualBox shows guests the signature of KVM or Hyper-V; its product name is its own.
      one.hypervisor === "VirtualBox" ? 4 : { cpuid: 3, device: 2, acpi: 1, product: 0 }[one.evidence];
    if (this.virtualisation === null || rank(fact) > rank(this.virtualisation)) this.virtualisation = fact;
    return "fact";
  }

  memory(which: "total" | "available", bytes: number, line: LogLine): Verdict {
    if (!Number.isSafeInteger(bytes) || bytes <= 0) return "unknown";
    // The boot loader's count is of the chips; a kernel may have less to work with.
    if (which === "available" || this.total === null || bytes > this.total.value) {
      this[which] = { value: bytes, span: line.span };
    }
    return "fact";
  }

  /** What is published about `driver` on this system. */
  driverFacts(driver: string): DriverFacts | null {
    return findDriver(this.family, driver);
  }

  finishedInterfaces(): InventoryInterface[] {
    const kernel = [...this.interfaces.values()].some((draft) => draft.namedBy === "kernel" && draft.isInterface);
    const finished: InventoryInterface[] = [];
    for (const draft of this.interfaces.values()) {
      if (!draft.isInterface) continue;
      // The boot loader's names mean nothing once a kernel has named the same ports.
      if (kernel && draft.namedBy === "firmware") continue;
      const facts = this.driverFacts(draft.driver);
      let maximum = draft.maximum;
      if (maximum === null && facts !== null && facts.megabits !== null) {
        maximum = { megabits: facts.megabits, from: "driver", span: null, reference: facts.reference };
      }
      finished.push({
        name: draft.name,
        driver: draft.driver,
        kind: draft.kind ?? facts?.kind ?? "ethernet",
        chip: draft.chip,
        mac: draft.mac,
        location: draft.location,
        phy: draft.phy,
        maximum,
        link: draft.link,
        detached: draft.detached,
        namedBy: draft.namedBy,
        driverFacts: facts,
        span: draft.span,
        macSpan: draft.macSpan,
      });
    }
    return finished;
  }

  #tooMany(line: LogLine): null {
    if (!this.#full) {
      this.#full = true;
      this.diagnostics.push(
        diagnostic(
          "dmesg/too-many-devices",
          "warning",
          `More than ${MOST_DEVICES} devices of one kind: the rest is left out. Is this one machine's log?`,
          this.source,
          line.span,
        ),
      );
    }
    return null;
  }
}
