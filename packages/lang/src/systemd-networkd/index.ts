export * from "./configuration.ts";
export * from "./ini.ts";
export * from "./language.ts";
export * from "./parse.ts";
export * from "./read-devices.ts";
export * from "./read-network.ts";
export * from "./values.ts";
