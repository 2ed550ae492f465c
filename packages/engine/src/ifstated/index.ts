export * from "./program.ts";
export * from "./simulate.ts";
export type * from "./state.ts";
export { copyMonitor, createMonitor, currentState } from "./state.ts";
export { HUNG, linkIs, type StepResult, step, type Task } from "./step.ts";
export * from "./timing.ts";
