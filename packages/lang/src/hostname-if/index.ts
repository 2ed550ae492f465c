export { parseHostnameIf, printHostnameIf } from "./parse.ts";
export type { HostnameIf, HostnameIfLine, HostnameIfLineKind, NetstartCommand } from "./tree.ts";
