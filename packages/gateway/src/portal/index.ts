export { bindParts } from "./bind.ts";
export * from "./control/index.ts";
export { type PortalOptions, runPortal } from "./daemon.ts";
export * from "./engine/index.ts";
export type * from "./parts.ts";
export { readPortalFile } from "./read-file.ts";
export { lockedOut, type Obstacle, obstacle } from "./requirements.ts";
export { type PortalStart, type RunningPortal, startPortal } from "./run.ts";
export * from "./service.ts";
