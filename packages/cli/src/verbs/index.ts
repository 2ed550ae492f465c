import type { Command } from "commander";

/** Adds one verb to the program; `exit` sets the exit status of the run. */
export type Verb = (program: Command, exit: (status: number) => void) => void;

/** In the order of the help. What a verb needs is imported when it runs, so that the others start fast. */
export const verbs: readonly Verb[] = [];
