export { type FormatResult, formatFile } from "./format.ts";
