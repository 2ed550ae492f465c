export { type Hotspot, portalFiles, portalSecrets } from "../model/hotspot.ts";
