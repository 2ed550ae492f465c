/** The real parts of a portal, made from its configuration. The only file that knows which they are. */
import type { BindParts } from "./parts.ts";

export const bindParts: BindParts = () =>
  Promise.reject(new Error("this build has no packet filter, store and pages for the portal in it"));
