export * from "./diff.ts";
export * from "./examples.ts";
export * from "./fate.ts";
