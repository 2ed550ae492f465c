export * from "./challenge.ts";
export * from "./json.ts";
export * from "./query.ts";
export * from "./redirect.ts";
