import type { Command } from "commander";

/** Adds one verb to the program; `exit` sets the exit status of the run. */
export type Verb = (program: Command, exit: (status: number) => void) => void;
