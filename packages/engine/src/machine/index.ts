export * from "./linux-addresses.ts";
export * from "./machine.ts";
export * from "./machine-interface.ts";
export * from "./random.ts";
export * from "./routing.ts";
export * from "./tunnel.ts";
export { baseGroups, baseUsers } from "./users.ts";
