export * from "./commands.ts";
export * from "./language.ts";
export * from "./parse.ts";
export * from "./resolve.ts";
export * from "./tree.ts";
