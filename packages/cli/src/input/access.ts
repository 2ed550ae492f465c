/** Who may log in to a machine that is made, and what it is made from: files read and looked at before they travel. */
import type { Host } from "@pierhead/site/model";
import { UsageError } from "../failure.ts";
import { readOctets } from "./octets.ts";

const KEY =
  /^(?:[\w@.-]+="[^"]*" )?(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{40,}={0,3}(?: [\x20-\x7e]*)?$/;

/** Public keys of ssh, a line each. */
export function keysIn(file: string): string[] {
  const lines = text(file)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.some((line) => line.includes("PRIVATE KEY"))) {
    throw new UsageError(`${file}: this is a private key, which stays where it is`, "name the file that ends in .pub");
  }
  const wrong = lines.find((line) => !KEY.test(line));
  if (wrong !== undefined || lines.length === 0) {
    throw new UsageError(`${file}: no public key of ssh`, "it has lines like ssh-ed25519 AAAA… you@laptop");
  }
  return lines;
}

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
