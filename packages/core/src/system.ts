/** The operating systems whose configuration we read. */
export type SystemFamily = "openbsd" | "freebsd" | "netbsd" | "macos" | "linux";

/** One operating system release: what decides the dialect of every file. */
export interface System {
  /** As written on the command line: `openbsd-7.8`, `freebsd-14.3`, `linux`. */
  readonly name: string;
  readonly family: SystemFamily;
  /** Major and minor release; 0.0 for `linux`, which has no release that matters to us. */
  readonly major: number;
  readonly minor: number;
}

/** Releases each family is known for: first and last, as `[major, minor]`. */
const RELEASES: Record<SystemFamily, { first: [number, number]; last: [number, number] } | null> = {
  openbsd: { first: [3, 0], last: [7, 9] },
  freebsd: { first: [9, 0], last: [16, 0] },
  netbsd: { first: [3, 0], last: [11, 0] },
  macos: { first: [10, 7], last: [26, 0] },
  linux: null,
};

/** Examples of every family, for messages and help. */
export const KNOWN_SYSTEMS: readonly string[] = [
  "openbsd-4.6",
  "openbsd-5.7",
  "openbsd-5.8",
  "openbsd-7.8",
  "freebsd-13.5",
  "freebsd-14.3",
  "freebsd-15.0",
  "netbsd-10.1",
  "macos-14.0",
  "linux",
];

/**
 * Reads a system name such as `openbsd-7.8`.
 *
 * @returns the system, or null when the name is not one we know
 */
export function parseSystem(name: string): System | null {
  if (name === "linux") return { name, family: "linux", major: 0, minor: 0 };
  const match = /^([a-z]+)-(\d{1,2})(?:\.(\d{1,2}))?$/.exec(name);
  if (match === null) return null;
  const family = match[1] as SystemFamily;
  const range = Object.hasOwn(RELEASES, family) ? RELEASES[family] : null;
  if (range === null || range === undefined) return null;
  const version: [number, number] = [Number(match[2]), Number(match[3] ?? 0)];
  if (compare(version, range.first) < 0 || compare(version, range.last) > 0) return null;
  return { name, family, major: version[0], minor: version[1] };
}

/** Whether `system` is of this family and its release is `major.minor` or later. */
export function isAtLeast(system: System, family: SystemFamily, major: number, minor = 0): boolean {
  return system.family === family && compare([system.major, system.minor], [major, minor]) >= 0;
}

function compare(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}
