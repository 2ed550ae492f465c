export { openStore, type StoreOptions } from "./open.ts";
export * from "./store.ts";
export { coveredCode, newCode, readCode } from "./voucher-code.ts";
export { judgeVoucher } from "./vouchers.ts";
