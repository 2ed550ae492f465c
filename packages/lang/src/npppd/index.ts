export * from "./check.ts";
export * from "./configuration.ts";
export * from "./json.ts";
export { NPPPD, NPPPD_USERS } from "./language.ts";
export * from "./load.ts";
export * from "./pool.ts";
export * from "./users.ts";
