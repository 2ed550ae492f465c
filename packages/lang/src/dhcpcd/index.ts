export { checkDhcpcd } from "./check.ts";
export * from "./delegation.ts";
export { DHCPCD } from "./language.ts";
export * from "./options.ts";
export * from "./parse.ts";
export type * from "./tree.ts";
