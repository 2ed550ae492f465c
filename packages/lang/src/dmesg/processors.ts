/** What a published list tells of a processor beyond the words in the log. */
export interface ProcessorIdentity {
  readonly name: string;
  readonly architecture: string | null;
  /** Cores of this model; null when the name does not fix it. */
  readonly cores: number | null;
  /** Hardware threads a core; null when it differs. */
  readonly threadsPerCore: number | null;
  /** Set for an OCTEON whose order code says whether the crypto unit works. */
  readonly crypto: boolean | null;
  readonly reference: string | null;
}

/**
 * Last two digits of an OCTEON's number and its cores. The numbers are made from the count of cores that work
 * (Cavium SDK, octeon_model_get_string_buffer); CN70xx and later are not in it.
 */
const OCTEON_CORES: ReadonlyMap<string, number> = new Map([
  ["05", 1],
  ["10", 1],
  ["20", 2],
  ["25", 3],
  ["30", 4],
  ["32", 5],
  ["34", 6],
  ["35", 6],
  ["38", 7],
  ["40", 8],
  ["42", 9],
  ["45", 10],
  ["48", 11],
  ["50", 12],
  ["52", 13],
  ["55", 14],
  ["58", 15],
  ["60", 16],
  ["70", 24],
  ["80", 32],
]);

/** Order code suffixes of OCTEON chips: whether the crypto unit is there (same source). */
const OCTEON_SUFFIXES: ReadonlyMap<string, boolean> = new Map([
  ["NSP", true],
  ["SCP", true],
  ["SSP", true],
  ["AAP", true],
  ["HAP", true],
  ["EXP", false],
  ["CP", false],
  ["SP", false],
  ["DAP", false],
  ["AP", false],
]);

const OCTEON_REFERENCE = "Cavium SDK, octeon-model.c (FreeBSD sys/contrib/octeon-sdk)";

/** Processor ids (PRId, bits 15-8 of an 0x000dXXYY) of OCTEON chips: Linux asm/cpu.h, OpenBSD mips64/include/cpu.h. */
const OCTEON_IDS: ReadonlyMap<string, string> = new Map([
  ["00", "CN38xx"],
  ["01", "CN31xx"],
  ["02", "CN30xx"],
  ["03", "CN58xx"],
  ["04", "CN56xx"],
  ["06", "CN50xx"],
  ["07", "CN52xx"],
  ["90", "CN63xx"],
  ["91", "CN68xx"],
  ["92", "CN66xx"],
  ["93", "CN61xx"],
  ["94", "CNF71xx"],
  ["95", "CN78xx"],
  ["96", "CN70xx"],
  ["97", "CN73xx"],
]);

/** `Cavium OCTEON CN50xx` for the processor id `000d0601`; null when it is not an OCTEON of the list. */
export function octeonById(id: string): ProcessorIdentity | null {
  const match = /^(?:0x)?0{0,4}0?0d([0-9a-f]{2})[0-9a-f]{2}$/.exec(id.toLowerCase());
  const model = match === null ? undefined : OCTEON_IDS.get(match[1] as string);
  if (model === undefined) return null;
  return {
    name: `Cavium OCTEON ${model}`,
    architecture: "MIPS64",
    cores: null,
    threadsPerCore: 1,
    crypto: null,
    reference: "processor ids in Linux asm/cpu.h",
  };
}

/** ARM part numbers (MIDR bits 15-4, implementer 0x41) as Linux prints them: `[0x410fd083]`. Arm reference manuals. */
const ARM_PARTS: ReadonlyMap<string, string> = new Map([
  ["c05", "Cortex-A5"],
  ["c07", "Cortex-A7"],
  ["c08", "Cortex-A8"],
  ["c09", "Cortex-A9"],
  ["c0d", "Cortex-A17"],
  ["c0e", "Cortex-A17"],
  ["c0f", "Cortex-A15"],
  ["d03", "Cortex-A53"],
  ["d04", "Cortex-A35"],
  ["d05", "Cortex-A55"],
  ["d07", "Cortex-A57"],
  ["d08", "Cortex-A72"],
  ["d09", "Cortex-A73"],
  ["d0a", "Cortex-A75"],
  ["d0b", "Cortex-A76"],
  ["d0c", "Neoverse N1"],
  ["d0d", "Cortex-A77"],
  ["d40", "Neoverse V1"],
  ["d41", "Cortex-A78"],
  ["d44", "Cortex-X1"],
  ["d49", "Neoverse N2"],
  ["d4f", "Neoverse V2"],
]);

/** The ARM core with this main id register; null when the part is not in the list. */
export function armById(midr: string): ProcessorIdentity | null {
  const match = /^(?:0x)?41[0-9a-f]{2}([0-9a-f]{3})[0-9a-f]$/.exec(midr.toLowerCase());
  const part = match === null ? undefined : ARM_PARTS.get(match[1] as string);
  if (part === undefined) return null;
  return identifyProcessor(`ARM ${part}`, null);
}

/** Instruction set of each port, by the name the kernels use. */
const PORTS: ReadonlyMap<string, string> = new Map([
  ["aarch64", "AArch64"],
  ["alpha", "Alpha"],
  ["amd64", "x86-64"],
  ["arm64", "AArch64"],
  ["armish", "ARM"],
  ["arm", "ARM"],
  ["armv6", "ARM"],
  ["armv7", "ARMv7"],
  ["evbarm", "ARM"],
  ["hppa", "PA-RISC"],
  ["i386", "x86"],
  ["landisk", "SuperH"],
  ["loongson", "MIPS64"],
  ["dg88k", "M88k"],
  ["luna88k", "M88k"],
  ["macppc", "PowerPC"],
  ["mips64", "MIPS64"],
  ["octeon", "MIPS64"],
  ["powerpc", "PowerPC"],
  ["powerpc64", "PowerPC 64"],
  ["riscv", "RISC-V 64"],
  ["riscv64", "RISC-V 64"],
  ["sgi", "MIPS64"],
  ["socppc", "PowerPC"],
  ["sparc", "SPARC"],
  ["sparc64", "SPARC64"],
  ["vax", "VAX"],
  ["x86_64", "x86-64"],
  ["zaurus", "ARM"],
]);

/** Instruction set of a port; null when the port is not known. */
export function portArchitecture(port: string | null): string | null {
  return port === null ? null : (PORTS.get(port) ?? null);
}

/**
 * What a processor is, from the words a log has for it.
 *
 * @param port the kernel's own name of its architecture (`octeon`, `amd64`), null when not known
 */
export function identifyProcessor(words: string, port: string | null): ProcessorIdentity {
  const text = tidy(words);
  const octeon = /\bCN(F?\d{2}(?:\d\d|xx))(?:-([A-Z]{2,5}))?\b/i.exec(text);
  if (octeon !== null && (port === "octeon" || /octeon|^CN/i.test(text))) {
    const number = octeon[1] as string;
    const suffix = octeon[2]?.toUpperCase();
    const fixed = /^[356F]/.test(number) ? (OCTEON_CORES.get(number.slice(-2)) ?? null) : null;
    // OpenBSD cannot tell some models apart: `CN70xx/CN71xx CPU`.
    const family = /\bCN\d\dxx(?:\/CN\d\dxx)+/i.exec(text)?.[0] ?? `CN${number}`;
    const crypto = suffix === undefined ? null : (OCTEON_SUFFIXES.get(suffix) ?? null);
    return {
      name: `Cavium OCTEON ${family}`,
      architecture: "MIPS64",
      cores: fixed,
      threadsPerCore: 1,
      crypto,
      reference: fixed === null && crypto === null ? null : OCTEON_REFERENCE,
    };
  }
  if (/^Cavium OCTEON/i.test(text)) {
    return {
      name: "Cavium OCTEON",
      architecture: "MIPS64",
      cores: null,
      threadsPerCore: 1,
      crypto: null,
      reference: null,
    };
  }
  const arm = /\b(Cortex[- ][AXM]\d{1,3}\w{0,2}|Neoverse[- ][A-Z]\d)\b/.exec(text);
  if (arm !== null) {
    // Of these cores only Cortex-A65 and Neoverse E1 run two threads (Arm technical reference manuals).
    const core = (arm[1] as string).replace(/[- ]/, arm[1]?.startsWith("Cortex") ? "-" : " ");
    const threaded = core.startsWith("Cortex-A65") || core === "Neoverse E1";
    const old = /^Cortex-A(?:5|7|8|9|12|15|17)$/.test(core);
    return {
      name: `Arm ${core}`,
      architecture: old ? "ARMv7" : (portArchitecture(port) ?? "AArch64"),
      cores: null,
      threadsPerCore: threaded ? null : 1,
      crypto: null,
      reference: null,
    };
  }
  return {
    name: text,
    architecture: portArchitecture(port) ?? architectureOfName(text),
    cores: null,
    threadsPerCore: null,
    crypto: null,
    reference: null,
  };
}

function architectureOfName(text: string): string | null {
  if (/UltraSPARC|SPARC64/.test(text)) return "SPARC64";
  if (/\be500|PowerPC|^74\d\d|^750/.test(text)) return "PowerPC";
  if (/SiFive|RISC-V/.test(text)) return "RISC-V 64";
  if (/\bMIPS (?:4K|24K|34K|74K|1004K)/.test(text)) return "MIPS32";
  return null;
}

/** Takes trademark signs, vendor padding and the nominal clock out of a processor's name. */
export function tidy(name: string): string {
  return name
    .replace(/\((?:R|r|TM|tm)\)/g, "")
    .replace(/(?<=^Intel\b.{0,60}) CPU\b/, "")
    .replace(/ {0,16}@ {0,4}\d{1,5}(?:\.\d{1,4})? ?[MG]Hz/, "")
    .replace(/ {1,64}/g, " ")
    .trim();
}

/** The clock in a processor's own name, `@ 3.80GHz`, in MHz; null when there is none. */
export function nominalMegahertz(name: string): number | null {
  const match = /@ {0,4}(\d{1,5}(?:\.\d{1,4})?) ?([MG])Hz/.exec(name);
  if (match === null) return null;
  return Math.round(Number(match[1]) * (match[2] === "G" ? 1000 : 1));
}
