export { ListenError } from "../listen.ts";
export { API_PATH, announce, type CaptiveState, captivePortalApi, captiveState, type DhcpServer } from "./capport.ts";
export { isLanguage, LANGUAGES, type Language } from "./language.ts";
export type { Look } from "./layout.ts";
export { readLogo } from "./logo.ts";
export { createPages, type Pages, type PagesOptions } from "./pages.ts";
export { type FormMethod, renderSignIn } from "./sign-in-page.ts";
export type { SendLink } from "./visit.ts";
