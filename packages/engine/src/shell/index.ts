export { isSimulated } from "./commands.ts";
export { runCommand } from "./interpreter.ts";
export type * from "./types.ts";
