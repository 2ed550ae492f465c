export * from "./algorithms.ts";
export * from "./dialect.ts";
export { type HostNode, type IpsecEnvironment, isMember } from "./hosts.ts";
export * from "./isakmpd.ts";
export * from "./load.ts";
export * from "./print.ts";
export * from "./proposal.ts";
export * from "./rule.ts";
export * from "./statement.ts";
