export { type SheetLook, voucherAddress, voucherSheet } from "./sheet.ts";
