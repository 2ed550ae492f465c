export type { Outcome, Run } from "./command.ts";
export * from "./create.ts";
export * from "./driver.ts";
export { dnsmasqLines, type Garden, type GardenOptions, tendGarden } from "./garden.ts";
export { ground } from "./ground.ts";
export { readTable } from "./pf-listing.ts";
export { ANCHOR_LINES, type PfSystem, pfGarden, pfRules } from "./pf-rules.ts";
