import { createHash } from "node:crypto";

/** Made once, for this program's names (RFC 9562, 5.5 wants a namespace). */
const NAMESPACE = Buffer.from("6d2f0c2e8b5b4f0d9a1e3c7758d1b2a4", "hex");

/** UUID version 5: the same name, the same UUID. */
export function nameUuid(name: string): string {
  const bytes = createHash("sha1").update(NAMESPACE).update(name, "utf8").digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
