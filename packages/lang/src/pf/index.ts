export * from "./environment.ts";
export * from "./print/index.ts";
export * from "./rule.ts";
