export { portalSheet, type SheetOptions } from "./portal-sheet.ts";
export { type SheetLook, voucherAddress, voucherSheet } from "./sheet.ts";
