/** Asks this machine what it is: its boot log, and what its tools say now. Nothing is changed, and nothing needs root. */
import { execFile } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import {
  type HardwareFacts,
  type HostInterface,
  type PciDevice,
  readIfconfigAll,
  readIpLinks,
  readPciconf,
  readProc,
  readSysctlHw,
} from "@pierhead/lang/host-facts";

export interface HostInventory {
  /** The boot log; null where none can be read. */
  readonly log: string | null;
  /** Where the log is from, for people. */
  readonly logFrom: string;
  readonly hardware: HardwareFacts;
  readonly interfaces: readonly HostInterface[];
  /** FreeBSD only: the others tell it in their boot log. */
  readonly devices: readonly PciDevice[];
  /** What was asked in vain, in plain words. */
  readonly missing: readonly string[];
}

const PATIENCE = 10_000;
const MOST_OUTPUT = 64 * 1024 * 1024;

/** Standard output of a program; null when it cannot be run or fails. */
function output(program: string, words: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, words, { encoding: "utf8", timeout: PATIENCE, maxBuffer: MOST_OUTPUT }, (error, stdout) =>
      resolve(error === null ? stdout : null),
    );
  });
}

function fileText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** @throws nothing: what cannot be asked is in `missing` */
export async function readHostInventory(): Promise<HostInventory> {
  return process.platform === "linux" ? linux() : bsd();
}

async function linux(): Promise<HostInventory> {
  const missing: string[] = [];
  // The journal keeps the whole boot; the kernel's ring buffer loses its beginning.
  let log = await output("journalctl", ["-k", "-b", "-q", "--no-pager", "-o", "short-monotonic"]);
  let logFrom = "journalctl -k -b";
  if (log === null || log.trim() === "") [log, logFrom] = [await output("dmesg", []), "dmesg"];
  if (log === null) [log, logFrom] = [fileText("/var/log/dmesg"), "/var/log/dmesg"];
  if (log === null) missing.push("the boot log: neither journalctl nor dmesg lets us read it (root may)");
  const links = await output("ip", ["-j", "-d", "link", "show"]);
  if (links === null) missing.push("interfaces: there is no ip of iproute2 that speaks JSON");
  const interfaces = readIpLinks(links ?? "").map(withSysfs);
  const hardware = readProc(fileText("/proc/cpuinfo") ?? "", fileText("/proc/meminfo") ?? "");
  const dmi = ["sys_vendor", "product_name"].map((name) => fileText(`/sys/class/dmi/id/${name}`)?.trim() ?? "");
  const product =
    dmi.filter((one) => one !== "").join(" ") || (fileText("/proc/device-tree/model")?.replace(/\0/g, "") ?? null);
  return { log, logFrom, hardware: { ...hardware, product }, interfaces, devices: [], missing };
}

/** Driver and speed stand in sysfs. */
function withSysfs(one: HostInterface): HostInterface {
  const folder = `/sys/class/net/${one.name}`;
  let { driver } = one;
  try {
    driver ??= basename(readlinkSync(`${folder}/device/driver`));
  } catch {
    // A virtual interface has no device.
  }
  const speed = Number(fileText(`${folder}/speed`)?.trim() ?? Number.NaN);
  return { ...one, driver, megabits: speed > 0 ? speed : null };
}

async function bsd(): Promise<HostInventory> {
  const missing: string[] = [];
  let [log, logFrom] = [fileText("/var/run/dmesg.boot"), "/var/run/dmesg.boot"];
  if (log === null || log.trim() === "") [log, logFrom] = [await output("dmesg", []), "dmesg"];
  if (log === null) missing.push("the boot log: neither /var/run/dmesg.boot nor dmesg lets us read it");
  const [links, sysctl] = await Promise.all([output("ifconfig", ["-a"]), output("sysctl", ["hw"])]);
  if (links === null) missing.push("interfaces: ifconfig does not run");
  const devices = process.platform === "freebsd" ? readPciconf((await output("pciconf", ["-lv"])) ?? "") : [];
  return {
    log,
    logFrom,
    hardware: readSysctlHw(sysctl ?? ""),
    interfaces: readIfconfigAll(links ?? ""),
    devices,
    missing,
  };
}
