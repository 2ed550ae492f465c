export { type Answers, type GuestAnswer, type LineAnswer, renderSite } from "./render.ts";
export { defaultHypervisor, defaultInterface, guestInterface } from "./usual.ts";
