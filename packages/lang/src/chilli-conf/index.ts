export * from "./check.ts";
export * from "./language.ts";
export * from "./options.ts";
export * from "./parse.ts";
export * from "./values.ts";
