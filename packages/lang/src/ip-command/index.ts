export * from "./net-tools.ts";
export * from "./parse.ts";
export * from "./types.ts";
