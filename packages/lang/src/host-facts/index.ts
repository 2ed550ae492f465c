export { readIfconfigAll, readPciconf, readSysctlHw } from "./bsd.ts";
export { readIpLinks, readProc } from "./linux.ts";
export type { HardwareFacts, HostInterface, PciDevice } from "./types.ts";
