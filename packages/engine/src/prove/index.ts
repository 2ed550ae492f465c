export * from "./classes.ts";
export { FIELDS, type Field, isNamed, type RegionContext, type RuleRegion, regionsOf } from "./constraints.ts";
export * from "./diff.ts";
export * from "./domain.ts";
export * from "./fate.ts";
export * from "./fate.ts";
export * from "./live.ts";
export type { NotExamined } from "./not-examined.ts";
export * from "./ranges.ts";
