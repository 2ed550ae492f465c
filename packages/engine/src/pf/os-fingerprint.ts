import { type Packet, packetLength, TCP_FLAG } from "@pierhead/core";
import {
  type Fingerprint,
  FREEBSD_SIGNATURES,
  findSystem,
  type NamePattern,
  OPENBSD_SIGNATURES,
  readFingerprints,
  type SignatureNumber,
} from "@pierhead/lang/pf-os";
import { optionOctets, read32, TCP_OPTION } from "./tcp-options.ts";

/** How much smaller than the signature's a TTL may have become on the way (`PF_OSFP_MAXTTL_OFFSET`). */
const HOPS = 40;
/** MSS that NAT devices like to put in place of the system's own. */
const SMART_MSS = 1460;
const HEADERS = 40;

/** The signatures that are loaded. They are read when a rule first asks for an operating system. */
export class FingerprintTable {
  #list: readonly Fingerprint[] | null = null;
  #text: string | null = null;
  readonly #patterns = new Map<string, NamePattern | null>();

  /** Takes the text of /etc/pf.os; null for what the systems ship. */
  load(text: string | null): void {
    this.#text = text;
    this.#list = null;
    this.#patterns.clear();
  }

  get list(): readonly Fingerprint[] {
    this.#list ??= readFingerprints(this.#text ?? OPENBSD_SIGNATURES + FREEBSD_SIGNATURES);
    return this.#list;
  }

  /** What a name in a rule stands for. */
  pattern(name: string): NamePattern | null {
    let pattern = this.#patterns.get(name);
    if (pattern === undefined) {
      pattern = findSystem(this.list, name);
      this.#patterns.set(name, pattern);
    }
    return pattern;
  }
}

/** Whether a SYN looks as if it came from the operating system a rule names (`pf_osfp_match()`). */
export function matchFingerprint(table: FingerprintTable, packet: Packet, os: string): boolean {
  const found = identify(table, packet);
  if (os.toLowerCase() === "unknown") return found === null;
  if (found === null) return false;
  const pattern = table.pattern(os);
  if (pattern === null) return false;
  return found.names.some(
    (name) =>
      same(name.class, pattern.class) &&
      (pattern.version === null || same(name.version, pattern.version)) &&
      (pattern.subtype === null || same(name.subtype, pattern.subtype)),
  );
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** What of a SYN signatures speak of. */
interface Traits {
  readonly size: number;
  readonly ttl: number;
  readonly dontFragment: boolean;
  readonly window: number;
  options: string;
  mss: number;
  windowScale: number;
  zeroTimestamp: boolean;
}

/** The first signature a SYN fits; null for other packets and unknown systems. */
export function identify(table: FingerprintTable, packet: Packet): Fingerprint | null {
  const traits = traitsOf(packet);
  if (traits === null) return null;
  for (const signature of table.list) {
    if (
      signature.options === traits.options &&
      signature.ttl >= traits.ttl &&
      signature.ttl - traits.ttl <= HOPS &&
      signature.dontFragment === traits.dontFragment &&
      signature.zeroTimestamp === traits.zeroTimestamp &&
      fits(signature.size, traits.size) &&
      fits(signature.mss, traits.mss) &&
      fits(signature.windowScale, traits.windowScale) &&
      fitsWindow(signature.window, traits)
    ) {
      return signature;
    }
  }
  return null;
}

function traitsOf(packet: Packet): Traits | null {
  const tcp = packet.tcp;
  if (tcp === null || (tcp.flags & (TCP_FLAG.S | TCP_FLAG.A)) !== TCP_FLAG.S) return null;
  const traits: Traits = {
    size: packetLength(packet),
    ttl: packet.ttl,
    dontFragment: packet.family === 6 || packet.dontFragment,
    window: tcp.window,
    options: "",
    mss: 0,
    windowScale: 0,
    zeroTimestamp: false,
  };
  const octets = optionOctets(tcp);
  for (let at = 0; at < octets.length; ) {
    const type = octets[at];
    if (type === TCP_OPTION.end) break;
    if (type === TCP_OPTION.nop) {
      traits.options += "N";
      at++;
      continue;
    }
    const length = octets[at + 1] ?? 0;
    if (length < 2 || at + length > octets.length) return null;
    switch (type) {
      case TCP_OPTION.mss:
        traits.options += "M";
        traits.mss = ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0);
        break;
      case TCP_OPTION.windowScale:
        traits.options += "W";
        traits.windowScale = octets[at + 2] ?? 0;
        break;
      case TCP_OPTION.sackPermitted:
        traits.options += "S";
        break;
      case TCP_OPTION.timestamps:
        traits.options += "T";
        if (length >= 10 && read32(octets, at + 2) === 0) traits.zeroTimestamp = true;
        break;
      default:
        return null;
    }
    at += length;
  }
  return traits;
}

function fits(wanted: SignatureNumber, value: number): boolean {
  if (wanted.mode === "any") return true;
  if (wanted.mode === "modulus") return wanted.value !== 0 && value % wanted.value === 0;
  return wanted.value === value;
}

function fitsWindow(wanted: SignatureNumber, traits: Traits): boolean {
  if (wanted.mode !== "mss" && wanted.mode !== "mtu") return fits(wanted, traits.window);
  if (traits.mss === 0) return false;
  const extra = wanted.mode === "mtu" ? HEADERS : 0;
  const counts = (unit: number): boolean => traits.window % unit === 0 && traits.window / unit === wanted.value;
  return counts(traits.mss + extra) || counts(SMART_MSS + extra);
}
