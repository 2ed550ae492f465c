export * from "./environment.ts";
export * from "./rule.ts";
