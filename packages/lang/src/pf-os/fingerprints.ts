/** How a number of a signature is to be compared: as it is, any, a multiple of it, or counted in MSS or MTU. */
export type SignatureMode = "exact" | "any" | "modulus" | "mss" | "mtu";

export interface SignatureNumber {
  readonly mode: SignatureMode;
  readonly value: number;
}

/** A name in three parts; version and subtype may be empty. */
export interface SystemName {
  readonly class: string;
  readonly version: string;
  readonly subtype: string;
}

/** What the SYN of an operating system looks like (pf.os(5)). */
export interface Fingerprint {
  readonly window: SignatureNumber;
  readonly ttl: number;
  readonly dontFragment: boolean;
  readonly size: SignatureNumber;
  /** Options by letter in order: N no-operation, W window scale, M MSS, S SACK permitted, T timestamp. */
  readonly options: string;
  readonly mss: SignatureNumber;
  readonly windowScale: SignatureNumber;
  /** The timestamp is zero. */
  readonly zeroTimestamp: boolean;
  /** Systems that send it; several can be alike. */
  readonly names: SystemName[];
}

const ANY: SignatureNumber = { mode: "any", value: 0 };

/**
 * Reads pf.os(5) as pfctl does: lines that are wrong are left out, ranges of versions become one name each, and every
 * signature is entered a second time for IPv6.
 */
export function readFingerprints(text: string): Fingerprint[] {
  const list: Fingerprint[] = [];
  const known = new Map<string, Fingerprint>();
  for (const line of text.split("\n")) {
    const fields = line
      .split("#", 1)[0]
      ?.split(":")
      .map((field) => field.trim());
    if (fields === undefined || fields.length < 8) continue;
    const signature = readSignature(fields);
    if (signature === null) continue;
    const [name, version, subtype] = [fields[5], fields[6], fields[7]] as [string, string, string];
    const system = { class: name.replace(/^[@*]/, ""), version, subtype };
    if (system.class === "") continue;
    for (const one of [signature, forIpv6(signature)]) {
      const key = JSON.stringify(one);
      let entry = known.get(key);
      if (entry === undefined) {
        entry = { ...one, names: [] };
        known.set(key, entry);
        list.push(entry);
      }
      entry.names.push(...expand(system));
    }
  }
  return list;
}

type Signature = Omit<Fingerprint, "names">;

function readSignature(fields: readonly string[]): Signature | null {
  const window = readNumber(fields[0] ?? "", true);
  const size = readNumber(fields[3] ?? "", false);
  const ttl = Number(fields[1]);
  const options = readOptions(fields[4] ?? "");
  if (window === null || size === null || options === null || !Number.isInteger(ttl)) return null;
  return { window, ttl, dontFragment: fields[2] === "1", size, ...options };
}

function readNumber(text: string, counted: boolean): SignatureNumber | null {
  if (text === "*") return ANY;
  const first = text.charAt(0);
  const mode: SignatureMode =
    first === "%" ? "modulus" : counted && first === "S" ? "mss" : counted && first === "T" ? "mtu" : "exact";
  const digits = mode === "exact" ? text : text.slice(1);
  if (digits === "" && (mode === "mss" || mode === "mtu")) return { mode, value: 0 };
  return /^\d{1,7}$/.test(digits) ? { mode, value: Number(digits) } : null;
}

function readOptions(text: string): Pick<Fingerprint, "options" | "mss" | "windowScale" | "zeroTimestamp"> | null {
  let options = "";
  let mss = ANY;
  let windowScale = ANY;
  let zeroTimestamp = false;
  if (text !== ".") {
    for (const option of text.split(",")) {
      const letter = option.charAt(0).toUpperCase();
      const rest = option.slice(1);
      if (letter === "W" || letter === "M") {
        const number = readNumber(rest, false);
        if (number === null) return null;
        if (letter === "W") windowScale = number;
        else mss = number;
      } else if (letter === "T") zeroTimestamp ||= rest === "0";
      else if (letter !== "N" && letter !== "S") return null;
      options += letter;
    }
  }
  return { options, mss, windowScale, zeroTimestamp };
}

/** pfctl gives IPv6 the same signature with DF set and a header that is 20 octets longer. */
function forIpv6(signature: Signature): Signature {
  const { mode, value } = signature.size;
  return { ...signature, dontFragment: true, size: { mode, value: value + 20 } };
}

/** `2.2-2.4` and `1-3` stand for each version between, and for themselves. */
function expand(name: SystemName): SystemName[] {
  const names: SystemName[] = [];
  for (const version of between(name.version)) {
    for (const subtype of between(name.subtype)) names.push({ ...name, version, subtype });
  }
  return names;
}

function between(text: string): string[] {
  const match = /^(?:(\d)\.)?(\d{1,2})-(?:(\d)\.)?(\d{1,3})$/.exec(text);
  if (match === null || match[1] !== match[3]) return [text];
  const major = match[1] === undefined ? "" : `${match[1]}.`;
  const list: string[] = [];
  for (let minor = Number(match[2]); minor <= Number(match[4]); minor++) list.push(`${major}${minor}`);
  return [...list, text];
}

/** The name in a rule, taken apart; parts that are not given are null (`pfctl_get_fingerprint()`). */
export interface NamePattern {
  readonly class: string;
  readonly version: string | null;
  readonly subtype: string | null;
}

/**
 * Finds what `os "…"` means among the systems that have signatures.
 *
 * @returns null when there is no such system
 */
export function findSystem(fingerprints: readonly Fingerprint[], name: string): NamePattern | null {
  const wanted = name.toLowerCase();
  const names = fingerprints.flatMap((fingerprint) => fingerprint.names);
  const whole = names.find((one) => one.class.toLowerCase() === wanted);
  if (whole !== undefined) return { class: whole.class, version: null, subtype: null };
  const space = wanted.indexOf(" ");
  if (space === -1) return null;
  const inClass = names.filter((one) => one.class.toLowerCase() === wanted.slice(0, space));
  const rest = wanted.slice(space + 1);
  const versioned = inClass.find((one) => one.version !== "" && one.version.toLowerCase() === rest);
  if (versioned !== undefined) return { class: versioned.class, version: versioned.version, subtype: null };
  for (const one of inClass) {
    const version = one.version.toLowerCase();
    if (version === "" || one.subtype === "" || !rest.startsWith(version)) continue;
    if (!/^[. \t-]$/.test(rest.charAt(version.length))) continue;
    if (rest.slice(version.length + 1) === one.subtype.toLowerCase()) return one;
  }
  return null;
}
