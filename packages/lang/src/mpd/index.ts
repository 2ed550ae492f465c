export * from "./check.ts";
export type { MpdLogin } from "./commands.ts";
export * from "./configuration.ts";
export * from "./language.ts";
export { loadMpd } from "./load.ts";
export * from "./secret.ts";
