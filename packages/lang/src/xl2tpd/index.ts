export * from "./check.ts";
export * from "./language.ts";
export * from "./load.ts";
export * from "./options.ts";
