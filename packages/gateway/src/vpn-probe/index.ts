export { answered, probeHeadEnd } from "./probe.ts";
export type * from "./types.ts";
