export * from "./attributes.ts";
export * from "./dictionary.ts";
export * from "./packet.ts";
export * from "./stream.ts";
