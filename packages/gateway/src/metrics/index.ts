export * from "./text.ts";
