export * from "./program.ts";
export type * from "./state.ts";
export { copyMonitor, createMonitor, currentState } from "./state.ts";
export { linkIs, type StepResult, step, type Task } from "./step.ts";
