/**
 * Vendor IDs by what they stand for. Sources: S strongSwan isakmp_vendor.c and ike_vendor.c, L libreswan
 * lib/libswan/vendorid.c, O OpenBSD isakmpd vendor.c, nat_traversal.c and iked. Where an ID is the MD5 of a text the
 * table holds the sum, so that no MD5 is needed here.
 */
import { hex } from "../bytes/index.ts";

export interface VendorId {
  /** What it says: a product, or something the sender can do. */
  readonly name: string;
  readonly about: "product" | "feature" | "nat-traversal";
  readonly source: string;
}

type Row = readonly [hex: string, name: string, about: VendorId["about"], source: "S" | "L" | "O"];

/** The whole of the ID. */
const WHOLE: readonly Row[] = [
  ["882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan", "product", "S"],
  ["9826c552791aa1800ca6ff33aaf1e83b", "OpenBSD isakmpd (6.3 and later)", "product", "O"],
  ["7003cbc1097dbe9c2600ba6983bc8b35", "KAME/racoon", "product", "L"],
  ["f6f7efc7f5aeb8cb158cb9d094ba69e7", "Cisco VPN 3000 client", "product", "S"],
  ["b858d1addd08c1e8adafea150608aa4497aa6cc8", "ZyXEL ZyWALL router", "product", "S"],
  ["f758f22668750f03b08df6ebe1d0", "ZyXEL ZyWALL USG 100", "product", "S"],
  ["625027749d5ab97f5616c1602765cf480a3b7d0b", "ZyXEL ZyWALL", "product", "S"],
  ["1d6e178f6c2c0be284985465450fe9d4", "Fortinet FortiGate", "product", "S"],
  ["fd808804df73b15150709d878044cde0ac1efcde", "Juniper SRX", "product", "S"],
  ["101fb0b35c5a4f4c08b919f1cb9777b0", "NCP client", "product", "L"],
  ["f14b94b7bff1fef02773b8c49feded26", "Shrew Soft client", "product", "L"],
  ["8404adf9cda05760b2ca292e4bff537b", "Sidewinder", "product", "L"],
  ["afcad71368a1f1c96b8696fc77570100", "dead peer detection (RFC 3706)", "feature", "S"],
  ["09002689dfd6b712", "XAuth", "feature", "S"],
  ["26244d38eddb61b3172a36e3d0cfb819", "initial contact by vendor ID", "feature", "S"],
  ["fb1de3cdf341b7ea16b7e5be0855f120", "Windows: negotiation discovery", "feature", "S"],
  ["e3a5966a76379fe707228231e5ce8652", "Windows: cryptographically generated addresses", "feature", "L"],
  ["214ca4faffa7f32d6748e5303395ae83", "Windows: AuthIP", "feature", "L"],
  ["b4f01ca951e9da8d0bafbbd34ad3044e", "Fortinet endpoint control", "product", "L"],
  ["4a131c81070358455c5728f20e95452f", "RFC 3947", "nat-traversal", "S"],
  ["7d9419a65310ca6f2c179d9215529d56", "draft-ietf-ipsec-nat-t-ike-03", "nat-traversal", "S"],
  ["cd60464335df21f87cfdb2fc68b6a448", "draft-ietf-ipsec-nat-t-ike-02", "nat-traversal", "S"],
  ["90cb80913ebb696e086381b5ec427b1f", "draft-ietf-ipsec-nat-t-ike-02 (with a newline)", "nat-traversal", "S"],
  ["8f8d83826d246b6fc7a8a6a428c11de8", "draft-ietf-ipsec-nat-t-ike-08", "nat-traversal", "S"],
  ["439b59f8ba676c4c7737ae22eab8f582", "draft-ietf-ipsec-nat-t-ike-07", "nat-traversal", "S"],
  ["4d1e0e136deafa34c4f3ea9f02ec7285", "draft-ietf-ipsec-nat-t-ike-06", "nat-traversal", "S"],
  ["80d0bb3def54565ee84645d4c85ce3ee", "draft-ietf-ipsec-nat-t-ike-05", "nat-traversal", "S"],
  ["9909b64eed937c6573de52ace952fa6b", "draft-ietf-ipsec-nat-t-ike-04", "nat-traversal", "S"],
  ["4485152d18b6bbcd0be8a8469579ddcc", "draft-ietf-ipsec-nat-t-ike-00", "nat-traversal", "S"],
  ["4df37928e9fc4fd1b3262170d515c662", "draft-ietf-ipsec-nat-t-ike (Apple)", "nat-traversal", "S"],
  ["6105c422e76847e43f9684801292aecd", "draft-stenberg-ipsec-nat-traversal-02", "nat-traversal", "S"],
  ["27bab5dc01ea0760ea4e3190ac27c0d0", "draft-stenberg-ipsec-nat-traversal-01", "nat-traversal", "S"],
];

/** The beginning of the ID; a version follows. */
const PREFIXES: readonly Row[] = [
  ["1e2b516905991c7d7c96fcbfb587e461", "Windows", "product", "S"],
  ["4048b7d56ebce88525e7de7f00d6c2d3", "fragmentation of IKE messages", "feature", "S"],
  ["12f5f28c457168a9702d9fe274cc", "Cisco Unity", "feature", "S"],
  ["1f07f70eaa6514d3b0fa96542a50", "Cisco VPN 3000 concentrator", "product", "S"],
  ["3e984048", "Cisco IOS", "product", "L"],
  ["5b362bc820f6", "SonicWall", "product", "S"],
  ["404bf439522ca3f6", "SonicWall", "product", "S"],
  ["da8e937880010000", "SonicWall", "product", "S"],
  ["5b362bc820f70001", "SonicWall", "product", "S"],
  ["f4ed19e0c114eb516faaac0ee37daf2807b4381f", "Check Point", "product", "S"],
  ["699369228741c6d4ca094c93e242c9de19e7b7c6", "Juniper or NetScreen", "product", "S"],
  ["166f932d55eb64d8e4df4fd37e2313f0d0fd8451", "Juniper or NetScreen", "product", "L"],
  ["08db45e6cb01f80bb576e9a78c0f54e1300b8881", "ELVIS-PLUS Zastava", "product", "L"],
  ["01528bbbc00696121849ab9a1c5b2a51", "Windows: keying modules", "feature", "L"],
  ["7bb93867d76c8d80df0f40fae8fc3b19", "Windows: AuthIP with a group", "feature", "L"],
];

/** IDs that are text; the text is the answer. */
const TEXTS: readonly (readonly [text: string, name: string, about: VendorId["about"], source: "S" | "L" | "O"])[] = [
  ["OpenIKED", "", "product", "O"],
  ["OE-Libreswan-", "Libreswan 3.6 and later", "product", "L"],
  ["OEN", "Libreswan 3.0 to 3.5", "product", "L"],
  ["OSW", "Openswan", "product", "L"],
  ["OE", "Openswan", "product", "L"],
  ["CISCO-DELETE-REASON", "Cisco: reason of a delete", "feature", "S"],
  ["CISCO-DYNAMIC-ROUTE", "Cisco: dynamic route", "feature", "L"],
  ["FLEXVPN-SUPPORTED", "Cisco FlexVPN", "feature", "S"],
  ["CISCO(COPYRIGHT)", "Cisco", "product", "S"],
  ["CISCOVPN-REV-02", "Cisco VPN revision 2", "product", "L"],
  ["HeartBeat_Notify", "heartbeat", "feature", "L"],
  ["TIMESTEP", "", "product", "L"],
];

const SOURCES = {
  S: "strongSwan isakmp_vendor.c, ike_vendor.c",
  L: "libreswan vendorid.c",
  O: "OpenBSD isakmpd vendor.c, iked",
} as const;

/** [MS-IKEE] 1.7 by way of libreswan: the number behind Windows' ID. */
const WINDOWS = ["", "", "2000", "XP", "Server 2003", "Vista", "Server 2008", "7", "Server 2008 R2", "8 and later"];

/** What a vendor ID says; null when no source knows it. */
export function vendorOf(id: Uint8Array): VendorId | null {
  const digits = hex(id, "", 256);
  const whole = WHOLE.find(([known]) => known === digits);
  if (whole !== undefined) return { name: whole[1], about: whole[2], source: SOURCES[whole[3]] };
  const prefix = PREFIXES.find(([known]) => digits.startsWith(known));
  if (prefix !== undefined) {
    const release = prefix[1] === "Windows" && id.length === 20 ? WINDOWS[id[19] as number] : undefined;
    const name = release === undefined || release === "" ? prefix[1] : `Windows ${release}`;
    return { name, about: prefix[2], source: SOURCES[prefix[3]] };
  }
  const text = readable(id);
  const found = text === null ? undefined : TEXTS.find(([start]) => text.startsWith(start));
  if (text === null || found === undefined) return null;
  return { name: found[1] === "" ? text : found[1], about: found[2], source: SOURCES[found[3]] };
}

/** An ID of letters as text; null when it has other octets. */
export function readable(id: Uint8Array): string | null {
  if (id.length === 0 || id.length > 128 || id.some((octet) => octet < 0x20 || octet > 0x7e)) return null;
  return String.fromCharCode(...id);
}

/** What a client sends to say that it can do NAT traversal, RFC 3947 first. */
export const NAT_TRAVERSAL_IDS: readonly Uint8Array[] = [
  "4a131c81070358455c5728f20e95452f",
  "90cb80913ebb696e086381b5ec427b1f",
].map((digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
