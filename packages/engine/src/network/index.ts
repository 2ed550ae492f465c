export * from "./errors.ts";
export * from "./fragments.ts";
export * from "./interface-routes.ts";
export * from "./journey.ts";
export * from "./routes.ts";
export * from "./send.ts";
export * from "./tunnel.ts";
