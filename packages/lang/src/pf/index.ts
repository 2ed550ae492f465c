export { dialectOf, type PfDialect, type PfFamily } from "./dialect.ts";
export * from "./environment.ts";
export { type LoadOptions, loadPf, parsePf } from "./load.ts";
export * from "./migrate/index.ts";
export { type PfctlOutput, type PrintOptions, pfctlPrint, pfctlShow } from "./pfctl.ts";
export * from "./print/index.ts";
export * from "./result.ts";
export * from "./rule.ts";
export * from "./syntax.ts";
