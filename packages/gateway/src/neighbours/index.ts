export * from "./create.ts";
export { readBsdNeighbours, readIpNeighbour } from "./formats.ts";
export * from "./neighbours.ts";
export { NeighbourTable } from "./table.ts";
