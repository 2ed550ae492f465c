export { FlowDecoder } from "./decoder.ts";
export { FLOW_GROUPINGS, type FlowGrouping, type FlowRow, FlowTable, GROUPING_COLUMNS } from "./table.ts";
export type { DecodedMessage, FlowProblem, FlowRecord, Template, TemplateField } from "./types.ts";
