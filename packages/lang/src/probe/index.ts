export { QUEUE_REASONS } from "./linux.ts";
export { findProbe, PROBES } from "./probes.ts";
export {
  GENERAL_FACTS,
  isImpossible,
  type Probe,
  type ProbeAnswerer,
  type ProbeFacts,
  type ProbeFamily,
  type ProbeImpossible,
  type ProbeScript,
  type ProbeTable,
  type ProbeTool,
  type ProbeUnit,
  type ScriptLine,
  scriptText,
} from "./types.ts";
