/** Proposals of swanctl.conf: for everybody, and one more for each platform that must work and has none of them. */
import { type Ikev1Transform, ikev1Words, ikev2Fits, ikev2Words } from "@pierhead/engine/vpn";
import { CLIENTS } from "../clients/index.ts";
import type { VpnService } from "../model/vpn.ts";
import type { SitePath } from "../read/index.ts";

/** Apple, Android and strongSwan have one of these; Windows does only when it is told to. */
const PROPOSALS: readonly string[] = [
  "aes256gcm16-prfsha256-x25519-ecp256-modp2048",
  "aes256-sha256-x25519-ecp256-modp2048",
];

export function ikev2Proposals({ path, clients }: VpnService): readonly { words: string; from: SitePath }[] {
  const found: { words: string; from: SitePath }[] = PROPOSALS.map((words) => ({ words, from: path }));
  clients.forEach((name, index) => {
    const ikev2 = CLIENTS.find((one) => one.name === name)?.ikev2;
    if (ikev2 === undefined || "missing" in ikev2) return;
    if (found.some(({ words }) => ikev2Fits(words, ikev2.offers))) return;
    const [first] = ikev2.offers;
    if (first !== undefined) found.push({ words: ikev2Words(first), from: [...path, "clients", index] });
  });
  return found;
}

export function proposalWords(transform: Ikev1Transform): string {
  return ikev1Words(transform);
}
