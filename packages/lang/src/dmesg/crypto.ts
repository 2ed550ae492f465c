import type { CryptoDevice, LogFamily } from "./facts.ts";

/** What is published about a crypto driver. */
export interface CryptoFacts {
  readonly kind: CryptoDevice["kind"];
  readonly description: string;
  readonly reference: string;
}

type Row = readonly [driver: string, kind: CryptoDevice["kind"], description: string, page?: string];

// OpenBSD 7.8 and 4.6, section 4.
const OPENBSD: readonly Row[] = [
  ["octcrypto", "cipher", "OCTEON cryptographic unit: AES-CBC/CTR/GCM, HMAC-MD5/SHA1/SHA2 for ipsec(4)"],
  ["glxsb", "cipher", "Geode LX security block: AES-CBC for ipsec(4), random numbers"],
  ["ccp", "random", "AMD cryptographic co-processor: OpenBSD uses its random numbers only"],
  ["hifn", "cipher", "Hifn 7751/7951/7811/7955/7956 accelerator", "hifn(4), OpenBSD 4.6"],
  ["ubsec", "cipher", "Broadcom/Bluesteel uBsec accelerator", "ubsec(4), OpenBSD 4.6"],
  ["safe", "cipher", "SafeNet SafeXcel accelerator", "safe(4), OpenBSD 4.6"],
  ["nofn", "cipher", "Hifn 7814/7851/7854 accelerator", "nofn(4), OpenBSD 4.6"],
  ["lofn", "cipher", "Hifn 6500 public-key unit", "lofn(4), OpenBSD 4.6"],
  ["octrng", "random", "OCTEON random number generator"],
  ["amlrng", "random", "Amlogic random number generator"],
  ["bcmrng", "random", "Broadcom BCM283x random number generator"],
  ["bcmirng", "random", "Broadcom RNG200 random number generator"],
  ["mvrng", "random", "Marvell ARMADA 7K/8K random number generator"],
  ["mtrng", "random", "MediaTek random number generator"],
  ["omrng", "random", "OMAP random number generator"],
  ["qcrng", "random", "Qualcomm Snapdragon random number generator"],
  ["rkrng", "random", "Rockchip random number generator"],
  ["stfrng", "random", "StarFive JH7110 random number generator"],
  ["urng", "random", "USB random number generator"],
  ["uonerng", "random", "OneRNG USB random number generator"],
  ["ualea", "random", "Araneus Alea II USB random number generator", "ualea(4), OpenBSD 6.0"],
  ["viornd", "random", "VirtIO random numbers from the host"],
  ["vrng", "random", "sun4v virtual random number generator"],
];

// FreeBSD 15, section 4.
const FREEBSD: readonly Row[] = [
  ["aesni", "cipher", "AES-NI and SHA instructions for crypto(9)"],
  ["armv8crypto", "cipher", "ARMv8 AES instructions for crypto(9)"],
  ["padlock", "cipher", "VIA PadLock: AES, SHA, random numbers"],
  ["ccp", "cipher", "AMD cryptographic co-processor", "FreeBSD driver ccp (sys/crypto/ccp)"],
  ["ccr", "cipher", "Chelsio T6 crypto engine: AES modes, SHA1, SHA2"],
  ["cesa", "cipher", "Marvell cryptographic engine", "FreeBSD driver cesa (sys/dev/cesa)"],
  [
    "cryptocteon",
    "cipher",
    "OCTEON cryptographic unit",
    "FreeBSD driver cryptocteon (sys/mips/cavium, until FreeBSD 13)",
  ],
  ["glxsb", "cipher", "Geode LX security block: AES-128-CBC, random numbers"],
  ["hifn", "cipher", "Hifn 7751/7951/7811/7955/7956 accelerator"],
  ["qat", "cipher", "Intel QuickAssist: ciphers and compression"],
  ["safe", "cipher", "SafeNet SafeXcel 1141/1741: AES, SHA1-HMAC, random numbers"],
  ["safexcel", "cipher", "Inside Secure EIP-97: AES modes, SHA1, SHA2"],
  ["sec", "cipher", "Freescale security engine", "FreeBSD driver sec (sys/dev/sec)"],
  ["ubsec", "cipher", "Broadcom/Bluesteel uBsec accelerator", "ubsec(4), FreeBSD 12"],
  ["octeon_rnd", "random", "OCTEON random number generator", "FreeBSD driver (sys/mips/cavium, until FreeBSD 13)"],
  ["vtrnd", "random", "VirtIO random numbers from the host", "virtio_random(4), FreeBSD 15"],
];

const NETBSD: readonly Row[] = [
  ["amdccp", "random", "AMD cryptographic co-processor", "NetBSD driver amdccp"],
  ["bcmrng", "random", "Broadcom BCM283x random number generator", "NetBSD driver bcmrng"],
  ["glxsb", "cipher", "Geode LX security block: AES-CBC, random numbers", "NetBSD driver glxsb"],
  ["hifn", "cipher", "Hifn accelerator", "NetBSD driver hifn"],
  ["qat", "cipher", "Intel QuickAssist", "NetBSD driver qat"],
  ["ubsec", "cipher", "Broadcom/Bluesteel uBsec accelerator", "NetBSD driver ubsec"],
  ["viornd", "random", "VirtIO random numbers from the host", "NetBSD driver viornd"],
  ["sun8icrypto", "cipher", "Allwinner crypto engine", "NetBSD driver sun8icrypto"],
  ["rkrng", "random", "Rockchip random number generator", "NetBSD driver rkrng"],
];

const TABLES: Partial<Record<LogFamily, ReadonlyMap<string, CryptoFacts>>> = {
  openbsd: table(OPENBSD, "OpenBSD 7.8"),
  freebsd: table(FREEBSD, "FreeBSD 15"),
  netbsd: table(NETBSD, "NetBSD"),
};

function table(rows: readonly Row[], release: string): ReadonlyMap<string, CryptoFacts> {
  return new Map(
    rows.map(([driver, kind, description, page]) => [
      driver,
      { kind, description, reference: page ?? `${driver}(4), ${release}` },
    ]),
  );
}

/** What is published about a crypto or random-number driver; null when the driver is not one. */
export function findCrypto(family: LogFamily, driver: string): CryptoFacts | null {
  return TABLES[family === "junos" ? "freebsd" : family]?.get(driver) ?? null;
}

/** Processor flags that mean help for ciphers, hashes or random numbers, and the one name we give each. */
const FEATURES: ReadonlyMap<string, string> = new Map([
  ["AES", "AES"],
  ["AESNI", "AES"],
  ["aes", "AES"],
  ["AES+PMULL", "AES"],
  ["VAES", "VAES"],
  ["PCLMUL", "PCLMUL"],
  ["PCLMULQDQ", "PCLMUL"],
  ["VPCLMULQDQ", "VPCLMUL"],
  ["SHA", "SHA"],
  ["SHA1", "SHA1"],
  ["SHA2", "SHA2"],
  ["SHA2+SHA512", "SHA2"],
  ["SHA512", "SHA512"],
  ["SHA3", "SHA3"],
  ["SM3", "SM3"],
  ["SM4", "SM4"],
  ["RDRAND", "RDRAND"],
  ["RDSEED", "RDSEED"],
  ["RNDR", "RNDR"],
  ["RNG", "PadLock RNG"],
  ["ACE", "PadLock ACE"],
]);

/** The crypto features in a list of processor flags, separated by anything that is not part of a flag. */
export function cryptoFeatures(flags: string): string[] {
  const found: string[] = [];
  for (const flag of flags.split(/[\s,<>|]+/)) {
    const feature = FEATURES.get(flag);
    if (feature !== undefined) found.push(feature);
  }
  return found;
}
