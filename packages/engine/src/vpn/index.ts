export * from "./attempt.ts";
export * from "./connect.ts";
export * from "./disconnect.ts";
export * from "./head-end.ts";
