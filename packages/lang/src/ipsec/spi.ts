import { FAIL, type Origin, type ParseReport } from "../lexer/index.ts";
import type { IpsecDialect } from "./dialect.ts";

/** Security parameter indexes of both directions; `in` is 0 when only one is given. */
export interface SpiPair {
  readonly out: number;
  readonly in: number;
}

const RESERVED_FIRST = 1n;
const RESERVED_LAST = 255n;
const ADVICE = "SPIs are 256 to 4294967295 (0x100 to 0xffffffff).";

/** `out` or `out:in`, each as strtoul(3) with base 0 reads it. What it does not read is refused without a word. */
export function readSpi(
  report: ParseReport,
  dialect: IpsecDialect,
  text: string,
  origin: Origin,
): SpiPair | typeof FAIL {
  const colon = text.indexOf(":");
  let inbound = 0;
  if (colon !== -1) {
    const value = one(report, dialect, text.slice(colon + 1), origin);
    if (value === null) return FAIL;
    inbound = value;
  }
  const outbound = one(report, dialect, colon === -1 ? text : text.slice(0, colon), origin);
  return outbound === null ? FAIL : { out: outbound, in: inbound };
}

export function spiOfNumber(report: ParseReport, value: bigint, origin: Origin): SpiPair | typeof FAIL {
  return checked(report, value, value, origin) ? { out: Number(value), in: 0 } : FAIL;
}

function one(report: ParseReport, dialect: IpsecDialect, text: string, origin: Origin): number | null {
  const value = readUnsigned(text);
  if (value === null) {
    report.note("ipsec/spi", "error", `"${text}" is no number. ${ADVICE}`, origin);
    return null;
  }
  // 4.6 printed the number as a signed one.
  const shown = dialect.release < 500 ? BigInt.asIntN(64, value) : value;
  return checked(report, value, shown, origin) ? Number(value) : null;
}

function checked(report: ParseReport, value: bigint, shown: bigint, origin: Origin): boolean {
  if (value > 0xffffffffn || value < 0n) {
    report.error("ipsec/spi", `${shown} not a valid spi`, origin, `${shown} is no valid SPI. ${ADVICE}`);
    return false;
  }
  if (value >= RESERVED_FIRST && value <= RESERVED_LAST) {
    report.error(
      "ipsec/spi-reserved",
      `${shown} within reserved spi range`,
      origin,
      `SPI ${shown} is reserved. ${ADVICE}`,
    );
    return false;
  }
  return true;
}

/** strtoul(3), base 0: negative numbers wrap. Null unless the whole text is a number that fits. */
function readUnsigned(text: string): bigint | null {
  const match = /^[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9]\d*))$/.exec(text);
  if (match === null || text.length > 60) return null;
  const value =
    match[2] !== undefined
      ? BigInt(`0x${match[2]}`)
      : match[3] !== undefined
        ? octal(match[3])
        : BigInt(match[4] as string);
  if (value > 2n ** 64n - 1n) return null;
  return match[1] === "-" ? BigInt.asUintN(64, -value) : value;
}

function octal(digits: string): bigint {
  return digits === "0" ? 0n : BigInt(`0o${digits.slice(1)}`);
}
