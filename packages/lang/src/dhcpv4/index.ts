export * from "./message.ts";
export { MESSAGE4, messageName4, OPTION4 } from "./names.ts";
export { looksLikeDhcpv4, parseDhcpv4 } from "./parse.ts";
