export { parseRoute, type RouteResult } from "./parse.ts";
export type { RouteCommand, RouteDestination } from "./types.ts";
