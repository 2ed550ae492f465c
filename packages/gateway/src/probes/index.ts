export { hostFacts, hostFamily, missing, programOf } from "./host.ts";
export { PacketRate, packetsSoFar, shareOfProcessor } from "./overhead.ts";
export { type ProbeOutcome, type ProbeRunOptions, probeCommand, runProbe } from "./run.ts";
