export { checkBuild, checkTree } from "./check-tree.ts";
export { checkGuests } from "./guests.ts";
export { checkIfstated, type IfstatedCheckOptions } from "./ifstated.ts";
export { checkTogether, type NamedBuild } from "./together.ts";
export { type VirtualCard, virtualCards } from "./virtual-cards.ts";
