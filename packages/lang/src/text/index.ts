export * from "./encoding.ts";
export * from "./lines.ts";
export * from "./loose-address.ts";
export * from "./nearest.ts";
export * from "./read-line.ts";
