export { answer, type ControlContext } from "./answer.ts";
export { askPortal, ControlRefusal } from "./client.ts";
export { type Json, toJson } from "./json.ts";
export type { ControlQuestion, ControlRequest } from "./requests.ts";
export { ControlServer } from "./server.ts";
