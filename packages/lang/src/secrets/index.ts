export * from "./conceal.ts";
export * from "./strength.ts";
