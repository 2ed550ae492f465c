export { savedLook } from "./actions.ts";
export type { AdminContext, Look } from "./context.ts";
export { type Admin, createAdmin } from "./server.ts";
