export * from "./interface-routes.ts";
export * from "./routes.ts";
