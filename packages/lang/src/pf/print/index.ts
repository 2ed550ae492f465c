export { formatAddress } from "./address.ts";
export { type AltqRecord, formatAltq, formatAltqQueue } from "./altq.ts";
export { type PrintDialect, type PrintFamily, printDialect } from "./dialect.ts";
export { formatEtherRule } from "./ether.ts";
export { type DynamicAddress, type FormatOptions, LOADING, LOADING_NUMBERED, PLAIN } from "./options.ts";
export { formatPool, type PoolUse } from "./pool.ts";
export { formatQueue } from "./queue.ts";
export { formatRule } from "./rule.ts";
export { formatTable, type TableEvent } from "./table.ts";
