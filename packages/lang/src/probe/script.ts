import type { ProbeImpossible, ProbeScript, ScriptLine } from "./types.ts";

/** Rows of a table that a tracer holds: the default of bpftrace, and far more than a screen shows. */
export const ROWS = 4_096;

const NOTHING: Omit<ProbeScript, "tool" | "needs" | "runsPer"> = {
  lines: () => [],
  command: [],
  reads: null,
  wanted: [],
  tracepoints: [],
  limits: [],
  rows: ROWS,
};

type Needed = Pick<ProbeScript, "needs" | "runsPer">;

export function script(tool: ProbeScript["tool"], parts: Needed & Partial<ProbeScript>): ProbeScript {
  return { ...NOTHING, tool, ...parts };
}

export function impossible(why: string, instead: string | null = null): ProbeImpossible {
  return { impossible: why, instead };
}

/** Lines of a script out of pairs of code and reason. */
export function lines(...pairs: readonly (readonly [code: string, why?: string])[]): ScriptLine[] {
  return pairs.map(([code, why = ""]) => ({ code, why }));
}
