export { packetText } from "./describe.ts";
export * from "./json.ts";
export * from "./lines.ts";
export * from "./packet-line.ts";
export * from "./sentence.ts";
export * from "./trace.ts";
