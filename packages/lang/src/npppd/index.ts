export * from "./check.ts";
export * from "./configuration.ts";
export * from "./json.ts";
export * from "./load.ts";
export * from "./pool.ts";
export * from "./users.ts";
