import { FREEBSD_DRIVERS } from "./drivers-freebsd.ts";
import { LINUX_DRIVERS } from "./drivers-linux.ts";
import { NETBSD_DRIVERS } from "./drivers-netbsd.ts";
import { OPENBSD_DRIVERS } from "./drivers-openbsd.ts";
import type { DriverFacts, DriverRow, LogFamily } from "./facts.ts";

/** Pages whose name is not the driver's. */
const FREEBSD_PAGES: Readonly<Record<string, string>> = {
  igb: "em",
  lem: "em",
  hn: "hv_netvsc",
  mce: "mlx5en",
  mlxen: "mlx4en",
  cxl: "cxgbe",
  cc: "cxgbe",
  xn: "xen",
};

/** Drivers without a page: where their source is. */
const FREEBSD_SOURCES: Readonly<Record<string, string>> = {
  awg: "FreeBSD driver awg (sys/arm/allwinner)",
  cpsw: "FreeBSD driver cpsw (sys/arm/ti/cpsw)",
  dwc: "FreeBSD driver dwc (sys/dev/dwc)",
  emac: "FreeBSD driver emac (sys/arm/allwinner)",
  eqos: "FreeBSD driver eqos (sys/dev/eqos)",
  ffec: "FreeBSD driver ffec (sys/dev/ffec)",
  ixv: "FreeBSD driver ixv (sys/dev/ixgbe)",
  mvneta: "FreeBSD driver mvneta (sys/dev/neta)",
  octe: "FreeBSD driver octe (sys/mips/cavium/octe, until FreeBSD 13)",
  ql: "qlxgbe(4), FreeBSD 15",
  vnic: "FreeBSD driver vnic (sys/dev/vnic)",
};

type Tables = Partial<Record<LogFamily, ReadonlyMap<string, DriverFacts>>>;

const TABLES: Tables = {
  openbsd: table(OPENBSD_DRIVERS, (driver) => `${driver}(4), OpenBSD 7.8`),
  freebsd: table(
    FREEBSD_DRIVERS,
    (driver) => FREEBSD_SOURCES[driver] ?? `${FREEBSD_PAGES[driver] ?? driver}(4), FreeBSD 15`,
  ),
  netbsd: table(NETBSD_DRIVERS, (driver) => `NetBSD driver ${driver} (sys/dev)`),
  linux: table(LINUX_DRIVERS, (driver) => `Linux driver ${driver} (drivers/net)`),
};

function table(rows: readonly DriverRow[], reference: (driver: string) => string): ReadonlyMap<string, DriverFacts> {
  const map = new Map<string, DriverFacts>();
  for (const [driver, kind, hardware, megabits, ...notes] of rows) {
    map.set(driver, { driver, kind, hardware, megabits, notes, reference: reference(driver) });
  }
  return map;
}

/** What is published about a network driver of this system; null when it is not in our tables. */
export function findDriver(family: LogFamily, driver: string): DriverFacts | null {
  return TABLES[family === "junos" ? "freebsd" : family]?.get(driver) ?? null;
}

/** All drivers of one system's table, for documentation and checks. */
export function driversOf(family: LogFamily): readonly DriverFacts[] {
  return [...(TABLES[family === "junos" ? "freebsd" : family]?.values() ?? [])];
}

/** Interfaces that a configuration makes, not hardware: they need no line in a boot log to exist. */
const CLONED: ReadonlySet<string> = new Set(
  (
    "aggr bpe bridge carp egre enc eoip epair erspan etherip gif gre ipfw lagg lo mgre mobileip mpe mpip mpw nvgre " +
    "pair pflog pflow pfsync ppp pppac pppoe pppx rport sec sl sppp stf svlan tap tpmr trunk tun veb vether vlan vport " +
    "vxlan wg agr canloop l2tp ipsec usermode wlan ng npflog br bond dummy veth virbr docker team ifb"
  ).split(" "),
);

/** Whether interfaces of this driver are made by configuration (`vlan`, `carp`, `wg`), so that no boot log names them. */
export function isClonedDriver(driver: string): boolean {
  return CLONED.has(driver);
}
