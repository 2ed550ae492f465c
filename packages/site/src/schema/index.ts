export type * from "./description.ts";
export { defineSite, siteJsonSchema, siteSchema } from "./schema.ts";
