export { type Arity, ifconfigKeywords, SECRET_KEYWORDS } from "./keywords.ts";
export { type IfconfigResult, parseIfconfig, readMac, shownArgument } from "./parse.ts";
export type { AddressSetting, IfconfigSettings, InterfaceChange } from "./types.ts";
