export * from "./analyze.ts";
export { findAxes, findSpace, testLine } from "./axes.ts";
export * from "./json.ts";
export * from "./render.ts";
export type * from "./types.ts";
