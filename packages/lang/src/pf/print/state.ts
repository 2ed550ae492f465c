import type { Rule, StateOptions } from "../rule.ts";
import { TIMEOUTS_BY_NUMBER } from "../timeout-names.ts";
import type { PrintDialect } from "./dialect.ts";

/** ` keep state`, ` no state` and the like; `hasOptions` says whether parentheses follow. */
export function formatKeepState(rule: Rule, hasOptions: boolean, dialect: PrintDialect): string {
  switch (rule.keepState) {
    case "none":
      return rule.action === "pass" && rule.anchor === null ? " no state" : "";
    case "keep":
      return hasOptions || !dialect.silentKeepState ? " keep state" : "";
    case "modulate":
      return " modulate state";
    case "synproxy":
      return " synproxy state";
  }
}

/** Whether any option will be printed in parentheses. */
export function hasStateOptions(state: StateOptions | null): state is StateOptions {
  if (state === null) return false;
  if (
    state.maxStates !== 0 ||
    state.maxSrcNodes !== 0 ||
    state.maxSrcStates !== 0 ||
    state.noSync ||
    state.sourceTrack !== "no" ||
    state.policy === "if-bound" ||
    state.sloppy ||
    state.pflow
  ) {
    return true;
  }
  if (state.timeouts.size === 0) return false;
  for (const seconds of state.timeouts.values()) if (seconds !== 0) return true;
  return false;
}

/** ` (max 10, source-track rule, …)`. Call only when {@link hasStateOptions}. */
export function formatStateOptions(state: StateOptions): string {
  let text = "";
  if (state.maxStates !== 0) text += `, max ${state.maxStates}`;
  if (state.noSync) text += ", no-sync";
  if (state.sourceTrack !== "no") text += `, source-track ${state.sourceTrack}`;
  if (state.maxSrcStates !== 0) text += `, max-src-states ${state.maxSrcStates}`;
  if (state.maxSrcConn !== 0) text += `, max-src-conn ${state.maxSrcConn}`;
  if (state.maxSrcConnRate !== null && state.maxSrcConnRate.limit !== 0) {
    text += `, max-src-conn-rate ${state.maxSrcConnRate.limit}/${state.maxSrcConnRate.seconds}`;
  }
  if (state.maxSrcNodes !== 0) text += `, max-src-nodes ${state.maxSrcNodes}`;
  if (state.overload !== null) {
    text += `, overload <${state.overload.table}>`;
    if (state.overload.flush !== "no") text += ` ${state.overload.flush}`;
  }
  if (state.policy === "if-bound") text += ", if-bound";
  if (state.sloppy) text += ", sloppy";
  if (state.pflow) text += ", pflow";
  if (state.timeouts.size > 0) {
    for (const name of TIMEOUTS_BY_NUMBER) {
      const seconds = state.timeouts.get(name);
      if (seconds !== undefined && seconds !== 0) text += `, ${name} ${seconds}`;
    }
  }
  return ` (${text.slice(2)})`;
}

/**
 * ` probability 12.5%` of the kernel's 32-bit fraction: as C's `%f`, which has six digits and rounds a half to even,
 * with trailing zeros and a trailing point cut off.
 */
export function formatProbability(probability: number): string {
  // probability * 100 / 2^32, times 10^6, in exact arithmetic.
  const scaled = BigInt(probability) * 25_000_000n;
  let millionths = scaled >> 30n;
  const rest = scaled & 0x3fffffffn;
  if (rest > 0x20000000n || (rest === 0x20000000n && (millionths & 1n) === 1n)) millionths++;
  const digits = millionths.toString().padStart(7, "0");
  let end = digits.length;
  const point = end - 6;
  while (end > point && digits.charCodeAt(end - 1) === 48) end--;
  const fraction = digits.slice(point, end);
  return ` probability ${digits.slice(0, point)}${fraction === "" ? "" : `.${fraction}`}%`;
}
