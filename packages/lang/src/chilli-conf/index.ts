export * from "./check.ts";
export { CHILLI_FATES, type ChilliFate } from "./fate.ts";
export * from "./language.ts";
export * from "./migrate.ts";
export * from "./options.ts";
export * from "./parse.ts";
export * from "./values.ts";
