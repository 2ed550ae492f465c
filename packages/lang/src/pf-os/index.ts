export * from "./fingerprints.ts";
export * from "./names.ts";
export * from "./signatures.ts";
