export type { SitePath } from "./document.ts";
export { type ReadSiteOptions, readSite, type SiteReading, siteOf } from "./read-site.ts";
