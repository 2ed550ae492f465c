export * from "./packet-filter.ts";
export * from "./pfctl.ts";
export * from "./types.ts";
