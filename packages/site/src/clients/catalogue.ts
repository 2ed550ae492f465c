/**
 * What the VPN clients of platforms offer when nobody changes anything. Every list carries where it is from; where
 * nothing could be cited, it is not known, and nothing is predicted.
 */
import type { EspOffer, Ikev1Transform, Ikev2Offer } from "@pierhead/engine/vpn";

/** `source`: read in the platform's own code; `logged`: seen in logs of servers; `documented`: written down by who makes or serves it. */
export type ClientEvidence = "source" | "logged" | "documented";

export type PppMethod = "pap" | "chap" | "mschapv2";

export interface L2tpClient {
  /** Main mode with a pre-shared key, in the client's order. */
  readonly phase1: readonly Ikev1Transform[];
  /** Quick mode; null: nobody could be cited for it. */
  readonly phase2: readonly EspOffer[] | null;
  readonly login: readonly PppMethod[];
  readonly evidence: ClientEvidence;
  readonly sources: readonly string[];
  /** What else there is to know, a sentence without full stop; "" when nothing. */
  readonly note: string;
}

export interface Ikev2Client {
  readonly offers: readonly Ikev2Offer[];
  /** The first SA; null: nobody could be cited for it. */
  readonly esp: readonly EspOffer[] | null;
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

/** `aes128gcm16 aes256-sha1` and so on, in strongSwan's words. */
function esp(text: string, group: string | null = null): EspOffer[] {
  return text.split(/\s+/).map((one) => {
    const words = one.split("-").map((word) => ESP_WORDS[word] ?? word.toUpperCase());
    const isSum = (name: string): boolean => /^(HMAC|AES_XCBC|AES_CMAC)_/.test(name);
    return { encryption: words.filter((name) => !isSum(name)), integrity: words.filter(isSum), group };
  });
}

const ESP_WORDS: Readonly<Record<string, string>> = {
  aes128: "AES_CBC_128",
  aes192: "AES_CBC_192",
  aes256: "AES_CBC_256",
  aes128gcm16: "AES_GCM_16_128",
  aes192gcm16: "AES_GCM_16_192",
  aes256gcm16: "AES_GCM_16_256",
  chacha20poly1305: "CHACHA20_POLY1305_256",
  md5: "HMAC_MD5_96",
  sha1: "HMAC_SHA1_96",
  sha256: "HMAC_SHA2_256_128",
  sha384: "HMAC_SHA2_384_192",
  sha512: "HMAC_SHA2_512_256",
  aesxcbc: "AES_XCBC_96",
};

const NETWORKMANAGER =
  "https://github.com/nm-l2tp/NetworkManager-l2tp/blob/nm-1-2/README.md (IPsec IKEv1 weak legacy algorithms)";
/** What that list is a merge of: it "kept all of the strongest ones" of Windows 10 and Apple. */
const MERGED_PHASE2 = esp("aes256-sha1 aes128-sha1 3des-sha1");
const WINDOWS_IKEV2 = "https://docs.strongswan.org/docs/6.0/interop/windowsClients.html";
const ARTICLE = "Building a l2tp/IPsec VPN based around a OpenBSD head-end (article, 2015)";
const NO_SOURCE: NoClient = { missing: "unknown", note: "no source for what it offers could be cited" };

const windows: Pick<ClientPlatform, "l2tp" | "ikev2"> = {
  l2tp: {
    phase1: transforms(
      "aes256-sha1-ecp384 aes128-sha1-ecp256 aes256-sha1-modp2048 3des-sha1-modp2048 3des-sha1-modp1024",
    ),
    phase2: MERGED_PHASE2,
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
    esp: esp("aes256-aes128-3des-des-null-sha1"),
    evidence: "documented",
    sources: [WINDOWS_IKEV2],
    note: "with `Set-VpnConnectionIPsecConfiguration`, or the registry value NegotiateDH2048_AES256 2, it offers modp2048",
  },
};

const apple: L2tpClient = {
  phase1: transforms(
    "aes256-sha256-modp2048 aes256-sha256-modp1536 aes256-sha256-modp1024 aes256-sha1-modp2048 aes256-sha1-modp1536 aes256-sha1-modp1024 aes128-sha1-modp1024 3des-sha1-modp1024",
  ),
  phase2: MERGED_PHASE2,
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

const ANDROID_QUICK_MODE = esp("aes256-sha1 aes256-md5 aes128-sha1 aes128-md5 3des-sha1 3des-md5");
const ANDROID_ESP = esp(
  "aes256-aes192-aes128-sha512-sha384-sha256 chacha20poly1305-aes256gcm16-aes192gcm16-aes128gcm16",
);

const SHILL = "ChromiumOS platform2, shill/vpn/ipsec_connection.cc";
const ROUTEROS = "https://help.mikrotik.com/docs/display/ROS/IPsec";
/** Groups of shill's IKEv2 proposals, in its order. */
const CHROMEOS_GROUPS = [
  ...["ECP_256", "ECP_384", "ECP_521", "BRAINPOOL_P256R1", "BRAINPOOL_P384R1", "BRAINPOOL_P512R1"],
  ...["CURVE25519", "CURVE448", "MODP_3072", "MODP_4096", "MODP_6144", "MODP_8192", "MODP_2048"],
];
const CHROMEOS_PRF = ["HMAC_SHA2_256", "HMAC_SHA2_384", "HMAC_SHA2_512", "AES128_XCBC", "AES128_CMAC"];

const chromeos: Pick<ClientPlatform, "l2tp" | "ikev2"> = {
  l2tp: {
    phase1: transforms("aes128-sha256-modp3072 aes128-sha1-modp2048 3des-sha1-modp1536 3des-sha1-modp1024"),
    phase2: esp("aes128gcm16 aes128-sha256 aes128-sha1 3des-sha1 3des-md5"),
    // Its options for pppd refuse EAP and nothing else.
    login: ["mschapv2", "chap", "pap"],
    evidence: "source",
    sources: [
      `${SHILL}: kL2TPIPsecDefaultIKEProposals, kL2TPIPsecDefaultESPProposals`,
      "ChromiumOS platform2, shill/vpn/l2tp_connection.cc: WritePPPDConfig",
    ],
    note: "behind these it offers what its strongSwan takes by default, which is not counted here",
  },
  ikev2: {
    offers: [
      {
        encryption: [
          "AES_CBC_128",
          "AES_CBC_192",
          "AES_CBC_256",
          ...["128", "192", "256"].map((n) => `CAMELLIA_CBC_${n}`),
        ],
        integrity: ["AES_XCBC_96", "AES_CMAC_96", "HMAC_SHA2_256_128", "HMAC_SHA2_384_192", "HMAC_SHA2_512_256"],
        prf: ["AES128_XCBC", "AES128_CMAC", "HMAC_SHA2_256", "HMAC_SHA2_384", "HMAC_SHA2_512"],
        groups: CHROMEOS_GROUPS,
      },
      {
        encryption: [
          ...["AES_GCM_16_128", "AES_GCM_16_192", "AES_GCM_16_256", "CHACHA20_POLY1305_256", "AES_GCM_12_128"],
          ...["AES_GCM_12_192", "AES_GCM_12_256", "AES_GCM_8_128", "AES_GCM_8_192", "AES_GCM_8_256"],
        ],
        integrity: [],
        prf: CHROMEOS_PRF,
        groups: CHROMEOS_GROUPS,
      },
    ],
    esp: esp("aes128gcm16-aes192gcm16-aes256gcm16 aes128-aes192-aes256-sha256-sha384-sha512-aesxcbc"),
    evidence: "source",
    sources: [`${SHILL}: kIKEv2DefaultIKEProposals, kIKEv2DefaultESPProposals`],
    note: "",
  },
};

const mikrotik: Pick<ClientPlatform, "l2tp" | "ikev2"> = {
  l2tp: {
    phase1: transforms("aes128-sha1-modp2048 aes128-sha1-modp1024 3des-sha1-modp2048 3des-sha1-modp1024"),
    phase2: esp("aes256-sha1 aes192-sha1 aes128-sha1", "MODP_1024"),
    login: ["mschapv2", "chap", "pap"],
    evidence: "documented",
    sources: [
      `${ROUTEROS} (Profiles: dh-group, enc-algorithm, hash-algorithm; Proposals: enc-algorithms, auth-algorithms, pfs-group)`,
      "https://help.mikrotik.com/docs/display/ROS/L2TP (L2TP Client: allow)",
      "an export with defaults of RouterOS 6.49.2, `/ip ipsec profile`: enc-algorithm=aes-128,3des",
    ],
    note: "with profile and proposal `default` of RouterOS 6.49 and 7, whose order on the wire is not written down; `/ip ipsec proposal set default pfs-group=none` asks for no group in phase 2",
  },
  ikev2: {
    offers: [
      {
        encryption: ["AES_CBC_128", "3DES"],
        integrity: ["HMAC_SHA1_96"],
        prf: ["HMAC_SHA1"],
        groups: ["MODP_2048", "MODP_1024"],
      },
    ],
    esp: esp("aes256-aes192-aes128-sha1"),
    evidence: "documented",
    sources: [`${ROUTEROS} (Profiles, Proposals; Identities: eap-methods)`],
    note: "with profile and proposal `default`; `/ip ipsec profile` has hash-algorithm=sha256 and enc-algorithm=aes-256 for the asking",
  },
};

export const CLIENTS: readonly ClientPlatform[] = [
  { name: "windows-7", title: "Windows 7", ...windows },
  { name: "windows-10", title: "Windows 8 and 10", ...windows },
  { name: "windows-11", title: "Windows 11", ...windows },
  {
    name: "apple-2015",
    title: "OS X to 10.11, iOS to 9",
    l2tp: {
      phase1: transforms("3des-sha1-modp1024"),
      phase2: null,
      login: ["mschapv2", "chap", "pap"],
      evidence: "documented",
      sources: [ARTICLE, "https://shortcut.ru/2011/12/18/cisco-l2tp-mac-os-x-i-ios"],
      note: "",
    },
    ikev2: {
      offers: appleOffers,
      esp: null,
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
      esp: esp("aes256-sha256 aes128-sha1 3des-sha1"),
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
      esp: esp("aes256gcm16 aes256-sha256"),
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
      phase2: ANDROID_QUICK_MODE,
      login: ["mschapv2", "chap", "pap"],
      evidence: "source",
      sources: [
        "AOSP external/ipsec-tools setup.c: add_proposal, always MODP1024; add_sainfo_algorithm",
        "https://github.com/hwdsl2/setup-ipsec-vpn/issues/1244",
        "https://github.com/hwdsl2/setup-ipsec-vpn/issues/343",
      ],
      note: "with an IPsec identifier filled in it uses aggressive mode",
    },
    ikev2: {
      offers: androidOffers,
      esp: ANDROID_ESP,
      evidence: "source",
      sources: ["AOSP frameworks/base VpnIkev2Utils.java: getIkeSaProposals, getChildSaProposals"],
      note: "from Android 11 on; before, an app such as strongSwan's is needed",
    },
  },
  {
    name: "android-12",
    title: "Android 12 and later",
    l2tp: { missing: "not offered", note: "new L2TP connections cannot be made any more; IKEv2 is what is left" },
    ikev2: {
      offers: androidOffers,
      esp: ANDROID_ESP,
      evidence: "source",
      sources: ["AOSP frameworks/base VpnIkev2Utils.java: getIkeSaProposals, getChildSaProposals"],
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
      phase2: MERGED_PHASE2,
      login: ["mschapv2", "chap", "pap"],
      evidence: "documented",
      sources: [NETWORKMANAGER],
      note: "with libreswan from 3.30 on without the modp1024 ones",
    },
    ikev2: NO_SOURCE,
  },
  { name: "chromeos", title: "ChromeOS", ...chromeos },
  { name: "mikrotik", title: "MikroTik RouterOS", ...mikrotik },
];

function suite(encryption: string, integrity: string, prf: string, group: string): Ikev2Offer {
  return { encryption: [encryption], integrity: [integrity], prf: [prf], groups: [group] };
}

function combined(encryption: string, prf: string, group: string): Ikev2Offer {
  return { encryption: [encryption], integrity: [], prf: [prf], groups: [group] };
}
