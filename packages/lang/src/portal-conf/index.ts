export * from "./config.ts";
export type { PortalFile, PortalOptions } from "./file.ts";
export { nftsetLine } from "./garden.ts";
export { PORTAL_CONF } from "./language.ts";
export { parseDuration, parseRate, parseVolume } from "./quantities.ts";
export { type PortalReading, type ReadPortalOptions, readPortalConf } from "./read.ts";
export { type SecretSource, usualSocket } from "./resolve.ts";
export { portalJsonSchema, portalOptions } from "./schema.ts";
