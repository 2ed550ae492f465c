export type { MacroUse } from "./characters.ts";
export * from "./configuration.ts";
export type { DaemonAction, DaemonError, DaemonExpression, DaemonResult, DaemonState } from "./daemon.ts";
export { readAsDaemon } from "./daemon.ts";
export { type ProbeDefinition, type ProbeMethod, parseDuration } from "./extensions.ts";
export * from "./json.ts";
export * from "./read.ts";
export * from "./tree.ts";
