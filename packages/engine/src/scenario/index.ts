export type { Failure } from "./check.ts";
export { readScenario } from "./read-scenario.ts";
export * from "./run-scenario.ts";
export type * from "./types.ts";
export type { ScenarioIo } from "./world.ts";
