export { bpftraceReader } from "./bpftrace.ts";
export { btraceReader } from "./btrace.ts";
export { conntrackReader } from "./conntrack.ts";
export { readNetstat, readPfInfo, readPfRules } from "./counters.ts";
export { dtraceReader } from "./dtrace.ts";
export { inWords } from "./names.ts";
export { type HistogramRow, quantile, type Row, type Snapshot, Tally } from "./tally.ts";
export { type Bucket, type KeyCounts, type OutputReader, type Reading, splitKey, tableName } from "./types.ts";
