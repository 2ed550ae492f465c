export * from "./engine/index.ts";
export * from "./service.ts";
