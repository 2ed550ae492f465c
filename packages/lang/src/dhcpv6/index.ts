export { formatDuid } from "./duid.ts";
export * from "./message.ts";
export { MESSAGE6, messageName6, OPTION6, STATUS6, statusName6 } from "./names.ts";
export { parseDhcpv6 } from "./parse.ts";
