/** Keys and indexes from the top of the file. */
export type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
export { type ReadSiteOptions, readSite, type SiteReading, siteOf } from "./read-site.ts";
