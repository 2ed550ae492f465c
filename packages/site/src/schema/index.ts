export { checkValue, type ValueKind } from "./check-value.ts";
export type * from "./description.ts";
export { type HotspotDescription, parsePool } from "./hotspot.ts";
export { defineSite, siteJsonSchema, siteSchema } from "./schema.ts";
export * from "./vpn.ts";
