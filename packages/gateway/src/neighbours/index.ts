export * from "./neighbours.ts";
