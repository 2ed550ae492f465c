export * from "./create.ts";
export * from "./driver.ts";
