export { inventoryCard, processorSummary } from "./card.ts";
export { driversOf, findDriver, isClonedDriver } from "./drivers.ts";
export type * from "./facts.ts";
export { interfaceOnBox, inventoryInterfaces, type KnownInterface } from "./interfaces.ts";
export { inventoryJson } from "./json.ts";
export { parseDmesg } from "./parse.ts";
