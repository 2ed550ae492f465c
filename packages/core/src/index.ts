export * from "./address.ts";
export * from "./diagnostic.ts";
export * from "./interface.ts";
export * from "./packet.ts";
export * from "./secret.ts";
export * from "./source.ts";
export * from "./system.ts";
