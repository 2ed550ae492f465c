export { checkBuild, checkTree } from "./check-tree.ts";
export { checkIfstated, type IfstatedCheckOptions } from "./ifstated.ts";
