export type { AutomaticTable, TableNames } from "./combine.ts";
export { type OptimizedRuleset, type OptimizeOptions, optimizeRuleset, skipFields } from "./optimize.ts";
export type { SkipField } from "./reorder.ts";
