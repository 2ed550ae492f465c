export { evaluateRcConf, type RcVariable, yesNo } from "./evaluate.ts";
export { parseRcConf, printRcConf } from "./parse.ts";
export type { RcAssignment, RcConf, RcStatement, ValuePart } from "./tree.ts";
