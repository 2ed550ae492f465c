export { runCommand } from "./interpreter.ts";
export type * from "./types.ts";
