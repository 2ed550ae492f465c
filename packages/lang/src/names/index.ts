export * from "./icmp.ts";
export * from "./protocols.ts";
export * from "./services.ts";
export * from "./syslog.ts";
export * from "./tos.ts";
