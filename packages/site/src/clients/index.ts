export * from "./catalogue.ts";
export * from "./compat.ts";
