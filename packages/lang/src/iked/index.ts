export * from "./check.ts";
export * from "./configuration.ts";
export type { IkedEnvironment } from "./hosts.ts";
export { IKED } from "./language.ts";
export * from "./load.ts";
export * from "./print.ts";
export * from "./transforms.ts";
