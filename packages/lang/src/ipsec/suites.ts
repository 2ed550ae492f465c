/** Names of isakmpd's built-in suites, by which ipsecctl(8) named proposals before 5.2 (isakmpd.conf(5)). */
import type { Phase1Proposal, Phase2Proposal, Unsupported } from "./proposal.ts";
import type { IkeRule } from "./rule.ts";

export interface Suite {
  /** The name, or what of it is written before the problem is met. */
  readonly text: string;
  readonly problem: string | null;
}

const CIPHERS: Record<string, string> = {
  "3des-cbc": "3DES",
  "des-cbc": "DES",
  aes: "AES",
  "aes-128": "AES-128",
  "aes-192": "AES-192",
  "aes-256": "AES-256",
  blowfish: "BLF",
  cast128: "CAST",
};

const PHASE2_CIPHERS: Record<string, string> = {
  ...CIPHERS,
  aesctr: "AESCTR",
  "aes-128-gcm": "AES-GCM-128",
  "aes-192-gcm": "AES-GCM-192",
  "aes-256-gcm": "AES-GCM-256",
  "aes-128-gmac": "AES-GMAC-128",
  "aes-192-gmac": "AES-GMAC-192",
  "aes-256-gmac": "AES-GMAC-256",
  null: "NULL",
};

const HASHES: Record<string, string> = {
  "hmac-md5": "MD5",
  "hmac-sha1": "SHA",
  "hmac-sha2-256": "SHA2-256",
  "hmac-sha2-384": "SHA2-384",
  "hmac-sha2-512": "SHA2-512",
};

const PHASE2_HASHES: Record<string, string> = { ...HASHES, "hmac-ripemd160": "RIPEMD" };

const GROUPS: Record<string, string> = {
  modp768: "GRP1",
  modp1024: "GRP2",
  modp1536: "GRP5",
  modp2048: "GRP14",
  modp3072: "GRP15",
  modp4096: "GRP16",
  modp6144: "GRP17",
  modp8192: "GRP18",
};

export function suitePhase1(rule: IkeRule, proposal: Phase1Proposal | Unsupported): Suite {
  const given = rule.phase1;
  const problem = "unsupported" in proposal ? proposal.unsupported : null;
  const cipher = given?.encryption == null ? "AES" : CIPHERS[given.encryption.id];
  if (cipher === undefined) return { text: "", problem };
  const hash = given?.authentication == null ? "SHA" : HASHES[given.authentication.id];
  if (hash === undefined) return { text: `${cipher}-`, problem };
  let text = `${cipher}-${hash}`;
  if (given?.group != null) {
    const group = GROUPS[given.group.id];
    if (group === undefined) return { text, problem };
    text += `-${group}`;
  }
  if (rule.preSharedKey === null) text += "-RSA_SIG";
  return { text, problem: null };
}

export function suitePhase2(rule: IkeRule, proposal: Phase2Proposal | Unsupported): Suite {
  const given = rule.phase2;
  const problem = "unsupported" in proposal ? proposal.unsupported : null;
  if (rule.encapsulation !== "esp" && rule.encapsulation !== "ah") return { text: "QM-", problem };
  let text = rule.encapsulation === "esp" ? "QM-ESP-" : "QM-AH-";
  if (rule.tunnelMode === "transport") text += "TRP-";
  if (given?.encryption != null) {
    const cipher = rule.encapsulation === "esp" ? PHASE2_CIPHERS[given.encryption.id] : undefined;
    if (cipher === undefined) return { text, problem };
    text += `${cipher}-`;
  } else if (rule.encapsulation === "esp") text += "AES-";
  const hash = given?.authentication == null ? "SHA2-256" : PHASE2_HASHES[given.authentication.id];
  if (hash === undefined) return { text, problem };
  // Suites of ciphers that authenticate themselves have no hash in their name (4.9 on).
  if (given?.encryption?.implicitAuthentication === true) text = text.slice(0, -1);
  else text += hash;
  if (given?.group == null) return { text: `${text}-PFS`, problem: null };
  if (given.group.id === "none") return { text, problem: null };
  const group = GROUPS[given.group.id];
  if (group === undefined) return { text, problem };
  return { text: `${text}-PFS-${group}`, problem: null };
}
