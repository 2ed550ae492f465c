export {
  addressFrom,
  FIELDS,
  type Field,
  isNamed,
  type RegionContext,
  type RuleRegion,
  regionsOf,
  universe,
} from "./constraints.ts";
export { type Cut, type CutRegion, cut, type Leaf } from "./cut.ts";
export * from "./diff.ts";
export * from "./diff-report.ts";
export * from "./domain.ts";
export * from "./fate.ts";
export * from "./live.ts";
export * from "./migrate.ts";
export type { NotExamined } from "./not-examined.ts";
export * from "./policy.ts";
export * from "./ranges.ts";
export * from "./read-policy.ts";
