export * from "./fingerprints.ts";
export * from "./signatures.ts";
