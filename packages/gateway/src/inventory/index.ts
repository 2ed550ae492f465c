export { type HostInventory, readHostInventory } from "./host.ts";
