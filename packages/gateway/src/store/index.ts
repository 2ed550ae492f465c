export { openStore, type StoreOptions } from "./open.ts";
export * from "./store.ts";
export { newCode, readCode } from "./voucher-code.ts";
export { judgeVoucher } from "./vouchers.ts";
