export * from "./catalogue.ts";
export * from "./compat.ts";
export * from "./probe.ts";
export * from "./same-nat.ts";
