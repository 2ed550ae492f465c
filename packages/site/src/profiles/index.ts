export * from "./check.ts";
export type { GuideOptions } from "./guide.ts";
export { keyfileValue } from "./network-manager.ts";
export { powershellString } from "./powershell.ts";
export * from "./profile.ts";
export * from "./profiles.ts";
export { pppWord, swanctlSecret } from "./strongswan.ts";
export { type PlatformResult, type ProfileFormat, TARGETS } from "./targets.ts";
