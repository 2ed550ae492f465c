export { ETHER_TYPE, type EtherFrame, type EtherResult } from "./ether.ts";
export * from "./packet-filter.ts";
export * from "./pfctl.ts";
export * from "./types.ts";
