export * from "./association.ts";
export * from "./message.ts";
export * from "./names.ts";
export type { IkeProblem } from "./octets.ts";
export * from "./phase1.ts";
export * from "./transforms2.ts";
export * from "./vendor-ids.ts";
