export * from "./catalogue.ts";
export * from "./compat.ts";
export * from "./probe.ts";
