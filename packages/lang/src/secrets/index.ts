export * from "./strength.ts";
