export { checkValue, type ValueKind } from "./check-value.ts";
export type * from "./description.ts";
export { defineSite, siteJsonSchema, siteSchema } from "./schema.ts";
export * from "./vpn.ts";
