/** Who may log in to a machine that is made, and what it is made from: files read and looked at before they travel. */
import type { Host } from "@pierhead/site/model";
import { UsageError } from "../failure.ts";
import { readOctets } from "./octets.ts";

const KEY =
  /^(?:[\w@.-]+="[^"]*" )?(ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) ([A-Za-z0-9+/]{40,}={0,3})(?: [\x20-\x7e]*)?$/;

/** Public keys of ssh, a line each. One that is cut short would leave the machine to nobody. */
export function keysIn(file: string): string[] {
  const lines = text(file)
    .split("\n")
    .map((line, index) => ({ key: line.trim(), number: index + 1 }))
    .filter(({ key }) => key !== "" && !key.startsWith("#"));
  if (lines.some(({ key }) => key.includes("PRIVATE KEY"))) {
    throw new UsageError(`${file}: this is a private key, which stays where it is`, "name the file that ends in .pub");
  }
  const hint = "it has lines like ssh-ed25519 AAAA… you@laptop";
  if (lines.length === 0) throw new UsageError(`${file}: no public key of ssh`, hint);
  for (const { key, number } of lines) {
    const [, type, data] = KEY.exec(key) ?? [];
    if (type === undefined || data === undefined) throw new UsageError(`${file}:${number}: no public key of ssh`, hint);
    if (!isWhole(type, data)) {
      throw new UsageError(
        `${file}:${number}: this public key of ssh is cut short or changed`,
        "copy the whole line again; ssh-keygen -l -f FILE says whether it is one",
      );
    }
  }
  return lines.map(({ key }) => key);
}

/** Strings with their lengths before them, the first of which is the type (RFC 4253, 6.6), and nothing after them. */
function isWhole(type: string, base64: string): boolean {
  const octets = Buffer.from(base64, "base64");
  const strings: Buffer[] = [];
  for (let at = 0; at < octets.length; ) {
    if (at + 4 > octets.length) return false;
    const end = at + 4 + octets.readUInt32BE(at);
    if (end > octets.length) return false;
    strings.push(octets.subarray(at + 4, end));
    at = end;
  }
  // RFC 8709, 4: an Ed25519 key has 32 octets.
  const whole = type !== "ssh-ed25519" || strings[1]?.length === 32;
  return strings[0]?.toString("latin1") === type && strings.length === (STRINGS.get(type) ?? 0) && whole;
}

/** How many strings a key has: RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4; OpenSSH's PROTOCOL.u2f. */
const STRINGS: ReadonlyMap<string, number> = new Map([
  ["ssh-rsa", 3],
  ["ssh-ed25519", 2],
  ["ecdsa-sha2-nistp256", 3],
  ["ecdsa-sha2-nistp384", 3],
  ["ecdsa-sha2-nistp521", 3],
  ["sk-ssh-ed25519@openssh.com", 3],
  ["sk-ecdsa-sha2-nistp256@openssh.com", 4],
]);

/** OpenBSD knows bcrypt only (crypt(3)). The hash is not shown: it can be tried out. */
export function hashIn(file: string, host: Host): string {
  const hash = text(file).trim();
  const openbsd = host.system.family === "openbsd";
  const fits = openbsd ? /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/ : /^\$(?:2[aby]|5|6|y)\$[./A-Za-z0-9$=,]{20,120}$/;
  if (fits.test(hash)) return hash;
  throw new UsageError(
    `${file}: no hash of a password that ${host.system.name} understands`,
    openbsd ? "encrypt(1) on OpenBSD makes one" : "openssl passwd -6 makes one",
  );
}

function text(file: string): string {
  return new TextDecoder().decode(readOctets(file).bytes);
}

/** gzip and xz tell by their first octets; a page that says "not found" does not. */
export function archive(file: string, kind: "gz" | "xz"): Uint8Array {
  const octets = readOctets(file).bytes;
  const magic = kind === "gz" ? [0x1f, 0x8b] : [0xfd, 0x37, 0x7a];
  if (magic.every((octet, index) => octets[index] === octet)) return octets;
  const hint = kind === "gz" ? "a package of npm is wanted (.tgz)" : "nodejs.org's node-v…-linux-….tar.xz is wanted";
  throw new UsageError(`${file}: not packed with ${kind === "gz" ? "gzip" : "xz"}`, hint);
}
