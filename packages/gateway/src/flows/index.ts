export { type CollectorOptions, type ExporterStatus, FlowCollector, FlowSorter } from "./collector.ts";
