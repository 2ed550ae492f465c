/**
 * What the VPN clients of platforms offer when nobody changes anything. Every list carries where it is from; where
 * nothing could be cited, it is not known, and nothing is predicted.
 */
import type { Ikev1Transform, Ikev2Offer } from "@pierhead/engine/vpn";

/** `source`: read in the platform's own code; `logged`: seen in logs of servers; `documented`: written down by who makes or serves it. */
export type ClientEvidence = "source" | "logged" | "documented";

export type PppMethod = "pap" | "chap" | "mschapv2";

export interface L2tpClient {
  /** Main mode with a pre-shared key, in the client's order. */
  readonly phase1: readonly Ikev1Transform[];
  readonly login: readonly PppMethod[];
  readonly evidence: ClientEvidence;
  readonly sources: readonly string[];
  /** What else there is to know, a sentence without full stop; "" when nothing. */
  readonly note: string;
}

export interface Ikev2Client {
  readonly offers: readonly Ikev2Offer[];
  readonly evidence: ClientEvidence;
  readonly sources: readonly string[];
  readonly note: string;
}

/** A protocol the platform does not have, or one nobody could be cited for. */
export interface NoClient {
  readonly missing: "not offered" | "unknown";
  readonly note: string;
}

export interface ClientPlatform {
  readonly name: string;
  readonly title: string;
  readonly l2tp: L2tpClient | NoClient;
  readonly ikev2: Ikev2Client | NoClient;
}

/** `aes256-sha256-modp2048` and so on, in strongSwan's words. */
function transforms(text: string): Ikev1Transform[] {
  const hashes: Record<string, Ikev1Transform["hash"]> = {
    md5: "MD5",
    sha1: "SHA",
    sha256: "SHA2_256",
    sha384: "SHA2_384",
    sha512: "SHA2_512",
  };
  return text.split(/\s+/).map((one) => {
    const [cipher = "", hash = "", group = ""] = one.split("-");
    return {
      encryption: cipher === "3des" ? "3DES" : "AES",
      keyLength: cipher === "3des" ? null : Number(cipher.slice(3)),
      hash: hashes[hash] ?? "SHA",
      group: group.toUpperCase().replace(/^(MODP|ECP)/, "$1_"),
    };
  });
}

const NETWORKMANAGER =
  "https://github.com/nm-l2tp/NetworkManager-l2tp/blob/nm-1-2/README.md (IPsec IKEv1 weak legacy algorithms)";
const WINDOWS_IKEV2 = "https://docs.strongswan.org/docs/6.0/interop/windowsClients.html";
const ARTICLE = "Building a l2tp/IPsec VPN based around a OpenBSD head-end (article, 2015)";
const NO_SOURCE: NoClient = { missing: "unknown", note: "no source for what it offers could be cited" };

const windows: Pick<ClientPlatform, "l2tp" | "ikev2"> = {
  l2tp: {
    phase1: transforms(
      "aes256-sha1-ecp384 aes128-sha1-ecp256 aes256-sha1-modp2048 3des-sha1-modp2048 3des-sha1-modp1024",
    ),
    login: ["mschapv2", "chap", "pap"],
    evidence: "logged",
    sources: [
      "https://github.com/hwdsl2/setup-ipsec-vpn/issues/753",
      "https://github.com/hwdsl2/setup-ipsec-vpn/issues/283",
      "https://github.com/nm-l2tp/NetworkManager-l2tp/issues/169",
      NETWORKMANAGER,
    ],
    note: "behind NAT, or when the head-end is, it needs the registry value AssumeUDPEncapsulationContextOnSendRule 2",
  },
  ikev2: {
    offers: [
      {
        encryption: ["AES_CBC_256", "AES_CBC_192", "AES_CBC_128", "3DES"],
        integrity: ["HMAC_SHA1_96", "HMAC_SHA2_256_128", "HMAC_SHA2_384_192"],
        prf: ["HMAC_SHA1", "HMAC_SHA2_256", "HMAC_SHA2_384"],
        groups: ["MODP_1024"],
      },
    ],
    evidence: "documented",
    sources: [WINDOWS_IKEV2],
    note: "with `Set-VpnConnectionIPsecConfiguration`, or the registry value NegotiateDH2048_AES256 2, it offers modp2048",
  },
};

const apple: L2tpClient = {
  phase1: transforms(
    "aes256-sha256-modp2048 aes256-sha256-modp1536 aes256-sha256-modp1024 aes256-sha1-modp2048 aes256-sha1-modp1536 aes256-sha1-modp1024 aes128-sha1-modp1024 3des-sha1-modp1024",
  ),
  login: ["mschapv2", "chap", "pap"],
  evidence: "documented",
  sources: [NETWORKMANAGER],
  note: "its list is the one NetworkManager-l2tp copied; what that left out is not known",
};

const appleOffers: readonly Ikev2Offer[] = [
  suite("AES_CBC_256", "HMAC_SHA2_256_128", "HMAC_SHA2_256", "MODP_2048"),
  suite("AES_CBC_256", "HMAC_SHA2_256_128", "HMAC_SHA2_256", "ECP_256"),
  suite("AES_CBC_128", "HMAC_SHA1_96", "HMAC_SHA1", "MODP_1024"),
  suite("3DES", "HMAC_SHA1_96", "HMAC_SHA1", "MODP_1024"),
];

const androidOffers: readonly Ikev2Offer[] = [
  {
    encryption: ["AES_CBC_256", "AES_CBC_192", "AES_CBC_128"],
    integrity: ["HMAC_SHA2_512_256", "HMAC_SHA2_384_192", "HMAC_SHA2_256_128"],
    prf: ["HMAC_SHA2_512", "HMAC_SHA2_384", "HMAC_SHA2_256", "HMAC_SHA1"],
    groups: ["MODP_4096", "CURVE25519", "MODP_3072", "MODP_2048"],
  },
  {
    encryption: ["CHACHA20_POLY1305_256", "AES_GCM_16_256", "AES_GCM_12_256", "AES_GCM_16_128", "AES_GCM_12_128"],
    integrity: [],
    prf: ["HMAC_SHA2_512", "HMAC_SHA2_384", "HMAC_SHA2_256", "HMAC_SHA1"],
    groups: ["MODP_4096", "CURVE25519", "MODP_3072", "MODP_2048"],
  },
];

export const CLIENTS: readonly ClientPlatform[] = [
  { name: "windows-7", title: "Windows 7", ...windows },
  { name: "windows-10", title: "Windows 8 and 10", ...windows },
  { name: "windows-11", title: "Windows 11", ...windows },
  {
    name: "apple-2015",
    title: "OS X to 10.11, iOS to 9",
    l2tp: {
      phase1: transforms("3des-sha1-modp1024"),
      login: ["mschapv2", "chap", "pap"],
      evidence: "documented",
      sources: [ARTICLE, "https://shortcut.ru/2011/12/18/cisco-l2tp-mac-os-x-i-ios"],
      note: "",
    },
    ikev2: {
      offers: appleOffers,
      evidence: "logged",
      sources: ["http://www.ldx.ca/notes/ipsec-os-x-el-capitan.html"],
      note: "from OS X 10.11 and iOS 9 on",
    },
  },
  {
    name: "ios",
    title: "iOS and iPadOS 14 and later",
    l2tp: apple,
    ikev2: {
      offers: appleOffers,
      evidence: "documented",
      sources: ["https://docs.strongswan.org/docs/latest/interop/ios.html (iOS 16.5)"],
      note: "it offers modp1536 as well, and fails with it",
    },
  },
  {
    name: "macos",
    title: "macOS 10.15 and later",
    l2tp: apple,
    ikev2: {
      offers: [
        combined("AES_GCM_16_256", "HMAC_SHA2_256", "ECP_256"),
        combined("AES_GCM_16_256", "HMAC_SHA2_256", "MODP_2048"),
        suite("AES_CBC_256", "HMAC_SHA2_256_128", "HMAC_SHA2_256", "ECP_256"),
        suite("AES_CBC_256", "HMAC_SHA2_256_128", "HMAC_SHA2_256", "MODP_2048"),
      ],
      evidence: "logged",
      sources: ["https://github.com/libreswan/libreswan/issues/1450 (macOS 14)"],
      note: "",
    },
  },
  {
    name: "android-11",
    title: "Android to 11",
    l2tp: {
      phase1: transforms(
        "aes256-sha384-modp1024 aes256-sha256-modp1024 aes256-sha512-modp1024 aes256-sha1-modp1024 aes256-md5-modp1024 aes128-sha1-modp1024 aes128-md5-modp1024 3des-sha1-modp1024 3des-md5-modp1024",
      ),
      login: ["mschapv2", "chap", "pap"],
      evidence: "source",
      sources: [
        "AOSP external/ipsec-tools setup.c: add_proposal, always MODP1024",
        "https://github.com/hwdsl2/setup-ipsec-vpn/issues/1244",
        "https://github.com/hwdsl2/setup-ipsec-vpn/issues/343",
      ],
      note: "with an IPsec identifier filled in it uses aggressive mode",
    },
    ikev2: {
      offers: androidOffers,
      evidence: "source",
      sources: ["AOSP frameworks/base VpnIkev2Utils.java: getIkeSaProposals"],
      note: "from Android 11 on; before, an app such as strongSwan's is needed",
    },
  },
  {
    name: "android-12",
    title: "Android 12 and later",
    l2tp: { missing: "not offered", note: "new L2TP connections cannot be made any more; IKEv2 is what is left" },
    ikev2: {
      offers: androidOffers,
      evidence: "source",
      sources: ["AOSP frameworks/base VpnIkev2Utils.java: getIkeSaProposals"],
      note: "",
    },
  },
  {
    name: "networkmanager",
    title: "Linux, NetworkManager-l2tp 1.2.16 and later",
    l2tp: {
      phase1: transforms(
        "aes256-sha256-modp2048 aes256-sha256-modp1536 aes256-sha256-modp1024 aes256-sha1-modp2048 aes256-sha1-modp1536 aes256-sha1-modp1024 aes256-sha1-ecp384 aes128-sha1-modp1024 aes128-sha1-ecp256 3des-sha1-modp2048 3des-sha1-modp1024",
      ),
      login: ["mschapv2", "chap", "pap"],
      evidence: "documented",
      sources: [NETWORKMANAGER],
      note: "with libreswan from 3.30 on without the modp1024 ones",
    },
    ikev2: NO_SOURCE,
  },
  { name: "chromeos", title: "ChromeOS", l2tp: NO_SOURCE, ikev2: NO_SOURCE },
  { name: "mikrotik", title: "MikroTik RouterOS", l2tp: NO_SOURCE, ikev2: NO_SOURCE },
];

function suite(encryption: string, integrity: string, prf: string, group: string): Ikev2Offer {
  return { encryption: [encryption], integrity: [integrity], prf: [prf], groups: [group] };
}

function combined(encryption: string, prf: string, group: string): Ikev2Offer {
  return { encryption: [encryption], integrity: [], prf: [prf], groups: [group] };
}
