export { buildSite } from "./build.ts";
export type { BuiltGateway, BuiltMachine, BuiltSite } from "./built.ts";
export { type Explanation, explainLine } from "./explain.ts";
export type { BuiltFile } from "./file.ts";
export * from "./secret.ts";
