export * from "./check.ts";
export * from "./configuration.ts";
export * from "./language.ts";
export * from "./load.ts";
