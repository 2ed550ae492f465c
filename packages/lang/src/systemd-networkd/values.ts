/** Values as systemd's own parsers take them. */
import { type Address, parseAddress } from "@pierhead/core";

/** parse_boolean() of parse-util.c. @returns null when it is neither */
export function parseBoolean(text: string): boolean | null {
  const word = text.toLowerCase();
  if (["1", "yes", "y", "true", "t", "on"].includes(word)) return true;
  if (["0", "no", "n", "false", "f", "off"].includes(word)) return false;
  return null;
}

/** A link-layer address with `:`, `-` or, in three groups, `.` between the parts. @returns lower case, with colons */
export function parseMac(text: string): string | null {
  const groups = /^([0-9a-f]{1,2})([:-])(?:[0-9a-f]{1,2}\2){4}[0-9a-f]{1,2}$/i.test(text) ? text.split(/[:-]/) : null;
  const octets = groups ?? (/^(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$/i.test(text) ? text.match(/[0-9a-f]{2}/gi) : null);
  return octets === null ? null : octets.map((octet) => octet.padStart(2, "0").toLowerCase()).join(":");
}

/** `1500`, `9K`, `1M`: octets. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,9})([KMG]?)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * 1024 ** ["", "K", "M", "G"].indexOf(match[2] as string);
}

export function parseUnsigned(text: string, limit = 4294967295): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const number = Number(text);
  return number <= limit ? number : null;
}

export interface WrittenPrefix {
  readonly address: Address;
  readonly length: number;
  /** No length was written; this is the one that is taken. */
  readonly guessed: boolean;
}

/**
 * `address/length`. Without a length IPv4 takes that of the address's old class where `legacy` holds, as for
 * `Address=` (in_addr_prefix_from_string_auto_internal(), PREFIXLEN_LEGACY), else the whole address.
 */
export function parsePrefixValue(text: string, legacy: boolean): WrittenPrefix | null {
  const slash = text.indexOf("/");
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === null) return null;
  if (slash !== -1) {
    const length = parseUnsigned(text.slice(slash + 1), address.bits);
    return length === null ? null : { address, length, guessed: false };
  }
  if (!legacy || address.family === 6) return { address, length: address.bits, guessed: true };
  const first = address.w0 >>> 24;
  if (first >= 224) return null;
  return { address, length: first < 128 ? 8 : first < 192 ? 16 : 24, guessed: true };
}

/** `main`, `default`, `local` or a number; names of /etc/networkd.conf are null. */
export function parseTable(text: string): number | null {
  const named = { default: 253, main: 254, local: 255 }[text];
  return named ?? parseUnsigned(text);
}

/** Whether a shell pattern (`*`, `?`, `[…]`) fits a whole name (fnmatch(3)). */
export function fitsPattern(pattern: string, name: string): boolean {
  // Both are walked once, with one place to come back to: linear but for the product of two short texts.
  let p = 0;
  let n = 0;
  let star = -1;
  let retry = 0;
  while (n < name.length) {
    const one = p < pattern.length ? matchOne(pattern, p, name[n] as string) : 0;
    if (pattern[p] === "*") {
      star = p++;
      retry = n;
    } else if (one > 0) {
      p += one;
      n++;
    } else if (star !== -1) {
      p = star + 1;
      n = ++retry;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Characters of the pattern that fit the character; 0 when it does not. */
function matchOne(pattern: string, at: number, character: string): number {
  const first = pattern[at];
  if (first === "*") return 0;
  if (first === "?") return 1;
  if (first === "[") {
    const close = pattern.indexOf("]", at + 2);
    if (close !== -1 && close - at < 64) {
      const body = pattern.slice(at + 1, close);
      const negated = body.startsWith("!") || body.startsWith("^");
      const inside = fitsSet(negated ? body.slice(1) : body, character);
      return inside !== negated ? close - at + 1 : 0;
    }
  }
  if (first === "\\" && at + 1 < pattern.length) return pattern[at + 1] === character ? 2 : 0;
  return first === character ? 1 : 0;
}

function fitsSet(body: string, character: string): boolean {
  for (let i = 0; i < body.length; i++) {
    if (body[i + 1] === "-" && i + 2 < body.length) {
      if (character >= (body[i] as string) && character <= (body[i + 2] as string)) return true;
      i += 2;
    } else if (body[i] === character) return true;
  }
  return false;
}

/** Whether a text is a plain interface name: no pattern in it. */
export function isPlainName(text: string): boolean {
  return !/[*?[\]\\]/.test(text);
}
