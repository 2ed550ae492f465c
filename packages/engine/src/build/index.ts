export { applyIfconfig, type IfconfigOutcome } from "./apply-ifconfig.ts";
export { applyLease, type Lease } from "./apply-lease.ts";
export { applyRoute, routeSpecification } from "./apply-route.ts";
export { buildMachine, type MachineBuild } from "./build.ts";
export { collectEvidence, ifstatedEvidence, pfEvidence } from "./collect.ts";
export type { BuildOptions, CardAddress, InterfaceKnowledge, OpaqueCommand, ServiceSetting } from "./context.ts";
export { describeEvidence, type Evidence, type EvidencePlace } from "./evidence.ts";
export { type Certainty, type Inference, type InferredInterface, inferInterfaces } from "./infer.ts";
export type { LoadedPf } from "./load-pf.ts";
