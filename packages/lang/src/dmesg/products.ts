/** A board that a published list names. */
export interface Board {
  readonly name: string;
  readonly reference: string;
}

const CVMX = "board types in Linux asm/octeon/cvmx-bootinfo.h and OpenBSD/octeon machdep.c";

/** OCTEON board types, which the boot loader hands to the kernel. */
const OCTEON_BOARDS: ReadonlyMap<number, string> = new Map([
  [11, "Cavium CN3010 EVB HS5"],
  [20002, "Ubiquiti EdgeRouter Lite or UniFi Security Gateway (E100)"],
  [20003, "Ubiquiti EdgeRouter or EdgeRouter Pro (E200)"],
  [20005, "Ubiquiti UniFi Security Gateway Pro 4 (E220)"],
  [20006, "D-Link DSR-1000N"],
  [20010, "Ubiquiti E1000"],
  [20011, "Check Point N100"],
  [20012, "Rhino Labs UTM8"],
  [20015, "D-Link DSR-500"],
  [20300, "Ubiquiti EdgeRouter 4, 6 or 12 (E300)"],
  [21901, "Kontron S1901"],
]);

/** The board of an OCTEON board type number. 20004 is two boards that differ in cores, so it is none here. */
export function octeonBoard(type: number): Board | null {
  const name = OCTEON_BOARDS.get(type);
  return name === undefined ? null : { name, reference: CVMX };
}

/** Boards by the code a boot loader prints. */
const LOADER_CODES: ReadonlyMap<string, number> = new Map([
  ["UBNT_E100", 20002],
  ["UBNT_E200", 20003],
  ["UBNT_E220", 20005],
  ["UBNT_E300", 20300],
]);

/**
 * The product behind a board code of a boot loader.
 *
 * Juniper's codes spell the product (`SRX_100_HIGHMEM`); the others are looked up.
 */
export function loaderBoard(code: string): Board | null {
  const srx = /^(SRX|EX|MX|J)_?(\d{2,5})(?:_([A-Z0-9_]{1,24}))?$/.exec(code);
  if (srx !== null) {
    const variant = srx[3] === undefined ? "" : ` (${variantWords(srx[3])})`;
    return { name: `Juniper ${srx[1]}${srx[2]}${variant}`, reference: "the board code spells the product" };
  }
  const type = LOADER_CODES.get(code);
  return type === undefined ? null : octeonBoard(type);
}

function variantWords(variant: string): string {
  return variant === "HIGHMEM" ? "high memory" : variant === "LOWMEM" ? "low memory" : variant.toLowerCase();
}

/** What vendors leave in the product fields of a BIOS that nobody filled in. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^(?:to be filled by o\.?e\.?m\.?[ ,/]*)+$/i,
  /^(?:default string[ ,/]*)+$/i,
  /^(?:system manufacturer|system product name|unknown|not specified|not applicable|none|n\/a|o\.e\.m\.|oem|invalid|empty|0|\.|-|[ ,/])+$/i,
];

/**
 * A product name without the vendor nobody filled in (`Default string N100DC-ITX` is `N100DC-ITX`) and without the
 * vendor said twice (`PC Engines PC Engines apu4`).
 */
export function withoutPlaceholder(name: string): string {
  return name
    .trim()
    .replace(/^(.{3,40}?) (?=\1(?: |$))/, "")
    .replace(/^(?:Default string|To be filled by O\.E\.M\.|System manufacturer|Unknown) (?=\S)/i, "");
}

/** Whether a product name is only what an unfilled BIOS field holds. */
export function isPlaceholder(name: string): boolean {
  const words = name.slice(0, 120).trim();
  return words === "" || PLACEHOLDERS.some((pattern) => pattern.test(words));
}
