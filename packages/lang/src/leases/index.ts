export { grantOf } from "./capture.ts";
export * from "./evidence.ts";
export { clockTime, isoTime, secondsWord } from "./listing.ts";
export { type ReadEvidenceOptions, readEvidence } from "./read.ts";
