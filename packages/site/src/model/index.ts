export type * from "./site.ts";
export type { VpnService, VpnUser } from "./vpn.ts";
